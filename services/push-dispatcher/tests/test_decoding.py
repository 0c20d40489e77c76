"""The quick reading of the alerts topic and the contract's own say the same of every record."""

import json
from pathlib import Path

import bellwire_schemas
import pytest
from bellwire_kit.streams.protocol import DeadLetter, Record
from bellwire_schemas import catalogue
from bellwire_schemas.alerts import AlertRequested, AlertWithdrawn, InboxChanged, UserErased
from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.decoding import decoded
from push_dispatcher.domain.alert import Alert, Erasure, InboxCount, Withdrawal

MODELS = {
    catalogue.ALERT_REQUESTED: AlertRequested,
    catalogue.ALERT_WITHDRAWN: AlertWithdrawn,
    catalogue.INBOX_CHANGED: InboxChanged,
    catalogue.USER_ERASED: UserErased,
}
VALUES = {AlertRequested: Alert, AlertWithdrawn: Withdrawal, InboxChanged: InboxCount, UserErased: Erasure}
EXAMPLES = Path(bellwire_schemas.__file__).parents[2] / "examples"
FILES = [
    (kind, file)
    for kind in MODELS
    for file in sorted((EXAMPLES / kind.removeprefix("bellwire.").removesuffix(".v1")).glob("*.json"))
]
IDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1, max_size=255)


def record(kind, value):
    return Record("alerts", 0, 0, 0, b"", value, (("ce_id", b"1"), ("ce_type", kind.encode())))


def same(event, model):
    assert isinstance(event, VALUES[type(model)])
    for name in VALUES[type(model)].__slots__:
        if name == "traceparent":  # of a header, not of the data
            continue
        ours, theirs = getattr(event, name), getattr(model, name)
        if name in ("texts", "summary_text"):
            ours = {level: (text.title, text.body) for level, text in ours.items()}
            theirs = {level: (text.title, text.body) for level, text in theirs.items()}
        assert ours == theirs
        assert type(ours) is type(theirs) or name == "things"


@pytest.mark.parametrize(("kind", "file"), FILES, ids=[str(file.relative_to(EXAMPLES)) for _, file in FILES])
def test_every_example_reads_as_its_contract_does(kind, file):
    same(decoded(record(kind, file.read_bytes())), MODELS[kind].model_validate_json(file.read_bytes()))


def alert(**changes):
    document = json.loads((EXAMPLES / "alert.requested/minimal.json").read_bytes())
    return json.dumps(document | changes).encode()


ODD = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3) | st.lists(st.text(max_size=2))


@given(st.sampled_from(sorted(AlertRequested.model_fields)), ODD | st.dictionaries(st.text(max_size=3), ODD))
def test_what_the_contract_refuses_is_a_dead_letter_and_nothing_else_is(name, value):
    raw = alert(**{name: value})
    found = decoded(record(catalogue.ALERT_REQUESTED, raw))
    try:
        model = AlertRequested.model_validate_json(raw)
    except ValueError:
        # What sending does not read may be as it likes.
        if name in Alert.__slots__:
            assert isinstance(found, DeadLetter)
        return
    if not isinstance(found, DeadLetter):
        same(found, model)
    else:
        assert "\\u0000" in raw.decode()


@given(IDS, IDS, st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.datetimes(timezones=st.timezones()))
def test_any_ids_and_numbers_read_alike(user, thing, unseen, seq, at):
    raw = alert(user_id=user, thing_id=thing, things={thing: at.isoformat()}, unseen=unseen, seq=seq)
    try:
        model = AlertRequested.model_validate_json(raw)
    except ValueError:
        assert isinstance(decoded(record(catalogue.ALERT_REQUESTED, raw)), DeadLetter)
        return
    same(decoded(record(catalogue.ALERT_REQUESTED, raw)), model)


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b"[]", b"null", alert(user_id="a\x00b")])
def test_rubbish_is_a_dead_letter_that_quotes_nothing(value):
    found = decoded(record(catalogue.ALERT_REQUESTED, value))
    assert isinstance(found, DeadLetter)
    assert found.reason == "invalid_data"
    assert "a\x00b" not in found.error


def test_another_type_is_not_ours():
    found = decoded(Record("alerts", 0, 0, 0, b"", b"{}", ()))
    assert isinstance(found, DeadLetter)
    assert found.reason == "unknown_type"


@pytest.mark.parametrize(
    "changes", [{"unseen": 2**31}, {"seq": 2**63}, {"send_before": "9999-12-31T23:00:00-05:00"}]
)
def test_what_the_database_could_not_keep_is_a_dead_letter(changes):
    assert isinstance(decoded(record(catalogue.ALERT_REQUESTED, alert(**changes))), DeadLetter)
