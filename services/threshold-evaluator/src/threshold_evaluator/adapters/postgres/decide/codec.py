"""Values as rows hold them: contents of things as short JSON, moments that may be absent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from bellwire_schemas.names import AttendanceStatus, Excuse, Group

from threshold_evaluator.domain.due import NEVER
from threshold_evaluator.domain.things import NO_SCORE, Content, Mark, Score, ThingState, ValueForm

SEPARATOR = "\x1f"
SEEN_SEPARATOR = "\x1e"


def write_memory(state: ThingState) -> str:
    """Write the content that stands; empty before the first version."""
    if state.first:
        return ""
    return write_content(state.key.group, state.content)


def write_content(group: Group, content: Content) -> str:
    """Write a content: `[deleted, ...]` and what its group keeps."""
    kept: list[Any] = [content.deleted]
    match group:
        case Group.ASSIGNMENTS:
            kept += [*_write_score(content.score), sorted(content.flags)]
        case Group.GRADES:
            kept += [*_write_score(content.posted), *([True] if content.unposted else [])]
        case Group.ATTENDANCE:
            kept += [content.mark.status, content.mark.excuse, content.on.isoformat()]
        case Group.LUNCH:
            kept.append(str(content.balance))
    return orjson.dumps(kept).decode()


@lru_cache(maxsize=50_000)
def read_memory(group: Group, text: str) -> Content:
    """Read what `write_content` wrote."""
    if not text:
        return Content()
    deleted, *kept = orjson.loads(text)
    match group:
        case Group.ASSIGNMENTS:
            return Content(score=_read_score(kept[:3]), flags=frozenset(kept[3]), deleted=deleted)
        case Group.GRADES:
            return Content(posted=_read_score(kept[:3]), unposted=len(kept) > 3, deleted=deleted)
        case Group.ATTENDANCE:
            mark = Mark(AttendanceStatus(kept[0]), Excuse(kept[1]))
            return Content(mark=mark, on=date.fromisoformat(kept[2]), deleted=deleted)
        case Group.LUNCH:
            return Content(balance=Decimal(kept[0]), deleted=deleted)


def _write_score(score: Score) -> list[str]:
    return [score.form, str(score.percent), score.text]


def _read_score(kept: list[str]) -> Score:
    if kept[0] == ValueForm.NONE:
        return NO_SCORE
    return Score(ValueForm(kept[0]), Decimal(kept[1]), kept[2])


def moment_or_null(moment: datetime) -> datetime | None:
    """Write a moment: `NEVER` is null."""
    return None if moment == NEVER else moment


def moment_or_never(moment: datetime | None) -> datetime:
    """Read a moment: null is `NEVER`."""
    return NEVER if moment is None else moment.astimezone(UTC)
