"""Why a step is refused: a closed family of values, each with the sentence that a person reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from update_scheduler.domain.statuses import Status, label


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The transition table does not have this move."""

    current: Status
    to: Status
    allowed: frozenset[Status]

    @property
    def detail(self) -> str:
        """From where, to where, and what would be right."""
        right = [label(s) for s in Status if s in self.allowed]
        after = f"it may become {_list(right)}" if right else "it is closed"
        return f"A request that is {label(self.current)} cannot become {label(self.to)}: {after}."


@dataclass(frozen=True, slots=True)
class StatusForbids:
    """A contact may not cancel, delete or answer in this status."""

    action: str
    current: Status
    right: frozenset[Status]

    @property
    def detail(self) -> str:
        """The status as it is, and those in which the action is possible."""
        right = [label(s) for s in Status if s in self.right]
        return (
            f"This request is {label(self.current)}; "
            f"only one that is {' or '.join(right)} can be {self.action}."
        )


@dataclass(frozen=True, slots=True)
class Gone:
    """The request was cancelled or deleted by its district."""

    how: str

    @property
    def detail(self) -> str:
        """What happened to it."""
        return f"This request was {self.how} by its district; nothing more can happen to it."


@dataclass(frozen=True, slots=True)
class FieldWrong:
    """One field of the order is missing or wrong. `pointer` is its JSON pointer."""

    pointer: str
    detail: str


Refusal = NotAllowed | StatusForbids | Gone | FieldWrong
