"""APNs answers as bytes (providers.md section 1)."""

import orjson

from ..exchange import Answer
from ..outcomes import Outcome
from .reasons import Reason


def accepted(apns_id: str) -> Answer:
    """200 with the id echoed and no body."""
    return Answer(200, (("apns-id", apns_id),), b"")


def refused(reason: Reason, apns_id: str, outcome: Outcome, now: float) -> Answer:
    """The reason with its status; 410 carries `timestamp` in milliseconds; body and Retry-After as told."""
    headers = [("apns-id", apns_id)]
    if outcome.retry_after:
        headers.append(("retry-after", outcome.retry_after))
    if outcome.body == "empty":
        return Answer(reason.status, tuple(headers), b"")
    if outcome.body == "not_json":
        headers.append(("content-type", "text/html"))
        return Answer(reason.status, tuple(headers), b"<html>upstream error</html>")
    told: dict[str, str | int] = {"reason": reason.text}
    if reason.status == 410:
        told["timestamp"] = outcome.timestamp or int(now * 1000)
    headers.append(("content-type", "application/json"))
    return Answer(reason.status, tuple(headers), orjson.dumps(told))
