"""Plays a worked example on the real parts, and writes docs/alert-rules.md from what the examples say."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_kit.streams.protocol import Record
from threshold_evaluator.domain.surge import SurgeLimits
from threshold_evaluator.evaluate import Evaluate
from threshold_evaluator.remind import Remind

from .conftest import World
from .rule_examples import CHAPTERS, Action, Example

PAGE = Path(__file__).parents[4] / "docs" / "alert-rules.md"
CHICAGO = ZoneInfo("America/Chicago")
NAMES = {"s1": "Mia", "s2": "Leo"}


def moment(when: str) -> datetime:
    """Read `10-14 12:00` as that time of 2026 in Chicago."""
    return datetime.strptime(f"2026-{when}", "%Y-%m-%d %H:%M").replace(tzinfo=CHICAGO).astimezone(UTC)


def written(at: datetime) -> str:
    """Write a time as the examples do."""
    return f"{at.astimezone(CHICAGO):%m-%d %H:%M}"


class Player:
    """One district in which the story of an example happens."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.world.evaluate = Evaluate(world.store, world.broker.producer(), world.clock, SurgeLimits())
        self.remind = Remind(world.store, world.broker.producer(), world.clock)
        self.phone: list[tuple[str, str]] = []
        self._shown: dict[str, str] = {}
        self._taken_back = 0

    async def play(self, example: Example) -> None:
        """Let the story happen, minute by minute where something is due."""
        world = self.world
        world.clock.set(moment(example.story[0].when))
        await world.set_district(example.district)
        await self._school(example.school)
        for student, name in NAMES.items():
            await world.take(*self._roster(student, name))
        await world.set_user("ana", {"privacy": "full", **example.user})
        await world.releases()
        for step in example.story:
            await self._until(moment(step.when))
            records: list[Record] = []
            for action in step.actions:
                records += await self._do(action, records)
            if records:
                await world.take(*records)
            await self._after()
        await self._until(moment(example.until or self._hour_later(example)))

    @staticmethod
    def _hour_later(example: Example) -> str:
        last = example.story[-1].when
        return f"{last[:6]}{int(last[6:8]) + 1:02}{last[8:]}"

    async def _school(self, document: dict[str, Any]) -> None:
        own = {key: value for key, value in document.items() if key != "bell"}
        await self.world.pool.execute(
            "insert into schools (district_id, environment, school_id, bell, own)"
            " values ('lakeside', 'production', 'north', $1, $2)",
            document.get("bell", {}),
            own,
        )

    def _roster(self, student: str, name: str) -> list[Record]:
        world = self.world
        return [
            world.record("student.changed", student, school_id="north", display_name=name),
            world.record("enrollment.changed", student, school_id="north"),
            world.record("portal_access.changed", student, user_id="ana", role="guardian", portal=True),
        ]

    async def _do(self, action: Action, before: list[Record]) -> list[Record]:
        name, data = action[0], dict(action[1])
        world = self.world
        student = data.pop("student", "s1")
        match name:
            case "assignment":
                return [world.assignment(student, data.pop("thing"), **data)]
            case "grade":
                return [world.grade(student, **data)]
            case "mark":
                day = f"{world.clock.now().astimezone(CHICAGO):%Y-%m-%d}"
                return [world.mark(data.pop("status"), student, data.pop("thing"), **{"date": day, **data})]
            case "lunch":
                return [world.lunch(data.pop("balance"), student, **data)]
            case "enrolment":
                return [world.record("enrollment.changed", student, **data)]
            case "access":
                users = {"user_id": "ana", "role": "guardian", **data}
                return [world.record("portal_access.changed", each, **users) for each in NAMES]
        # What is no event happens after the events before it.
        await world.take(*before)
        before.clear()
        match name:
            case "roster":
                await world.take(*self._roster(student, data["name"]))
                await world.evaluate.unpark()
            case "settings":
                await world.set_user("ana", {"privacy": "full", **data})
            case "district":
                await world.set_district(data)
            case "surge":
                await world.pool.execute("update brakes set resolution = $1", data["resolution"])
                await world.recalculate("school", "north")
        return []

    async def _until(self, end: datetime) -> None:
        while True:
            row = await self.world.pool.fetchval(
                "select min(at) from (select wake_at as at from due_alerts where phase = 'held'"
                " union all select look_at from told where thing = 'lunch' and value <> '') every"
            )
            if row is None or row > end:
                break
            if row > self.world.clock.now():
                self.world.clock.set(row)
            await self._after()
        self.world.clock.set(max(end, self.world.clock.now()))

    async def _after(self) -> None:
        await self.remind.once()
        await self.world.releases()
        now = written(self.world.clock.now())
        for alert in self.world.alerts():
            if alert["alert_id"] in self._shown:
                continue
            text = alert["texts"][alert["privacy"]]
            line = f"{text['title']} - {text['body']}"
            self._shown[alert["alert_id"]] = line
            self.phone.append((now, line + self._place(alert)))
        for notice in self.world.withdrawn()[self._taken_back :]:
            self.phone.append((now, f"taken back: {self._shown[notice['alert_id']]}"))
        self._taken_back = len(self.world.withdrawn())

    def _place(self, alert: dict[str, Any]) -> str:
        """Say which earlier text this one takes the place of on the screen, unless it is of the same thing."""
        before = [
            each
            for each in self.world.alerts()
            if each["slot"] == alert["slot"]
            and each["seq"] < alert["seq"]
            and each["things"] != alert["things"]
        ]
        same = set(alert["things"]) & {thing for each in before for thing in each["things"]}
        return f" (in place of: {self._shown[before[0]['alert_id']]})" if before and not same else ""

    async def inbox(self) -> tuple[str, ...]:
        """Return what the app lists, oldest first."""
        rows = await self.world.rows("select title, body, corrected_at from inbox order by entered")
        items = tuple(
            f"{row['title']} - {row['body']}" + (" (corrected)" if row["corrected_at"] else "")
            for row in rows
        )
        return items if len(items) < 10 else (*items[:2], f"and {len(items) - 2} more")

    async def why(self) -> tuple[str, ...]:
        """Return the reasons on record, each once, in the order they came about."""
        rows = await self.world.rows(
            "select coalesce(d.reason, c.detection) as reason from changes c left join decisions d"
            " using (district_id, environment, event_id) order by c.decided_at, length(c.event_id), c.event_id"
        )
        return tuple(dict.fromkeys(row["reason"] for row in rows))


