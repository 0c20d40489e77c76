"""Districts, requests and threads as a hosting company has them on a Monday in November: for screenshots."""

from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from bellwire_kit.clock import ManualClock
from bellwire_schemas.names import Environment, RequestKind, Weekday
from update_scheduler.api.parts import Parts
from update_scheduler.create import Wish
from update_scheduler.create_group import GroupWish
from update_scheduler.domain.actors import AllDistricts, Only, Person, Role
from update_scheduler.domain.requests import NO_DATE, NoDate, Request
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status
from update_scheduler.registry import BlackoutEntry, NewSite, Shown, WindowEntry
from update_scheduler.roll_out import Intent, RollOut, Rollouts
from update_scheduler.seed import plant, read_seed
from update_scheduler.settings import Settings
from update_scheduler.transition import Demand

OPERATOR = Person("maren.holt", Role.OPERATOR, AllDistricts())
_CLOUD = (Environment.PRODUCTION, Environment.SANDBOX, Environment.STAGING, Environment.PREVIEW)
DISTRICTS = {
    "alder-creek": ("Alder Creek Community School District 42", "IL", "2607.1"),
    "bluff-valley": ("Bluff Valley Area Schools", "WI", "2607"),
    "cedar-ridge": ("Cedar Ridge Independent School District", "TX", "2607.2"),
    "dalton": ("Dalton Public Schools", "MN", "2603.1"),
    "eastfield": ("Eastfield Unified", "CA", "2607"),
    "fox-lake": ("Fox Lake Grade School District 114", "IL", "2611"),
    "granite-falls": ("Granite Falls School District", "MN", "2607.2"),
    "harbor-point": ("Harbor Point City Schools", "MI", "2603"),
    "iron-range": ("Iron Range Cooperative", "MN", "2607"),
    "juniper": ("Juniper County Schools", "UT", "2611"),
    "keokuk-hills": ("Keokuk Hills Community", "IA", "2607.1"),
    "lakeshore": ("Lakeshore-on-the-Prairie Consolidated Community High School District 219", "IL", "2603.1"),
    "nakhla": ("مدارس وادي النخيل", "MI", "2607"),
    "ohana": ("Nā Kula o ʻOhana", "HI", "2607.2"),
    "pine-bluff": ("Pine Bluff Schools", "AR", "2607"),
    "quarry-hill": ("Quarry Hill Borough", "PA", "2611"),
}


def contact(district: str) -> Person:
    """The technical contact of a district."""
    return Person(f"it.{district}", Role.TECHNICAL_CONTACT, Only(frozenset({district})))


class Player:
    """Plays requests through the use cases; each step happens at its own time before `now`."""

    def __init__(self, parts: Parts, clock: ManualClock, now: datetime) -> None:
        self.parts, self.clock, self.now = parts, clock, now

    def at(self, days: float) -> None:
        """So many days before now."""
        self.clock.set(self.now - timedelta(days=days))

    async def ask(
        self,
        days: float,
        district: str,
        version: str = "",
        target: Environment = Environment.PRODUCTION,
        note: str = "",
        preferred: datetime | NoDate = NO_DATE,
    ) -> Request:
        """A district asks for a version, or without one for a refresh."""
        self.at(days)
        kind = RequestKind.VERSION_UPDATE if version else RequestKind.DATABASE_REFRESH
        site = await self.parts.registry.site(f"{district}.{target.value}")
        name = "" if version else getattr(site, "name", "")
        return await self.parts.create(
            contact(district), Wish(district, target, kind, version, preferred, note, name)
        )

    async def move(
        self, days: float, request: Request, *to: Status, at: datetime | NoDate = NO_DATE, note: str = ""
    ) -> Request:
        """An operator moves it on, one status after the other."""
        for status in to:
            self.at(days)
            when = at if status is Status.SCHEDULED else NO_DATE
            request = await self.parts.transition(
                OPERATOR, request.id, Demand(status, when, note, request.revision)
            )
        return request

    async def say(self, days: float, request: Request, who: Person, text: str) -> None:
        """Somebody writes in the thread."""
        self.at(days)
        await self.parts.discuss(who, request.id, text)

    async def again(self, request_id: UUID) -> Request:
        """The request as it is now."""
        found = await self.parts.registry.request(request_id)
        assert isinstance(found, Shown)
        return found.request


async def _register(parts: Parts) -> None:
    for identity, (name, state, version) in DISTRICTS.items():
        for environment in _CLOUD:
            site = NewSite(
                identity,
                name,
                state,
                "America/Chicago",
                environment,
                Hosting.CLOUD,
                f"{identity} {environment.value}",
                version,
            )
            await parts.registry.add_site(site)
    await parts.registry.add_window(
        WindowEntry(
            uuid4(),
            "ASP, second Saturday",
            Hosting.ASP,
            [RequestKind.VERSION_UPDATE],
            "America/Denver",
            "monthly",
            [Weekday.SATURDAY],
            2,
            time(20),
            time(2),
            4,
            date(2026, 1, 1),
            None,
        )
    )


