"""Requests of a district under arbitrary orders of everybody, several at once, against the rules of the domain.

The machine drives the running service. Each step has one to three callers who read the same revision: whatever they
want, what is written is what exactly one of them may do alone, and the others are told 412.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from bellwire_schemas.names import RequestStatus as Status
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from update_scheduler.domain import transitions
from update_scheduler.domain.refusals import Refusal
from update_scheduler.domain.slots import NO_SLOT, Slot
from update_scheduler.domain.states import (
    Cancelled,
    Completed,
    Deleted,
    NewVersionRequested,
    PendingInput,
    State,
    ToBeScheduled,
    UnableToComplete,
    has_begun,
    held_slot,
    is_open,
)
from update_scheduler.domain.statuses import BEGUN, OPERATOR_MOVES

OPERATOR = ("operator", "op-1")
VERSIONS = ("2603.1", "2607", "2607.1", "2607.2", "2611", "2611.1", "2615")
WHO = ("operator", "contact", "agency", "stranger")
NUMBERS = count(1)


@dataclass
class Known:
    """What the model knows of a request: `words` are its audit lines, `told` those that are mailed and published."""

    id: str
    version: str
    state: State
    revision: int = 1
    words: list[str] = field(default_factory=lambda: ["to_be_scheduled"])
    told: list[str] = field(default_factory=lambda: ["to_be_scheduled"])

    def becomes(self, state: State, word: str, *, told: bool = True) -> None:
        self.state, self.revision = state, self.revision + 1
        self.words.append(word)
        if told:
            self.told.append(word)


@dataclass(frozen=True)
class Edit:
    """One caller's wish: a status to move to, or ("") a removal."""

    who: str
    to: str
    slot: int | None
    note: str
    stale: bool


ANYTHING = st.builds(
    Edit,
    st.sampled_from(WHO),
    st.sampled_from(("", *(s.value for s in Status))),
    st.sampled_from((None, 0, 1, 2)),
    st.sampled_from(("", "because")),
    st.sampled_from((False, False, False, True)),
)
REMOVALS = st.builds(
    Edit, st.sampled_from(("contact", "agency")), st.just(""), st.none(), st.just(""), st.just(False)
)


def sensible(state: State) -> st.SearchStrategy[Edit]:
    """Mostly moves that the table has, with what they need, so that lives go on to their ends."""
    moves = [
        Edit("operator", to.value, slot, "because", False)
        for to in sorted(transitions.allowed(state))
        for slot in ((0, 1, 2) if to is Status.SCHEDULED else (None,) * 3)
    ]
    good = [st.sampled_from(moves)] * 8 if moves else []
    return st.one_of(*good, REMOVALS, ANYTHING)


def word_of(state: State) -> str:
    match state:
        case Cancelled():
            return "cancelled"
        case Deleted():
            return "deleted"
        case _:
            return state.status.value


