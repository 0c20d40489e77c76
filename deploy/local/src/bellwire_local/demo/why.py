"""Asking the running system why: `/v1/me/why`, with the token of the user concerned."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bellwire_simulators.school_day.district import District, User
from bellwire_simulators.school_day.plan import Act, Change, Verdict

from bellwire_local.demo.outside import Outside, Unexpected, Who

Why = Mapping[str, Any]
_PATIENCE_SECONDS = 20.0
_NOT_FOUND = 404

_DECIDED: Mapping[Verdict, tuple[str, str]] = {
    Verdict.IN_GRACE: ("hold", "grace"),
    Verdict.PUT_RIGHT: ("hold", "grace"),
    Verdict.IN_DIGEST: ("digest", "delivery_digest"),
    Verdict.IN_QUIET_HOURS: ("hold", "quiet_hours"),
    Verdict.ABOVE_THRESHOLD: ("suppress", "not_below_threshold"),
}
"""The outcome and reason that the system must give where the plan has such a verdict."""


class Whys:
    """Questions about changes of the plan, by their names."""

    def __init__(self, outside: Outside, district: District) -> None:
        self._outside = outside
        self._zone = ZoneInfo(district.timezone)
        self._district_id = district.district_id

    async def of(self, user: User, change: str, until: Callable[[Why], bool]) -> Why:
        """Ask as the user until the answer is as wanted. Raises `Unexpected` when it does not become so."""
        who = Who(user.role, user.user_id, self._district_id)
        return await self._until(who, "/v1/me/why", {"event_id": change}, until)

    async def of_another(self, user: User, change: str) -> Why:
        """Ask about a user as the district's administrator may. Raises `Unexpected` when nothing is known."""
        who = Who("district_admin", "admin-1", self._district_id)
        asked = {"event_id": change, "user_id": user.user_id}
        return await self._until(who, "/v1/admin/why", asked, lambda _: True)

    async def _until(
        self, who: Who, path: str, asked: Mapping[str, str], until: Callable[[Why], bool]
    ) -> Why:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        why: Why = {}
        while loop.time() < deadline:
            try:
                change = await self._outside.as_user(who, "GET", "threshold_evaluator", path, params=asked)
                why = change["why"]
                if until(why):
                    return why
            except Unexpected as error:
                if error.status != _NOT_FOUND:
                    raise
            await asyncio.sleep(0.05)
        raise Unexpected(f"{asked['event_id']} does not become what the plan says: {why or 'it is unknown'}")

    async def held(self, act: Act, followed: Sequence[User]) -> list[str]:
        """Wait until an act's changes are decided for these users, as the plan says; answer a line each.

        Until then the clock must not move: a hold begins when its change is decided. Raises `Unexpected` when
        the system decided otherwise.
        """
        users = {user.user_id: user for user in followed}
        lines = []
        for change in act.changes:
            for user_id, verdict in change.verdicts.items():
                if user_id in users:
                    why = await self.of(users[user_id], change.name, lambda _: True)
                    if (why["outcome"], why["reason"]) != _DECIDED[verdict]:
                        raise Unexpected(f"{change.name} should be {'/'.join(_DECIDED[verdict])}: {why}")
                    due = f", due {self.moment(why['due_at'])}" if why["outcome"] != "suppress" else ""
                    lines.append(f"{_named(change)}: {why['outcome']}, because {why['reason']}{due}")
        return lines

    def moment(self, text: str) -> str:
        """Return a moment of the API as the district's weekday and time."""
        return f"{datetime.fromisoformat(text).astimezone(self._zone):%A %H:%M}"


def _named(change: Change) -> str:
    about = change.fields.get("title") or change.fields["task"]
    percent = change.fields.get("score_percent", change.fields.get("percent"))
    return f"{change.student.name[0]}, {about} {'missing' if percent is None else format(percent, 'g')}"
