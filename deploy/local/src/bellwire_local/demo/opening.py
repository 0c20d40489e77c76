"""Before the bell: the roster goes in as OneRoster, then bells, portal access, lunch accounts, settings, phones."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from bellwire_simulators.school_day.cloud_events import Publisher, batch
from bellwire_simulators.school_day.district import ALWAYS, District, User
from bellwire_simulators.school_day.oneroster import bundle
from cloudevents.core.v1.event import CloudEvent

from bellwire_local.demo.outside import Outside, Unexpected, Who

_AT_ONCE = 16
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Phone:
    """One device of a user, with the token that its provider knows it by."""

    user: User
    platform: str
    token: str

    @property
    def installation_id(self) -> str:
        """The app's own id on that device."""
        return f"{self.user.user_id}-{self.platform}"


def phones_of(district: District) -> list[Phone]:
    """Return every phone: an APNs token is 64 hex digits, an FCM token a text."""
    return [
        Phone(user, platform, _token(district.district_id, user.user_id, platform))
        for user in district.users
        for platform in user.phones
    ]


def _token(*whose: str) -> str:
    digest = sha256("/".join(whose).encode()).hexdigest()
    return digest if whose[-1] == "ios" else f"fcm:{digest}"


class Opening:
    """Prepares the district on a running stack; each step returns when its effect is there."""

    def __init__(self, outside: Outside, district: District, apps: dict[str, str]) -> None:
        """`apps` has the app id of each platform: the APNs topic and the FCM project."""
        self._outside = outside
        self._district = district
        self._apps = apps
        self.publisher = Who("publisher", "sis", district.district_id)

    async def import_roster(self, on: date) -> dict[str, Any]:
        """Post the OneRoster package and wait for the import's end; answer what it says of itself."""
        package = bundle(self._district, on)
        path = "/v1/imports/oneroster"
        location = await self._outside.location(
            self.publisher, "gradebook_events", path, package, "application/zip"
        )
        while True:
            report: dict[str, Any] = await self._outside.as_user(
                self.publisher, "GET", "gradebook_events", location
            )
            if report["status"].startswith("completed"):
                return report
            if report["status"] not in ("queued", "running", "received", "waiting"):
                raise Unexpected(f"the roster import ended as {report['status']}")
            await asyncio.sleep(0.1)

    async def publish_settings(self, moment: datetime) -> int:
        """Publish bells, portal access and lunch accounts; answer how many events."""
        publisher = Publisher(self._district)
        events = [*publisher.settings(moment), *publisher.portal(moment), *publisher.lunch_accounts(moment)]
        await self.publish(events)
        return len(events)

    async def publish(self, events: Iterable[CloudEvent]) -> None:
        """Publish in batches. Raises `Unexpected` when one is refused."""
        rest = iter(events)
        while some := list(islice(rest, _BATCH)):
            headers, body = batch(some)
            answer = await self._outside.as_user(
                self.publisher, "POST", "gradebook_events", "/v1/events", data=body, headers=headers
            )
            refused = [item for item in answer["items"] if item["status"] != 202]
            if refused:
                raise Unexpected(f"{len(refused)} of {len(answer['items'])} events refused: {refused[0]}")

    async def wait_until_seen(self, users: Sequence[User]) -> None:
        """Wait until the evaluator shows each of these users their students."""
        for user in users:
            who = Who(user.role, user.user_id, self._district.district_id)
            while len(await self._students(who)) < len(user.student_ids):
                await asyncio.sleep(0.05)

    async def _students(self, who: Who) -> list[Any]:
        answer = await self._outside.as_user(who, "GET", "threshold_evaluator", "/v1/me/students")
        students: list[Any] = answer["items"]
        return students

    async def set_thresholds(self) -> int:
        """Have each user who wants a threshold set it; answer how many did."""
        choosing = [user for user in self._district.users if user.threshold != ALWAYS and user.portal]
        await _gathered(self._set_threshold(user) for user in choosing)
        return len(choosing)

    async def _set_threshold(self, user: User) -> None:
        await self._set(user, {"groups": {"assignments": {"threshold": user.threshold}}})

    async def set_wishes(self, wishes: Mapping[str, Mapping[str, Any]]) -> int:
        """Have each user of these set a document in the app, beside what stands; answer how many did."""
        users = {user.user_id: user for user in self._district.users}
        await _gathered(self._set(users[user_id], document) for user_id, document in wishes.items())
        return len(wishes)

    async def _set(self, user: User, document: Mapping[str, Any]) -> None:
        who = Who(user.role, user.user_id, self._district.district_id)
        await self._outside.as_user(who, "PATCH", "threshold_evaluator", "/v1/me/settings", json=document)

    async def register(self, phones: Iterable[Phone]) -> None:
        """Register every phone with its user's own token."""
        await _gathered(self._register(phone) for phone in phones)

    async def _register(self, phone: Phone) -> None:
        who = Who(phone.user.role, phone.user.user_id, self._district.district_id)
        device = {
            "platform": phone.platform,
            "token": phone.token,
            "app": self._apps[phone.platform],
            "environment": "production",
            "apns_environment": "production",
            "settings": {},
        }
        path = f"/v1/me/devices/{phone.installation_id}"
        await self._outside.as_user(who, "PUT", "push_dispatcher", path, json=device)


async def _gathered(work: Iterable[Awaitable[None]]) -> None:
    """Do all, so many at once; the first failure ends it."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(part: Awaitable[None]) -> None:
        async with gate:
            await part

    async with asyncio.TaskGroup() as group:
        for part in work:
            group.create_task(one(part))
