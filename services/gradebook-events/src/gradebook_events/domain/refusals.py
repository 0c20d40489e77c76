"""Why an event is not accepted: a closed family; each says where in the event and what would be right."""

from dataclasses import dataclass, field
from enum import StrEnum


class RefusalKind(StrEnum):
    """Every reason to refuse one event. The value is the stable word of the problem's type."""

    NOT_AN_EVENT = "not-an-event"
    INVALID_ATTRIBUTE = "invalid-attribute"
    UNKNOWN_TYPE = "unknown-type"
    FOREIGN_SOURCE = "foreign-source"
    SUBJECT_DISAGREES = "subject-disagrees"
    INVALID_DATA = "invalid-data"
    MODIFIED_IN_FUTURE = "modified-in-future"
    TOO_LARGE = "event-too-large"
    TOO_DEEP = "data-too-deep"
    NOT_APPENDED = "not-appended"

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        return _TITLES[self]


_TITLES = {
    RefusalKind.NOT_AN_EVENT: "This is not a CloudEvent",
    RefusalKind.INVALID_ATTRIBUTE: "An attribute of the event is not valid",
    RefusalKind.UNKNOWN_TYPE: "The type of the event is not one that comes in here",
    RefusalKind.FOREIGN_SOURCE: "A publisher writes only its own district and environment",
    RefusalKind.SUBJECT_DISAGREES: "The subject disagrees with the data",
    RefusalKind.INVALID_DATA: "The data of the event is not valid",
    RefusalKind.MODIFIED_IN_FUTURE: "The change was made in the future",
    RefusalKind.TOO_LARGE: "The event is too large",
    RefusalKind.TOO_DEEP: "The data of the event is nested too deeply",
    RefusalKind.NOT_APPENDED: "The event could not be kept; send it again",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: `pointer` is an RFC 6901 pointer into the event in its JSON format."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that is not accepted. `event_id` is its id where it could be read, else empty."""

    kind: RefusalKind
    pointer: str
    detail: str
    event_id: str = ""
    findings: tuple[Finding, ...] = field(default=())


def pointer(*parts: str | int) -> str:
    """Return the RFC 6901 pointer of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
