"""`/v1/sites`: sites with their versions and what is scheduled."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.problems import not_found
from bellwire_kit.web.views import answer
from bellwire_schemas.fields import Timezone
from bellwire_schemas.names import Environment, RequestKind
from pydantic import StringConstraints

from update_scheduler.api.fields import Cursor, In, Key, Limit, Name, Out, Slug, Version
from update_scheduler.api.view import OPERATORS, QueueView, Roles
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.errors import Clash, Wrong
from update_scheduler.registry import NewSite, Registry, ShownSite, reach


class SiteIn(In):
    """A site to register. Its district is made when it is not known yet."""

    district_id: Slug
    district_name: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    state: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = ""
    timezone: Timezone = "America/Chicago"
    environment: Environment
    hosting: Hosting
    name: Name
    version: Version | None = None


class PlannedOut(Out):
    """What is scheduled for a site."""

    request_id: UUID
    kind: RequestKind
    version: str | None
    status: Status
    at: datetime


class SiteOut(Out):
    """A site; `version` is the latest that was installed, `planned` what is scheduled."""

    id: str
    district_id: str
    district_name: str
    timezone: str
    environment: Environment
    hosting: Hosting
    name: str
    version: str | None
    updated_at: datetime | None
    refreshed_at: datetime | None
    scrubbed_at: datetime | None
    planned: list[PlannedOut]


class SitesOut(Out):
    """A page of sites."""

    items: list[SiteOut]
    next_cursor: str | None


class VersionLineOut(Out):
    """What ran there since when."""

    version: str
    since: datetime
    request_id: UUID | None


class VersionsOut(Out):
    """A site's version history, newest first."""

    items: list[VersionLineOut]


def site_out(site: ShownSite) -> SiteOut:
    """The answer for a site."""
    return SiteOut(
        id=site.id,
        district_id=site.district_id,
        district_name=site.district_name,
        timezone=site.timezone,
        environment=site.environment,
        hosting=site.hosting,
        name=site.name,
        version=site.version or None,
        updated_at=site.updated_at,
        refreshed_at=site.refreshed_at,
        scrubbed_at=site.scrubbed_at,
        planned=[
            PlannedOut(
                request_id=p.request_id, kind=p.kind, version=p.version or None, status=p.status, at=p.at
            )
            for p in site.planned
        ],
    )


async def added_site(registry: Registry, body: SiteIn) -> ShownSite:
    """Register a site. Raises `Wrong` for a version that the catalogue has not, `Clash` when it is there."""
    if body.version is not None and body.version not in {r.version for r in await registry.releases()}:
        raise Wrong("/version", f"The catalogue has no version {body.version}; see /v1/releases.")
    new = NewSite(
        body.district_id,
        body.district_name,
        body.state,
        body.timezone,
        body.environment,
        body.hosting,
        body.name,
        body.version or "",
    )
    made = await registry.add_site(new)
    if not isinstance(made, ShownSite):
        detail = f"District {body.district_id} has a {body.environment.value} site."
        raise Clash("site-exists", detail, "/environment")
    return made


class Sites(QueueView):
    """All sites within reach."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def get(
        self, district_id: Slug | None = None, cursor: Cursor = "", limit: Limit = 50
    ) -> r200[SitesOut]:
        """List sites by id.

        Tags: sites
        """
        if district_id is not None:
            self.check_district(district_id)
        districts = reach(self.person) if district_id is None else [district_id]
        after = self.position("sites", cursor)
        found = await self.parts.registry.sites(districts, after[0] if after else "", limit)
        following = self.page("sites", [found[-1].id] if found else [], full=len(found) == limit)
        return answer(SitesOut(items=[site_out(s) for s in found], next_cursor=following))

    async def post(self, body: SiteIn) -> r201[SiteOut]:
        """Register a site of a district.

        Tags: sites
        """
        made = await added_site(self.parts.registry, body)
        return answer(site_out(made), 201, {"Location": f"/v1/sites/{made.id}"})


async def seen_site(view: QueueView, site_id: str) -> ShownSite:
    """A site within the caller's reach. Raises `Problem` 404."""
    site = await view.parts.registry.site(site_id)
    if not isinstance(site, ShownSite) or not view.person.sees(site.district_id):
        raise not_found("site")
    return site


class OneSite(QueueView):
    """One site."""

    async def get(self, site_id: Key, /) -> r200[SiteOut]:
        """Show a site.

        Tags: sites
        """
        return answer(site_out(await seen_site(self, site_id)))


class SiteVersions(QueueView):
    """A site's version history."""

    async def get(self, site_id: Key, /) -> r200[VersionsOut]:
        """List what ran on a site since when, newest first.

        Tags: sites
        """
        site = await seen_site(self, site_id)
        lines = await self.parts.registry.version_history(site.id)
        return answer(
            VersionsOut(
                items=[
                    VersionLineOut(version=v.version, since=v.since, request_id=v.request_id) for v in lines
                ]
            )
        )


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/sites", Sites)
    app.router.add_view("/v1/sites/{site_id}", OneSite)
    app.router.add_view("/v1/sites/{site_id}/versions", SiteVersions)
