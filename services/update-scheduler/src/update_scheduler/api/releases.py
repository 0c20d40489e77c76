"""`/v1/releases`: the catalogue of releases and Rx packs, in order."""

from datetime import date
from typing import ClassVar

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.problems import Problem
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import In, Note, Out, Version
from update_scheduler.api.view import OPERATORS, QueueView, Roles
from update_scheduler.registry import Release


class ReleaseIn(In):
    """A release to append to the catalogue, or (with `rx_of`) an Rx pack after its release."""

    version: Version
    rx_of: Version | None = None
    released_on: date | None = None
    notes: Note = ""


class ReleaseOut(Out):
    """One version of the catalogue."""

    version: str
    rx_of: str | None
    released_on: date
    notes: str


class ReleasesOut(Out):
    """The catalogue in its order, oldest first. It is short: one page."""

    items: list[ReleaseOut]
    next_cursor: str | None = None


def _out(release: Release) -> ReleaseOut:
    return ReleaseOut(
        version=release.version,
        rx_of=release.rx_of or None,
        released_on=release.released_on,
        notes=release.notes,
    )


class Releases(QueueView):
    """The catalogue."""

    roles: ClassVar[Roles] = {"POST": OPERATORS}

    async def get(self) -> r200[ReleasesOut]:
        """List all versions in order, oldest first: an Rx pack comes after its release, before the next.

        Tags: releases
        """
        return answer(ReleasesOut(items=[_out(r) for r in await self.parts.registry.releases()]))

    async def post(self, body: ReleaseIn) -> r201[ReleaseOut]:
        """Append a release, or an Rx pack to its release.

        Tags: releases
        """
        on = body.released_on or self.parts.clock.now().date()
        made = await self.parts.registry.add_release(Release(body.version, body.rx_of or "", on, body.notes))
        if not isinstance(made, Release):
            known = {r.version for r in await self.parts.registry.releases()}
            if body.version in known:
                detail = f"Version {body.version} is in the catalogue already."
                raise Problem(409, "release-exists", "It is there already", detail, pointer="/version")
            detail = f"The catalogue has no release {body.rx_of}."
            raise Problem(400, "invalid", "The request is not valid", detail, pointer="/rx_of")
        return answer(_out(made), 201)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/releases", Releases)
