"""What is on its way when a gate closes, and what was corrected in the batch that brought it."""

import pytest
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World
from .test_afterwards import report
from .test_timing import night


@pytest.mark.parametrize("closing", ["access", "enrolment"])
async def test_a_summary_is_taken_back_for_one_student_and_goes_again_without(
    world: World, closing: str
) -> None:
    await night(world)
    await world.take(*world.roster("s2", ("u1", True)))
    await world.take(world.assignment("s1", missing=True), world.assignment("s2", thing="a2", missing=True))
    world.pass_time(hours=8)
    await world.releases()
    (summary,) = world.alerts()
    world.pass_time(minutes=1)
    await world.take(
        world.record("portal_access.changed", "s2", user_id="u1", role="guardian", portal=False)
        if closing == "access"
        else world.record("enrollment.changed", "s2", school_id="north", active=False)
    )
    await world.releases()
    assert [each["alert_id"] for each in world.withdrawn()] == [summary["alert_id"]]
    world.pass_time(minutes=11)
    await world.releases()
    _, again = world.alerts()
    assert (again["student_id"], again.get("members", [])) == ("s1", [])
    became = await world.rows("select student_id, became from decisions order by student_id")
    assert [row["became"] for row in became] == ["sent", "withdrawn"]


async def test_an_item_that_is_put_right_in_the_batch_that_brought_it_is_marked(world: World) -> None:
    await night(world)
    later = "2026-10-15T04:00:01Z"
    await world.take(world.assignment(missing=True), world.assignment(deleted=True, modified_at=later))
    marked = await world.rows("select corrected_at from inbox")
    assert [row["corrected_at"] is not None for row in marked] == [True]


async def test_a_device_that_still_waits_is_spared_when_another_has_it(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    await world.releases()
    (alert,) = world.alerts()
    reports = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    await reports([report(world, alert, DeliveryOutcome.ACCEPTED)])
    world.pass_time(minutes=1)
    await world.take(world.record("portal_access.changed", "s1", user_id="u1", role="guardian", portal=False))
    await world.releases()
    assert [each["alert_id"] for each in world.withdrawn()] == [alert["alert_id"]]
    became = await world.rows("select outcome, became from decisions")
    assert [(row["outcome"], row["became"]) for row in became] == [("send", "")]
    await world.set_district({"allowed_kinds": []})
    await world.releases()
    assert len(world.withdrawn()) == 1, "it is said once"


async def test_a_pause_takes_back_what_has_not_gone_and_its_end_sends_it(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    await world.releases()
    (alert,) = world.alerts()
    world.pass_time(minutes=1)
    await world.set_district({"paused": True})
    await world.releases()
    assert [each["alert_id"] for each in world.withdrawn()] == [alert["alert_id"]]
    world.pass_time(hours=2)
    await world.releases()
    assert len(world.alerts()) == 1
    await world.set_district({"paused": False})
    await world.releases()
    _, again = world.alerts()
    assert again["things"] == alert["things"]
    assert [row["became"] for row in await world.rows("select became from decisions")] == ["sent"]
