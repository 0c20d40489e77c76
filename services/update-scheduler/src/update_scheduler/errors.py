"""Why a use case was refused: a closed family that API and pages each show in their own way."""

from update_scheduler.domain.refusals import FieldWrong, Gone, NotAllowed, Refusal, StatusForbids

ADDRESSED = "/path/request_id"
"""Not a field of the body but the request of the address stands in the way."""


class QueueError(Exception):
    """A step on the queue that was refused; nothing was written. `detail` is the sentence a person reads."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotThere(QueueError):
    """There is no such thing, or not for this person. `pointer` is the field that names it, "" the address."""

    def __init__(self, what: str, pointer: str = "") -> None:
        super().__init__(f"There is no such {what}.")
        self.what, self.pointer = what, pointer


class NotForYou(QueueError):
    """The person's role or district does not allow it."""


class Wrong(QueueError):
    """A field is missing or wrong; `pointer` is its JSON pointer."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class Clash(QueueError):
    """The present state of things does not allow it. `word` is a short stable name of why.

    `pointer` is the JSON pointer of the field that would have to be another, `ADDRESSED` the thing addressed.
    """

    def __init__(self, word: str, detail: str, pointer: str) -> None:
        super().__init__(detail)
        self.word, self.pointer = word, pointer


class Stale(QueueError):
    """Somebody else changed it since it was read."""

    def __init__(self, current: int) -> None:
        super().__init__(f"It was changed since you read it: it is at revision {current} now. Read it again.")
        self.current = current


def refused(refusal: Refusal, who: str = "") -> QueueError:
    """The error of a domain refusal; `who` names the group member that it is about."""
    prefix = f"{who}: " if who else ""
    match refusal:
        case FieldWrong(pointer=pointer, detail=detail):
            return Wrong(pointer, prefix + detail)
        case NotAllowed():
            return Clash("transition-not-allowed", prefix + refusal.detail, "/to")
        case StatusForbids():
            return Clash("status-forbids", prefix + refusal.detail, ADDRESSED)
        case Gone():
            return Clash("gone", prefix + refusal.detail, ADDRESSED)
