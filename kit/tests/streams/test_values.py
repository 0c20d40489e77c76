"""What is decided without a broker: windows, pauses, settings, choices of letters, sizes."""

import asyncio
from collections.abc import Sequence

import pytest
from bellwire_kit.streams.aiokafka_consumer import AiokafkaConsumer
from bellwire_kit.streams.aiokafka_producer import hashed, message_bytes
from bellwire_kit.streams.appending import Call
from bellwire_kit.streams.dead_letters import DeadLetterWindow, cut, dead_letter_message
from bellwire_kit.streams.dlq.letters import Choice, chosen, counts, letters
from bellwire_kit.streams.faust_runtime import FaustConsumer
from bellwire_kit.streams.open import open_consumer, open_producer
from bellwire_kit.streams.protocol import DeadLetter, Message, Record, StreamUnavailable, Subscription
from bellwire_kit.streams.retrying import Backoff, GiveUp, RetryAfter
from bellwire_kit.streams.settings import StreamSettings
from hypothesis import given
from hypothesis import strategies as st

outcomes = st.lists(st.booleans(), max_size=60)


@given(
    batches=st.lists(outcomes, max_size=8),
    size=st.integers(1, 40),
    share=st.floats(0, 1),
    minimum=st.integers(1, 40),
)
def test_the_window_agrees_with_counting_by_hand(
    batches: list[list[bool]], size: int, share: float, minimum: int
) -> None:
    minimum = min(minimum, size)
    window = DeadLetterWindow(size, share, minimum)
    history: list[bool] = []
    for batch in batches:
        lasts = [[*history, *batch[:end]][-size:] for end in range(1, len(batch) + 1)]
        expected = any(batch) and any(
            len(last) >= minimum and sum(last) > share * len(last) for last in lasts
        )
        assert window.would_exceed(batch) == expected
        history += batch
        window.add(batch)


@given(st.integers(0, 5_000))
def test_good_records_never_stop_a_consumer(count: int) -> None:
    window = DeadLetterWindow(100, 0.0, 1)
    window.add_done(count)
    assert not window.would_exceed([False] * count)


@given(attempt=st.integers(1, 10_000))
def test_pauses_double_up_to_the_most(attempt: int) -> None:
    backoff = Backoff(0.2, 10.0)
    assert 0.2 <= backoff.delay(attempt) <= 10.0
    assert backoff.delay(attempt) <= backoff.delay(attempt + 1)


def test_giving_up_is_a_value() -> None:
    failure = ConnectionError("x")
    assert Backoff(1, 4).within(2, 3, failure, "reading") == RetryAfter(2)
    decision = Backoff(1, 4).within(3, 3, failure, "reading")
    assert isinstance(decision, GiveUp)
    assert isinstance(decision.error, StreamUnavailable)


@given(st.binary(max_size=40))
def test_a_key_goes_where_javas_client_would_send_it(key: bytes) -> None:
    def murmur2(data: bytes) -> int:
        m, h = 0x5BD1E995, 0x9747B28C ^ len(data)
        for at in range(0, len(data) - len(data) % 4, 4):
            k = int.from_bytes(data[at : at + 4], "little") * m & 0xFFFFFFFF
            h = (h * m & 0xFFFFFFFF) ^ ((k ^ k >> 24) * m & 0xFFFFFFFF)
        tail = data[len(data) - len(data) % 4 :]
        if tail:
            h = (h ^ int.from_bytes(tail, "little")) * m & 0xFFFFFFFF
        h = (h ^ h >> 13) * m & 0xFFFFFFFF
        return h ^ h >> 15

    assert hashed(key) & 0x7FFFFFFF == murmur2(key) & 0x7FFFFFFF


@given(st.binary(max_size=50), st.binary(max_size=50), st.text(max_size=10))
def test_a_message_is_never_smaller_than_its_parts(key: bytes, value: bytes, name: str) -> None:
    assert message_bytes(Message("t", key, value, ((name, value),))) >= len(key) + 2 * len(value) + len(
        name.encode()
    )


async def test_the_first_answer_to_a_message_stands() -> None:
    call = Call(2)
    call.answer(0, None)
    call.expire(TimeoutError())
    call.answer(1, None)
    assert call.answers[0] is None
    assert isinstance(call.answers[1], TimeoutError)
    assert call.finished.done()


