"""Why, device by device: every outcome, also of what carried an alert before it was sent again."""

from datetime import timedelta

import pytest
from bellwire_kit.auth import Caller
from bellwire_schemas.names import DeliveryOutcome, Role
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.portal.reading.changes import PostgresChanges
from threshold_evaluator.api.change_items import Why
from threshold_evaluator.api.changes import ChangePlace
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World
from .test_afterwards import report
from .test_timing import night


async def whys(world: World, user: str = "u1") -> list[Why]:
    """Why of each change, for a user, the newest first."""
    caller = Caller(Role.GUARDIAN, user, world.source.district_id, world.source.environment)
    now = world.clock.now()
    place = ChangePlace(now + timedelta(days=1), "", "")
    found = await PostgresChanges(world.pool).of_caller(caller, "", now - timedelta(days=30), place, 50)
    return [each.why for each in found]


def devices(why: Why) -> list[tuple[str, DeliveryOutcome]]:
    return [(each.installation_id, each.outcome) for each in why.devices]


@pytest.mark.parametrize("outcome", DeliveryOutcome)
async def test_why_shows_every_outcome(world: World, outcome: DeliveryOutcome) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    device = "-" if outcome is DeliveryOutcome.NO_DEVICE else "phone"
    await RecordDeliveries(PostgresOutcomes(world.pool), world.clock)([report(world, alert, outcome, device)])
    (why,) = await whys(world)
    assert devices(why) == [(device, outcome)]


async def test_what_was_missed_and_sent_again_shows_both(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("absent"))
    (alert,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    world.pass_time(hours=4)
    await handler([report(world, alert, DeliveryOutcome.MISSED)])
    (why,) = await whys(world)
    assert (why.became, devices(why)) == ("missed", [("phone", DeliveryOutcome.MISSED)])
    await world.releases()
    _, again = world.alerts()
    world.pass_time(seconds=1)
    await handler([report(world, again, DeliveryOutcome.ACCEPTED)])
    (why,) = await whys(world)
    assert devices(why) == [("phone", DeliveryOutcome.MISSED), ("phone", DeliveryOutcome.ACCEPTED)]
    assert [str(each.alert_id) for each in why.devices] == [alert["alert_id"], again["alert_id"]]
    assert (why.became, str(why.sent_as)) == ("sent", again["alert_id"])


async def test_a_summary_that_was_missed_and_went_after_all_is_one_still(world: World) -> None:
    await night(world)
    await world.take(world.mark("absent"), world.assignment(missing=True))
    world.pass_time(hours=7)
    await world.releases()
    (summary,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    await handler([report(world, summary, DeliveryOutcome.MISSED)])
    await handler([report(world, summary, DeliveryOutcome.ACCEPTED, "tablet")])
    await world.releases()
    assert world.alerts() == [summary]
    assert [why.became for why in await whys(world)] == ["summarized", "summarized"]


async def test_what_was_in_a_summary_that_was_taken_back_shows_both(world: World) -> None:
    await night(world)
    await world.take(*world.roster("s2", ("u1", True)))
    await world.take(world.assignment("s1", missing=True), world.assignment("s2", thing="a2", missing=True))
    world.pass_time(hours=8)
    await world.releases()
    (summary,) = world.alerts()
    world.pass_time(minutes=1)
    await world.take(world.record("portal_access.changed", "s2", user_id="u1", role="guardian", portal=False))
    await world.releases()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    await handler([report(world, summary, DeliveryOutcome.WITHDRAWN)])
    world.pass_time(minutes=11)
    await world.releases()
    _, again = world.alerts()
    await handler([report(world, again, DeliveryOutcome.NO_DEVICE, "-")])
    (why,) = await whys(world)
    assert devices(why) == [("phone", DeliveryOutcome.WITHDRAWN), ("-", DeliveryOutcome.NO_DEVICE)]


async def test_what_is_news_to_others_only_is_silent_to_one(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True), ("u2", True)))
    await world.set_user("u2", {"groups": {"lunch": {"threshold": "5.00"}}})
    await world.take(world.lunch("7.00"))
    assert [(why.outcome, why.reason) for why in await whys(world)] == [("send", "told")]
    assert [(why.outcome, why.reason) for why in await whys(world, "u2")] == [("none", "silent")]


async def test_an_event_that_is_sent_again_another_day_was_not_told_twice(world: World) -> None:
    first = world.assignment(score_percent=60)
    await world.take(*world.roster("s1", ("u1", True)), first)
    world.pass_time(minutes=1)
    await world.take(world.assignment(score_percent=70))
    world.pass_time(days=1)
    await world.take(first)
    found = [(why.outcome, why.reason) for why in await whys(world)]
    assert found == [("none", "stale_version"), ("hold", "coalesced"), ("send", "told")]


@pytest.mark.parametrize("held", [True, False])
async def test_why_names_the_gate_that_took_an_alert_back(world: World, held: bool) -> None:
    if held:
        await night(world)
    else:
        await world.take(*world.roster("s1", ("u1", True)))
    await world.take(world.assignment(missing=True))
    assert all(gate.open for gate in (await whys(world))[0].gates)
    await world.set_district({"areas": {"assignments": False}})
    world.pass_time(minutes=1)
    await world.releases()
    (why,) = await whys(world)
    assert (why.became, [gate.gate for gate in why.gates if not gate.open]) == ("withdrawn", ["area"])
    marked = await world.rows("select corrected_at from inbox")
    assert [row["corrected_at"] is not None for row in marked] == [True]


async def test_why_says_what_an_alert_waits_for_now(world: World) -> None:
    await night(world)
    await world.take(world.assignment(missing=True))
    (why,) = await whys(world)
    assert (why.reason, why.waits_for, why.became) == ("quiet_hours", "quiet_hours", "")
    assert why.due_at == world.clock.now() + timedelta(hours=7)
    await world.set_district({"paused": True})
    world.pass_time(hours=9)
    await world.releases()
    (why,) = await whys(world)
    assert (why.reason, why.waits_for, why.due_at) == ("quiet_hours", "paused", None)
    await world.set_district({})
    await world.releases()
    (why,) = await whys(world)
    assert (why.reason, why.waits_for, why.became) == ("quiet_hours", "", "sent")
