"""One change followed by its `traceparent`, from the SIS's request to what became of it on each phone."""

import asyncio
from itertools import islice

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer
from bellwire_local.demo.due import due_of
from bellwire_local.demo.outside import Who
from bellwire_local.stack import Stack
from bellwire_schemas.topics import DELIVERIES
from bellwire_simulators.school_day.cloud_events import Publisher, binary
from crowd import Crowd, four_each

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SENT = (TRACE, TRACE.replace("0af7", "1af7"), TRACE + "0" * 100, "00-not-hex-01", "")
ARRIVES = (*SENT[:2], "", "", "")


async def told(stack: Stack, alerts: set[str]) -> dict[str, set[str]]:
    """Wait until each of the alerts was accepted; answer the traces of all that was told of it."""
    traces: dict[str, set[str]] = {}
    accepted: set[str] = set()
    consumer = AIOKafkaConsumer(
        DELIVERIES,
        bootstrap_servers=stack.endpoints.as_dict()["kafka"],
        auto_offset_reset="earliest",
        group_id=None,
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            while accepted != alerts:
                record = await consumer.getone()
                headers = dict(record.headers)
                alert = orjson.loads(record.value).get("alert_id")
                if alert in alerts:
                    traces.setdefault(alert, set()).add(headers.get("ce_traceparent", b"").decode())
                    accepted |= {alert} if headers["ce_type"] == b"bellwire.delivery.accepted.v1" else set()
    finally:
        await consumer.stop()
    return traces


async def test_what_became_of_a_change_names_the_trace_of_the_request_that_brought_it(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    crowd = Crowd(stack, session, "traced", students=40)
    moment = await crowd.open()
    tokens: dict[str, list[str]] = {}
    for phone in crowd.phones:
        tokens.setdefault(phone.user.user_id, []).append(phone.token)
    publisher, sis = Publisher(crowd.district), Who("publisher", "sis", "traced")
    marks = islice(four_each(crowd.district, moment.date()), 1, None, 4)
    due = (
        (mark, {str(alert) for alert, _ in due_of(crowd.district, mark, tokens, moment)}) for mark in marks
    )
    told_of = list(islice(((mark, alerts) for mark, alerts in due if alerts), len(SENT)))
    wanted: dict[str, set[str]] = {}
    for (mark, alerts), sent, arrives in zip(told_of, SENT, ARRIVES, strict=True):
        headers, body = binary(publisher.change(mark, moment))
        headers |= {"ce-traceparent": sent} if sent else {}
        await crowd.outside.as_user(sis, "POST", "gradebook_events", "/v1/events", data=body, headers=headers)
        wanted |= {alert: {arrives} for alert in alerts}
    assert await told(stack, set(wanted)) == wanted
