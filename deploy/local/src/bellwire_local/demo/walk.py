"""Why a phone did not ring: a scene of the day whose answer is no, asked of the running system."""

from collections.abc import Iterator, Mapping
from typing import Any

import asyncpg
from bellwire_simulators.school_day.plan import Plan

from bellwire_local.demo.outside import Outside, Unexpected, Who


async def why_not(outside: Outside, plan: Plan) -> list[str]:
    """Ask `/v1/me/why` about the score above the user's threshold; answer it in lines to read.

    Raises `Unexpected` when the answer is not that the threshold suppressed it.
    """
    user, student = plan.scenes.threshold
    who = Who(user.role, user.user_id, plan.district.district_id)
    params = {"event_id": f"quiz-82-{student.student_id}"}
    answer = await outside.as_user(who, "GET", "threshold_evaluator", "/v1/me/why", params=params)
    why = answer["why"]
    if why is None or why["outcome"] != "suppress":
        raise Unexpected(f"a score of 82 with a threshold of 70 should be suppressed: {why}")
    return list(_lines(why))


def _lines(why: Mapping[str, Any]) -> Iterator[str]:
    yield f"why did 82 not ring? {why['outcome']}, {why['reason']}"
    closed = ", ".join(gate["gate"] for gate in why["gates"] if not gate["open"])
    yield f"    {len(why['gates'])} gates, {f'closed: {closed}' if closed else 'all open'}"
    for name, effective in why["settings"].items():
        if name == "/groups/assignments/threshold":
            yield f"    {name}: {effective['value']}, set in layer {effective['layer']}"


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
