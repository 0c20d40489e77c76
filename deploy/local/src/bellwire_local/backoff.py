"""How long to wait before a part that died is started again."""

from dataclasses import dataclass

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 30.0
SETTLED_SECONDS = 60.0
"""A part that ran this long is healthy: its next death waits as the first did."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Deaths in a row of one part."""

    deaths: int = 0

    def __post_init__(self) -> None:
        """Refuse a negative count."""
        if self.deaths < 0:
            raise ValueError("deaths is not negative")

    def died_after(self, seconds: float) -> "Backoff":
        """The count after one more death of a run that took so many seconds."""
        return Backoff(1 if seconds >= SETTLED_SECONDS else self.deaths + 1)

    @property
    def delay(self) -> float:
        """Seconds until the next start: 0 before any death, then doubling from half a second up to 30."""
        if self.deaths == 0:
            return 0.0
        # The exponent is bounded first: 2.0 ** 2000 does not fit a float.
        return min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(self.deaths - 1, 16))
