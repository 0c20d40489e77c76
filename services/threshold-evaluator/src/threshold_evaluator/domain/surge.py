"""The surge hold: when a school's facts burst, they are held for its administrator (product.md section 4, "Brake").

A brake is pulled when the facts of ten minutes are too many, and lasts as long as they are. What the
administrator says of it (release, or inbox only) holds for all that it held, and for what still comes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

WINDOW = timedelta(minutes=10)
"""Facts of so long are counted together."""

USUAL_DAYS = 14
"""How far back a school's usual ten minutes are looked for; ten minutes without a fact are no part of it."""

LOOKS_AGAIN = timedelta(hours=1)
"""An administrator's word wakes what a brake holds at once; this is what a lost wake-up could cost."""


NEVER_A_SURGE = 2**31
"""More facts than ten minutes can bring."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Facts of a school's earlier windows that had any: `facts` in `windows`. No windows: nothing is known."""

    facts: int = 0
    windows: int = 0


UNKNOWN = Usual()


@dataclass(frozen=True, slots=True)
class SurgeLimits:
    """`least` facts in ten minutes are never a surge, nor what is at most `times` the usual."""

    least: int = 500
    times: int = 10

    def exceeded(self, facts: int, usual: Usual) -> bool:
        """Whether the facts of ten minutes exceed both bounds; a school of no usual has the first alone."""
        return facts > self.least and facts * max(usual.windows, 1) > self.times * usual.facts


class Resolution(StrEnum):
    """What an administrator says of a brake; `HELD` until anything is said. No brake is like `RELEASE`."""

    HELD = "held"
    RELEASE = "release"
    INBOX_ONLY = "inbox_only"


@dataclass(frozen=True, slots=True)
class Brake:
    """One surge of one school: when it was found, when it was last seen to go on (to about a minute)."""

    brake_id: UUID
    school_id: str
    pulled_at: datetime
    last_at: datetime
    resolution: Resolution = Resolution.HELD


def resolution_for(brakes: Sequence[Brake], changed_at: datetime, *, held: bool) -> Resolution:
    """Return what holds for an alert of a school whose brakes, oldest first, are given.

    `changed_at` is when its newest change came.

    A brake covers what was `held` by it, and what the ten minutes before it had brought and is still unsent.
    """
    for brake in brakes:
        if brake.pulled_at - WINDOW <= changed_at <= brake.pulled_at:
            return brake.resolution
        if held and changed_at <= brake.last_at + WINDOW:
            return brake.resolution
    return Resolution.RELEASE
