"""The rows that every event makes, as columns: its state, what detection said of it, its decisions.

These are made for each event of a stream, so that what costs (a moment or a content as text) is made once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

import orjson
from bellwire_schemas.source import Source

from threshold_evaluator.adapters.postgres.decide.codec import SEEN_SEPARATOR, write_memory
from threshold_evaluator.adapters.postgres.decide.rows import (
    Columns,
    kinds_text,
    scope_columns,
    thing_columns,
)
from threshold_evaluator.domain.decision import Decision, Detection, FactVerdict
from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.ports import Spoken

_SETTINGS_KEPT = 20_000
_LEAVES_THE_STATE = frozenset({Detection.STALE_VERSION, Detection.REMINDER})


def event_columns(spoken: Sequence[Spoken], now: datetime) -> Columns:
    """Write what detection made of each event now; `stands` marks the last version of each thing."""
    rows = [(one.source, each) for one in spoken for each in one.detected]
    if not rows:
        return {}
    detected = [each for _, each in rows]
    events = [each.incoming for each in detected]
    turns = [each.turn for each in detected]
    states = [each.after for each in detected]
    return {
        **scope_columns(source for source, _ in rows),
        **thing_columns(event.key for event in events),
        "event_sources": [event.event_source for event in events],
        "event_ids": [event.event_id for event in events],
        "school_ids": [turn.school_id for turn in turns],
        "calendar_ids": [turn.calendar_id for turn in turns],
        "modified": [turn.modified_at.isoformat() for turn in turns],
        "accepted": [event.accepted_at.isoformat() for event in events],
        "arrived": ["" if event.arrived_at == now else event.arrived_at.isoformat() for event in events],
        "detections": [each.detection for each in detected],
        "kinds": [kinds_text(each.kinds) for each in detected],
        "befores": [write_memory(each.before) for each in detected],
        "afters": [write_memory(state) for state in states],
        "stands": [text for one in spoken for text in _stands(one.detected)],
        "seen": [SEEN_SEPARATOR.join(state.seen) for state in states],
        "data": [event.data for event in events],
        "deleted": ["t" if state.content.deleted else "f" for state in states],
    }


def _stands(detected: Sequence[Detected]) -> Iterable[str]:
    last = {each.incoming.key: each for each in detected if each.detection not in _LEAVES_THE_STATE}
    return ["t" if last.get(each.incoming.key) is each else "f" for each in detected]


def decision_columns(rows: Sequence[tuple[Source, Decision]], now: datetime) -> Columns:
    """Write decisions."""
    decisions = [decision for _, decision in rows]
    return {
        **scope_columns(source for source, _ in rows),
        "alert_ids": [each.alert_id.hex for each in decisions],
        "user_ids": [each.user_id for each in decisions],
        "student_ids": [each.key.student_id for each in decisions],
        "event_ids": [each.event_id for each in decisions],
        "things": [each.key.group for each in decisions],
        "kinds": [kinds_text(each.kinds) for each in decisions],
        "outcomes": [each.outcome for each in decisions],
        "reasons": [each.reason for each in decisions],
        "due": [None if each.due_at == now else each.due_at for each in decisions],
        "gates": [str(each.open_gates) for each in decisions],
        "verdicts": [_verdicts(each.verdicts) for each in decisions],
        "settings_ids": [filed(each.settings)[0] for each in decisions],
    }


@lru_cache(maxsize=_SETTINGS_KEPT)
def filed(settings: Effective) -> tuple[str, str]:
    """Return the id of effective settings, of what they say, as hexadecimal digits, and their document."""
    layers = settings.layers
    document = {
        pointer: {"value": value, "layer": layers[pointer].value}
        for pointer, value in settings.values().items()
    }
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()
    return blake2b(text.encode(), digest_size=16).hexdigest(), text


@lru_cache(maxsize=_SETTINGS_KEPT)
def _verdicts(verdicts: tuple[FactVerdict, ...]) -> str:
    return orjson.dumps({each.kind.value: each.reason for each in verdicts}).decode()
