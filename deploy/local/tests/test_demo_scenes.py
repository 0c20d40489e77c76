"""The demo foretells alert ids, tells what rang from what waited, and asks why until the answer is there."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from bellwire_local.demo.due import Due, alert_of, carrier_of, due_at_end, due_of, outcomes_of
from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.reckoning import Owed, Push
from bellwire_local.demo.scenes import Scenes
from bellwire_local.demo.screen import LiveScreen, PlainScreen
from bellwire_local.demo.walk import questions
from bellwire_local.demo.why import Whys
from bellwire_schemas.ids import summary_id
from bellwire_simulators.school_day.district import make_district
from bellwire_simulators.school_day.making import make_plan
from bellwire_simulators.school_day.plan import Act, Release, Verdict
from rich.console import Console

PLAN = make_plan(make_district(400), "2026-10-14", scale=0.1)
TOKENS = {user.user_id: [f"{user.user_id}/{kind}" for kind in user.phones] for user in PLAN.district.users}
START = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)


def all_due() -> Due:
    due: Due = {}
    for number, act in enumerate(PLAN.acts):
        since = START + timedelta(hours=number)
        for release in act.releases:
            due |= due_at_end(PLAN.district, release, TOKENS, since)
        for change in act.changes:
            due |= due_of(PLAN.district, change, TOKENS, since)
    return due


def rung(due: Due, seconds: float = 1.0) -> list[Push]:
    return [
        Push("apns", token, str(alert), "title", "body", owed.since + timedelta(seconds=seconds))
        for (alert, token), owed in due.items()
    ]


def lines(pushes: list[Push], due: Due) -> dict[str, str]:
    found = (line.partition(": ") for line in Scenes(PLAN, pushes, due).lines())
    return {title: text for title, _, text in found}


def test_one_held_alert_goes_as_itself_and_several_as_a_summary_of_them() -> None:
    one, two = (alert_of(PLAN.district, name, "u") for name in ("one", "two"))
    assert carrier_of(PLAN.district, Release("u", ("one",))) == one
    assert carrier_of(PLAN.district, Release("u", ("two", "one"))) == summary_id([one, two])


def test_only_what_goes_at_once_has_a_latency() -> None:
    user = PLAN.scenes.quiet[0]
    held = {key: owed for key, owed in all_due().items() if key[1] in TOKENS[user.user_id]}
    assert held
    assert {owed.at_once for owed in held.values()} == {False}
    assert sum(owed.at_once for owed in all_due().values()) == len(all_due()) - sum(
        len(TOKENS[release.user_id]) for act in PLAN.acts for release in act.releases
    )


def test_every_decision_has_one_outcome() -> None:
    assert (
        sum(outcomes_of(PLAN).values())
        == sum(PLAN.verdicts().values()) - PLAN.verdicts()[Verdict.ALREADY_TOLD]
    )


def test_a_day_as_it_should_be_reads_so() -> None:
    due = all_due()
    told = lines(rung(due), due)
    assert told["threshold 70"] == "a score of 82 stayed quiet, one of 64 rang"
    assert told["grace of 10 minutes"] == "a slip of 9 stayed quiet, put right to 90 rang"
    assert told["the same with threshold 70"] == "a slip of 7 stayed quiet, put right to 87 stayed quiet"
    assert told["daily digest at 17:30"] == "3 facts of the day stayed quiet, one summary of them rang"
    assert told["quiet hours from 21:00"].startswith("a score at 21:30 waited and rang at 06:30; ")
    assert told["quiet hours from 21:00"].endswith("it rang at once")


def test_a_push_before_its_hold_ended_is_seen() -> None:
    due = all_due()
    early = lines(rung(due, seconds=-1.0), due)
    assert "waited and rang too early at" in early["quiet hours from 21:00"]
    assert early["daily digest at 17:30"].endswith("one summary of them rang too early")
    silent = lines([], due)
    assert "waited and stayed quiet at" in silent["quiet hours from 21:00"]


def test_each_question_is_about_a_change_of_the_day_and_a_setting_that_its_family_made() -> None:
    verdicts = {change.name: change.verdicts for change in PLAN.changes()}
    for question in questions(PLAN):
        verdict = verdicts[question.change][question.user.user_id]
        assert verdict is not Verdict.DUE
        assert (question.outcome == "suppress") == (verdict is Verdict.ABOVE_THRESHOLD)
        assert question.user.user_id in PLAN.wishes or question.pointers[0].endswith("/threshold")


def _act_of(name: str) -> Act:
    return next(act for act in PLAN.acts if any(change.name.startswith(name) for change in act.changes))


@asynccontextmanager
async def answering(*answers: dict[str, Any]) -> AsyncIterator[Whys]:
    """A portal that gives one answer after another, the last for ever; nothing is a 404."""
    left = list(answers)

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"token": "t"})

    async def why(_: web.Request) -> web.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        return web.json_response({"why": answer}, status=200 if answer else 404)

    app = web.Application()
    app.router.add_post("/local-tokens", token)
    app.router.add_get("/v1/me/why", why)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        yield Whys(Outside({"issuer": url, "threshold_evaluator": url}, session), PLAN.district)


HELD = {"outcome": "hold", "reason": "quiet_hours", "due_at": "2026-10-15T11:30:00Z"}


async def test_the_day_goes_on_only_when_a_hold_is_decided() -> None:
    sleeper, student = PLAN.scenes.quiet
    async with answering({}, {}, HELD) as whys:
        [line] = await whys.held(_act_of("night"), [sleeper])
    assert line == f"{student.name[0]}, Essay draft 88: hold, because quiet_hours, due Thursday 06:30"


async def test_a_decision_against_the_plan_ends_the_demo() -> None:
    async with answering(HELD | {"outcome": "send", "reason": "told"}) as whys:
        with pytest.raises(Unexpected, match="should be hold/quiet_hours"):
            await whys.held(_act_of("night"), [PLAN.scenes.quiet[0]])


def _many_pushes(count: int) -> list[Push]:
    return rung({(alert_of(PLAN.district, f"{number}", "u"), "t"): Owed(START) for number in range(count)})


def test_plain_lines_are_whole_and_a_crowd_is_one_of_them() -> None:
    paper = io.StringIO()
    with PlainScreen(Console(file=paper, width=40)) as screen:
        screen.say("A" * 100)
        screen.show(_many_pushes(1))
        for push in _many_pushes(30):
            screen.show([push])
        screen.say("next")
    first, *shown, last = paper.getvalue().splitlines()
    assert (first, last) == ("A" * 100, "next")
    assert shown == ["    apns  title | body", "    apns  title | body (+29 more)"]


def test_the_picture_fits_a_small_terminal() -> None:
    console = Console(file=io.StringIO(), width=80, height=24)
    screen = LiveScreen(console)
    for number in range(30):
        screen.say(f"step {number}")
    screen.show(_many_pushes(20))
    picture = console.render_lines(screen.picture(), console.options)
    assert len(picture) <= 24
    assert any("step 29" in "".join(segment.text for segment in line) for line in picture)
