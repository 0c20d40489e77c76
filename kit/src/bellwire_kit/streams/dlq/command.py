"""`python -m bellwire_kit dlq list | show | redrive`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bellwire_kit.streams.dead_letters import PREFIX, dead_letter_topic
from bellwire_kit.streams.dlq.letters import Choice, Letter, chosen, counts, letters
from bellwire_kit.streams.dlq.topics import Topics
from bellwire_kit.streams.protocol import Message, StreamUnavailable
from bellwire_kit.streams.settings import StreamSettings

app = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: records that a service refused for good, kept as they came in <topic>.dlq.",
)

SHOWN_HEADERS = (PREFIX, "ce_", "content-type", "traceparent")
CHUNK = 200

Topic = Annotated[str, typer.Argument(help="The source topic or its .dlq.")]


@app.callback()
def connect(
    context: typer.Context,
    bootstrap_servers: Annotated[
        str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="host:port,host:port")
    ],
    security_protocol: Annotated[str, typer.Option(envvar="KAFKA_SECURITY_PROTOCOL")] = "PLAINTEXT",
    sasl_mechanism: Annotated[str, typer.Option(envvar="KAFKA_SASL_MECHANISM")] = "SCRAM-SHA-512",
    sasl_username: Annotated[str, typer.Option(envvar="KAFKA_SASL_USERNAME")] = "",
    sasl_password: Annotated[str, typer.Option(envvar="KAFKA_SASL_PASSWORD", show_envvar=True)] = "",
    ca_file: Annotated[Path | None, typer.Option(envvar="KAFKA_CA_FILE")] = None,
) -> None:
    """Where the broker is; the same variables as the services'."""
    context.obj = Topics(
        StreamSettings.model_validate(
            {
                "bootstrap_servers": bootstrap_servers,
                "client_id": "bellwire-dlq",
                "security_protocol": security_protocol,
                "sasl_mechanism": sasl_mechanism,
                "sasl_username": sasl_username,
                "sasl_password": sasl_password,
                "ca_file": ca_file,
            }
        )
    )


@app.command("list")
def list_letters(
    context: typer.Context,
    topic: Annotated[str | None, typer.Argument(help="Only this topic (the source or its .dlq).")] = None,
) -> None:
    """Count the dead letters of each topic by reason: how many wait, how many were redriven."""
    topics: Topics = context.obj
    with _saying():
        names = [dead_letter_topic(topic)] if topic else topics.dead_letter_topics()
        typer.echo(f"{'topic':50} {'reason':30} {'waiting':>8} {'redriven':>8}")
        total = 0
        for name in names:
            for reason, (waiting, redriven) in counts(letters(topics.read(name))).items():
                typer.echo(f"{name:50} {reason:30} {waiting:8} {redriven:8}")
                total += waiting
        typer.echo(f"{total} waiting in {len(names)} dead-letter topics")


@app.command()
def show(
    context: typer.Context,
    topic: Topic,
    offset: Annotated[int, typer.Option(help="Its offset in the dead-letter topic.")],
    partition: Annotated[int, typer.Option(help="Its partition in the dead-letter topic.")] = 0,
    values: Annotated[
        bool,
        typer.Option("--values", help="Also print the body and foreign headers: they are personal data."),
    ] = False,
) -> None:
    """Show one dead letter: why, by whom, and where it came from. The body only with --values."""
    topics: Topics = context.obj
    with _saying():
        name = dead_letter_topic(topic)
        found = next(
            (letter for letter in letters(topics.read(name)) if letter.place == (partition, offset)), None
        )
        if found is None:
            typer.echo(f"{name} has no dead letter at partition {partition}, offset {offset}", err=True)
            raise typer.Exit(1)
        _show(found, values)


@app.command()
def redrive(
    context: typer.Context,
    topic: Topic,
    reason: Annotated[str | None, typer.Option(help="Letters of this reason.")] = None,
    partition: Annotated[
        int | None, typer.Option(help="Partition of the range, in the dead-letter topic.")
    ] = None,
    from_offset: Annotated[int | None, typer.Option(help="First offset of the range.")] = None,
    to_offset: Annotated[int | None, typer.Option(help="Last offset of the range.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 1_000,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it; without, only say what would be done.")
    ] = False,
) -> None:
    """Send dead letters of one reason, or of one range of offsets, back to the topic they came from.

    A DRY RUN unless --apply is given.

    Each letter goes as it first came. A mark in the dead-letter topic then keeps a second redrive from sending
    it again; a crash between the two may send one chunk twice, which readers take without a second effect.

    Letters arrive after newer records of their keys: readers drop what is stale. The topic is read up to where
    it ended when the command began.
    """
    topics: Topics = context.obj
    with _saying():
        name = dead_letter_topic(topic)
        choice = Choice(reason, partition, from_offset, to_offset)
        found = chosen(letters(topics.read(name)), choice, limit)
        if not apply:
            for letter in found:
                typer.echo(
                    f"would redrive {letter.place[0]}/{letter.place[1]} {letter.reason} to {letter.source}"
                )
            typer.echo(f"{len(found)} letters of {name} would be redriven (dry run: --apply does it)")
            return
        topics.append(_rounds(found))
        typer.echo(f"{len(found)} letters of {name} redriven")


def _rounds(found: Sequence[Letter]) -> Iterator[Sequence[Message]]:
    """Chunk by chunk: the letters, then their marks, so that no letter is marked before it is back."""
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        yield [letter.message() for letter in chunk]
        yield [letter.mark() for letter in chunk]


def _show(letter: Letter, values: bool) -> None:
    record = letter.record
    at = datetime.fromtimestamp(record.timestamp / 1_000, UTC).isoformat(timespec="milliseconds")
    typer.echo(f"{record.topic} partition {record.partition} offset {record.offset} at {at}")
    typer.echo(f"  key: {record.key.decode(errors='replace')}")
    typer.echo(f"  redriven: {'yes' if letter.redriven else 'no'}")
    typer.echo(f"  body: {len(record.value)} bytes")
    for name, value in record.headers:
        shown = values or name.startswith(SHOWN_HEADERS)
        typer.echo(f"  {name}: {value.decode(errors='replace') if shown else '(hidden: --values shows it)'}")
    if values:
        typer.echo(record.value.decode(errors="backslashreplace"))


@contextmanager
def _saying() -> Iterator[None]:
    """Faults of choice and of the broker are one sentence and exit code 1 or 2."""
    try:
        yield
    except StreamUnavailable as unavailable:
        typer.echo(f"error: {unavailable}", err=True)
        raise typer.Exit(1) from unavailable
    except ValueError as wrong:
        typer.echo(f"error: {wrong}", err=True)
        raise typer.Exit(2) from wrong
