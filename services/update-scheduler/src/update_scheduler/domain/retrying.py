"""What becomes of a mail that was not accepted: a decision, never a loop (architecture.md section 4)."""

from dataclasses import dataclass
from datetime import timedelta

_FIRST = timedelta(seconds=1)
_MOST = timedelta(seconds=60)
GIVE_UP_AFTER = 10_000
"""Attempts at most a minute apart: about a week."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try once more after `wait`."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will never be accepted; `code` is the server's answer."""

    code: str


def after_refusal(attempts: int, code: int) -> Again | GiveUp:
    """Decide by the SMTP code (0 = no answer at all) after `attempts` attempts, this one counted.

    RFC 5321 section 4.2.1: 5yz is permanent, but 530, 534, 535, 538 (RFC 4954) blame our credentials, not the
    letter.
    """
    permanent = 500 <= code < 600 and code not in (530, 534, 535, 538)
    if permanent or attempts >= GIVE_UP_AFTER:
        return GiveUp(str(code))
    return Again(min(_FIRST * 2 ** min(attempts - 1, 10), _MOST))
