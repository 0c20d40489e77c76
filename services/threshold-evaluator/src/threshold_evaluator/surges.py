"""Facts counted by school as they are evaluated, and the brakes that too many of them pull (section 4)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from bellwire_schemas.source import Source

from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.surge import Brake, Resolution, SurgeLimits

FactCounts: TypeAlias = Mapping[Source, Mapping[str, int]]
"""Facts by school."""

Braked: TypeAlias = Mapping[Source, Mapping[str, Resolution]]
"""Schools in a surge, and what their administrator said of it."""

NOBODY_BRAKED: Braked = {}
NO_BRAKES: Mapping[Source, Mapping[str, Sequence[Brake]]] = {}


class SurgeTables(Protocol):
    """Counts and brakes inside one transaction."""

    async def look(self, facts: FactCounts, limits: SurgeLimits, now: datetime) -> Braked:
        """Return the schools whose last ten minutes, these facts included, are a surge; pull what is new."""

    async def count(self, facts: FactCounts, braked: Braked, now: datetime) -> None:
        """Add facts; of a school in a surge they are no part of its usual, and its brake goes on."""

    async def brakes(
        self, schools: Mapping[Source, Collection[str]]
    ) -> Mapping[Source, Mapping[str, Sequence[Brake]]]:
        """Return the brakes of schools, oldest first."""


def facts_by_school(detected: Mapping[Source, Sequence[Detected]]) -> FactCounts:
    """Count what detection found; empty when it found nothing."""
    found: dict[Source, Counter[str]] = {}
    for source, events in detected.items():
        counted: Counter[str] = Counter()
        for each in events:
            if each.kinds:
                counted[each.turn.school_id] += len(each.kinds)
        if counted:
            found[source] = counted
    return found
