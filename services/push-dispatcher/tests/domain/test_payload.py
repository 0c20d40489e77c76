import json
import unicodedata
from dataclasses import replace
from uuid import UUID

import pytest
from bellwire_schemas.names import Group, Kind, Privacy
from hypothesis import given
from hypothesis import strategies as st
from push_dispatcher.domain.content import Purpose
from push_dispatcher.domain.device import GENERIC, DeviceSettings, Switch, mutes, shown
from push_dispatcher.domain.payload import (
    LIMIT,
    Message,
    Push,
    Token,
    apns_headers,
    apns_payload,
    fcm_data,
    fcm_fitted,
)
from push_dispatcher.domain.shorten import ELLIPSIS, boundaries, json_bytes, shortened

FAMILY = "👨‍👩‍👧‍👦"
TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from([FAMILY, "👍🏽", "🇲🇽", "é", "\u2068", "\u2069", "مرحبا", "ñ", '"', "\\", "\x07", "한"]),
    max_size=600,
).map("".join)
IDS = st.text(min_size=1, max_size=255)
MESSAGES = st.builds(
    Message,
    purpose=st.just(Purpose.ALERT),
    title=TEXT,
    body=TEXT,
    badge=st.integers(0, 10_000),
    alert_id=st.uuids(),
    student_id=IDS,
    area=st.just("assignments"),
    thing_id=IDS,
    link=st.text(max_size=300) | st.just("bellwire://" + "%F0%9F%91%8D" * 500),
    group=st.just("assignments"),
    slot=st.uuids(),
    urgent=st.booleans(),
    lifetime=st.integers(0, 3_000_000),
)


@given(MESSAGES)
def test_an_apns_payload_fits_and_names_what_it_is_about(message):
    body = apns_payload(message)
    assert len(body) <= LIMIT
    document = json.loads(body)
    assert document["bellwire"]["alert_id"] == str(message.alert_id)
    assert document["bellwire"]["thing_id"] == message.thing_id
    assert document["aps"]["badge"] == message.badge


@given(MESSAGES)
def test_an_fcm_message_fits(message):
    fitted = fcm_fitted(message)
    data = fcm_data(fitted)
    notification = {"title": fitted.title, "body": fitted.body, "tag": str(fitted.slot)}
    assert len(json_bytes({"data": data, "notification": notification})) <= LIMIT
    assert all(isinstance(value, str) for value in data.values())
    assert json.loads(data["bellwire"])["student_id"] == message.student_id


@given(MESSAGES)
def test_a_short_push_is_left_alone(message):
    message = replace(message, title="Ana", body="Algebra", link="", student_id="s", thing_id="t")
    assert json.loads(apns_payload(message))["aps"]["alert"] == {"title": "Ana", "body": "Algebra"}


@given(MESSAGES, st.integers(1_700_000_000, 1_800_000_000))
def test_headers_keep_the_rules(message, now):
    headers = dict(apns_headers(Push(UUID(int=7), Token("ab" * 32), "token", message), now))
    assert headers["apns-id"] == str(UUID(headers["apns-id"]))
    assert len(headers["apns-collapse-id"].encode()) <= 64
    assert headers["apns-priority"] == ("10" if message.urgent else "5")


@given(TEXT, st.integers(0, 400))
def test_a_cut_keeps_characters_whole(text, budget):
    cut = shortened(text, budget)
    assert len(json_bytes(cut)) - 2 <= max(budget, 0) or cut == text
    if cut != text and cut:
        kept = cut.rstrip("\u2069")
        assert kept.endswith(ELLIPSIS)
        prefix = kept[: -len(ELLIPSIS)]
        assert text.startswith(prefix)
        end = next(index for index in boundaries(text) if text[:index].rstrip() == prefix)
        assert end in boundaries(text)
        assert cut.count("\u2069") >= cut.count("\u2068") - text.count("\u2069")


def test_what_a_reader_sees_as_one_is_never_parted():
    for whole in (FAMILY, "👍🏽", "🇲🇽", "é", "한", "\r\n"):
        assert boundaries(whole) == [0, len(whole)]
    assert boundaries("🇲🇽🇺🇸") == [0, 2, 4]
    assert unicodedata.category("é"[-1]) in ("Mn", "Ll")


LEVELS = st.sampled_from(list(Privacy))


@given(LEVELS, LEVELS, st.sets(LEVELS))
def test_no_text_is_wider_than_alert_or_device_allow(chosen, own, there):
    order = list(Privacy)
    texts = {level: (level.value, "") for level in there}
    text = shown(DeviceSettings(privacy=own), chosen, texts)
    narrowest = min(order.index(chosen), order.index(own))
    assert text == GENERIC or order.index(Privacy(text[0])) <= narrowest
    assert (text == GENERIC) == all(order.index(level) > narrowest for level in there)


@given(
    st.lists(st.sampled_from(list(Kind)), min_size=1),
    st.dictionaries(st.sampled_from(list(Group)), st.builds(Switch, enabled=st.booleans())),
    st.dictionaries(st.sampled_from(list(Kind)), st.builds(Switch, enabled=st.booleans())),
)
def test_a_device_mutes_what_tells_only_of_what_is_off_on_it(kinds, groups, switches):
    off = {group.value.removesuffix("s") for group, switch in groups.items() if not switch.enabled}
    told = [
        kind
        for kind in kinds
        if kind.value.split(".")[0] not in off and (kind not in switches or switches[kind].enabled)
    ]
    assert mutes(DeviceSettings(groups=groups, kinds=switches), kinds) == (told == [])


def test_a_summary_that_begins_with_a_group_that_is_off_rings_for_the_others():
    settings = DeviceSettings(groups={Group.ASSIGNMENTS: Switch(enabled=False)})
    assert not mutes(settings, (Kind.ASSIGNMENT_MISSING, Kind.GRADE_POSTED))
    assert mutes(settings, (Kind.ASSIGNMENT_MISSING, Kind.ASSIGNMENT_LATE))


def test_a_token_does_not_print_itself():
    assert "ab" not in repr(Token("ab"))


@pytest.mark.parametrize("character", ["\x01", '"', "👍"])
def test_the_longest_ids_fit_too(character):
    ids = character * 255
    text = "A text of some length. " * 20
    message = Message(
        Purpose.ALERT,
        "Title",
        text,
        1,
        UUID(int=1),
        ids,
        "assignments",
        ids,
        "bellwire://x",
        "assignments",
        UUID(int=2),
        urgent=True,
        lifetime=60,
    )
    assert len(apns_payload(message)) <= LIMIT
    assert json.loads(apns_payload(message))["bellwire"]["student_id"] == ids