class Lives(RuleBasedStateMachine):
    """A district of its own on the running service, with a technical contact and an agency connected to it."""

    world: Any
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    @initialize()
    def begin(self) -> None:
        self.district = f"lives-{next(NUMBERS)}"
        self.people = {
            "operator": OPERATOR,
            "contact": ("technical_contact", "pat", self.district),
            "agency": ("group_contact", f"of-{self.district}"),
            "stranger": ("technical_contact", "pat", "springfield"),
        }
        self.runs = "2603"
        self.known: list[Known] = []
        self.run(self.settle_in())

    async def settle_in(self) -> None:
        ok, d = self.world.ok, self.district
        for environment in ("production", "sandbox"):
            site = {
                "district_id": d,
                "environment": environment,
                "hosting": "cloud",
                "name": f"{d} {environment}",
            }
            await ok(OPERATOR, "POST", "/v1/sites", {**site, "version": self.runs})
        contact = {"name": "Pat", "email": f"pat@{d}.example", "district_id": d, "user_id": "pat"}
        await ok(OPERATOR, "POST", "/v1/contacts", contact)
        await ok(OPERATOR, "POST", "/v1/groups", {"id": f"g-{d}", "name": d, "kind": "partner"})
        await ok(OPERATOR, "PUT", f"/v1/groups/g-{d}/districts/{d}")
        agency = {"name": "Agency", "email": f"a@{d}.example", "group_id": f"g-{d}", "user_id": f"of-{d}"}
        await ok(OPERATOR, "POST", "/v1/contacts", agency)

    @property
    def now(self) -> datetime:
        moment: datetime = self.world.clock.now()
        return moment

    @rule(
        version=st.sampled_from(VERSIONS),
        askers=st.lists(st.sampled_from(WHO), min_size=1, max_size=2, unique=True),
    )
    def ask(self, version: str, askers: list[str]) -> None:
        able = [w for w in askers if w in ("contact", "agency")]
        standing = [k for k in self.known if is_open(k.state)]
        highest = max((VERSIONS.index(k.version) for k in standing), default=-1)
        known = self.runs not in VERSIONS or VERSIONS.index(version) > VERSIONS.index(self.runs)
        fits = known and VERSIONS.index(version) > highest
        body = {"kind": "version_update", "site_id": f"{self.district}.production", "version": version}
        answers = self.at_once([(w, "POST", "/v1/requests", body, None) for w in askers])
        made = [a for a in answers if a[0] == 201]
        assert len(made) == (1 if fits and able else 0), (version, answers)
        for who, (status, _) in zip(askers, answers, strict=True):
            right = {"operator": {403}, "stranger": {404}}.get(who, {201, 409} if known else {400})
            assert status in right, (who, status)
        for _, payload in made:
            fresh = Known(payload["id"], version, ToBeScheduled())
            for older in standing:
                if not has_begun(older.state):
                    older.becomes(NewVersionRequested(UUID(fresh.id)), "new_version_requested")
            self.known.append(fresh)
        self.compare()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        standing = [k for k in self.known if is_open(k.state)] or self.known
        request = data.draw(st.sampled_from([*standing, self.known[-1]]))
        edits = data.draw(st.lists(sensible(request.state), min_size=1, max_size=3))
        free = self.run(self.world.free(self.district, limit=3))
        orders = [self.order(request, e, free) for e in edits]
        alone = [self.alone(request, e, free) for e in edits]
        answers = self.at_once(orders)
        winners = [n for n, (status, _) in enumerate(answers) if status < 300]
        able = [n for n, outcome in enumerate(alone) if not isinstance(outcome, set)]
        assert len(winners) == min(1, len(able)), (request, edits, answers)
        assert set(winners) <= set(able)
        for n, (status, problem) in enumerate(answers):
            outcome = alone[n]
            if n in winners:
                continue
            late = {412} if winners else set()
            # a request that was taken back while they asked is there no more for its district
            gone = {404} if winners and edits[n].who != "operator" else set()
            right = (outcome if isinstance(outcome, set) else set()) | late | gone
            assert status in right, (request, edits[n], status, problem, right)
        for n in winners:
            after = alone[n]
            assert not isinstance(after, set)
            request.becomes(after, word_of(after), told=not isinstance(after, Deleted))
            if isinstance(after, Completed):
                self.runs = request.version
        self.compare()

    def order(self, request: Known, edit: Edit, free: list[Any]) -> tuple[Any, ...]:
        path = f"/v1/requests/{request.id}"
        # One that no edit of this step makes true.
        revision = request.revision + (100 if edit.stale else 0)
        if not edit.to:
            return edit.who, "DELETE", path, None, revision
        body: dict[str, Any] = {"to": edit.to, "note": edit.note}
        if edit.slot is not None:
            body["at"] = free[edit.slot]["starts_at"]
        return edit.who, "POST", f"{path}/transitions", body, revision

    def alone(self, request: Known, edit: Edit, free: list[Any]) -> State | set[int]:
        """What the wish makes of the request if nobody else asks, or the answers that refuse it."""
        gone = isinstance(request.state, Cancelled | Deleted)
        if edit.who == "stranger" or (edit.who != "operator" and gone):
            return {404}
        if (edit.who == "operator") != bool(edit.to):
            return {403}
        if edit.stale:
            return {412}
        if not edit.to:
            after: Any = transitions.remove(request.state)
            return {409} if isinstance(after, Refusal) else after
        slot = NO_SLOT if edit.slot is None else slot_of(free[edit.slot])
        to = Status(edit.to)
        after = transitions.move(request.state, transitions.Order(to, slot, edit.note), self.now)
        if isinstance(after, Refusal):
            return {400, 409}
        begun = [k for k in self.known if k is not request and is_open(k.state) and has_begun(k.state)]
        older = [k for k in begun if VERSIONS.index(k.version) < VERSIONS.index(request.version)]
        passed = self.runs >= request.version  # versions here are in the order of their letters
        return {409} if to in BEGUN and (older or passed) else after

    @precondition(lambda self: any(isinstance(k.state, PendingInput) for k in self.known))
    @rule(who=st.sampled_from(WHO))
    def answer(self, who: str) -> None:
        request = next(k for k in self.known if isinstance(k.state, PendingInput))
        ((status, _),) = self.at_once(
            [(who, "POST", f"/v1/requests/{request.id}/messages", {"body": "Thursday"}, None)]
        )
        assert status == (404 if who == "stranger" else 201)
        if who in ("contact", "agency"):
            after = transitions.answer(request.state, self.now)
            assert not isinstance(after, Refusal)
            state, what = after
            if state != request.state:
                flagged = what is transitions.Answer.FLAGGED
                request.becomes(state, "answered" if flagged else word_of(state), told=not flagged)
        self.compare()

    @rule(hours=st.sampled_from((1, 12, 100)))
    def time_passes(self, hours: int) -> None:
        self.world.clock.move(timedelta(hours=hours))

    def at_once(self, orders: list[tuple[Any, ...]]) -> list[tuple[int, Any]]:
        async def ask_all() -> list[tuple[int, Any]]:
            found = await asyncio.gather(
                *(
                    self.world.http(self.people[who], method, path, body, etag)
                    for who, method, path, body, etag in orders
                )
            )
            return [(status, payload) for status, payload, _ in found]

        made: list[tuple[int, Any]] = self.run(ask_all())
        return made

    def compare(self) -> None:
        """The service says of every request what the model knows."""

        async def shown() -> tuple[Any, Any]:
            query = {"district_id": self.district, "removed": "true", "limit": 200}
            listed = await self.world.ok(OPERATOR, "GET", "/v1/requests", **query)
            sites = await self.world.ok(OPERATOR, "GET", "/v1/sites", district_id=self.district)
            return listed["items"], sites["items"]

        listed, sites = self.run(shown())
        found = {r["id"]: r for r in listed}
        assert set(found) == {k.id for k in self.known}
        for k in self.known:
            now = found[k.id]
            live = k.state.last if isinstance(k.state, Cancelled | Deleted) else k.state
            assert (now["status"], now["revision"]) == (k.state.status.value, k.revision), k
            assert (now["cancelled_at"] is not None) == isinstance(k.state, Cancelled)
            assert (now["deleted_at"] is not None) == isinstance(k.state, Deleted)
            slot = held_slot(live)
            at = datetime.fromisoformat(now["scheduled_for"]) if now["scheduled_for"] else NO_SLOT
            assert at == (slot.at if isinstance(slot, Slot) else NO_SLOT), k
            came = live.back.status.value if isinstance(live, PendingInput) else None
            assert now["came_from"] == came
            assert now["answered"] == (isinstance(live, PendingInput) and live.answered)
            assert now["reason"] == (live.reason if isinstance(live, UnableToComplete) else None)
            newer = str(live.newer) if isinstance(live, NewVersionRequested) else None
            assert now["newer_request_id"] == newer
        assert {s["version"] for s in sites} == {self.runs}

    def teardown(self) -> None:
        """Each step left one audit line, one event a site and one letter a reader, in order; a refused one none."""
        self.run(self.traces())

    async def traces(self) -> None:
        for k in self.known:
            sql, this = self.world.sql, UUID(k.id)
            audit = await sql("select to_status from transitions where request_id = $1 order by seq", this)
            assert [a["to_status"] for a in audit] == k.words
            for site in ("production", "sandbox"):
                events = await sql(
                    "select data ->> 'status' as word from event_outbox"
                    " where site_id = $1 and data ->> 'request_id' = $2 order by n",
                    f"{self.district}.{site}",
                    k.id,
                )
                assert [e["word"] for e in events] == k.told
            mails = await sql(
                "select count(*) as n from mail_outbox where request_id = $1 and recipient like 'pat@%'"
                " and subject not like 'In %'",
                this,
            )
            assert mails[0]["n"] == len(k.told)


