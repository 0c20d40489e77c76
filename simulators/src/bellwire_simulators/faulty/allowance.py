"""How many streams a connection may have open: pure, from what its answers were (providers.md section 1)."""

from dataclasses import dataclass

from ..outcomes import Limits


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a connection has earned: a valid credential seen, and how many 4xx in a row since the last 200."""

    trusted: bool
    refusals: int = 0

    def after(self, status: int, trusted: bool) -> "Allowance":
        """The standing after an answer of this status to a request whose credentials did or did not hold."""
        refusals = self.refusals + 1 if 400 <= status < 500 else 0 if status == 200 else self.refusals
        return Allowance(self.trusted or trusted, refusals)

    def streams(self, limits: Limits) -> int:
        """Streams that may be open at once, at least 1."""
        if not self.trusted:
            return limits.streams_before_token
        if limits.error_burst and self.refusals >= limits.error_burst:
            return min(limits.streams_after_errors, limits.streams)
        return limits.streams
