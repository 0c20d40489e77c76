"""What is on its way when a gate closes, and what was corrected in the batch that brought it."""

from collections.abc import Sequence
from typing import Any

import pytest
from bellwire_kit.streams.protocol import Message, StreamUnavailable
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.deliveries import RecordDeliveries
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release

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
    assert world.alerts() == [summary], "nobody has said yet that it has not gone"
    await reported(world, summary, DeliveryOutcome.WITHDRAWN)
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


async def test_however_many_are_on_their_way_all_are_taken_back(world: World) -> None:
    users = tuple((f"u{number}", True) for number in range(4))
    await world.take(*world.roster("s1", *users), *world.roster("s2", ("u4", True)))
    await world.take(world.mark("absent"), world.assignment("s2", missing=True))
    world.pass_time(minutes=20)
    await world.take(world.assignment(missing=True), world.assignment(thing="a2", missing=True))
    world.pass_time(minutes=10)
    await world.releases()
    sent = {alert["alert_id"]: alert for alert in world.alerts()}
    assert len(sent) == 13
    store = PostgresStore(world.pool, settle_seconds=0, most_looked_at=3)
    release = Release(store, world.broker.producer(), world.clock, Pace(idle_seconds=0))
    await world.set_district({"areas": {"assignments": False}})
    await release.once()
    assert {each["alert_id"] for each in world.withdrawn()} == {
        identity for identity, alert in sent.items() if alert["group"] == "assignments"
    }


async def test_a_pause_takes_back_what_has_not_gone_and_its_end_sends_it(world: World) -> None:
    alert = await paused_on_its_way(world)
    await reported(world, alert, DeliveryOutcome.WITHDRAWN)
    world.pass_time(hours=2)
    await world.releases()
    assert len(world.alerts()) == 1
    await world.set_district({"paused": False})
    await world.releases()
    _, again = world.alerts()
    assert again["things"] == alert["things"]
    assert [row["became"] for row in await world.rows("select became from decisions")] == ["sent"]


@pytest.mark.parametrize("first", [DeliveryOutcome.ACCEPTED, DeliveryOutcome.WITHDRAWN])
async def test_what_a_device_had_when_the_pause_came_is_not_sent_again(
    world: World, first: DeliveryOutcome
) -> None:
    alert = await paused_on_its_way(world)
    if first is DeliveryOutcome.WITHDRAWN:
        await reported(world, alert, first, "tablet")
    await reported(world, alert, DeliveryOutcome.ACCEPTED, "phone")
    if first is DeliveryOutcome.ACCEPTED:
        await reported(world, alert, DeliveryOutcome.WITHDRAWN, "tablet")
    await world.set_district({"paused": False})
    world.pass_time(hours=2)
    await world.releases()
    assert world.alerts() == [alert]


async def test_what_the_broker_never_had_needs_no_report_to_go_after_the_pause(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await Evaluate(world.store, BrokerAway(), world.clock)([world.assignment(missing=True)])
    await world.set_district({"paused": True})
    await world.releases()
    await world.pool.execute("update outbox set leased_until = clock_timestamp()")
    await world.releases()
    assert world.alerts() == []
    await world.set_district({"paused": False})
    world.pass_time(hours=2)
    await world.releases()
    assert len(world.alerts()) == 1


class BrokerAway:
    """A producer whose broker does not answer."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        return [StreamUnavailable("no broker")] * len(messages)


async def paused_on_its_way(world: World) -> dict[str, Any]:
    """An alert that is published when its district pauses, before any device is reported."""
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    world.pass_time(minutes=1)
    await world.set_district({"paused": True})
    await world.releases()
    assert [each["alert_id"] for each in world.withdrawn()] == [alert["alert_id"]]
    return alert


async def reported(
    world: World, alert: dict[str, Any], outcome: DeliveryOutcome, device: str = "phone"
) -> None:
    await RecordDeliveries(PostgresOutcomes(world.pool), world.clock)([report(world, alert, outcome, device)])