async def play(
    parts: Parts, rollouts: Rollouts, clock: ManualClock, settings: Settings, now: datetime
) -> None:
    """Fill the queue; the clock stands at `now` afterwards."""
    await plant(settings, read_seed(None))
    await _register(parts)
    p = Player(parts, clock, now)
    thursday = datetime(2026, 11, 26, 6, 30, tzinfo=now.tzinfo)
    last, next_one = thursday - timedelta(days=7), thursday + timedelta(days=7)
    await _finished(p, last)
    await _waiting(p, thursday)
    await _dated(p, last, thursday, next_one)
    p.at(0.5)
    wish = GroupWish(
        "prairie-consortium", Environment.PRODUCTION, "2611.1", NO_DATE, "All before the winter break."
    )
    gale = Person(
        "gale",
        Role.GROUP_CONTACT,
        Only(frozenset({"shelbyville", "ogdenville"})),
        frozenset({"prairie-consortium"}),
    )
    await parts.create_group(gale, wish)
    p.at(0.2)
    await parts.registry.add_blackout(
        BlackoutEntry(
            uuid4(),
            next_one - timedelta(hours=7),
            next_one + timedelta(hours=8),
            None,
            "State testing week: no work on any site",
        )
    )
    clock.set(now)
    await _rollout(p, rollouts)


async def _rollout(p: Player, rollouts: Rollouts) -> None:
    """2615 to everybody: the canaries are released."""
    use = RollOut(rollouts, p.clock, p.parts.transition.scribe)
    made = await use.start(OPERATOR, Intent("2615", frozenset({"fox-lake", "juniper"}), 6, p.now))
    await use.release(OPERATOR, made.id, made.revision)


async def _finished(p: Player, last: datetime) -> None:
    done = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.COMPLETED)
    for district, version in (("fox-lake", "2611.1"), ("juniper", "2611.1"), ("springfield", "2607.2")):
        request = await p.ask(14, district, version)
        request = await p.move(12, request, Status.SCHEDULED, at=last)
        await p.move((p.now - last).total_seconds() / 86_400 - 0.06, request, *done)
    refresh = await p.ask(20, "springfield", target=Environment.STAGING)
    refresh = await p.move(19, refresh, Status.SCHEDULED, at=last)
    await p.move((p.now - last).total_seconds() / 86_400 - 0.1, refresh, *done)
    failed = await p.ask(16, "quarry-hill", "2615", Environment.STAGING)
    await p.move(15, failed, Status.UNABLE_TO_COMPLETE, note="The staging server has no disk left for 2615.")
    await p.ask(40, "springfield", "2607.1", Environment.PREVIEW)
    await p.ask(9, "springfield", "2611", Environment.PREVIEW)


async def _waiting(p: Player, thursday: datetime) -> None:
    await p.ask(3.4, "lakeshore", "2611.1", note="We have a board meeting on Friday.")
    await p.ask(1.9, "nakhla", "2611.1", preferred=thursday)
    await p.ask(1.2, "ohana", "2615", Environment.STAGING)
    await p.ask(0.8, "pine-bluff", target=Environment.SANDBOX)
    await p.ask(0.3, "alder-creek", "2611.1", preferred=thursday + timedelta(days=14))
    asked = await p.ask(6, "cedar-ridge", "2611.1")
    question = "Your staging site is still copying. May we begin with production all the same?"
    await p.move(5, asked, Status.PENDING_INPUT, note=question)
    await p.say(5, asked, OPERATOR, question)
    asp = await p.ask(4, "north-haverbrook", "2611")
    question = "Is your vendor's maintenance on the 12th confirmed?"
    await p.move(2, asp, Status.PENDING_INPUT, note=question)
    deferred = await p.ask(33, "harbor-point", "2607.2")
    await p.move(32, deferred, Status.DEFERRED, note="On hold until the network move is done.")


async def _dated(p: Player, last: datetime, thursday: datetime, next_one: datetime) -> None:
    working = await p.ask(8, "granite-falls", "2611.1")
    working = await p.move(7, working, Status.SCHEDULED, at=last)
    working = await p.move(0.2, working, Status.NOT_STARTED, Status.IN_PROGRESS)
    answered = await p.ask(9, "eastfield", "2611")
    answered = await p.move(8, answered, Status.SCHEDULED, at=thursday)
    answered = await p.move(3, answered, Status.NOT_STARTED)
    await p.move(2.5, answered, Status.PENDING_INPUT, note="Who tests after the update?")
    await p.say(2.5, answered, OPERATOR, "Who tests after the update?")
    await p.say(0.4, answered, contact("eastfield"), "Rosa from the help desk, from 04:00 on.")
    late = await p.ask(10, "dalton", "2607.2")
    await p.move(9, late, Status.SCHEDULED, at=last)
    begun = await p.ask(6, "bluff-valley", "2611")
    begun = await p.move(5, begun, Status.SCHEDULED, at=thursday)
    await p.move(0.1, begun, Status.NOT_STARTED)
    for district, version, at in (
        ("maple-county", "2611.1", thursday),
        ("springfield", "2611.1", thursday),
        ("iron-range", "2611.1", thursday),
        ("keokuk-hills", "2611", next_one),
    ):
        request = await p.ask(5, district, version)
        await p.move(4, request, Status.SCHEDULED, at=at)
