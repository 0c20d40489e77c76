"""The contracts' command line: `generate`, `check`, `topics diff`, `topics apply`."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bellwire_schemas.tools import asyncapi, broker, json_schemas, published
from bellwire_schemas.topics import defined_topics

app = typer.Typer(help="Bellwire's contracts.", no_args_is_help=True)
topics = typer.Typer(
    help="Compare the topics of a broker with topics.toml, and apply it.", no_args_is_help=True
)
app.add_typer(topics, name="topics")

Folder = Annotated[Path, typer.Option(help="The checkout's schemas/ folder.")]
Servers = Annotated[str, typer.Option(envvar="KAFKA_BOOTSTRAP_SERVERS", help="host:port, comma-separated.")]
_HERE = Path(os.environ.get("BELLWIRE_SCHEMAS", "schemas"))


@app.command()
def generate(folder: Folder = _HERE) -> None:
    """Write schemas/json and schemas/asyncapi.yaml from the models, topics.toml and the examples."""
    for name in json_schemas.write(folder / "json"):
        typer.echo(f"wrote json/{name}")
    (folder / "asyncapi.yaml").write_text(asyncapi.text(folder / "examples"), "utf-8")
    typer.echo("wrote asyncapi.yaml")


@app.command()
def check(folder: Folder = _HERE) -> None:
    """Fail when what is committed is not what is generated, or a published version is broken."""
    problems = [
        f"json/{name} is not what the models generate" for name in json_schemas.stale(folder / "json")
    ]
    document = folder / "asyncapi.yaml"
    if not document.exists() or document.read_text("utf-8") != asyncapi.text(folder / "examples"):
        problems.append("asyncapi.yaml is not what is generated")
    if problems:
        problems.append("run `python -m bellwire_schemas generate` and look at what changes")
    try:
        problems += published.broken_promises(folder / "json")
    except published.NoHistory as reason:
        typer.echo(f"published versions not compared: {reason}", err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("the contracts are as committed, and compatible with every published version")


@topics.command()
def diff(bootstrap_servers: Servers) -> None:
    """Show what the broker lacks; exit 1 when there is a difference."""
    found = _answered(lambda: broker.differences(bootstrap_servers, defined_topics()))
    if found:
        raise typer.Exit(1)
    typer.echo("the broker has the topics of topics.toml")


@topics.command()
def apply(bootstrap_servers: Servers) -> None:
    """Make the broker have the topics of topics.toml."""
    found = _answered(lambda: broker.apply(bootstrap_servers, defined_topics()))
    typer.echo(f"{len(found)} differences applied" if found else "nothing to apply")
    if any(isinstance(one, broker.TooManyPartitions) for one in found):
        raise typer.Exit(1)


def _answered(ask: Callable[[], list[broker.Difference]]) -> list[broker.Difference]:
    try:
        found = ask()
    except broker.BrokerUnavailable as error:
        typer.echo(f"{error}; check KAFKA_BOOTSTRAP_SERVERS and that Kafka runs", err=True)
        sys.exit(2)
    for one in found:
        typer.echo(str(one))
    return found


if __name__ == "__main__":
    app()
