"""The trace that a change is part of goes on with what is told of it, however long that waits; a bad one is none."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from bellwire_kit.streams.protocol import DONE, Message, Record
from bellwire_schemas import topics
from bellwire_schemas.catalogue import ALERT_REQUESTED, ALERT_WITHDRAWN
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.deliveries import RecordDeliveries
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.release import Pace, Release
from threshold_evaluator.remind import Remind

from .conftest import World
from .test_afterwards import report
from .test_timing import night

GRACE = {"groups": {"assignments": {"grace_minutes": 5}}}
COMES_BACK = "2026-10-14T17:01:00Z"


def trace(number: int) -> str:
    return f"00-{number:032x}-{number:016x}-01"


def traced(record: Record, value: str | bytes) -> Record:
    value = value.encode() if isinstance(value, str) else value
    return replace(record, headers=(*record.headers, ("ce_traceparent", value)))


def traces(world: World, kind: str = ALERT_REQUESTED) -> list[str]:
    """What the records of a kind carry, in order; "-" where there is nothing."""
    found = [dict(record.headers) for record in world.broker.records(topics.ALERTS)]
    return [
        headers.get("ce_traceparent", b"-").decode()
        for headers in found
        if headers["ce_type"] == kind.encode()
    ]


async def test_an_alert_carries_the_trace_of_its_change_and_no_made_up_one(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.take(
        traced(world.assignment(missing=True), trace(1)),
        world.mark("absent"),
        traced(world.grade(percent=50), trace(3)),
    )
    # Attendance is urgent and goes first.
    assert traces(world) == ["-", trace(1), trace(3)]


@pytest.mark.parametrize(
    "hostile",
    [
        trace(1) + "0",
        trace(1) + "-" + "0" * 9_000,
        trace(1)[:-1],
        trace(1) + "\n",
        "\n" + trace(1),
        trace(1)[:-1] + "\n",
        trace(0xABC).upper(),
        "ff" + trace(1)[2:],
        "01" + trace(1)[2:],
        "00-" + "0" * 32 + trace(1)[35:],
        trace(1)[:36] + "0" * 16 + "-01",
        "g" * 55,
        trace(1)[:-2] + "\u0660\u0661",
        trace(1)[:-1] + "\x00",
        trace(1)[:-1] + "\x1f",
        "",
    ],
)
async def test_what_is_no_traceparent_neither_travels_nor_costs_the_event(world: World, hostile: str) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    outcomes = await world.take(traced(world.assignment(missing=True), hostile))
    assert outcomes == [DONE]
    assert traces(world) == ["-"]


async def test_what_waits_goes_with_the_trace_of_the_change_that_it_tells_of(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", GRACE)
    await world.take(traced(world.assignment(score_percent=40), trace(1)))
    await world.take(traced(world.assignment(score_percent=50, modified_at=COMES_BACK), trace(2)))
    world.pass_time(minutes=5)
    await world.releases()
    assert traces(world) == [trace(2)]


async def test_a_summary_carries_the_trace_of_its_first(world: World) -> None:
    await night(world)
    await world.take(traced(world.assignment(missing=True), trace(1)), traced(world.mark("absent"), trace(2)))
    world.pass_time(hours=8)
    await world.releases()
    (summary,) = world.alerts()
    assert len(summary["members"]) == 2
    assert traces(world) == [trace({"assignments": 1, "attendance": 2}[summary["group"]])]


async def test_a_change_that_waits_for_its_roster_keeps_its_trace(world: World) -> None:
    await world.take(traced(world.assignment(missing=True), trace(1)))
    await world.take(*world.roster("s1", ("u1", True)))
    await world.evaluate.unpark()
    assert traces(world) == [trace(1)]


async def test_what_goes_again_goes_with_its_trace_and_a_withdrawal_has_none(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), traced(world.mark("absent"), trace(1)))
    (alert,) = world.alerts()
    await RecordDeliveries(PostgresOutcomes(world.pool), world.clock)(
        [report(world, alert, DeliveryOutcome.MISSED)]
    )
    world.pass_time(minutes=11)
    await world.releases()
    assert traces(world) == [trace(1), trace(1)]
    await world.take(world.record("enrollment.changed", "s1", school_id="north", active=False))
    await world.releases()
    assert traces(world, ALERT_WITHDRAWN) == ["-"]


class Refusing:
    """A broker that is away."""

    async def send(self, messages: Sequence[Message]) -> Sequence[Exception | None]:
        return [TimeoutError("away")] * len(messages)


async def test_what_the_broker_did_not_take_goes_later_with_its_trace(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await Evaluate(world.store, Refusing(), world.clock)([traced(world.assignment(missing=True), trace(1))])
    assert traces(world) == []
    await world.pool.execute("update outbox set leased_until = clock_timestamp()")
    await Release(world.store, world.broker.producer(), world.clock, Pace(idle_seconds=0)).once()
    assert traces(world) == [trace(1)]


async def test_a_reminder_is_of_no_trace(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)))
    await world.set_user("u1", {"groups": {"lunch": {"remind_days": 1}}})
    await world.take(traced(world.lunch("9.00"), trace(1)))
    world.pass_time(days=1)
    await Remind(world.store, world.broker.producer(), world.clock).once()
    await world.releases()
    assert traces(world) == [trace(1), "-"]
