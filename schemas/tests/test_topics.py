"""topics.toml is the one definition: AsyncAPI says the same, and a broker gets it."""

import re
import time
from pathlib import Path

import pytest
from bellwire_schemas import topics
from bellwire_schemas.catalogue import CATALOGUE, INCOMING, TRACED
from bellwire_schemas.tools import asyncapi, broker
from bellwire_schemas.topics import Topic, defined_topics

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_asyncapi_has_the_topics_of_the_definition() -> None:
    channels = asyncapi.document(EXAMPLES)["channels"]
    defined = {topic.name: topic for topic in defined_topics() if not topic.name.endswith(".dlq")}
    assert channels.keys() == defined.keys()
    for name, topic in defined.items():
        kafka = channels[name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_ms
        assert kafka["topicConfiguration"]["cleanup.policy"] == [topic.cleanup_policy]


def test_asyncapi_names_the_trace_where_it_travels() -> None:
    messages = asyncapi.document(EXAMPLES)["components"]["messages"]
    carrying = {name for name, each in messages.items() if "ce_traceparent" in each["headers"]["properties"]}
    assert carrying == INCOMING.keys() | TRACED
    assert {"bellwire.alert.requested.v1", "bellwire.delivery.accepted.v1"} <= TRACED
    for name in TRACED:
        pattern = messages[name]["headers"]["properties"]["ce_traceparent"]["pattern"]
        assert re.search(pattern, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def test_every_type_is_on_a_defined_topic_with_a_dead_letter_topic() -> None:
    names = {topic.name for topic in defined_topics()}
    for entry in CATALOGUE.values():
        assert entry.topic in names
        assert topics.dlq(entry.topic) in names


def test_the_tool_proves_itself_as_the_services_do() -> None:
    environ = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "u", "KAFKA_CA_FILE": "/ca.pem"}
    assert broker.security(environ) == {
        "security_protocol": "SASL_SSL",
        "ssl_cafile": "/ca.pem",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "",
    }
    assert broker.security({}) == {"security_protocol": "PLAINTEXT"}


def test_none_is_compacted() -> None:
    assert {topic.cleanup_policy for topic in defined_topics()} == {"delete"}


def _renamed(prefix: str) -> list[Topic]:
    return [
        Topic(f"{prefix}.{topic.name}", topic.partitions, topic.retention_ms, "delete", topic.owner, "")
        for topic in defined_topics()[:2]
    ]


def test_a_broker_gets_what_it_lacks(kafka_bootstrap: str, unique_name: str) -> None:
    wanted = _renamed(unique_name)
    found = broker.differences(kafka_bootstrap, wanted)
    assert found == [broker.Missing(topic) for topic in wanted]
    assert broker.apply(kafka_bootstrap, wanted) == found
    assert broker.apply(kafka_bootstrap, wanted) == []

    first = wanted[0]
    grown = Topic(first.name, first.partitions + 2, 60_000, "delete", "", "")
    assert broker.apply(kafka_bootstrap, [grown]) == [
        broker.TooFewPartitions(grown, first.partitions),
        broker.OtherSetting(grown, "retention.ms", str(first.retention_ms), "60000"),
    ]
    deadline = time.monotonic() + 20  # a broker applies a setting a moment after it has said yes
    while broker.differences(kafka_bootstrap, [grown]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shrunk = Topic(first.name, 1, 60_000, "delete", "", "")
    assert broker.apply(kafka_bootstrap, [shrunk]) == [broker.TooManyPartitions(shrunk, grown.partitions)]


def test_a_broker_that_is_away_is_said(free_port: int) -> None:
    with pytest.raises(broker.BrokerUnavailable, match="no Kafka broker answers"):
        broker.differences(f"127.0.0.1:{free_port}", defined_topics())
