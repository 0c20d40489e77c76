"""Two processes on one database: whoever holds a device is alone with it, so a newer value shows last."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import pytest

LANE = "apns/production"


@pytest.fixture
async def pair(migrated_url, providers, start_town):
    """Two dispatchers; alerts and phones are the first one's, either can be given an alert."""
    async with (
        start_town(migrated_url, providers.described) as first,
        start_town(migrated_url, providers.described) as second,
    ):
        yield first, second


@pytest.fixture
async def quiet_pair(pair):
    """Two dispatchers that send nothing by themselves."""
    for one in pair:
        one.parts.sending.stop()
    return pair


async def test_who_accepts_a_newer_value_waits_for_whoever_is_leasing_the_older(quiet_pair):
    first, second = quiet_pair
    await first.phone("u")
    old = first.alert("u", "t1")
    await first.take(old)
    await first.due_now()
    new = first.alert("u", "t1", old.things["t1"] + timedelta(minutes=1))
    async with first.parts.store.work() as work:
        leased, devices = await work.lease(LANE, first.parts.owner, 10, 30.0)
        assert [entry.row.alert_id for entry in leased] == [old.alert_id]
        assert len(devices) == 1
        accepting = asyncio.create_task(second.take(new))
        await second.until(lambda: second.pool.fetchval(WAITING))
        assert not accepting.done()
    await accepting
    rows = {row["alert_id"]: row for row in await first.rows()}
    assert rows[old.alert_id]["lease_owner"] == first.parts.owner
    assert (rows[new.alert_id]["state"], rows[new.alert_id]["lease_owner"]) == ("queued", None)


WAITING = """select exists(select 1 from pg_stat_activity
                            where wait_event_type = 'Lock' and query like '%for no key update%'
                              and datname = current_database() and pid <> pg_backend_pid())"""


async def test_two_never_lease_an_older_and_a_newer_row_of_a_device_at_once(quiet_pair):
    first, second = quiet_pair
    await first.phone("u")
    await first.phone("v")
    old = first.alert("u", "t1", things={"t1": first.clock.now(), "t2": first.clock.now()})
    await first.take(old, first.alert("v"))
    new = first.alert("u", "t1", first.clock.now() + timedelta(minutes=1))
    await first.take(new)
    await first.due_now()
    async with first.parts.store.work() as mine:
        got, _ = await mine.lease(LANE, first.parts.owner, 1, 30.0)
        device = got[0].row.device
        async with second.parts.store.work() as theirs:
            other, _ = await theirs.lease(LANE, second.parts.owner, 10, 30.0)
            assert other
            assert device not in {entry.row.device for entry in other}


async def test_whatever_two_are_given_at_once_a_phone_never_goes_back(pair, providers):
    first, second = pair
    users = [f"u{number}" for number in range(20)]
    for user in users:
        await first.phone(user)
    start = first.clock.now()
    version = {}

    async def give(town, numbers):
        for number in numbers:
            alerts = [first.alert(user, "t1", start + timedelta(seconds=number)) for user in users]
            version.update({str(alert.alert_id): number for alert in alerts})
            await town.take(*alerts)

    providers.rule("apns", times=40, error="InternalServerError")
    await asyncio.gather(give(first, range(0, 20, 2)), give(second, range(1, 20, 2)))

    async def ended():
        await first.due_now()
        return not [state for state in await first.states() if state == "queued"]

    await first.until(ended, seconds=60)
    shown = defaultdict(list)
    for entry in providers.ledger():
        shown[entry["token"]].append(version[entry["payload"]["bellwire"]["alert_id"]])
    assert len(shown) == len(users)
    for versions in shown.values():
        assert versions == sorted(versions)
        assert versions[-1] == 19
