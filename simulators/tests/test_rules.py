"""The pure rules under arbitrary input: total, and each reason only where its rule is broken."""

from typing import Any

import orjson
import pytest
from bellwire_simulators.apns import headers
from bellwire_simulators.apns.provider_token import (
    MAX_AGE,
    MAX_AHEAD,
    MIN_UPDATE,
    Fresh,
    ProviderToken,
    SigningKey,
    admit,
    bearer,
    verify,
)
from bellwire_simulators.apns.reasons import Reason
from bellwire_simulators.apns.rules import Addressed, Push, address, judge
from bellwire_simulators.control import Control
from bellwire_simulators.exchange import Request, Transport
from bellwire_simulators.faulty.allowance import Allowance
from bellwire_simulators.fcm.message import Message, Violation, read
from bellwire_simulators.fcm.oauth import AccessTokens, Denied, ServiceAccount, check_grant
from bellwire_simulators.ledger import Entry, Ledger
from bellwire_simulators.outcomes import AS_USUAL, Limits, Outcome, Rule
from bellwire_simulators.quota import MinuteWindow
from bellwire_simulators.telling import apns_token, fcm_token, outcome_of
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey
from pydantic import ValidationError

APPS = frozenset({"org.bellwire.family"})
NOW = 1_800_000_000
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=90)
header_values = {
    "apns-topic": st.sampled_from(["org.bellwire.family", "org.bellwire.family.voip", "a.b"]) | text,
    "apns-push-type": st.sampled_from(sorted(headers.PUSH_TYPES)) | text,
    "apns-priority": st.sampled_from(["10", "5", "1"]) | text,
    "apns-expiration": st.integers(-5, 2**70).map(str) | text,
    "apns-collapse-id": text,
    "apns-id": st.uuids().map(str) | text,
}


@given(st.fixed_dictionaries({}, optional=header_values), st.binary(max_size=40), text)
def test_any_request_gets_a_push_within_the_rules_or_a_reason(
    sent: dict[str, str], body: bytes, token: str
) -> None:
    request = Request.of("POST", f"/3/device/{token}", list(sent.items()), body, "c")
    verdict = judge(request, Addressed(token), APPS)
    if isinstance(verdict, Push):
        wanted = verdict.wanted
        assert wanted.topic.startswith("org.bellwire.family")
        assert wanted.priority in {1, 5, 10}
        assert len(wanted.collapse_id.encode()) <= 64
        assert bytes.fromhex(verdict.token)
        assert verdict.payload == orjson.loads(body)
    else:
        assert verdict.status in {400, 413}


@given(st.text(max_size=30), st.sampled_from(["POST", "GET", "DELETE"]))
def test_only_the_device_path_is_addressed(path: str, method: str) -> None:
    verdict = address(Request.of(method, path, [], b"", "c"))
    if isinstance(verdict, Addressed):
        assert method == "POST"
        assert path in {"/3/device", f"/3/device/{verdict.token}"}
    else:
        assert verdict in {Reason.BAD_PATH, Reason.METHOD_NOT_ALLOWED}


@given(st.lists(st.sampled_from(["apns-topic", "apns-id", "accept", "authorization"]), max_size=5))
def test_only_headers_of_apns_may_not_repeat(names: list[str]) -> None:
    request = Request.of("POST", "/3/device/ab", [(name, f"{n}") for n, name in enumerate(names)], b"", "c")
    doubled = any(names.count(name) > 1 for name in names if name != "accept")
    assert (address(request) is Reason.DUPLICATE_HEADERS) == doubled
    assert all(request.headers[name] == str(names.index(name)) for name in names)


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.booleans(), st.booleans())
def test_provider_tokens_by_age_and_by_what_the_connection_saw(
    age: int, gap: int, same_key: bool, fresh: bool
) -> None:
    token = ProviderToken("new", "A", NOW - age)
    before = Fresh() if fresh else ProviderToken("old", "A" if same_key else "B", NOW - age - gap)
    verdict = admit(token, before, NOW)
    if age > MAX_AGE:
        assert verdict is Reason.EXPIRED_PROVIDER_TOKEN
    elif -age > MAX_AHEAD:
        assert verdict is Reason.INVALID_PROVIDER_TOKEN
    elif fresh or (same_key and abs(gap) >= MIN_UPDATE):
        assert verdict == token
    elif same_key:
        assert verdict is Reason.TOO_MANY_PROVIDER_TOKEN_UPDATES
    else:
        assert verdict is Reason.UNRELATED_KEY_ID_IN_TOKEN


