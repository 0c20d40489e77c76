"""Where Kafka and Postgres come from: environment, containers, else embedded (architecture.md section 6)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bellwire_local.errors import LocalError
from bellwire_local.kafka import EmbeddedKafka
from bellwire_local.ports import port_for
from bellwire_local.postgres import EmbeddedPostgres
from bellwire_local.processes import Progress


class Part(Protocol):
    """Something that a stack starts and stops."""

    @property
    def name(self) -> str:
        """Name in messages, logs and `status`."""
        ...

    def prepare(self, tell: Progress) -> None:
        """Do what may take long and starts nothing: downloads, formatting."""
        ...

    def start(self) -> None:
        """Begin; returns before the part answers."""
        ...

    def wait_ready(self) -> None:
        """Return when it answers; PartDied or PartSlow otherwise."""
        ...

    def stop(self) -> None:
        """End in order; harmless when it does not run."""
        ...


class ProvidedPart:
    """A part that somebody else runs: never started, never stopped."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, tell: Progress) -> None:
        """Tell that it is used as it is."""
        tell(f"using the {self.name} that the environment names")

    def start(self) -> None:
        """It runs already."""

    def wait_ready(self) -> None:
        """It is ready, or its users will say that it is not."""

    def stop(self) -> None:
        """Leave it running."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A Kafka, not started, and its `host:port`."""

    part: Part
    bootstrap_servers: str


@dataclass(frozen=True, slots=True)
class Database:
    """A Postgres, not started. Its URL is known once it is prepared, so it is asked for then."""

    part: Part
    given: str = ""

    @property
    def url(self) -> str:
        """URL of the maintenance database, or of the one that the environment names."""
        return self.part.url() if isinstance(self.part, EmbeddedPostgres) else self.given


def wants_containers(environ: Mapping[str, str]) -> bool:
    """Read BELLWIRE_INFRA; only "containers", "embedded" and nothing are known."""
    wanted = environ.get("BELLWIRE_INFRA", "")
    if wanted not in ("", "containers", "embedded"):
        raise LocalError(f"BELLWIRE_INFRA is {wanted!r}: set it to containers or embedded, or unset it.")
    return wanted == "containers"


def choose_broker(
    state: Path, log: Path, env: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> Broker:
    """The broker of the environment, of a container, or one of our own with its state in `state`."""
    if named := environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return Broker(ProvidedPart("kafka"), named)
    if wants_containers(environ):
        from bellwire_local.containers import kafka_container  # noqa: PLC0415 - slow, and seldom wanted

        return Broker(*kafka_container())
    embedded = EmbeddedKafka(state, log, port=port_for("kafka"), env=env)
    return Broker(embedded, embedded.bootstrap_servers)


def choose_database(
    state: Path, log: Path, env: Mapping[str, str], environ: Mapping[str, str] = os.environ
) -> Database:
    """The server of the environment, of a container, or one of our own with its state in `state`."""
    if named := environ.get("DATABASE_URL"):
        return Database(ProvidedPart("postgres"), named)
    if wants_containers(environ):
        from bellwire_local.containers import postgres_container  # noqa: PLC0415 - as above

        return Database(*postgres_container())
    return Database(EmbeddedPostgres(state, log, port=port_for("postgres"), env=env))
