"""What counts as unseen: items that the user may see now, on alerts and on badges."""

from typing import Any

import orjson
from bellwire_schemas import topics
from bellwire_schemas.catalogue import INBOX_CHANGED
from bellwire_schemas.names import DeliveryOutcome
from threshold_evaluator.adapters.postgres.decide.outcomes import PostgresOutcomes
from threshold_evaluator.deliveries import RecordDeliveries

from .conftest import World
from .test_afterwards import report


async def badges(world: World) -> list[tuple[int, int]]:
    """The counts that devices were told of an inbox, with their seq."""
    await world.releases()
    records = [
        (dict(record.headers)["ce_type"], record.value) for record in world.broker.records(topics.ALERTS)
    ]
    told = [orjson.loads(value) for kind, value in records if kind == b"bellwire.inbox.changed.v1"]
    told += [
        orjson.loads(row["payload"])
        for row in await world.rows(
            "select payload from outbox where type = $1 order by position", INBOX_CHANGED
        )
    ]
    return [(each["unseen"], each["seq"]) for each in told]


def access(world: World, student: str, *, portal: bool) -> Any:
    return world.record("portal_access.changed", student, user_id="u1", role="guardian", portal=portal)


async def test_what_a_revocation_hides_is_not_unseen_on_the_next_alert(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), *world.roster("s2", ("u1", True)))
    await world.take(world.assignment("s1", missing=True), world.grade("s1", percent=70))
    assert [alert["unseen"] for alert in world.alerts()] == [1, 2]
    await world.take(access(world, "s1", portal=False), world.assignment("s2", missing=True))
    last = world.alerts()[-1]
    assert (last["student_id"], last["unseen"]) == ("s2", 1)
    (told,) = await badges(world)
    assert told[0] == 0
    assert world.alerts()[1]["seq"] < told[1] < last["seq"]


async def test_a_badge_falls_with_a_revocation_and_rises_when_it_is_taken_back(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    world.pass_time(minutes=1)
    await world.take(access(world, "s1", portal=False))
    world.pass_time(minutes=1)
    await world.take(access(world, "s1", portal=True))
    await world.take(access(world, "s1", portal=True))
    first = world.alerts()[0]["seq"]
    assert await badges(world) == [(0, first + 1), (1, first + 2)]


async def test_retention_takes_what_it_deletes_off_the_badge(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.assignment(missing=True))
    world.pass_time(days=60)
    await world.take(world.assignment(thing="a2", missing=True))
    world.pass_time(days=31)
    upkeep = world.upkeep()
    await upkeep.once()
    assert [unseen for unseen, _ in await badges(world)] == [1]
    await world.take(world.assignment(thing="a3", missing=True))
    assert world.alerts()[-1]["unseen"] == 2


async def test_an_item_counts_once_though_its_push_is_sent_again(world: World) -> None:
    await world.take(*world.roster("s1", ("u1", True)), world.mark("absent"))
    (alert,) = world.alerts()
    handler = RecordDeliveries(PostgresOutcomes(world.pool), world.clock)
    world.pass_time(hours=4)
    await handler([report(world, alert, DeliveryOutcome.MISSED)])
    await world.releases()
    assert [each["unseen"] for each in world.alerts()] == [1, 1]
    assert [row["in_inbox"] for row in await world.rows("select in_inbox from due_alerts")] == [True]
