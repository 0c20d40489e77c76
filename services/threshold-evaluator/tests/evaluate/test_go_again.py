"""An alert that waits again, and what came of its thing meanwhile: a user has one unsent alert of a thing."""

from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World
from .test_afterwards import report


async def test_what_a_pause_called_back_goes_with_what_came_of_its_thing_meanwhile(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    await world.set_district({"paused": True})
    await world.releases()
    world.pass_time(minutes=1)
    await world.take(world.assignment(missing=True, score_percent=40))
    reports = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    await reports([report(world, alert, DeliveryOutcome.WITHDRAWN)])
    await world.releases()
    world.pass_time(minutes=30)
    await world.set_district({"paused": False})
    await world.releases()
    _, again = world.alerts()
    assert (again["kinds"], again.get("members")) == (["assignment.missing", "assignment.scored"], None)
    assert again["texts"]["full"]["body"] == "Quiz: missing, 40%"
    assert [row["became"] for row in await world.rows("select became from decisions order by event_id")] == [
        "replaced",
        "sent",
    ]


async def test_what_was_missed_goes_with_what_waits_of_its_thing(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    await world.set_user("u1", {"kinds": {"assignment.scored": {"delivery": "daily"}}})
    world.pass_time(hours=1)
    await world.take(world.assignment(missing=True, score_percent=40))
    reports = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    await reports([report(world, alert, DeliveryOutcome.MISSED)])
    await world.releases()
    _, again = world.alerts()
    assert again["texts"]["full"]["body"] == "Quiz: missing, 40%"
    world.pass_time(hours=6)
    await world.releases()
    assert len(world.alerts()) == 2, "no digest is left"
