"""A day's plan as values: acts with their changes, and for each change which users are told of it, and when."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bellwire_simulators.school_day.district import District, Student, User


class Verdict(StrEnum):
    """What one user is due for one change, by the plain words of the product's rules."""

    DUE = "due at once"
    IN_GRACE = "due when the user's grace is over"
    IN_DIGEST = "due with the user's daily digest"
    IN_QUIET_HOURS = "due when the user's quiet hours are over"
    PUT_RIGHT = "put right within the user's grace: the slip is told to nobody"
    NO_PORTAL = "the user has no portal access to the student"
    ABOVE_THRESHOLD = "the score is not below the user's threshold"
    LUNCH_TO_STUDENT = "lunch alerts are off for students unless they turn them on"
    ALREADY_TOLD = "the account was below its threshold already, and the user was told"


LATER = frozenset({Verdict.IN_GRACE, Verdict.IN_DIGEST, Verdict.IN_QUIET_HOURS})
"""Told, but not at once: a later act of the day releases it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change event to publish: `name` is its id's last part, `fields` its data beside the usual ones."""

    name: str
    kind: str
    student: Student
    fields: dict[str, Any]
    verdicts: dict[str, Verdict]

    def but(self, user: User, verdict: Verdict) -> "Change":
        """Return the change with another verdict on a user who would be told at once. Raises `ValueError`."""
        if self.verdicts.get(user.user_id) is not Verdict.DUE:
            raise ValueError(f"{user.user_id} is not due {self.name} at once, so nothing can hold it")
        return replace(self, verdicts=self.verdicts | {user.user_id: verdict})


@dataclass(frozen=True, slots=True)
class Release:
    """What one user gets when a hold ends: the changes of these names; several of them are one summary."""

    user_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """What happens at one time: holds that end then, and changes.

    `at` is the district's local time, HH:MM, so many `days_later` than the day of the plan.
    """

    at: str
    title: str
    changes: Sequence[Change] = ()
    releases: Sequence[Release] = ()
    days_later: int = 0


@dataclass(frozen=True, slots=True)
class Scenes:
    """The families that the day follows by name, and that no crowd touches."""

    threshold: tuple[User, Student]
    two_children: tuple[User, Student, Student]
    no_portal: tuple[User, Student]
    marked: tuple[User, Student]
    lunch: tuple[User, Student]
    slip: tuple[User, Student]
    slip_below: tuple[User, Student]
    digest: tuple[User, Student]
    quiet: tuple[User, Student]

    def users(self) -> Sequence[User]:
        """Return the guardian of each family."""
        pairs = (self.threshold, self.no_portal, self.marked, self.lunch)
        alone = (self.slip, self.slip_below, self.digest, self.quiet)
        return [self.two_children[0], *(user for user, _ in (*pairs, *alone))]

    def student_ids(self) -> set[str]:
        """Return every student of these families."""
        return {student_id for user in self.users() for student_id in user.student_ids}


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole day. `wishes` has what users set for themselves beside thresholds: a settings document each."""

    district: District
    scenes: Scenes
    wishes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    acts: Sequence[Act] = field(default_factory=tuple)

    def changes(self) -> Iterator[Change]:
        """Yield every change in the order of the day."""
        for act in self.acts:
            yield from act.changes

    def verdicts(self) -> dict[Verdict, int]:
        """Return how many (change, user) have each verdict."""
        counted = Counter(verdict for change in self.changes() for verdict in change.verdicts.values())
        return {verdict: counted[verdict] for verdict in Verdict}
