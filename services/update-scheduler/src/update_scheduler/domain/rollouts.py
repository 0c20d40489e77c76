"""A release or Rx pack rolled to cloud sites in waves over windows, canaries first (product.md section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from update_scheduler.domain.booking import Free
from update_scheduler.domain.statuses import CLOSED, Status
from update_scheduler.domain.windows import Occurrence


class RolloutState(StrEnum):
    """Active, held back, or over; what is requested already goes its ordinary way when it is over."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Unit:
    """What moves as one: a district, or the districts of a linked group. Each takes a place of a window."""

    key: str
    districts: tuple[str, ...]
    canary: bool = False

    def __post_init__(self) -> None:
        if not self.districts or len(set(self.districts)) != len(self.districts):
            raise ValueError("a unit has districts, each once")


@dataclass(frozen=True, slots=True)
class Wave:
    """The units of one occurrence."""

    occurrence: Occurrence
    units: tuple[Unit, ...]

    @property
    def places(self) -> int:
        """How many requests it makes."""
        return sum(len(unit.districts) for unit in self.units)


@dataclass(frozen=True, slots=True)
class Plan:
    """Waves in the order of time; `beyond` found no place: too large for a window, or no window free."""

    waves: tuple[Wave, ...]
    beyond: tuple[Unit, ...]


def plan(units: Sequence[Unit], free: Sequence[Free], per_window: int) -> Plan:
    """Fill free occurrences (in order of time), at most `per_window` (1 or more) requests in each.

    Canaries go first and alone: no other unit is in or before the last of their windows. Among themselves
    units keep their order, except that a smaller one may go before a group that does not fit any more.
    """
    canaries = [u for u in units if u.canary]
    rest = [u for u in units if not u.canary]
    first, beyond, used = _fill(canaries, free, per_window)
    if beyond and canaries:
        # what never fits as a canary must not let the others go before it was seen to work
        return Plan(first, (*beyond, *rest))
    second, left, _ = _fill(rest, free[used:], per_window)
    return Plan((*first, *second), (*beyond, *left))


def _fill(
    units: Sequence[Unit], free: Sequence[Free], per_window: int
) -> tuple[tuple[Wave, ...], tuple[Unit, ...], int]:
    waiting = list(units)
    waves: list[Wave] = []
    used = 0
    for index, place in enumerate(free):
        if not waiting:
            break
        left = min(place.left, per_window)
        taken: list[Unit] = []
        for unit in waiting:
            if len(unit.districts) <= left:
                taken.append(unit)
                left -= len(unit.districts)
        if taken:
            waves.append(Wave(place.occurrence, tuple(taken)))
            waiting = [u for u in waiting if u not in taken]
            used = index + 1
    return tuple(waves), tuple(waiting), used


@dataclass(frozen=True, slots=True)
class Released:
    """A district whose request was made: its wave, and where the request stands."""

    district_id: str
    canary: bool
    wave: int
    status: Status


def waits_for(released: Sequence[Released]) -> tuple[str, ...]:
    """The canaries that the next wave waits for: those whose request is not Completed or replaced by a newer."""
    fine = {Status.COMPLETED, Status.NEW_VERSION_REQUESTED}
    return tuple(sorted(r.district_id for r in released if r.canary and r.status not in fine))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `total` = `unreleased` + `open` + `done` + `failed`."""

    total: int
    unreleased: int
    open: int
    done: int
    failed: int

    @property
    def remains(self) -> int:
        """Districts that do not run the version yet."""
        return self.total - self.done


def progress(total: int, released: Sequence[Status]) -> Progress:
    """Count the districts of a rollout (`total`) by where their requests stand."""
    done = sum(s is Status.COMPLETED for s in released)
    failed = sum(s in CLOSED and s is not Status.COMPLETED for s in released)
    return Progress(total, total - len(released), len(released) - done - failed, done, failed)
