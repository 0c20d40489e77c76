"""State per thing: the last version of an assignment, grade, mark, lunch account (product.md section 3).

What is made for every event is a frozen struct: like a frozen dataclass, and made in a tenth of the time. With
`gc=False` the cycle collector never walks it: no cycle can be made of frozen values, and walking them all took a
sixth of the evaluator's time.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from bellwire_schemas.names import AttendanceStatus, Excuse, Group
from msgspec import Struct


class ValueForm(StrEnum):
    """What an assignment's or grade's value is made of; only a percent compares with a threshold."""

    NONE = "none"
    PERCENT = "percent"
    POINTS = "points"
    TEXT = "text"


class Score(Struct, frozen=True, gc=False):
    """The effective value: percent, else points, else text; none while exempt or dropped (section 3).

    `percent` is exact and meaningful with form `PERCENT`; `text` tells values of the other forms apart, and
    for a grade it is the letter, beside the percent.
    """

    form: ValueForm = ValueForm.NONE
    percent: Decimal = Decimal(0)
    text: str = ""


NO_SCORE = Score()


class Mark(Struct, frozen=True, gc=False):
    """What an attendance mark says; nothing recorded and `deleted` are present."""

    status: AttendanceStatus = AttendanceStatus.PRESENT
    excuse: Excuse = Excuse.UNKNOWN


PRESENT = Mark()


class ThingKey(Struct, frozen=True, gc=False):
    """Names one thing of one student within a district and environment."""

    group: Group
    student_id: str
    thing_id: str


class Content(Struct, frozen=True, gc=False):
    """What a version says, reduced to what detection compares.

    `score` of an assignment; `flags` its true flags; `posted` the posted value of a grade, the last one while
    it is `unposted`; `mark` and `on` of attendance; `balance` of lunch. The rest stays at its default.
    """

    score: Score = NO_SCORE
    flags: frozenset[str] = frozenset()
    posted: Score = NO_SCORE
    unposted: bool = False
    mark: Mark = PRESENT
    on: date = date.min
    balance: Decimal = Decimal(0)
    deleted: bool = False


NOTHING = Content()
"""What stands before the first version, and, for scores, flags and marks, after a deletion."""


class ThingState(Struct, frozen=True, gc=False):
    """The last version of a thing. `first` is a thing never seen: its content is `NOTHING`.

    `seen` has the ids of the events of `modified_at`, duplicates too, so that none of them, sent again, is taken for
    later content of the same moment. `data` is the event's JSON text.
    """

    key: ThingKey
    school_id: str = ""
    calendar_id: str = ""
    modified_at: datetime = datetime.min
    seen: tuple[str, ...] = ()
    content: Content = NOTHING
    data: str = "{}"
    first: bool = False


States: TypeAlias = Mapping[ThingKey, ThingState]
