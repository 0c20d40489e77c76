"""An export against the tables: everything that names a user is in it, of students seen now."""

from bellwire_kit.auth import Caller
from bellwire_kit.cursors import Cursors
from bellwire_schemas.names import Role
from threshold_evaluator.adapters.postgres.portal.open import postgres_portal
from threshold_evaluator.api.export import Export, exported

from .conftest import World
from .test_erased import left, told_of_much

IN_THE_EXPORT = {
    "portal_access": "access",
    "user_settings": "settings",
    "inbox": "inbox",
    "told": "told",
    "push_windows": "windows",
    "user_counters": "pushes",
    "decisions": "changes",
    "due_alerts": "changes",  # what waits: its decision says until when
}
NOT_IN_IT = {
    "audience_users",  # which users have access: a lock
    "audiences",  # access and settings once more, as the evaluator reads them
    "notices",  # on their way to the dispatcher for less than a second
}


async def export_of(world: World, user: str) -> Export:
    caller = Caller(Role.GUARDIAN, user, world.source.district_id, world.source.environment)
    return await exported(postgres_portal(world.pool, world.clock, Cursors(b"test")), caller)


async def test_an_export_has_what_every_table_has_of_a_user(world: World) -> None:
    await told_of_much(world)
    there = await left(world, "u1")
    assert set(there) - NOT_IN_IT == set(IN_THE_EXPORT)
    export = await export_of(world, "u1")
    assert {name for name in IN_THE_EXPORT.values() if getattr(export, name)} == set(IN_THE_EXPORT.values())
    assert len(export.inbox) == there["inbox"]
    assert len(export.told) == there["told"]
    assert sum(bool(change.why.gates) for change in export.changes) == there["decisions"]
    assert [(each.group, each.thing_id, each.value) for each in export.told] == [
        ("attendance", "m1", "absent/unknown"),
        ("lunch", "acc1", "5.00"),
    ]


async def test_of_a_student_whom_one_may_not_see_now_nothing_is_in_it(world: World) -> None:
    await told_of_much(world)
    await world.take(*world.roster("s2", ("u1", True)), world.mark("tardy", "s2", "m2"))
    await world.take(world.record("portal_access.changed", user_id="u1", role="guardian", portal=False))
    export = await export_of(world, "u1")
    assert {each.student_id for each in (*export.access, *export.told, *export.windows, *export.inbox)} == {
        "s2"
    }
    # The account is shared as soon as a student of it is seen.
    await world.take(world.lunch("5.00", "s2"))
    assert [each.thing_id for each in (await export_of(world, "u1")).told] == ["m2", "acc1"]
