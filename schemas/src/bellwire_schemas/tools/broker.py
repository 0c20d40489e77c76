"""Compare the topics of a broker with `topics.toml`, and apply the difference (kafka-python)."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from bellwire_schemas.topics import Topic


class BrokerUnavailable(Exception):
    """The broker does not answer: check KAFKA_BOOTSTRAP_SERVERS and that Kafka runs."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A topic that the broker lacks."""

    topic: Topic

    def __str__(self) -> str:
        """Say it to an operator."""
        return f"{self.topic.name}: missing, {self.topic.partitions} partitions"


@dataclass(frozen=True, slots=True)
class TooFewPartitions:
    """A topic with fewer partitions than it should have."""

    topic: Topic
    present: int

    def __str__(self) -> str:
        """Say it to an operator."""
        return f"{self.topic.name}: {self.present} partitions, should have {self.topic.partitions}"


@dataclass(frozen=True, slots=True)
class TooManyPartitions:
    """A topic with more partitions than it should have; Kafka cannot take any away."""

    topic: Topic
    present: int

    def __str__(self) -> str:
        """Say it to an operator."""
        return (
            f"{self.topic.name}: {self.present} partitions; {self.topic.partitions} needs a new topic version"
        )


@dataclass(frozen=True, slots=True)
class OtherSetting:
    """A topic with another value for a setting."""

    topic: Topic
    name: str
    present: str
    wanted: str

    def __str__(self) -> str:
        """Say it to an operator."""
        return f"{self.topic.name}: {self.name} is {self.present}, should be {self.wanted}"


Difference = Missing | TooFewPartitions | TooManyPartitions | OtherSetting


def security(environ: Mapping[str, str]) -> dict[str, str]:
    """Return how kafka-python proves itself, from the variables that the services read (KAFKA_SASL_USERNAME...)."""
    protocol = environ.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    found = {"security_protocol": protocol}
    if protocol in ("SSL", "SASL_SSL") and environ.get("KAFKA_CA_FILE"):
        found["ssl_cafile"] = environ["KAFKA_CA_FILE"]
    if protocol.startswith("SASL"):
        found["sasl_mechanism"] = environ.get("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512")
        found["sasl_plain_username"] = environ.get("KAFKA_SASL_USERNAME", "")
        found["sasl_plain_password"] = environ.get("KAFKA_SASL_PASSWORD", "")
    return found


def _client(servers: str) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(
            bootstrap_servers=servers.split(","),
            request_timeout_ms=15_000,
            bootstrap_timeout_ms=5_000,
            **security(os.environ),
        )
    except KafkaError as error:
        raise BrokerUnavailable(f"no Kafka broker answers at {servers} ({type(error).__name__})") from None


def _settings(topic: Topic) -> dict[str, str]:
    return {"cleanup.policy": topic.cleanup_policy, "retention.ms": str(topic.retention_ms)}


def differences(servers: str, wanted: Sequence[Topic]) -> list[Difference]:
    """Return what to change so that the broker has `wanted`. Raises `BrokerUnavailable`."""
    client = _client(servers)
    try:
        return _differences(client, wanted)
    finally:
        client.close()


def _differences(client: KafkaAdminClient, wanted: Sequence[Topic]) -> list[Difference]:
    present = {row["name"]: len(row["partitions"]) for row in client.describe_topics()}
    found: list[Difference] = []
    for topic in wanted:
        count = present.get(topic.name)
        if count is None:
            found.append(Missing(topic))
        elif count < topic.partitions:
            found.append(TooFewPartitions(topic, count))
        elif count > topic.partitions:
            found.append(TooManyPartitions(topic, count))
    standing = [topic for topic in wanted if topic.name in present]
    found.extend(_other_settings(client, standing) if standing else [])
    return found


def _other_settings(client: KafkaAdminClient, standing: Sequence[Topic]) -> Iterator[OtherSetting]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in standing]
    described = client.describe_configs(resources, config_filter="all")["topic"]
    for topic in standing:
        for name, wanted in _settings(topic).items():
            present = described[topic.name][name]["value"]
            if present != wanted:
                yield OtherSetting(topic, name, present, wanted)


def apply(servers: str, wanted: Sequence[Topic]) -> list[Difference]:
    """Make the broker have `wanted`; return what was changed (or cannot be). Safe to repeat and to race."""
    client = _client(servers)
    try:
        found = _differences(client, wanted)
        _create(client, [one.topic for one in found if isinstance(one, Missing)])
        grown = {one.topic.name: one.topic.partitions for one in found if isinstance(one, TooFewPartitions)}
        if grown:
            client.create_partitions(grown)
        changed = {one.topic for one in found if isinstance(one, OtherSetting)}
        if changed:
            client.alter_configs(
                [
                    ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=_settings(topic))
                    for topic in changed
                ]
            )
        return found
    finally:
        client.close()


def _create(client: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    if not topics:
        return
    rows = {topic.name: {"num_partitions": topic.partitions, "configs": _settings(topic)} for topic in topics}
    # Another process may create the same ones meanwhile: what counts is that they are there.
    with suppress(TopicAlreadyExistsError):
        client.create_topics(rows)
    client.wait_for_topics(list(rows))
