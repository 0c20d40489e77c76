"""Records of the alerts topic read into the domain's values: quickly, or else as strictly as the contract.

What our own evaluator writes is read straight into slots by msgspec, a third of what the contract's model costs.
Whatever that refuses is put before the contract of `bellwire_schemas`, which has the last word and says what is
wrong. tests/test_decoding.py keeps both readings the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import msgspec
from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas import catalogue
from bellwire_schemas.envelope import TRACEPARENT, traceparent_of
from bellwire_schemas.fields import DISTRICT_PATTERN, Contract
from bellwire_schemas.names import Kind
from msgspec import Meta
from pydantic import ValidationError

from push_dispatcher.domain.alert import Alert, Erasure, Event, InboxCount, Withdrawal

_FAR = 9_000
_TRACEPARENT = f"ce_{TRACEPARENT}"
_NOT_OURS = "the alerts topic carries alert.requested, alert.withdrawn, inbox.changed and user.erased"

_District = Annotated[str, Meta(pattern=DISTRICT_PATTERN)]
_Id = Annotated[str, Meta(min_length=1, max_length=255)]
_Unseen = Annotated[int, Meta(ge=0, le=2**31 - 1)]
_Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Moment = Annotated[datetime, Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class _Alert(Alert):
    """The bounds of `bellwire_schemas.alerts.AlertRequested`."""

    district_id: _District
    user_id: _Id
    student_id: _Id
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    thing_id: _Id
    things: Mapping[str, _Moment]
    send_before: _Moment
    unseen: _Unseen
    seq: _Seq
    requested_at: _Moment
    traceparent: Any = ""  # a header says it, whatever the data says


@dataclass(frozen=True, slots=True)
class _Withdrawal(Withdrawal):
    """The bounds of `AlertWithdrawn`."""

    district_id: _District
    user_id: _Id


@dataclass(frozen=True, slots=True)
class _InboxCount(InboxCount):
    """The bounds of `InboxChanged`."""

    district_id: _District
    user_id: _Id
    unseen: _Unseen
    seq: _Seq
    at: _Moment


@dataclass(frozen=True, slots=True)
class _Erasure(Erasure):
    """The bounds of `UserErased`."""

    district_id: _District
    user_id: _Id


_READERS: Mapping[bytes, tuple[msgspec.json.Decoder[Event], type[Contract]]] = {
    name.encode(): (msgspec.json.Decoder(kind), catalogue.CATALOGUE[name].model)
    for name, kind in (
        (catalogue.ALERT_REQUESTED, _Alert),
        (catalogue.ALERT_WITHDRAWN, _Withdrawal),
        (catalogue.INBOX_CHANGED, _InboxCount),
        (catalogue.USER_ERASED, _Erasure),
    )
}


def decoded(record: Record) -> Event | DeadLetter:
    """Read one record; total. A dead letter names the field and never quotes its value."""
    reader = next((_READERS.get(value) for name, value in record.headers if name == "ce_type"), None)
    if reader is None:
        return DeadLetter("unknown_type", _NOT_OURS)
    quick, contract = reader
    try:
        event: Event | DeadLetter = quick.decode(record.value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        event = _by_contract(record.value, quick, contract)
    if b"\\u0000" in record.value and not isinstance(event, DeadLetter) and _unstorable(event):
        return DeadLetter("invalid_data", "an id has the character U+0000, which cannot be stored")
    if isinstance(event, Alert) and not (event.send_before.year < _FAR and event.requested_at.year < _FAR):
        return DeadLetter("invalid_data", f"send_before and requested_at are before the year {_FAR}")
    return _traced(event, record) if isinstance(event, Alert) else event


def _traced(alert: Alert, record: Record) -> Alert:
    said = [value for name, value in record.headers if name == _TRACEPARENT]
    traceparent = traceparent_of(said[-1].decode(errors="replace")) if said else ""
    return alert if alert.traceparent == traceparent else replace(alert, traceparent=traceparent)


def _by_contract(
    value: bytes, quick: msgspec.json.Decoder[Event], contract: type[Contract]
) -> Event | DeadLetter:
    try:
        return quick.decode(contract.model_validate_json(value).model_dump_json())
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return DeadLetter("invalid_data", f"{'/'.join(map(str, found['loc']))}: {found['msg']}")
    except (msgspec.DecodeError, UnicodeError):
        return DeadLetter("invalid_data", "a field is outside of what the dispatcher can send")


def _unstorable(event: Event) -> bool:
    ids = [event.user_id]
    if isinstance(event, Alert):
        ids += [event.student_id, event.thing_id, *event.things]
    return any("\x00" in one for one in ids)
