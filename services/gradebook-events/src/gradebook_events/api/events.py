"""`POST /v1/events`: CloudEvents in binary, structured and batch mode."""

from collections.abc import Sequence
from typing import Any

import orjson
from aiohttp import web
from aiohttp_pydantic import PydanticView
from aiohttp_pydantic.oas.typing import r202
from bellwire_kit.web.problems import Problem
from pydantic import BaseModel

from gradebook_events.accept import Accepted, Answer
from gradebook_events.api.answers import RETRY_AFTER, item, problem_of
from gradebook_events.api.callers import publisher_of
from gradebook_events.api.parts import PARTS, Parts
from gradebook_events.api.quick import accepted, body_of, media_of
from gradebook_events.domain.incoming import Incoming
from gradebook_events.domain.publishers import Publisher
from gradebook_events.domain.refusals import Refusal, RefusalKind
from gradebook_events.domain.share import Wait
from gradebook_events.metrics import THROTTLED
from gradebook_events.wire.http_binary import binary
from gradebook_events.wire.json_format import read_item, split, structured

EVENTS_PATH = "/v1/events"
BATCH = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
_FAMILY = "application/cloudevents"


class EventAnswer(BaseModel):
    """What became of one event. `index` counts from 0; `problem` is RFC 9457 problem details."""

    index: int
    id: str | None
    status: int
    problem: dict[str, Any] | None


class BatchAnswer(BaseModel):
    """One line per event of a batch, in order."""

    items: list[EventAnswer]


class Events(PydanticView):  # type: ignore[misc]
    """Where publishers send events. Who is asking comes before the body is read, and one bad item spoils no other."""

    async def post(self) -> r202[BatchAnswer]:
        """Append CloudEvents 1.0: binary mode, structured mode or a batch.

        The key's district and environment must be those of `source`. 202 means that all in-sync replicas have
        what was accepted. A batch answers 202 if any item was accepted, else 400, with a line per item. An event
        sent again with the same source and id is accepted and has no second effect.

        Tags: events
        Security: bearer
        Status Codes:
            202: Accepted.
            400: Not valid; the problem names the JSON pointer.
            403: The source is not the key's own.
            413: The body or an event is too large.
            415: Neither binary, structured nor batch mode.
            429: The publisher's share is used up; see Retry-After.
            503: The broker did not acknowledge; send again after Retry-After.
        """
        return await _receive(self.request)

    async def _iter(self) -> web.StreamResponse:
        # There are no parameters to take out of the request: what would do so is passed by.
        if self.request.method not in self.allowed_methods:
            self._raise_allowed_methods()
        return await _receive(self.request)


async def _receive(request: web.Request) -> web.StreamResponse:
    parts: Parts = request.app[PARTS]
    publisher = await publisher_of(request)
    headers = request.headers
    media = media_of(headers.get("Content-Type", ""))
    if media == BATCH:
        return await _batch(request, parts, publisher)
    event: Incoming | Refusal
    if media == STRUCTURED:
        _take(parts, publisher, 1)
        way, event = "structured", structured(await body_of(request))
    elif "ce-specversion" in headers or "ce-id" in headers:
        if media.startswith(_FAMILY):
            raise _unsupported()
        _take(parts, publisher, 1)
        way, event = "binary", binary(headers.items(), media, await body_of(request))
    else:
        raise _unsupported()
    answer = await parts.door.accept_one(publisher, event, way)
    if isinstance(answer, Refusal):
        raise problem_of(answer)
    return accepted(request, orjson.dumps({"id": answer.event_id, "status": 202}))


async def _batch(request: web.Request, parts: Parts, publisher: Publisher) -> web.Response:
    items = split(await body_of(request))
    if isinstance(items, Refusal):
        _take(parts, publisher, 1)
        raise problem_of(items)
    if len(items) > parts.most_items:
        raise Problem(
            413,
            "batch-too-long",
            "The batch has too many events",
            f"A batch has at most {parts.most_items} events; this one has {len(items)}.",
        )
    _take(parts, publisher, max(1, len(items)))
    answers = await parts.door.accept(publisher, [read_item(text) for text in items], "batch")
    return _batch_answer(answers)


def _batch_answer(answers: Sequence[Answer]) -> web.Response:
    lines: list[dict[str, Any]] = [
        {"index": index, "id": answer.event_id, "status": 202, "problem": None}
        if isinstance(answer, Accepted)
        else item(index, answer)
        for index, answer in enumerate(answers)
    ]
    if any(isinstance(answer, Accepted) for answer in answers):
        return _json(202, {"items": lines})
    if any(isinstance(a, Refusal) and a.kind is RefusalKind.NOT_APPENDED for a in answers):
        # Nothing is kept and sending again will help: one status says so to every client.
        return _json(503, {"items": lines}, {"Retry-After": str(RETRY_AFTER)})
    return _json(400, {"items": lines})


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/json", headers=headers
    )


def _take(parts: Parts, publisher: Publisher, events: int) -> None:
    """Take from the publisher's share. Raises `Problem` 429."""
    outcome = parts.shares.take(publisher, events)
    if isinstance(outcome, Wait):
        THROTTLED.inc()
        raise Problem(
            429,
            "share-used-up",
            "Too many events",
            "This publisher's share of events a second is used up; nothing of this request was kept.",
            headers={"Retry-After": str(max(1, round(outcome.seconds + 0.5)))},
        )


def _unsupported() -> Problem:
    detail = (
        f"Send Content-Type {STRUCTURED} or {BATCH}, or binary mode: ce-specversion, ce-id, ce-source and "
        "ce-type as headers and the data as application/json."
    )
    return Problem(415, "not-a-cloudevent", "This is not a CloudEvent over HTTP", detail)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view(EVENTS_PATH, Events)
