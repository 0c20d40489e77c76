"""The standing orders of a run: which rule strikes next, and the limits in force."""

from collections.abc import Callable
from dataclasses import dataclass

from .outcomes import AS_USUAL, Limits, Outcome, Rule
from .telling import outcome_of


@dataclass(slots=True)
class _Standing:
    rule: Rule
    used: int = 0


class Control:
    """Rules in the order given: the first that matches and is not used up decides; then the token itself."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._standing: dict[int, _Standing] = {}
        self._given = 0
        self._on_limits: list[Callable[[Limits], None]] = []

    def add(self, rule: Rule) -> int:
        """Take a rule; gives its number."""
        self._given += 1
        self._standing[self._given] = _Standing(rule)
        return self._given

    def remove(self, number: int) -> bool:
        """Drop a rule; false if there is none of that number."""
        return self._standing.pop(number, None) is not None

    def reset(self) -> None:
        """Drop all rules and go back to the limits at start."""
        self._standing.clear()
        self.set_limits(Limits())

    def set_limits(self, limits: Limits) -> None:
        """Put limits in force and tell the listeners (open connections lower their SETTINGS)."""
        self.limits = limits
        for listener in self._on_limits:
            listener(limits)

    def on_limits(self, listener: Callable[[Limits], None]) -> None:
        """Call `listener` at each change of limits."""
        self._on_limits.append(listener)

    def rules(self) -> list[dict[str, object]]:
        """The rules in force, each with its number and how often it struck."""
        return [
            {"id": number, "used": standing.used, "rule": standing.rule.model_dump(mode="json")}
            for number, standing in self._standing.items()
        ]

    def choose(self, provider: str, token: str) -> Outcome:
        """The outcome of this valid request; uses up one of the rule's times."""
        for number, standing in self._standing.items():
            if standing.rule.matches(provider, token):
                standing.used += 1
                if standing.used == standing.rule.times:
                    del self._standing[number]
                return standing.rule.outcome
        return outcome_of(token) if token else AS_USUAL
