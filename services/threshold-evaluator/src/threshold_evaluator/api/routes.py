"""Every address of the portal; what is not built is not here."""

from aiohttp import web

from threshold_evaluator.api import (
    admin_places,
    admin_preview,
    admin_surges,
    admin_users,
    areas,
    changes,
    districts,
    export,
    inbox,
    people,
    settings,
    settings_preview,
)
from threshold_evaluator.api.portal import PORTAL, Portal
from threshold_evaluator.api.rates import PUBLIC_RATE, PublicRate


def add_portal(app: web.Application, portal: Portal, rate: PublicRate) -> None:
    """Serve the portal on an application that has a token verifier (`bellwire_kit.auth.VERIFIER`)."""
    app[PORTAL] = portal
    app[PUBLIC_RATE] = rate
    families = (people, areas, settings, settings_preview, inbox, changes, export)
    for resource in (districts, *families, admin_places, admin_preview, admin_surges, admin_users):
        resource.add_routes(app)
