"""The names of topics, and `topics.toml`, their one definition (architecture.md section 3)."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from bellwire_schemas.names import Environment

CHANGE_EVENTS = "bellwire.change-events.v1"
ROSTER_EVENTS = "bellwire.roster-events.v1"
ALERTS = "bellwire.alerts.v1"
DELIVERIES = "bellwire.deliveries.v1"
UPDATE_EVENTS = "bellwire.update-events.v1"


def dlq(topic: str) -> str:
    """Return the dead-letter topic of a topic."""
    return f"{topic}.dlq"


def input_topic(district_id: str, environment: Environment) -> str:
    """Return the topic that a district's own producer writes (product.md section 2, way 4)."""
    return f"bellwire.input.{district_id}.{environment.value}.v1"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it should be: `retention_ms` milliseconds, `owner` the only writer."""

    name: str
    partitions: int
    retention_ms: int
    cleanup_policy: str
    owner: str
    description: str


def defined_topics() -> tuple[Topic, ...]:
    """Read `topics.toml`, dead-letter topics included, in the order of the file."""
    document = tomllib.loads((files("bellwire_schemas") / "topics.toml").read_text("utf-8"))
    topics: list[Topic] = []
    for name, row in document["topics"].items():
        topic = Topic(
            name=name,
            partitions=row["partitions"],
            retention_ms=row["retention_days"] * 86_400_000,
            cleanup_policy=row["cleanup_policy"],
            owner=row["owner"],
            description=row["description"],
        )
        topics.append(topic)
        if readers := row.get("dead_letters_of", []):
            topics.append(
                Topic(
                    name=dlq(name),
                    partitions=document["dead_letters"]["partitions"],
                    retention_ms=document["dead_letters"]["retention_days"] * 86_400_000,
                    cleanup_policy="delete",
                    owner=", ".join(readers),
                    description=f"Records of {name} that {', '.join(readers)} could not handle.",
                )
            )
    return tuple(topics)
