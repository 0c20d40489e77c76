"""`/v1/releases`: the catalogue of releases and Rx packs, in order."""

from datetime import date
from typing import ClassVar

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201
from bellwire_kit.web.views import answer

from update_scheduler.api.fields import In, Note, Out, Version
from update_scheduler.api.view import OPERATORS, QueueView, Roles
from update_scheduler.errors import Clash, Wrong
from update_scheduler.registry import Registry, Release


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


async def added_release(registry: Registry, body: ReleaseIn, today: date) -> Release:
    """Append to the catalogue. Raises `Clash` when the version is there, `Wrong` for a pack of nothing."""
    made = await registry.add_release(
        Release(body.version, body.rx_of or "", body.released_on or today, body.notes)
    )
    if isinstance(made, Release):
        return made
    if body.version in {r.version for r in await registry.releases()}:
        raise Clash("release-exists", f"Version {body.version} is in the catalogue already.", "/version")
    raise Wrong("/rx_of", f"The catalogue has no release {body.rx_of}.")


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
        made = await added_release(self.parts.registry, body, self.parts.clock.now().date())
        return answer(_out(made), 201)


def add_routes(app: web.Application) -> None:
    """Serve the resource."""
    app.router.add_view("/v1/releases", Releases)
