"""What the faulty build does to streams and connections, seen frame by frame."""

import asyncio
from typing import Any

import orjson
import pytest
from bellwire_simulators.outcomes import Outcome
from bellwire_simulators.telling import apns_token
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset
from pyreqwest.exceptions import PyreqwestError


def ended(wire: Any, *streams: int) -> Any:
    """A condition: all these streams have been answered or reset."""
    return lambda _: all(wire.seen(StreamEnded, s) or wire.seen(StreamReset, s) for s in streams)


async def taken(customer: Any, count: int) -> None:
    """Wait until the provider has accepted this many."""
    async with asyncio.timeout(5):
        while await customer.count() < count:
            await asyncio.sleep(0)


def status(wire: Any, stream: int) -> str:
    return dict(wire.seen(ResponseReceived, stream)[0].headers)[":status"]


def test_one_stream_until_the_first_valid_token_then_many(wire, faulty, device) -> None:
    opened = wire()
    assert opened.stream_limit() == 1
    first = opened.request(device, "not.a.token")
    opened.until(ended(opened, first))
    assert (status(opened, first), opened.stream_limit()) == ("403", 1)
    second = opened.request(device, faulty.provider_token())
    opened.until(lambda _: ended(opened, second)(0) and opened.stream_limit() == 1000)
    assert status(opened, second) == "200"


def test_a_second_stream_before_the_token_is_refused_and_not_processed(wire, faulty, device) -> None:
    opened, token = wire(), faulty.provider_token()
    opened.h2.remote_settings.max_concurrent_streams = 100
    opened.h2.remote_settings.acknowledge()
    waiting = opened.request(device, token, end=False)
    early = opened.request(device, token)
    opened.until(ended(opened, early))
    assert opened.seen(StreamReset, early)[0].error_code == ErrorCodes.REFUSED_STREAM
    opened.h2.end_stream(waiting)
    opened.flush()
    opened.until(ended(opened, waiting))
    assert status(opened, waiting) == "200"


async def test_a_burst_of_4xx_leaves_one_stream_until_the_next_200(
    wire, faulty_customer, faulty, device
) -> None:
    await faulty_customer.control("PATCH", {"error_burst": 5})
    opened, token = wire(), faulty.provider_token()
    bad = [opened.request(apns_token(Outcome(error="Unregistered"), n), token) for n in range(1)]
    opened.until(lambda _: ended(opened, *bad)(0) and opened.stream_limit() == 1000)
    bad += [opened.request(apns_token(Outcome(error="Unregistered"), n), token) for n in range(4)]
    opened.until(lambda _: ended(opened, *bad)(0) and opened.stream_limit() == 1)
    good = opened.request(device, token)
    opened.until(lambda _: ended(opened, good)(0) and opened.stream_limit() == 1000)


async def test_settings_are_lowered_at_run_time(wire, faulty_customer, faulty, device) -> None:
    opened = wire()
    stream = opened.request(device, faulty.provider_token())
    opened.until(lambda _: ended(opened, stream)(0) and opened.stream_limit() == 1000)
    await faulty_customer.control("PATCH", {"streams": 7})
    opened.until(lambda _: opened.stream_limit() == 7)
    assert opened.stream_limit() == 7


@pytest.mark.parametrize(
    ("transport", "error", "recorded"),
    [
        ("refused_stream", ErrorCodes.REFUSED_STREAM, 0),
        ("reset_before", ErrorCodes.INTERNAL_ERROR, 0),
        ("reset_after", ErrorCodes.INTERNAL_ERROR, 1),
    ],
)
async def test_streams_are_reset(wire, faulty_customer, faulty, device, transport, error, recorded) -> None:
    await faulty_customer.rule("apns", transport=transport)
    before, opened = await faulty_customer.count(), wire()
    stream = opened.request(device, faulty.provider_token())
    opened.until(ended(opened, stream))
    assert opened.seen(StreamReset, stream)[0].error_code == error
    assert await faulty_customer.count() == before + recorded
    again = opened.request(device, faulty.provider_token())
    opened.until(ended(opened, again))
    assert opened.seen(ResponseReceived, again)


@pytest.mark.parametrize(("transport", "recorded"), [("close_before", 0), ("close_after", 1)])
async def test_connections_are_cut(wire, faulty_customer, faulty, device, transport, recorded) -> None:
    await faulty_customer.rule("apns", transport=transport)
    before, opened = await faulty_customer.count(), wire()
    stream = opened.request(device, faulty.provider_token())
    try:
        opened.until(lambda _: False)
    except OSError:
        opened.closed = True
    assert opened.closed
    assert not opened.seen(ResponseReceived, stream)
    assert not opened.seen(ConnectionTerminated)
    assert await faulty_customer.count() == before + recorded


