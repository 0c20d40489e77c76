"""Reading forms: what is wrong is named by its field, and what was typed stays typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, TypeAdapter, ValidationError

from update_scheduler.api.fields import Body, Moment, Note, Version
from update_scheduler.domain.requests import NO_DATE, NoDate
from update_scheduler.domain.windows import instant
from update_scheduler.errors import Clash, QueueError, Stale, Wrong

_MOMENT = TypeAdapter(Moment)
_NOTE = TypeAdapter(Note)
_BODY = TypeAdapter(Body)
_VERSION = TypeAdapter(Version)
_POINTERS = {"/group_id": "place", "/site_id": "target"}
_CLASHES = {"moves-with-group": "kind"}
"""Where a form has a better place for it than the field that the API names."""


@dataclass(slots=True)
class Faults:
    """What is wrong with a form: a sentence for each field, and those about no field in particular."""

    fields: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.fields or self.general)

    def add(self, name: str, detail: str) -> None:
        """Something is wrong with a field; the first sentence stays."""
        self.fields.setdefault(name, detail)

    def refused(self, error: QueueError, known: Mapping[str, str]) -> None:
        """What a use case refused, at the field that it is about where the form has it (`known`)."""
        match error:
            case Wrong(pointer=pointer):
                name = _POINTERS.get(pointer, pointer.strip("/"))
            case Clash(word=word, pointer=pointer):
                name = _CLASHES.get(word) or _POINTERS.get(pointer, pointer.strip("/"))
            case Stale():
                detail = "Somebody else changed it since you opened this page. Look at it as it is now."
                self.general.append(detail)
                return
            case _:
                name = ""
        if name in known:
            self.add(name, error.detail)
        else:
            self.general.append(error.detail)


def note(form: Mapping[str, str], faults: Faults, name: str = "note") -> str:
    """A text of at most 4,000 characters, "" when left empty."""
    text = form.get(name, "").replace("\r\n", "\n")
    try:
        return str(_NOTE.validate_python(text))
    except ValidationError:
        faults.add(name, "At most 4,000 characters.")
        return ""


def body(form: Mapping[str, str], faults: Faults, name: str = "body") -> str:
    """A line of a thread: 1 to 10,000 characters."""
    text = form.get(name, "").replace("\r\n", "\n").strip()
    try:
        return str(_BODY.validate_python(text))
    except ValidationError:
        faults.add(name, "Write something, at most 10,000 characters.")
        return ""


def version(form: Mapping[str, str], faults: Faults, name: str = "version") -> str:
    """A version's name."""
    try:
        return str(_VERSION.validate_python(form.get(name, "")))
    except ValidationError:
        faults.add(name, "Choose a version.")
        return ""


def moment(
    form: Mapping[str, str], faults: Faults, slot: str, typed: str, zone: ZoneInfo
) -> datetime | NoDate:
    """The slot that was chosen, or the local time that was typed instead; NO_DATE for neither."""
    chosen, own = form.get(slot, ""), form.get(typed, "")
    try:
        if own:
            local = datetime.fromisoformat(own)
            if local.tzinfo is not None:
                raise ValueError
            return _sensible(instant(local.date(), local.time(), zone))
        return _sensible(datetime.fromisoformat(chosen)) if chosen else NO_DATE
    except (ValueError, OverflowError):
        faults.add(
            slot, "This is no date: choose one of the list, or give day and time like 2026-11-26 00:30."
        )
        return NO_DATE


def _sensible(at: datetime) -> datetime:
    value: datetime = _MOMENT.validate_python(at)
    return value.astimezone(UTC)


Model = TypeVar("Model", bound=BaseModel)


def read(
    kind: type[Model], values: Mapping[str, object], faults: Faults, hints: Mapping[str, str]
) -> list[Model]:
    """The one body that a form makes, or none: then `faults` has a sentence for each field that is wrong.

    What was left empty is left out. `hints` says what would be right, by field.
    """
    given = {name: value for name, value in values.items() if value not in ("", [])}
    try:
        return [kind.model_validate(given)]
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(found["loc"][0]) if found["loc"] else ""
            faults.add(name, hints.get(name, found["msg"]))
        return []
