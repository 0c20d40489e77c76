"""The portal on one pool."""

from bellwire_kit.clock import Clock
from bellwire_kit.cursors import Cursors
from bellwire_kit.postgres import Pool

from threshold_evaluator.adapters.postgres.portal.reading.areas import PostgresAreas
from threshold_evaluator.adapters.postgres.portal.reading.changes import PostgresChanges
from threshold_evaluator.adapters.postgres.portal.reading.district_pasts import PostgresDistrictPasts
from threshold_evaluator.adapters.postgres.portal.reading.kept import PostgresKept
from threshold_evaluator.adapters.postgres.portal.reading.pasts import PostgresPasts
from threshold_evaluator.adapters.postgres.portal.reading.people import PostgresDistricts, PostgresPeople
from threshold_evaluator.adapters.postgres.portal.writing.inboxes import PostgresInboxes
from threshold_evaluator.adapters.postgres.portal.writing.places import PostgresPlaces
from threshold_evaluator.adapters.postgres.portal.writing.settings import PostgresSettings
from threshold_evaluator.adapters.postgres.portal.writing.users import PostgresUsers
from threshold_evaluator.adapters.postgres.surges.answers import PostgresSurgeAnswers
from threshold_evaluator.api.portal import Portal


def postgres_portal(pool: Pool, clock: Clock, cursors: Cursors) -> Portal:
    """Return the portal; `cursors` has a secret that every process of the service shares."""
    return Portal(
        clock=clock,
        cursors=cursors,
        districts=PostgresDistricts(pool),
        people=PostgresPeople(pool),
        areas=PostgresAreas(pool),
        settings=PostgresSettings(pool),
        pasts=PostgresPasts(pool),
        inboxes=PostgresInboxes(pool),
        changes=PostgresChanges(pool),
        places=PostgresPlaces(pool),
        users=PostgresUsers(pool),
        surges=PostgresSurgeAnswers(pool),
        district_pasts=PostgresDistrictPasts(pool),
        kept=PostgresKept(pool),
    )