@pytest.mark.parametrize(("transport", "recorded"), [("black_hole", 0), ("black_hole_after", 1)])
async def test_a_black_hole_answers_never_and_others_go_on(
    wire, faulty_customer, faulty, device, transport, recorded
) -> None:
    opened, token = wire(), faulty.provider_token()
    first = opened.request(device, token)
    opened.until(lambda _: ended(opened, first)(0) and opened.stream_limit() == 1000)
    await faulty_customer.rule("apns", transport=transport)
    before = await faulty_customer.count()
    lost = opened.request(device, token)
    later = [opened.request(device, token) for _ in range(5)]
    opened.until(ended(opened, *later))
    assert not opened.seen(ResponseReceived, lost)
    assert await faulty_customer.count() == before + recorded + 5


async def test_a_graceful_goaway_names_its_last_stream_and_reason(
    wire, faulty_customer, faulty, device
) -> None:
    opened, token = wire(), faulty.provider_token()
    first = opened.request(device, token)
    opened.until(lambda _: ended(opened, first)(0) and opened.stream_limit() == 1000)
    await faulty_customer.rule("apns", transport="goaway", goaway_reason="Shutdown")
    before = await faulty_customer.count()
    streams = [opened.request(device, token) for _ in range(3)]
    opened.until(lambda _: opened.seen(ConnectionTerminated))
    goaway = opened.seen(ConnectionTerminated)[0]
    assert (goaway.error_code, goaway.last_stream_id) == (0, streams[0])
    assert orjson.loads(goaway.additional_data) == {"reason": "Shutdown"}
    assert status(opened, streams[0]) == "200"
    assert not opened.seen(ResponseReceived, streams[1])
    assert await faulty_customer.count() == before + 1


async def test_goaway_by_command_lets_what_was_handled_finish(wire, faulty_customer, device) -> None:
    assert (await faulty_customer.push("ab" * 32)).status == 200
    await faulty_customer.rule("apns", token=device, delay_seconds=0.5)
    before = await faulty_customer.count()
    slow = asyncio.ensure_future(faulty_customer.push(device))
    await taken(faulty_customer, before + 1)
    opened = wire()
    sent = await faulty_customer.control("POST", {"provider": "apns", "reason": "IdleTimeout"}, "/goaway")
    assert (await sent.json())["connections"] == 2
    opened.until(lambda _: opened.seen(ConnectionTerminated))
    assert opened.seen(ConnectionTerminated)[0].last_stream_id == 0
    assert (await slow).status == 200
    assert (await faulty_customer.push(device)).status == 200
    assert await faulty_customer.count() == before + 2


async def test_goaway_after_so_many_requests_loses_and_doubles_nothing(faulty_customer) -> None:
    await faulty_customer.control("PATCH", {"goaway_every": 20})
    before = await faulty_customer.count()

    async def push(number: int) -> bool:
        try:
            return (await faulty_customer.push(f"{number:064x}")).status == 200
        except PyreqwestError:
            return False

    assert await push(0)
    passed = [True, *await asyncio.gather(*(push(number) for number in range(1, 200)))]
    tokens = [entry["token"] for entry in await faulty_customer.ledger(before)]
    answered = [f"{number:064x}" for number, good in enumerate(passed) if good]
    assert sorted(tokens) == sorted(answered)


async def test_data_is_split_over_frames(wire, faulty_customer, faulty, device) -> None:
    await faulty_customer.control("PATCH", {"data_frame_bytes": 5})
    opened = wire()
    stream = opened.request("xyz", faulty.provider_token())
    opened.until(ended(opened, stream))
    pieces = [event.data for event in opened.seen(DataReceived, stream)]
    assert max(len(piece) for piece in pieces) == 5
    assert orjson.loads(b"".join(pieces)) == {"reason": "BadDeviceToken"}


async def test_connections_are_counted(wire, faulty_customer, faulty, device) -> None:
    opened = wire()
    stream = opened.request(device, faulty.provider_token())
    opened.until(ended(opened, stream))
    told = await (await faulty_customer.control("GET", path="/connections")).json()
    assert (told["apns"][-1]["requests"], told["apns"][-1]["open"]) == (1, 1)


async def test_fcm_has_the_same_faults(faulty_customer, device) -> None:
    assert (await faulty_customer.send({"token": device})).status == 200
    await faulty_customer.rule("fcm", transport="close_after")
    before = await faulty_customer.count()
    with pytest.raises(PyreqwestError):
        await faulty_customer.send({"token": device})
    assert await faulty_customer.count() == before + 1


async def test_the_fast_build_refuses_faults_that_it_cannot_do(fast, faulty_customer, device) -> None:
    rule = {"provider": "apns", "outcome": {"transport": "black_hole"}}
    refused = await faulty_customer.plain.post(fast.control).body_json(rule).build().send()
    assert refused.status == 422
    limits = await faulty_customer.plain.patch(fast.control).body_json({"streams": 5}).build().send()
    assert (limits.status, "streams" in await limits.text()) == (422, True)
    goaway = await faulty_customer.plain.post(f"{fast.control}/goaway").body_json({}).build().send()
    assert goaway.status == 422
