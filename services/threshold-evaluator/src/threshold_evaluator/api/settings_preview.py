"""`POST /v1/me/settings/preview`: what proposed settings would have sent in the last 30 days."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Group
from msgspec import structs
from pydantic import Field

from threshold_evaluator.api.changes import KEPT
from threshold_evaluator.api.fields import Body, Id, Model
from threshold_evaluator.api.portal import PORTAL, Portal, family
from threshold_evaluator.api.settings_change import changed_document
from threshold_evaluator.domain.documents import read_user
from threshold_evaluator.domain.roster import Watcher
from threshold_evaluator.domain.settings import JSON
from threshold_evaluator.preview import Past, would_have_sent

Propose = Callable[[Watcher], Watcher]


class Proposal(Body):
    """A merge patch of one's own document, for all students or, with `student_id`, for one."""

    settings: dict[str, Any]
    student_id: Id | None = None


class GroupPreview(Model):
    """How many changes of a group would have been pushed: with the proposal, and with what stands."""

    group: Group
    alerts: int
    alerts_now: int


class Preview(Model):
    """How many changes would have been pushed, one per change, before timing joins or holds any."""

    days: int = Field(description="How far back.")
    alerts: int
    alerts_now: int
    groups: tuple[GroupPreview, ...]


class Pasts(Protocol):
    """Stored changes of students whom the caller may see now, as they can be judged again."""

    async def past(self, caller: Caller, since: datetime) -> Sequence[Past]:
        """Return the changes since a time, oldest first: students of one account are told of it once."""


async def previewed(portal: Portal, caller: Caller, student_id: str, patch: JSON) -> Preview:
    """Judge the past again. Raises `Problem` as a change of the settings would."""
    found = await portal.settings.standing(caller, student_id)
    if not found:
        raise not_found("student")
    stands = found[0]
    document = changed_document(stands.document, patch, stands.effective(), bool(student_id))

    def proposed(watcher: Watcher) -> Watcher:
        own = watcher.documents.own if student_id else document
        of_student = document if student_id else watcher.documents.of_student
        return _with(watcher, own, of_student)

    past = await portal.pasts.past(caller, portal.clock.now() - KEPT)
    remembered = _remembering(proposed)
    changed = [
        replace(each, watcher=remembered(each.watcher)) if each.is_of(student_id) else each for each in past
    ]
    then, now = (would_have_sent(each, lambda watcher: watcher, student_id) for each in (changed, past))
    return Preview(
        days=KEPT.days,
        alerts=sum(then.values()),
        alerts_now=sum(now.values()),
        groups=tuple(GroupPreview(group=group, alerts=then[group], alerts_now=now[group]) for group in Group),
    )


def _with(watcher: Watcher, own: JSON, of_student: JSON) -> Watcher:
    return structs.replace(watcher, documents=read_user(own, of_student))


def _remembering(proposed: Propose) -> Propose:
    """Keep one object per watcher: what is resolved is cached by identity."""
    made: dict[Watcher, Watcher] = {}

    def remember(watcher: Watcher) -> Watcher:
        if watcher not in made:
            made[watcher] = proposed(watcher)
        return made[watcher]

    return remember


class SettingsPreviewView(ApiView):
    """A preview of settings."""

    async def post(self, body: Proposal) -> r200[Preview]:
        """How many alerts proposed settings would have sent in the last 30 days; nothing is stored.

        Tags: settings
        Status Codes:
            200: The count.
        """
        caller = await family(self.request)
        portal = self.request.app[PORTAL]
        return answer(await previewed(portal, caller, body.student_id or "", body.settings))


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/me/settings/preview", SettingsPreviewView)
