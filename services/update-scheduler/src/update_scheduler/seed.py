"""Registers what a seed file names: districts with sites and contacts, releases, windows, groups."""

import tomllib
from datetime import date, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from bellwire_kit.clock import clock_from_environment
from bellwire_schemas.fields import Timezone
from bellwire_schemas.names import Environment, RequestKind, Weekday
from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as PydanticField

from update_scheduler.app import open_registry
from update_scheduler.domain.groups import GroupKind
from update_scheduler.domain.sites import Hosting
from update_scheduler.ports import Group, Missing
from update_scheduler.registry import ContactEntry, NewSite, Registry, Release, WindowEntry
from update_scheduler.settings import Settings

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeedContact(_Part):
    """Who is mailed; `user_id` is who signs in as this contact."""

    name: str
    email: str
    user_id: str = ""


class SeedRelease(_Part):
    """A release and its Rx packs, in order."""

    version: str
    released_on: date
    packs: list[str] = []


class SeedWindow(_Part):
    """A window, with the fields of `POST /v1/windows`."""

    name: str
    hosting: Hosting
    kinds: list[RequestKind]
    timezone: Timezone
    frequency: Literal["weekly", "monthly"] = "weekly"
    weekdays: list[Weekday]
    every: int = 1
    opens: time
    closes: time
    capacity: int
    effective_from: date
    effective_until: date | None = None


class SeedDistrict(_Part):
    """A district with its sites, all of one hosting type and at one version."""

    id: Slug
    name: str
    state: str = ""
    timezone: Timezone = "America/Chicago"
    hosting: Hosting
    sites: list[Environment]
    version: str = ""
    contacts: list[SeedContact] = []


class SeedGroup(_Part):
    """A group with its districts and contacts."""

    id: Slug
    name: str
    kind: GroupKind
    districts: list[Slug] = []
    contacts: list[SeedContact] = []


class Seed(_Part):
    """A seed file: releases oldest first."""

    releases: list[SeedRelease] = PydanticField(default_factory=list)
    windows: list[SeedWindow] = PydanticField(default_factory=list)
    districts: list[SeedDistrict] = PydanticField(default_factory=list)
    groups: list[SeedGroup] = PydanticField(default_factory=list)


def read_seed(file: Path | None) -> Seed:
    """A seed file, or the one that the package brings for the local stack. Raises pydantic's findings."""
    text = file.read_text("utf-8") if file else (files("update_scheduler") / "seed.toml").read_text("utf-8")
    return Seed.model_validate(tomllib.loads(text))


async def plant(settings: Settings, seed: Seed) -> dict[str, int]:
    """Register it all; what is there already stays. How many of each were new."""
    async with open_registry(settings) as registry:
        return {
            "releases": await _releases(registry, seed),
            "windows": await _windows(registry, seed),
            "sites": await _districts(registry, seed),
            "groups": await _groups(registry, seed),
            "contacts": await _contacts(registry, seed),
        }


async def _releases(registry: Registry, seed: Seed) -> int:
    made = 0
    for release in seed.releases:
        entries = [Release(release.version, "", release.released_on, "")]
        entries += [Release(pack, release.version, release.released_on, "") for pack in release.packs]
        for entry in entries:
            made += not isinstance(await registry.add_release(entry), Missing)
    return made


async def _windows(registry: Registry, seed: Seed) -> int:
    known = {w.id for w in await registry.windows(None, 10_000)}
    made = 0
    for window in seed.windows:
        identity = _id("window", window.name)
        if identity not in known:
            values = {name: getattr(window, name) for name in SeedWindow.model_fields}
            await registry.add_window(WindowEntry(identity, **values))
            made += 1
    return made


async def _districts(registry: Registry, seed: Seed) -> int:
    made = 0
    for d in seed.districts:
        for environment in d.sites:
            name = f"{d.name} {environment.value}"
            site = NewSite(d.id, d.name, d.state, d.timezone, environment, d.hosting, name, d.version)
            made += not isinstance(await registry.add_site(site), Missing)
    return made


async def _groups(registry: Registry, seed: Seed) -> int:
    made = 0
    now = clock_from_environment().now()
    for group in seed.groups:
        made += not isinstance(await registry.add_group(Group(group.id, group.name, group.kind, ())), Missing)
        for district in group.districts:
            await registry.join(group.id, district, now)
    return made


async def _contacts(registry: Registry, seed: Seed) -> int:
    entries = [
        ContactEntry(_id("contact", d.id, c.email), c.name, c.email, d.id, "", c.user_id)
        for d in seed.districts
        for c in d.contacts
    ]
    entries += [
        ContactEntry(_id("contact", g.id, c.email), c.name, c.email, "", g.id, c.user_id)
        for g in seed.groups
        for c in g.contacts
    ]
    made = 0
    for entry in entries:
        made += not isinstance(await registry.add_contact(entry), Missing)
    return made


def _id(*parts: str) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join(("update-scheduler", *parts)))
