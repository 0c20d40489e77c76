"""After an alert went: reports of devices, retention, events that nobody's roster came for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bellwire_kit.streams.protocol import DONE, Record
from bellwire_schemas.catalogue import delivery_type
from bellwire_schemas.deliveries import DeliveryReported
from bellwire_schemas.envelope import CloudEvent, to_kafka
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.adapters.postgres.decide.retention import PostgresRetention
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World


def report(world: World, alert: dict[str, Any], outcome: DeliveryOutcome, device: str = "phone") -> Record:
    data = DeliveryReported(
        district_id="lakeside",
        environment="production",
        user_id=alert["user_id"],
        at=world.clock.now(),
        delivery_id=UUID(int=5),
        alert_id=alert["alert_id"],
        installation_id=device,
        provider="apns",
        outcome=outcome,
    )
    event = CloudEvent(
        "d1",
        str(world.source),
        delivery_type(outcome),
        "users/u1",
        world.clock.now(),
        data.model_dump_json().encode(),
    )
    value, headers = to_kafka(event)
    return Record("bellwire.deliveries.v1", 0, 0, 0, b"k", value, headers)


async def test_reports_are_kept_newest_first(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    failed = report(world, alert, DeliveryOutcome.FAILED)
    world.pass_time(seconds=5)
    accepted = report(world, alert, DeliveryOutcome.ACCEPTED)
    outcomes = await handler([accepted, failed, Record("t", 0, 0, 0, b"", b"", ())])
    assert outcomes[:2] == [DONE, DONE]
    assert [row["outcome"] for row in await world.rows("select outcome from device_outcomes")] == ["accepted"]


async def test_what_all_devices_missed_is_timed_again_under_another_id(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("absent"))
    (alert,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    world.pass_time(hours=10)  # 22:00: quiet
    await handler([report(world, alert, DeliveryOutcome.MISSED)])
    await world.releases()
    assert len(world.alerts()) == 1
    world.pass_time(hours=8)
    await world.releases()
    first, again = world.alerts()
    assert again["alert_id"] != first["alert_id"]
    assert (first["unseen"], again["unseen"]) == (1, 1)
    assert len(await world.rows("select * from inbox")) == 1
    world.pass_time(hours=13)
    await handler([report(world, again, DeliveryOutcome.MISSED)])
    await world.releases()
    assert len(world.alerts()) == 2  # too old: the inbox has it


async def test_a_weekly_digest_that_was_missed_is_sent_again_as_one(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    weekly = {
        "groups": {"assignments": {"delivery": "weekly"}},
        "digest": {"at": "21:55", "weekday": "sunday"},
    }
    await world.set_user("u1", weekly)
    await world.take(world.assignment(missing=True), world.assignment(thing="a2", missing=True))
    world.pass_time(days=4, hours=9, minutes=55)
    await world.releases()
    (digest,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    world.pass_time(minutes=5)  # quiet hours begin
    await handler([report(world, digest, DeliveryOutcome.MISSED)])
    await world.releases()
    assert len(world.alerts()) == 1
    world.pass_time(hours=8)
    await world.releases()
    _, again = world.alerts()
    assert (len(again["members"]), again["things"]) == (2, digest["things"])


async def test_the_item_of_what_was_missed_is_marked_when_it_holds_no_more(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    (alert,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    world.pass_time(hours=10)
    await handler([report(world, alert, DeliveryOutcome.MISSED)])
    await world.take(world.assignment(missing=False))
    world.pass_time(hours=8)
    await world.releases()
    assert len(world.alerts()) == 1
    assert [row["corrected_at"] is None for row in await world.rows("select * from inbox")] == [False]


async def test_upkeep(world: World) -> None:
    await world.take(world.assignment("stranger", missing=True))
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    upkeep = world.upkeep()
    world.pass_time(days=8)
    await upkeep.once()
    (letter,) = world.broker.records("bellwire.change-events.v1.dlq")
    assert dict(letter.headers)["dlq_reason"] == b"unknown_student"
    assert await world.rows("select * from waiting") == []
    assert len(await world.decisions()) == 1
    world.pass_time(days=25)
    await upkeep.once()
    assert (await world.decisions(), await world.rows("select * from changes")) == ([], [])
    assert len(await world.rows("select * from inbox")) == 1
    world.clock.move(timedelta(days=60))
    await upkeep.once()
    assert await world.rows("select * from inbox") == []


async def test_what_a_roster_came_for_is_evaluated_however_late_it_is_looked_at(world: World) -> None:
    """The evaluator stops for eight days just when the roster has come."""
    await world.take(world.assignment(missing=True))
    await world.take(*world.roster("s1", ("u1", True)))
    world.pass_time(days=8)
    upkeep = world.upkeep()
    await upkeep.once()
    assert world.broker.records("bellwire.change-events.v1.dlq") == []
    assert await world.evaluate.unpark() == 1
    assert [alert["kinds"] for alert in world.alerts()] == [["assignment.missing"]]


async def test_a_day_whose_dropping_was_cut_short_goes_with_the_next_round(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    day = f"{world.clock.now():%Y%m%d}"
    await world.pool.execute(f"alter table changes detach partition changes_{day}")
    async with world.pool.acquire() as reader, world.pool.acquire() as cut, reader.transaction():
        await reader.fetch("select * from decisions")
        await cut.execute("set statement_timeout = '300ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await cut.execute(f"alter table decisions detach partition decisions_{day} concurrently")
        await cut.execute("reset statement_timeout")
    world.pass_time(days=33)
    await PostgresRetention(world.pool).drop_days(world.clock.now().date())
    left = await world.rows("select relname from pg_class where relname like '%' || $1", f"s_{day}")
    assert left == []
