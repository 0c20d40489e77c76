"""`GET/PATCH /v1/me/settings?student_id=`: effective values with their layers, and one's own document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.auth import Caller
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import ApiView, answer
from pydantic import RootModel

from threshold_evaluator.api.fields import Id, Model
from threshold_evaluator.api.portal import PORTAL, family
from threshold_evaluator.api.settings_change import changed_document
from threshold_evaluator.domain.effective import Effective, Layer
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import District, School, Watcher
from threshold_evaluator.domain.settings import JSON


class EffectiveValue(Model):
    """One value that holds, the layer it came from, and whether the caller cannot change it now."""

    value: Any
    layer: Layer
    locked: bool


class Settings(Model):
    """The caller's own document of this layer, and what holds once all layers are weighed.

    `effective` has the shape of a settings document whose every key is an `EffectiveValue`.
    """

    student_id: str | None
    document: dict[str, Any]
    effective: dict[str, Any]


class MergePatch(RootModel[dict[str, Any]]):
    """A JSON merge patch (RFC 7396) of the caller's own document; null removes a key from it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a user's settings now. `document` is the one that the request is about."""

    district: District
    school: School
    watcher: Watcher
    document: JSON

    def effective(self) -> Effective:
        """Return what holds."""
        return resolve(self.district, self.school, self.watcher)


Decide = Callable[[Standing], JSON]


class SettingsTables(Protocol):
    """Settings documents of users; an empty student id is the document for all students."""

    async def standing(self, caller: Caller, student_id: str) -> Sequence[Standing]:
        """Return what stands, or nothing when the caller may not see the student now."""

    async def documents(self, caller: Caller) -> Mapping[str, JSON]:
        """Return the caller's documents by student whom the caller may see now; `""` is for all students."""

    async def change(self, caller: Caller, student_id: str, decide: Decide) -> Sequence[Standing]:
        """Store what `decide` makes of what stands, nobody else writing meanwhile; return what stands then.

        The users' unsent alerts are noted for recalculation in the same transaction. Nothing is returned, and
        `decide` is not asked, when the caller may not see the student now. What `decide` raises undoes all.
        """


def shown(standing: Standing, student_id: str) -> Settings:
    """Return the answer: each effective value in its place of a settings document."""
    effective = standing.effective()
    tree: dict[str, Any] = {}
    for pointer, value in effective.values().items():
        *above, last = pointer.split("/")[1:]
        here = tree
        for part in above:
            here = here.setdefault(part, {})
        locked = pointer in effective.locked
        here[last] = EffectiveValue(value=value, layer=effective.layers[pointer], locked=locked).model_dump()
    return Settings(student_id=student_id or None, document=dict(standing.document), effective=tree)


class SettingsView(ApiView):
    """The caller's settings, for all students or for one."""

    async def get(self, student_id: Id | None = None) -> r200[Settings]:
        """What holds for one's alerts, for all students or for one, each value with the layer it came from.

        Tags: settings
        Status Codes:
            200: Own document and effective values.
        """
        caller = await family(self.request)
        found = await self.request.app[PORTAL].settings.standing(caller, student_id or "")
        return answer(_one(found, student_id or ""))

    async def patch(self, body: MergePatch, student_id: Id | None = None) -> r200[Settings]:
        """Change one's own document; with `student_id` only `groups` and `kinds` can be set.

        Tags: settings
        Status Codes:
            200: Own document and effective values, as they are now.
        """
        caller = await family(self.request)
        wanted: Mapping[str, Any] = body.root

        def decide(standing: Standing) -> JSON:
            return changed_document(standing.document, wanted, standing.effective(), bool(student_id))

        found = await self.request.app[PORTAL].settings.change(caller, student_id or "", decide)
        return answer(_one(found, student_id or ""))


def _one(found: Sequence[Standing], student_id: str) -> Settings:
    if not found:
        raise not_found("student")
    return shown(found[0], student_id)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/me/settings", SettingsView)