KEYS = {"A": SigningKey("A", "T", ECKey.generate_key("P-256"))}
ACCOUNT = ServiceAccount("a@b", "k", RSAKey.generate_key(2048), "https://x/token")


@given(st.text(max_size=200))
def test_no_text_is_a_provider_token_by_chance(given_text: str) -> None:
    assert verify(given_text, KEYS) is Reason.INVALID_PROVIDER_TOKEN
    assert bearer(f"basic {given_text}") is Reason.MISSING_PROVIDER_TOKEN


@given(st.binary(max_size=200))
def test_no_form_is_a_grant_by_chance(body: bytes) -> None:
    assert isinstance(check_grant(body, ACCOUNT, NOW), Denied)
    grant = b"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion="
    assert isinstance(check_grant(grant + body, ACCOUNT, NOW), Denied)


json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
near_messages = st.fixed_dictionaries(
    {},
    optional={
        "token": st.text(max_size=5) | json,
        "fid": st.text(max_size=5) | json,
        "data": st.dictionaries(st.sampled_from(["a", "from", "google.b"]), st.text(max_size=3) | json)
        | json,
        "notification": json,
        "android": st.fixed_dictionaries(
            {},
            optional={
                "ttl": st.sampled_from(["5s", "1.5s", "9999999s"]) | json,
                "priority": json,
                "collapse_key": json,
                "notification": st.fixed_dictionaries({}, optional={"tag": json}) | json,
                "fcm_options": json,
            },
        )
        | json,
        "fcm_options": st.fixed_dictionaries({}, optional={"analytics_label": json}) | json,
    },
)


@given(st.fixed_dictionaries({"message": near_messages | json}, optional={"validate_only": json}) | json)
def test_any_json_is_a_message_within_the_rules_or_a_named_violation(request: Any) -> None:
    verdict = read(orjson.dumps(request))
    if isinstance(verdict, Message):
        assert verdict.target in {"token", "fid", "topic", "condition"}
        assert verdict.address
        assert verdict.priority in {"normal", "high"}
        assert all(isinstance(value, str) for value in verdict.content.get("data", {}).values())
    else:
        assert verdict.description


def test_a_body_that_is_no_json_is_a_violation() -> None:
    assert isinstance(read(b"{"), Violation)


outcomes = st.builds(
    Outcome,
    error=st.sampled_from(["", "Unregistered", "UNREGISTERED"]),
    delivered=st.booleans(),
    retry_after=st.sampled_from(["", "5", "Wed, 21 Oct 2026 07:28:00 GMT"]),
    timestamp=st.integers(0, 2**50),
    delay_seconds=st.sampled_from([0.0, 0.5]),
    body=st.sampled_from(["full", "bare", "empty", "not_json"]),
    transport=st.sampled_from(Transport),
    goaway_reason=st.sampled_from(["", "Shutdown"]),
)


@given(outcomes, st.integers(0, 2**60))
def test_a_token_tells_the_outcome_it_was_made_for(outcome: Outcome, serial: int) -> None:
    assert outcome_of(apns_token(outcome, serial)) == outcome
    assert outcome_of(fcm_token(outcome, serial)) == outcome