def letter_records(reasons: Sequence[str]) -> list[Record]:
    found = []
    for offset, reason in enumerate(reasons):
        came = Record("t", 0, 7, 1, b"key", b"value", (("ce_id", b"1"),))
        message = dead_letter_message(came, DeadLetter(reason, "why"), "group")
        found.append(Record(message.topic, 0, offset, 1, message.key, message.value, message.headers))
    return found


@given(st.lists(st.sampled_from(["a", "b"]), max_size=20), st.integers(1, 20))
def test_redriving_again_and_again_takes_every_letter_once(reasons: list[str], limit: int) -> None:
    log = letter_records(reasons)
    sent: list[Message] = []
    choice = Choice("a", None, None, None)
    while found := chosen(letters(log), choice, limit):
        assert len(found) <= limit
        sent += [letter.message() for letter in found]
        for letter in found:
            mark = letter.mark()
            log.append(Record(mark.topic, 0, len(log), 1, mark.key, mark.value, mark.headers))
    assert len(sent) == reasons.count("a")
    assert all(message.headers[0] == ("ce_id", b"1") and message.topic == "t" for message in sent)
    assert counts(letters(log)).get("a", (0, 0)) == (0, reasons.count("a"))


@pytest.mark.parametrize(
    "choice", [(None, None, None, None), (None, 0, None, None), ("a", None, 1, 2), (None, 0, 3, 2)]
)
def test_an_unclear_choice_does_not_construct(choice: tuple[None, None, None, None]) -> None:
    with pytest.raises(ValueError):
        Choice(*choice)


def test_settings_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="runtime"):
        StreamSettings.model_validate({"bootstrap_servers": "x:1", "runtime": "flink"})
    assert StreamSettings(
        bootstrap_servers="x:1", security_protocol="SASL_PLAINTEXT", sasl_username="u"
    ).connection() == {
        "bootstrap_servers": "x:1",
        "client_id": "bellwire",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "",
    }


def test_how_we_prove_ourselves_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "SASL_USERNAME": "u",
        "SASL_PASSWORD": "p",
    }.items():
        monkeypatch.setenv(f"KAFKA_{name}", value)
    keywords = StreamSettings(bootstrap_servers="x:1").connection()
    assert keywords["security_protocol"] == "SASL_PLAINTEXT"
    assert (keywords["sasl_plain_username"], keywords["sasl_plain_password"]) == ("u", "p")


async def test_topics_of_districts_are_read_by_aiokafka_whatever_is_set() -> None:
    settings = StreamSettings(bootstrap_servers="localhost:1", runtime="faust")
    assert isinstance(open_consumer(settings, Subscription(("bellwire.alerts.v1",), "g")), FaustConsumer)
    foreign = Subscription(("bellwire.input.springfield.production.v1",), "g")
    assert isinstance(open_consumer(settings, foreign), AiokafkaConsumer)


@pytest.mark.parametrize("runtime", ["aiokafka", "faust"])
async def test_a_broker_that_is_not_there_is_one_sentence(runtime: str) -> None:
    settings = StreamSettings.model_validate(
        {
            "bootstrap_servers": "127.0.0.1:1",
            "runtime": runtime,
            "connect_seconds": 0.3,
            "retry_first_seconds": 0.1,
        }
    )

    async def handler(records: Sequence[Record]) -> list[DeadLetter]:
        return []

    consumer = open_consumer(settings, Subscription(("t",), "g"))
    with pytest.raises(StreamUnavailable, match=r"g cannot start.*127\.0\.0\.1:1|Faust crashed"):
        await asyncio.wait_for(consumer.run(handler), 30)
    with pytest.raises(StreamUnavailable, match=r"127\.0\.0\.1:1 does not answer"):
        async with open_producer(settings):
            pass


@given(st.binary(max_size=200_000), st.integers(0, 80_000))
def test_a_cut_letter_fits_says_so_and_is_not_redriven(value: bytes, header: int) -> None:
    came = Record("t", 0, 7, 1, b"key", value, (("x-large", b"x" * header), ("ce_id", b"1")))
    whole = dead_letter_message(came, DeadLetter("too_large", "why"), "group")
    small = cut(whole)
    assert message_bytes(small) < 150_000
    assert value.startswith(small.value)
    headers = dict(small.headers)
    assert headers["dlq_cut_from"] == b"%d" % len(value)
    assert headers["dlq_reason"] == b"too_large"
    assert headers["dlq_offset"] == b"7"
    record = Record(small.topic, 0, 0, 1, small.key, small.value, small.headers)
    assert chosen(letters([record]), Choice("too_large", None, None, None), 10) == []
