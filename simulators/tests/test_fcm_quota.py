"""The project's quota and the device's, exactly, on a clock of our own."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from bellwire_simulators.control import Control
from bellwire_simulators.exchange import Request
from bellwire_simulators.fcm.oauth import ServiceAccount
from bellwire_simulators.fcm.router import FcmRouter
from bellwire_simulators.ledger import Ledger
from bellwire_simulators.outcomes import Limits, Outcome, Rule
from joserfc.jwk import RSAKey

Send = Callable[..., int]


class Moment:
    """A minute's start, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def send(tmp_path: Path, control: Control, moment: Moment) -> Send:
    account = ServiceAccount("a@b", "k", RSAKey.generate_key(2048), "https://localhost/token")
    router = FcmRouter("p", account, control, Ledger(tmp_path / "ledger.jsonl"), moment)
    access = router.tokens.give(3600, moment.now)

    def send(token: str = "device", bearer: str = access) -> int:
        body = orjson.dumps({"message": {"token": token}})
        headers = [("authorization", f"Bearer {bearer}")]
        return router.handle(
            Request.of("POST", "/v1/projects/p/messages:send", headers, body, "c")
        ).answer.status

    return send


def test_what_was_sent_and_4xx_count_but_429_and_5xx_do_not(
    send: Send, control: Control, moment: Moment
) -> None:
    control.set_limits(Limits(fcm_quota_per_minute=5))
    control.add(Rule(provider="fcm", token="down", outcome=Outcome(error="UNAVAILABLE")))
    control.add(Rule(provider="fcm", token="busy", outcome=Outcome(error="QUOTA_EXCEEDED")))
    control.add(Rule(provider="fcm", token="gone", outcome=Outcome(error="UNREGISTERED")))
    assert [send("down"), send("busy")] == [503, 429]
    assert [send(), send("gone"), send("bad token"), send(bearer="none"), send()] == [200, 404, 400, 401, 200]
    assert [send(), send()] == [429, 429]
    moment.now += 60
    assert send() == 200


def test_a_device_has_its_own_limit(send: Send, control: Control, moment: Moment) -> None:
    control.set_limits(Limits(fcm_device_per_minute=2))
    assert [send("a"), send("a"), send("a"), send("b")] == [200, 200, 429, 200]
    moment.now += 60
    assert send("a") == 200