@given(st.text(max_size=40))
def test_other_tokens_tell_nothing(token: str) -> None:
    assert outcome_of(token) == AS_USUAL
    assert outcome_of(f"0bad{token}") == AS_USUAL
    assert outcome_of(f"outcome:{token}") == AS_USUAL


@given(
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["", "a", "b"])), max_size=4), st.integers(0, 12)
)
def test_rules_strike_in_order_and_as_often_as_told(rules: list[tuple[int, str]], requests: int) -> None:
    control = Control()
    for number, (times, prefix) in enumerate(rules):
        outcome = Outcome(retry_after=str(number))
        control.add(Rule(provider="apns", token_prefix=prefix, times=times, outcome=outcome))
    expected = [n for n, (times, prefix) in enumerate(rules) if "ab".startswith(prefix) for _ in range(times)]
    struck = [control.choose("apns", "ab") for _ in range(requests)]
    told = [str(number) for number in expected[:requests]]
    assert [outcome.retry_after for outcome in struck] == told + [""] * (requests - len(told))
    assert control.choose("fcm", "ab") == AS_USUAL


def test_a_rule_names_one_way_to_match() -> None:
    with pytest.raises(ValidationError, match="token and token_prefix"):
        Rule(provider="apns", token="a", token_prefix="b", outcome=AS_USUAL)


@given(st.lists(st.sampled_from([200, 400, 410, 429, 503])), st.integers(0, 5), st.booleans())
def test_streams_follow_trust_and_the_run_of_refusals(statuses: list[int], burst: int, trusted: bool) -> None:
    limits = Limits(error_burst=burst)
    allowance = Allowance(trusted=False)
    assert allowance.streams(limits) == 1
    for status in statuses:
        allowance = allowance.after(status, trusted)
    last_good = max((n for n, status in enumerate(statuses) if status == 200), default=-1)
    run = sum(400 <= status < 500 for status in statuses[last_good + 1 :])
    dropped = burst > 0 and run >= burst
    expected = 1000 if trusted and statuses and not dropped else 1
    assert allowance.streams(limits) == expected


@given(st.lists(st.integers(0, 200), max_size=30), st.integers(0, 5))
def test_a_minute_holds_its_limit_and_the_next_is_new(gaps: list[int], limit: int) -> None:
    window, now, counted = MinuteWindow(), NOW, dict[int, int]()
    for gap in gaps:
        now += gap
        expected = limit > 0 and counted.get(now // 60, 0) >= limit
        assert window.full("k", limit, now) == expected
        window.count("k", now)
        counted[now // 60] = counted.get(now // 60, 0) + 1
    assert 1 <= window.seconds_left(now) <= 60


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60), st.binary(max_size=20))
def test_the_ledger_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, entries: int, after: int, limit: int, torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = Ledger(path)
    for number in range(entries):
        entry = Entry("apns", "a.b", f"{number:x}", f"id {number}", "", 10, {"text": "lines\nand 'ü' \u2028"})
        assert ledger.append(entry, NOW + number) == number + 1
    ledger.close()
    with path.open("ab") as file:
        file.write(torn.replace(b"\n", b""))
    again = Ledger(path)
    read_back = orjson.loads(again.after(after, limit))
    assert [entry["n"] for entry in read_back] == list(range(after + 1, min(entries, after + limit) + 1))
    assert again.append(Entry("fcm", "p", "t", "i", "c", "high", {}), NOW) == entries + 1
    assert orjson.loads(again.after(entries, 9))[0]["id"] == "i"
    again.close()


@given(st.integers(1, 4000), st.integers(0, 8000))
def test_access_tokens_hold_for_their_lifetime(lifetime: int, later: int) -> None:
    tokens = AccessTokens()
    token = tokens.give(lifetime, NOW)
    assert tokens.holds(f"Bearer {token}", NOW + later) == (later < lifetime)
    assert not tokens.holds(f"Basic {token}", NOW)
    assert tokens.revoke_all() == 1
    assert not tokens.holds(f"Bearer {token}", NOW)
