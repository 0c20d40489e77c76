"""What became of an alert says of which trace the alert is, however the row ended; a bad trace goes nowhere."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from bellwire_kit.streams.protocol import DONE, Record
from bellwire_schemas.alerts import AlertWithdrawn
from bellwire_schemas.names import DeliveryOutcome, Kind
from bellwire_schemas.topics import ALERTS, DELIVERIES
from push_dispatcher.domain.device import DeviceSettings, Switch
from push_dispatcher.relay import Relay
from push_dispatcher.telling import outcome_told

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ANOTHER = TRACE.replace("0af7", "1af7")


@pytest.fixture
def traced(messages):
    """Make the record of an alert that is part of a trace."""

    def made(alert, trace=TRACE):
        key, value, headers = messages(alert)
        return Record(ALERTS, 0, 0, 0, key, value, (*headers, ("ce_traceparent", trace.encode())))

    return made


def traces(town):
    """(outcome, trace) of everything told; "-" where there is none."""
    found = [dict(record.headers) for record in town.broker.records(DELIVERIES)]
    return sorted(
        (
            headers["ce_type"].decode().removeprefix("bellwire.").removesuffix(".v1"),
            headers.get("ce_traceparent", b"-").decode(),
        )
        for headers in found
    )


async def told(town, *wanted):
    """Wait until as much is told, and compare."""
    await town.until(lambda: len(traces(town)) >= len(wanted))
    assert traces(town) == sorted(wanted)


async def test_the_providers_answer_is_told_with_the_trace(town, traced):
    await town.phone("u")
    await town.parts.accept([traced(town.alert("u")), traced(town.alert("u", "t2"), ANOTHER)])
    await town.take(town.alert("u", "t3"))
    accepted = "delivery.accepted"
    await told(town, (accepted, TRACE), (accepted, ANOTHER), (accepted, "-"))


async def test_what_is_tried_again_from_the_database_keeps_its_trace(town, traced, providers):
    token = await town.phone("u")
    providers.rule("apns", token, times=1, error="InternalServerError")
    await town.parts.accept([traced(town.alert("u"))])

    async def postponed():
        return [row for row in await town.rows() if row["attempts"] == 1]

    await town.until(postponed)
    await town.pool.execute("update devices set spare_until = 'epoch' where district_id = $1", town.district)
    await town.due_now()
    await told(town, ("delivery.accepted", TRACE))


async def test_what_ends_at_once_is_told_with_the_trace(town, traced):
    await town.parts.accept([traced(town.alert("nobody"))])
    await town.phone("muted", settings=DeviceSettings(kinds={Kind.GRADE_POSTED: Switch(enabled=False)}))
    await town.parts.accept([traced(town.alert("muted"), ANOTHER)])
    await told(town, ("delivery.no_device", TRACE), ("delivery.muted_by_device", ANOTHER))


async def test_what_waits_and_ends_is_told_with_the_trace(town, traced, providers):
    for user in ("late", "withdrawn", "gone"):
        token = await town.phone(user)
        providers.rule("apns", token, error="InternalServerError")
    withdrawn = town.alert("withdrawn")
    gone = town.alert("gone", send_before=town.clock.now() + timedelta(hours=30))
    await town.parts.accept([traced(town.alert("late")), traced(withdrawn), traced(gone)])

    async def postponed():
        return all(row["attempts"] == 1 and row["lease_owner"] is None for row in await town.rows())

    await town.until(postponed)
    await town.take(
        AlertWithdrawn(
            district_id=town.district,
            environment=town.environment,
            user_id="withdrawn",
            alert_id=withdrawn.alert_id,
            reason="gate_closed",
            at=town.clock.now(),
        )
    )
    await town.parts.devices.remove(town.user("gone"), "gone-ios")
    town.clock.move(timedelta(hours=13))
    await told(
        town,
        ("delivery.missed", TRACE),
        ("delivery.withdrawn", TRACE),
        ("delivery.withdrawn", TRACE),
        ("device.removed", "-"),
    )


async def test_an_alert_that_goes_again_goes_with_its_new_trace(town, traced):
    await town.phone("u")
    alert = town.alert("u", send_before=town.clock.now())
    await town.parts.accept([traced(alert)])
    await town.settled("missed")
    town.clock.move(timedelta(minutes=1))
    again = {"requested_at": town.clock.now(), "send_before": town.clock.now() + timedelta(hours=1)}
    await town.parts.accept([traced(alert.model_copy(update=again), ANOTHER)])
    await told(town, ("delivery.missed", TRACE), ("delivery.accepted", ANOTHER))


async def test_what_another_process_left_untold_is_told_with_the_trace(town):
    at = town.clock.now()
    about = (town.user("u"), uuid4(), uuid4(), "i", "apns", DeliveryOutcome.ACCEPTED, "", at, at)
    async with town.parts.store.work() as work:
        await work.tell([outcome_told(*about, TRACE)], town.parts.owner)
    await town.pool.execute("update outbox set claimed_until = now()")
    await Relay(town.parts.store, town.broker.producer(), uuid4()).step()
    await told(town, ("delivery.accepted", TRACE))


@pytest.mark.parametrize(
    "hostile", [TRACE + "0" * 9_000, TRACE.upper(), TRACE + "\n", TRACE[:-1] + "\x00", "x", ""]
)
async def test_what_is_no_traceparent_neither_travels_nor_costs_the_alert(town, traced, hostile):
    assert await town.parts.accept([traced(town.alert("nobody"), hostile)]) == [DONE]
    await told(town, ("delivery.no_device", "-"))
    broken = traced(town.alert("nobody"))
    headers = tuple((name, b"\xff" if name == "ce_traceparent" else value) for name, value in broken.headers)
    assert await town.parts.accept([replace(broken, headers=headers)]) == [DONE]


@pytest.mark.parametrize("said", ['"' + TRACE + '"', "5", "null"])
async def test_a_header_says_the_trace_whatever_the_data_says(town, traced, said):
    record = traced(town.alert("nobody"), "x")
    value = record.value.replace(b"{", b'{"traceparent": ' + said.encode() + b", ", 1)
    assert await town.parts.accept([replace(record, value=value)]) == [DONE]
    await told(town, ("delivery.no_device", "-"))
