"""What an event's refusal looks like over HTTP: status, problem+json, Retry-After."""

from typing import Any

from bellwire_kit.web.problems import Problem

from gradebook_events.domain.refusals import Refusal, RefusalKind

RETRY_AFTER = 2
"""Seconds after which a publisher should send again what the broker did not acknowledge."""

_STATUS = {
    RefusalKind.FOREIGN_SOURCE: 403,
    RefusalKind.TOO_LARGE: 413,
    RefusalKind.NOT_APPENDED: 503,
}


def status_of(kind: RefusalKind) -> int:
    """Return the HTTP status of a refusal."""
    return _STATUS.get(kind, 400)


def problem_of(refusal: Refusal) -> Problem:
    """Return the problem of a refused event; pointers are into the event in its JSON format."""
    status = status_of(refusal.kind)
    return Problem(
        status,
        refusal.kind.value,
        refusal.kind.sentence,
        refusal.detail,
        pointer=refusal.pointer,
        errors=[{"pointer": found.pointer, "detail": found.detail} for found in refusal.findings],
        headers={"Retry-After": str(RETRY_AFTER)} if status == 503 else None,
    )


def item(index: int, refusal: Refusal) -> dict[str, Any]:
    """Return the line of a refused event in the answer to a batch."""
    return {
        "index": index,
        "id": refusal.event_id or None,
        "status": status_of(refusal.kind),
        "problem": problem_of(refusal).document(),
    }
