"""A walk through `why`: for the scenes of the day, gate by gate, layer by layer, device by device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import asyncpg
from bellwire_simulators.school_day.district import Student, User
from bellwire_simulators.school_day.plan import Plan

from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.why import Why, Whys

_THRESHOLD = "/groups/assignments/threshold"
_GRACE = "/groups/assignments/grace_minutes"
_DELIVERY = "/groups/assignments/delivery"
_CARRIED = ("sent", "summarized")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what the answer must be: what `became` of it, "" for what never waited.

    `pointers` are the settings that decided.
    """

    text: str
    user: User
    change: str
    outcome: str
    became: str
    pointers: tuple[str, ...]


def questions(plan: Plan) -> Iterator[Question]:
    """Yield a question a scene."""
    scenes = plan.scenes

    def ask(text: str, who: tuple[User, Student], name: str, *answer: str) -> Question:
        outcome, became, *pointers = answer
        change = f"{name}-{who[1].student_id}"
        return Question(text, who[0], change, outcome, became, tuple(pointers))

    yield ask("82 did not ring", scenes.threshold, "quiz-82", "suppress", "", _THRESHOLD)
    yield ask("the slip, 9, did not ring", scenes.slip, "slip", "hold", "replaced", _GRACE)
    yield ask("90, put right, rang at 13:20", scenes.slip, "slip-righted", "hold", "sent", _GRACE)
    yield ask("the slip, 7, did not ring", scenes.slip_below, "slip", "hold", "resolved", _GRACE, _THRESHOLD)
    yield ask(
        "58 did not ring on its own",
        scenes.digest,
        "essay-58",
        "digest",
        "summarized",
        _DELIVERY,
        "/digest/at",
    )
    yield ask("88 at 21:30 rang at 06:30", scenes.quiet, "night", "hold", "sent", "/quiet_hours")


async def walk(whys: Whys, plan: Plan) -> list[str]:
    """Ask them all; answer the lines to read. Raises `Unexpected` when an answer is not what it must be."""
    lines: list[str] = []
    for question in questions(plan):
        devices = len(question.user.phones) if question.became in _CARRIED else 0

        def ended(why: Why, became: str = question.became, devices: int = devices) -> bool:
            return bool(why["became"] == became and len(why["devices"]) >= devices)

        why = await whys.of(question.user, question.change, ended)
        if why["outcome"] != question.outcome:
            raise Unexpected(f"{question.text}: the outcome should be {question.outcome}: {why}")
        lines += _lines(question.text, question.pointers, why, whys)
    return [*lines, *await _by_administrator(whys, plan)]


async def _by_administrator(whys: Whys, plan: Plan) -> Iterator[str]:
    """Ask about a user who may not see the student, and so cannot ask."""
    stranger, unseen = plan.scenes.no_portal
    why = await whys.of_another(stranger, f"quiz-{unseen.student_id}")
    if why["reason"] != "gate_closed":
        raise Unexpected(f"a user without portal access should meet a closed gate: {why}")
    text = "55 reached no phone of a guardian without portal access (the administrator asks)"
    return _lines(text, (), why, whys)


def _lines(text: str, pointers: Sequence[str], why: Why, whys: Whys) -> Iterator[str]:
    yield f"Why? {text}"
    closed = [gate["gate"] for gate in why["gates"] if not gate["open"]]
    gates = ", ".join(gate["gate"] for gate in why["gates"] if gate["open"])
    yield f"  gates     {gates}: {'open; closed: ' + ', '.join(closed) if closed else 'all open'}"
    facts = ", ".join(
        f"{fact['kind']} {'passes' if fact['passed'] else fact['reason']}" for fact in why["facts"]
    )
    yield f"  fact      {facts}"
    for pointer in pointers:
        effective = why["settings"][pointer]
        yield f"  setting   {pointer} is {_plain(effective['value'])}, from layer {effective['layer']}"
    due = f", due {whys.moment(why['due_at'])}" if why["outcome"] != "suppress" else ", never due"
    yield f"  decision  {why['outcome']}, because {why['reason']}{due}"
    if why["became"]:
        other = f" by {why['sent_as']}" if why["became"] in ("replaced", "summarized") else ""
        yield f"  became    {why['became']} {whys.moment(why['became_at'])}{other}"
    if why["became"] in _CARRIED:
        for device in why["devices"]:
            yield f"  device    {device['installation_id']}: {device['outcome']}"


def _plain(value: object) -> str:
    match value:
        case {"from": start, "to": end}:
            return f"{start}-{end}"
        case _:
            return str(value)


async def decisions(outside: Outside) -> dict[str, int]:
    """Return how many decisions have each outcome, from the evaluator's own table."""
    connection = await asyncpg.connect(outside.endpoints["database"])
    try:
        rows = await connection.fetch(
            "select outcome::text, count(*) from threshold_evaluator.decisions group by 1"
        )
    finally:
        await connection.close()
    return {row["outcome"]: row["count"] for row in rows}
