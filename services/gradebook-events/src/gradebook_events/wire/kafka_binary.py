"""An admitted event as a Kafka record: binary mode of the CloudEvents Kafka binding 1.0.2, section 3.2.

The same record as `bellwire_schemas.envelope.to_kafka` makes (a test holds them against each other), straight
from the texts that came: an event passes here without becoming anything in between.
"""

from bellwire_kit.streams.protocol import Headers, Message

from gradebook_events.domain.admission import Admitted

_VERSION = ("ce_specversion", b"1.0")
_CONTENT = ("content-type", b"application/json")


def message_of(admitted: Admitted) -> Message:
    """Return the record to append."""
    event = admitted.event
    headers: Headers = (
        _VERSION,
        ("ce_id", event.id.encode()),
        ("ce_source", event.source.encode()),
        ("ce_type", event.type.encode()),
        ("ce_subject", admitted.subject.encode()),
        ("ce_time", admitted.time.encode()),
        _CONTENT,
    )
    if event.extensions:
        headers += tuple((f"ce_{name}", value.encode()) for name, value in event.extensions.items())
    return Message(admitted.topic, admitted.key, event.data, headers)
