"""What the evaluator stored, read through the API: areas, changes with why, inbox, and a preview that agrees."""

from typing import Any

import orjson
import pytest
from bellwire_kit.streams.memory import MemoryBroker
from bellwire_kit.streams.protocol import DONE, Record
from bellwire_schemas import topics
from bellwire_schemas.envelope import CloudEvent, to_kafka
from threshold_evaluator.adapters.postgres.decide.store import PostgresStore
from threshold_evaluator.evaluate import Evaluate


@pytest.fixture
async def school_day(town: Any) -> Any:
    """A student whose guardian asks for scores below 70, and an evaluator to send events to."""
    evaluate = Evaluate(PostgresStore(town.pool), MemoryBroker().producer(), town.served.clock)
    sent: list[str] = []

    async def send(name: str, **data: Any) -> None:
        sent.append(f"{name}-{len(sent)}")
        body = {"district_id": town.id, "modified_at": town.served.clock.now().isoformat(), **data}
        event = CloudEvent(
            sent[-1],
            str(town.source),
            f"bellwire.{name}.v1",
            "students/s1",
            town.served.clock.now(),
            orjson.dumps({"student_id": "s1", "school_id": "north", **body}),
        )
        value, headers = to_kafka(event)
        stamp = int(town.served.clock.now().timestamp() * 1000)
        record = Record(topics.CHANGE_EVENTS, 0, len(sent), stamp, b"k", value, headers)
        assert list(await evaluate([record])) == [DONE]

    await send("student.changed", display_name="Ana")
    await send("enrollment.changed")
    await send("portal_access.changed", user_id="u1", role="guardian", portal=True)
    await town.api("u1").patch("/v1/me/settings", {"groups": {"assignments": {"threshold": 70}}})
    return town, send


async def test_a_school_day_read_back(school_day: Any) -> None:
    town, send = school_day
    await send("assignment.changed", assignment_id="a1", title="Quiz", score_percent=64.5)
    await send("assignment.changed", assignment_id="a2", title="Essay", score_percent=91)
    await send("attendance.changed", attendance_id="m1", date="2026-10-14", status="absent")
    await send("lunch_balance.changed", account_id="l1", balance="9.50")
    api = town.api("u1")

    page = await api.ok("/v1/me/students/s1/assignments")
    assert {item["id"]: item["score_percent"] for item in page["items"]} == {"a1": 64.5, "a2": 91}
    assert (await api.ok("/v1/me/students/s1/food_service"))["items"][0]["balance"] == "9.50"

    inbox = await api.ok("/v1/me/inbox")
    assert [item["thing_id"] for item in inbox["items"]] == ["l1", "m1", "a1"]
    assert (await api.ok("/v1/me"))["unseen"] == 3
    seen = await api.post("/v1/me/inbox/seen", {"up_to": inbox["items"][0]["id"]})
    assert seen.body["unseen"] == 0

    changes = {item["thing_id"]: item for item in (await api.ok("/v1/me/changes"))["items"]}
    assert changes["a1"]["why"]["outcome"] == "send"
    assert changes["a2"]["why"]["outcome"] == "suppress"
    assert changes["a2"]["why"]["reason"] == "not_below_threshold"
    assert changes["a2"]["why"]["facts"] == [
        {"kind": "assignment.scored", "passed": False, "reason": "not_below_threshold"}
    ]
    threshold = changes["a2"]["why"]["settings"]["/kinds/assignment.scored/threshold"]
    assert threshold == {"value": "70", "layer": "user_group"}
    assert all(gate["open"] for gate in changes["a1"]["why"]["gates"])
    why = await api.ok("/v1/me/why", event_id=changes["a1"]["event_id"])
    assert why["kinds"] == ["assignment.scored"]

    preview = await api.post("/v1/me/settings/preview", {"settings": {}})
    assert (preview.body["alerts"], preview.body["alerts_now"]) == (3, 3)
    looser = {"settings": {"groups": {"assignments": None, "lunch": {"threshold": "5.00"}}}}
    assert (await api.post("/v1/me/settings/preview", looser)).body["alerts"] == 3


async def test_a_settings_change_counts_for_the_next_event(school_day: Any) -> None:
    town, send = school_day
    api = town.api("u1")
    await send("assignment.changed", assignment_id="a1", score_percent=80)
    await api.patch("/v1/me/settings", {"groups": {"assignments": {"threshold": 85}}})
    await send("assignment.changed", assignment_id="a2", score_percent=80)
    await town.api("admin", "district_admin").patch("/v1/admin/district", {"push_enabled": False})
    await send("assignment.changed", assignment_id="a3", score_percent=80)
    outcomes = {
        item["thing_id"]: (item["why"]["outcome"], item["why"]["reason"])
        for item in (await api.ok("/v1/me/changes"))["items"]
    }
    assert outcomes == {
        "a1": ("suppress", "not_below_threshold"),
        "a2": ("send", "told"),
        "a3": ("suppress", "gate_closed"),
    }
