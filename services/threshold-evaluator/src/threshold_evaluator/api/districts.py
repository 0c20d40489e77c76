"""`GET /v1/districts`: find one's district by name and state, without signing in (product.md section 5)."""

from collections.abc import Sequence
from typing import Annotated, Protocol

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Environment
from pydantic import StringConstraints

from threshold_evaluator.api.fields import Cursor, Limit, Model, Words
from threshold_evaluator.api.portal import PORTAL
from threshold_evaluator.api.rates import limited

StateFilter = Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2})?$")]


class FoundDistrict(Model):
    """A district as its name and state are public."""

    district_id: str
    name: str
    state: str
    timezone: str


class DistrictPage(Model):
    """Districts by name; `next_cursor` is null on the last page."""

    items: tuple[FoundDistrict, ...]
    next_cursor: str | None


class Districts(Protocol):
    """The districts of one environment."""

    async def find(
        self, name: str, state: str, environment: Environment, after: tuple[str, str], limit: int
    ) -> Sequence[tuple[str, FoundDistrict]]:
        """Return (sort key, district) by lower-case name, those after `after` (sort key, id).

        `name` is any part of the name in any case, empty for all; `state` two letters or empty for all.
        """


class DistrictsView(ApiView):
    """The public list of districts."""

    async def get(
        self,
        name: Words = "",
        state: StateFilter = "",
        environment: Environment = Environment.PRODUCTION,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> r200[DistrictPage]:
        """Find districts whose name contains `name`, in `state`.

        Tags: districts
        Status Codes:
            200: The districts found, by name.
        """
        limited(self.request)
        portal = self.request.app[PORTAL]
        scope = f"districts/{environment.value}/{state.upper()}/{name}"
        after = portal.cursors.open(scope, cursor) if cursor else ["", ""]
        found = await portal.districts.find(name, state.upper(), environment, (after[0], after[1]), limit + 1)
        page, following = found[:limit], None
        if len(found) > limit:
            key, last = page[-1]
            following = portal.cursors.seal(scope, [key, last.district_id])
        return answer(DistrictPage(items=tuple(each for _, each in page), next_cursor=following))


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/districts", DistrictsView)
