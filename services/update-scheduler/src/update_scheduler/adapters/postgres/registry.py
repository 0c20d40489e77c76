"""What the queue is about, kept in Postgres: the four parts of registry.Registry on one pool."""

from update_scheduler.adapters.postgres.people import People
from update_scheduler.adapters.postgres.places import Places
from update_scheduler.adapters.postgres.shown import ShownRequests
from update_scheduler.adapters.postgres.times import Times


class PostgresRegistry(Places, People, Times, ShownRequests):
    """The registry's queries on a pool."""