def day_and_time(when: str) -> str:
    """Write a time for readers: `Wed 14 Oct 12:00`."""
    return f"{moment(when).astimezone(CHICAGO):%a %-d %b %H:%M}"


def page() -> str:
    """Return docs/alert-rules.md."""
    intro = """# Alert rules, by example

This page is for district administrators: which changes tell a family something, who is told, what each setting
does, and when a phone rings. Every example below is played by the test suite on the real system, with the clock
moved through it, and its outcome is compared with this page: what stands here is what happens.

In the examples Ana is the guardian of Mia and Leo. Nothing is set beyond what an example says, except that Ana has
chosen to see details on her lock screen (`privacy: full`). Times are the district's own, in 2026. "Why" names the
reasons that stand in the record of each change: families find it in the app, administrators under `GET
/v1/admin/why`, which leaves an audit line. What a change of settings would have done last week is answered by `POST
/v1/admin/district/preview` and `POST /v1/admin/schools/{id}/preview`; what a burst holds is listed by `GET
/v1/admin/surges` and answered by `POST /v1/admin/surges/{id}`.

<!-- Written by `BELLWIRE_WRITE_PAGES=1 pytest services/threshold-evaluator/tests/evaluate/test_rule_book.py` from
rule_examples.py beside it; edit there. -->
"""
    parts = [intro]
    for title, _, examples in CHAPTERS:
        parts.append(f"## {title}\n")
        parts += [_section(example) for example in examples]
    return "\n".join(parts).rstrip() + "\n"


def _section(example: Example) -> str:
    lines = [f"### {example.title}", "", example.says, ""]
    named = (
        ("Ana's settings", example.user),
        ("The district's", example.district),
        ("The school's", example.school),
    )
    given = [f"{who}: `{json.dumps(document)}`" for who, document in named if document]
    if given:
        lines += ["; ".join(given) + ".", ""]
    lines += ["| when | what happens | Ana's phone |", "|---|---|---|"]
    happened = [(moment(step.when), 0, step.when, step.words, "") for step in example.story]
    shown = [(moment(when), 1, when, "", text) for when, text in example.phone]
    rows: list[list[str]] = []
    for _, _, when, words, text in sorted(happened + shown, key=lambda each: each[:2]):
        if rows and text and rows[-1][0] == day_and_time(when):
            rows[-1][2] = f"{rows[-1][2]}<br>{text}" if rows[-1][2] else text
        else:
            rows.append([day_and_time(when), words, text])
    lines += [f"| {' | '.join(row)} |" for row in rows]
    found = "; ".join(example.inbox) or "nothing"
    lines += ["", f"In the app: {found}. Why: {', '.join(f'`{reason}`' for reason in example.why)}.", ""]
    return "\n".join(lines)