def slot_of(free: dict[str, Any]) -> Slot:
    starts, ends = (datetime.fromisoformat(free[name]) for name in ("starts_at", "ends_at"))
    return Slot(starts, starts, ends, UUID(free["window_id"]))


async def test_whoever_edits_at_once_one_wins_and_every_step_leaves_its_traces(world):
    machine = type("Here", (Lives,), {"world": world, "loop": asyncio.get_running_loop()})
    chosen = settings(
        max_examples=8,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=chosen)


LIFE = {
    "to_be_scheduled": (),
    "scheduled": ("scheduled",),
    "not_started": ("scheduled", "not_started"),
    "in_progress": ("scheduled", "not_started", "in_progress"),
    "deferred": ("deferred",),
    "completed": ("scheduled", "not_started", "in_progress", "completed"),
    "unable_to_complete": ("unable_to_complete",),
}
LIFE |= {f"{back}?": (*LIFE[back], "pending_input") for back in ("to_be_scheduled", *BEGUN, "scheduled")}
"""How a request comes into each status; with a question mark, into Pending Input from there."""

EDGES = [
    (at, to.value)
    for at in LIFE
    for to in sorted(OPERATOR_MOVES[Status("pending_input" if at.endswith("?") else at)])
] + [(f"{status.value}?", status.value) for status in sorted(BEGUN)]
REMOVABLE = ("to_be_scheduled", "scheduled", "completed", "unable_to_complete")


