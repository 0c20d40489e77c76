"""What to do after a failure, as values: a function that decides returns what to do and never does it."""

from dataclasses import dataclass
from traceback import extract_tb

from bellwire_kit.streams.protocol import StreamUnavailable


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Hand the same records over again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Going on makes no sense; `error` is what `run` raises."""

    error: Exception


Decision = RetryAfter | GiveUp


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait, doubled at each attempt from `first` to at most `most`."""

    first: float
    most: float

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.most:
            raise ValueError(f"Backoff: first {self.first} must be above 0 and at most {self.most}")

    def delay(self, attempt: int) -> float:
        """Seconds before attempt number `attempt` + 1; the first attempt is number 1."""
        return min(self.most, self.first * 2.0 ** min(attempt - 1, 30))

    def after(self, attempt: int) -> RetryAfter:
        """Try again, however often it has failed."""
        return RetryAfter(self.delay(attempt))

    def within(self, attempt: int, attempts: int, failure: Exception, what: str) -> Decision:
        """Try again until `attempts` in a row have failed; then give up and say `what` was tried."""
        if attempt < attempts:
            return RetryAfter(self.delay(attempt))
        return GiveUp(StreamUnavailable(f"{what}: {attempt} attempts failed, the last with {failure!r}"))


def causes(failure: BaseException) -> str:
    """The classes of a failure and of its causes and where each arose, outermost first.

    Not their texts, which may hold values of records.
    """
    chain: list[str] = []
    link: BaseException | None = failure
    while link is not None:
        frames = extract_tb(link.__traceback__)
        where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        chain.append(type(link).__name__ + where)
        link = link.__cause__
    return " < ".join(chain)
