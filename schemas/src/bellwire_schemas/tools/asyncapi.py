"""The AsyncAPI 3 document: topics as channels, event types as messages; generated, never edited."""

from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import models_json_schema

from bellwire_schemas.catalogue import CATALOGUE, INCOMING, TRACED, EventType
from bellwire_schemas.envelope import TRACEPARENT_PATTERN
from bellwire_schemas.tools.examples import read_examples
from bellwire_schemas.topics import Topic, defined_topics

_KEYS = {
    "students": "{district}/{environment}/{student}, ids percent-encoded",
    "schools": "{district}/{environment}/{type}/{id}, ids percent-encoded",
    "districts": "{district}/{environment}/{type}/{id}, ids percent-encoded",
    "users": "{district}/{environment}/{user}, ids percent-encoded",
    "sites": "the site's id",
}


def document(examples: Path) -> dict[str, Any]:
    """Return the document; `examples` is the folder of the committed examples."""
    models = {entry.model for entry in CATALOGUE.values()}
    inputs = [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)]
    _, definitions = models_json_schema(inputs, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    topics = [topic for topic in defined_topics() if not topic.name.endswith(".dlq")]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bellwire",
            "version": "1.0.0",
            "description": "School change events to the right phones: CloudEvents 1.0 on Kafka, binary mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {name: row for topic in topics for name, row in _operations(topic).items()},
        "components": {
            "messages": {name: _message(entry, examples) for name, entry in CATALOGUE.items()},
            "schemas": definitions["$defs"],
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    messages = [name for name, entry in CATALOGUE.items() if entry.topic == topic.name]
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup_policy],
                    "retention.ms": topic.retention_ms,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(topic: Topic) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{topic.name}"}
    return {
        f"{topic.owner}.append.{topic.name}": {
            "action": "send",
            "channel": channel,
            "summary": topic.description,
        }
    }


def _message(entry: EventType, examples: Path) -> dict[str, Any]:
    found = [row for row in read_examples(examples) if row.type == entry.name]
    return {
        "name": entry.name,
        "title": entry.model.__name__,
        "summary": (entry.model.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": _headers(entry),
        "payload": {"$ref": f"#/components/schemas/{entry.model.__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": _KEYS[entry.subject]},
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [{"name": row.name, "payload": row.data} for row in found],
    }


def _headers(entry: EventType) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
        "properties": {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {"type": "string"},
            "ce_source": {"type": "string"},
            "ce_type": {"type": "string", "const": entry.name},
            "ce_subject": {"type": "string"},
            "ce_time": {"type": "string", "format": "date-time"},
            **_tracing(entry),
            "ce_bellwirebackfill": {"type": "string", "enum": ["true", "false"]},
            "content-type": {"type": "string", "const": "application/json"},
        },
    }


def _tracing(entry: EventType) -> dict[str, Any]:
    if entry.name in INCOMING:
        said = "W3C Trace Context of the sender's request; what has that shape goes on with what comes of the event."
        return {"ce_traceparent": {"type": "string", "description": said}}
    if entry.name in TRACED:
        said = "That of the change it came of, of a summary's first; absent if that has none."
        return {
            "ce_traceparent": {
                "type": "string",
                "pattern": f"^{TRACEPARENT_PATTERN}$",
                "description": said,
            }
        }
    return {}


def text(examples: Path) -> str:
    """Return the committed form of the document."""
    body = yaml.safe_dump(document(examples), sort_keys=False, allow_unicode=True, width=110)
    return "# Generated by `python -m bellwire_schemas generate`; do not edit.\n" + body