async def test_of_two_who_make_the_same_transition_at_once_one_does_for_every_transition(world):
    places = {at: n for n, at in enumerate([*EDGES, *((at, "") for at in REMOVABLE)])}
    free = [f["starts_at"] for f in await world.free(limit=3)]

    async def brought(at, n):
        d = f"edge-{n}"
        site = {"district_id": d, "environment": "staging", "hosting": "cloud", "name": d, "version": "2603"}
        await world.ok(OPERATOR, "POST", "/v1/sites", site)
        body = {"kind": "version_update", "site_id": f"{d}.staging", "version": "2607"}
        request = await world.ok(world.contact(d), "POST", "/v1/requests", body)
        for step in LIFE[at]:
            await world.move(
                request, step, note="because", **({"at": free[0]} if step == "scheduled" else {})
            )
        return await world.refresh(request)

    async def raced(at, to, n):
        request = await brought(at, n)
        path, contact = f"/v1/requests/{request['id']}", world.contact(f"edge-{n}")
        if to:
            body = {"to": to, "note": "because", **({"at": free[1]} if to == "scheduled" else {})}
            same = [(OPERATOR, "POST", f"{path}/transitions", body)] * 2
        else:
            same = [(contact, "DELETE", path, None)] * 2
        if to and at in REMOVABLE:
            same.append((contact, "DELETE", path, None))
        answers = await asyncio.gather(*(world.http(*order, etag=request["revision"]) for order in same))
        statuses = sorted(status for status, _, _ in answers)
        assert statuses[0] in (200, 204), (at, to, statuses)
        # whom a removal forestalled finds nothing more, or what was removed at another revision
        assert set(statuses[1:]) <= {404, 412}, (at, to, statuses)
        now = await world.refresh(request)
        assert now["revision"] == request["revision"] + 1
        lines = await world.sql("select 1 from transitions where request_id = $1", UUID(request["id"]))
        assert len(lines) == len(LIFE[at]) + 2

    assert {to for _, to in EDGES} == {s.value for s in Status} - {"new_version_requested"}
    for (at, to), n in places.items():
        await raced(at, to, n)
