"""Clocks that jump: nothing is lost, nothing is sent twice, nothing goes before its grace (issue 4, line 11)."""

from datetime import timedelta

from threshold_evaluator.remind import Remind

from .conftest import World


async def everything(world: World) -> None:
    """All loops, as the service runs them, until nobody has anything to do."""
    remind = Remind(world.store, world.broker.producer(), world.clock)
    upkeep = world.upkeep()
    for _ in range(3):
        await world.releases()
        await remind.once()
        await upkeep.once()


async def busy(world: World) -> None:
    """One of each hold: quiet hours, a digest, grace, a cap, coalescing."""
    await world.take(
        *world.roster("s1", ("night", True), ("weekly", True), ("patient", True), ("capped", True))
    )
    await world.set_user("night", {"quiet_hours": {"from": "11:00", "to": "13:00"}})
    await world.set_user("weekly", {"groups": {"assignments": {"delivery": "weekly"}}})
    await world.set_user("patient", {"groups": {"assignments": {"grace_minutes": 60}}})
    await world.set_user("capped", {"daily_cap": 1})
    await world.take(world.assignment(thing="a1", missing=True), world.assignment(thing="a2", late=True))
    await everything(world)


async def test_a_week_forward_sends_each_once(world: World) -> None:
    await busy(world)
    world.clock.move(timedelta(days=7, hours=2))
    await everything(world)
    world.clock.move(timedelta(minutes=20))  # what the first of each opened a window for
    await everything(world)
    told = {
        user: sum(len(alert.get("members") or [1]) for alert in world.alerts(user))
        for user in ("night", "weekly", "patient", "capped")
    }
    assert told == {"night": 2, "weekly": 2, "patient": 2, "capped": 2}
    sent = len(world.alerts())
    world.clock.move(timedelta(days=7))
    await everything(world)
    assert len(world.alerts()) == sent
    assert await world.rows("select 1 from due_alerts where phase = 'held'") == []


async def test_an_hour_back_loses_nothing_and_repeats_nothing(world: World) -> None:
    await busy(world)
    before = {alert["alert_id"] for alert in world.alerts()}
    world.clock.move(timedelta(hours=-1))
    await everything(world)
    assert {alert["alert_id"] for alert in world.alerts()} == before
    await world.take(world.mark("absent"))
    assert {alert["user_id"] for alert in world.alerts() if alert["group"] == "attendance"} >= {"weekly"}
    world.clock.move(timedelta(days=7, hours=3))
    await everything(world)
    world.clock.move(timedelta(minutes=20))
    await everything(world)
    members = [member for alert in world.alerts() for member in alert.get("members") or [alert["alert_id"]]]
    assert len(members) == len(set(members)) == 4 * 3
    sequence = [(alert["user_id"], alert["seq"]) for alert in world.alerts()]
    assert len(sequence) == len(set(sequence))


async def test_an_hour_back_across_the_end_of_grace(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"assignments": {"grace_minutes": 30}}})
    await world.take(world.assignment(score_percent=9))
    world.clock.move(timedelta(hours=-1))
    await world.take(world.assignment(score_percent=90, modified_at="2026-10-14T17:00:01Z"))
    world.clock.move(timedelta(hours=1, minutes=29))
    await everything(world)
    assert world.alerts() == []
    world.clock.move(timedelta(minutes=1))
    await everything(world)
    (alert,) = world.alerts()
    assert alert["texts"]["full"]["body"] == "Quiz: 90%"


async def test_back_over_midnight_counts_the_cap_of_the_day_that_it_is(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"daily_cap": 1, "coalesce_minutes": 0, "quiet_hours": "off"})
    world.clock.move(timedelta(hours=12, minutes=30))  # half past midnight
    await world.take(world.assignment(thing="a1", missing=True))
    world.clock.move(timedelta(hours=-1))
    await world.take(world.assignment(thing="a2", missing=True))
    await world.take(world.assignment(thing="a3", missing=True))
    assert len(world.alerts()) == 2
    assert (await world.decisions())[-1][1:] == ("digest", "daily_cap")
