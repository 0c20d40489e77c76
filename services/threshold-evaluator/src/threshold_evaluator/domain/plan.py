"""What one transaction does about users: who is told what, and what became of what waited."""

from dataclasses import dataclass, field
from uuid import UUID

from msgspec import Struct

from threshold_evaluator.domain.decision import Became, Decision
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.gates import ALL_OPEN
from threshold_evaluator.domain.memory import TellingKey
from threshold_evaluator.domain.things import ThingState
from threshold_evaluator.domain.timing import Session


class Telling(Struct, frozen=True, gc=False):
    """An alert whose words are still to be put: what it is about, and the settings that choose them."""

    due: DueAlert
    state: ThingState
    student_name: str
    settings: Effective
    session: Session


class Push(Struct, frozen=True, gc=False):
    """A telling that goes out now, with its place on the screen and its numbers."""

    telling: Telling
    slot: UUID
    seq: int
    unseen: int


class Summary(Struct, frozen=True, gc=False):
    """Several tellings of one user that go as one; its id is of its members' ids, so it is made once."""

    summary_id: UUID
    members: tuple[Telling, ...]
    slot: UUID
    seq: int
    unseen: int


class Settled(Struct, frozen=True, gc=False):
    """An unsent alert that ended: what became of it, and which alert carried or replaced it (itself if none).

    `open_gates` stood open then; at the event all of them did.
    """

    due: DueAlert
    became: Became
    sent_as: UUID
    open_gates: int = ALL_OPEN


@dataclass(slots=True)
class Plan:
    """Everything that one transaction writes about users; each list in the order it came about."""

    decisions: list[Decision] = field(default_factory=list)
    held: dict[UUID, DueAlert] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    inbox: list[Telling] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    corrected: list[DueAlert] = field(default_factory=list)
    told: dict[TellingKey, tuple[str, ThingState]] = field(default_factory=dict)
