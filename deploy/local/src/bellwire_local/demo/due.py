"""What a change or the end of a hold makes due, foretold from the plan: alert ids are never random."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bellwire_schemas.ids import alert_id, summary_id
from bellwire_schemas.names import Environment
from bellwire_schemas.source import Source
from bellwire_simulators.school_day.district import District
from bellwire_simulators.school_day.plan import LATER, Change, Plan, Release, Verdict

from bellwire_local.demo.reckoning import Owed

Due = dict[tuple[UUID, str], Owed]
"""When each (alert id, device token) may come."""


def alert_of(district: District, change: str, user_id: str) -> UUID:
    """Return the id of the alert about a change, by its name, for a user."""
    source = Source(district.district_id, Environment.PRODUCTION)
    return alert_id(source, str(source), change, user_id)


def carrier_of(district: District, release: Release) -> UUID:
    """Return the id under which a release goes out: the one alert's own, or that of the summary of several."""
    members = [alert_of(district, name, release.user_id) for name in release.names]
    return members[0] if len(members) == 1 else summary_id(members)


def due_of(district: District, change: Change, tokens: Mapping[str, Sequence[str]], asked: datetime) -> Due:
    """Return what a change, requested at a moment, makes due at once on each phone of each user."""
    return {
        (alert_of(district, change.name, user_id), token): Owed(asked)
        for user_id, verdict in change.verdicts.items()
        if verdict is Verdict.DUE
        for token in tokens.get(user_id, ())
    }


def due_at_end(
    district: District, release: Release, tokens: Mapping[str, Sequence[str]], since: datetime
) -> Due:
    """Return what the end of a hold makes due on each phone of its user."""
    carrier = carrier_of(district, release)
    return {(carrier, token): Owed(since, at_once=False) for token in tokens.get(release.user_id, ())}


def outcomes_of(plan: Plan) -> dict[str, int]:
    """Return how many decisions of each outcome the plan foretells; what is no news to a user has none."""
    counted = Counter[str]()
    for verdict, count in plan.verdicts().items():
        if verdict is Verdict.DUE:
            counted["send"] += count
        elif verdict is Verdict.IN_DIGEST:
            counted["digest"] += count
        elif verdict in LATER or verdict is Verdict.PUT_RIGHT:
            counted["hold"] += count
        elif verdict is not Verdict.ALREADY_TOLD:
            counted["suppress"] += count
    return dict(counted)
