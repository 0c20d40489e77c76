"""Sites of a district, kinds of request, and which sites a request touches (product.md section 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bellwire_schemas.names import Environment, RequestKind

from update_scheduler.domain.refusals import FieldWrong


class Hosting(StrEnum):
    """Who runs the machines: us (cloud) or an application service provider."""

    CLOUD = "cloud"
    ASP = "asp"


_TARGETS: Mapping[RequestKind, frozenset[Environment]] = {
    RequestKind.VERSION_UPDATE: frozenset({Environment.PRODUCTION, Environment.STAGING, Environment.PREVIEW}),
    RequestKind.DATABASE_REFRESH: frozenset({Environment.SANDBOX, Environment.STAGING, Environment.PREVIEW}),
}


@dataclass(frozen=True, slots=True)
class Site:
    """One site. `version` is what it runs ("" when not known yet)."""

    id: str
    district_id: str
    environment: Environment
    hosting: Hosting
    name: str
    version: str = ""


def site_id(district_id: str, environment: Environment) -> str:
    """`{district}.{environment}`: stable, readable, and the key of the site's events."""
    return f"{district_id}.{environment.value}"


def affected(kind: RequestKind, target: Environment, sites: Sequence[Site]) -> tuple[Site, ...] | FieldWrong:
    """The sites of the district that a request for `target` touches: production carries its sandbox.

    FieldWrong when the kind has no such target or the district has no such site.
    """
    if target not in _TARGETS[kind]:
        return FieldWrong("/target", _wrong_target(kind, target))
    by_kind = {site.environment: site for site in sites}
    if target not in by_kind:
        have = ", ".join(k.value for k in Environment if k in by_kind and k in _TARGETS[kind])
        return FieldWrong("/target", f"This district has no {target.value} site; it has: {have or 'none'}.")
    if target is Environment.PRODUCTION and Environment.SANDBOX in by_kind:
        return by_kind[target], by_kind[Environment.SANDBOX]
    return (by_kind[target],)


def _wrong_target(kind: RequestKind, target: Environment) -> str:
    if kind is RequestKind.VERSION_UPDATE and target is Environment.SANDBOX:
        return "The sandbox is updated together with production, not alone: ask for production."
    right = ", ".join(k.value for k in Environment if k in _TARGETS[kind])
    what = "A version update" if kind is RequestKind.VERSION_UPDATE else "A database refresh"
    return f"{what} is not made on {target.value}; it is made on one of: {right}."
