"""Which families the day follows by name, and what they set for themselves."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bellwire_simulators.school_day.district import ALWAYS, District, Student, User
from bellwire_simulators.school_day.plan import Scenes

GRACE_MINUTES = 10
DIGEST_AT = "17:30"
QUIET_FROM, QUIET_TO = "21:00", "06:30"


class Cast:
    """Finds users for the scenes, each of a family of its own."""

    def __init__(self, district: District) -> None:
        self._district = district
        self._by_id = {student.student_id: student for student in district.students}
        self._watched = Counter(student_id for user in district.users for student_id in user.student_ids)
        self._taken: set[str] = set()

    def pick(
        self, *, children: int = 1, portal: bool = True, threshold: int = ALWAYS, alone: bool = False
    ) -> tuple[User, list[Student]]:
        """Return the first guardian with phones who fits and whose family is not taken.

        `alone`: nobody else watches the children, so that the scene is about one person's phones. Raises
        `LookupError` when the district has no such family left.
        """
        for user in self._district.users:
            fits = user.role == "guardian" and user.phones and user.portal is portal
            fits = fits and user.threshold == threshold and len(user.student_ids) >= children
            fits = fits and not (alone and any(self._watched[child] > 1 for child in user.student_ids))
            if fits and self._taken.isdisjoint(user.student_ids):
                self._taken.update(user.student_ids)
                return user, [self._by_id[student_id] for student_id in user.student_ids]
        raise LookupError("the district is too small for the scenes: give it at least 200 students")


def scenes_of(district: District) -> Scenes:
    """Return the families of a district's day; the same district has the same. Raises `LookupError`."""
    cast = Cast(district)
    threshold, below = cast.pick(threshold=70)
    parent, children = cast.pick(children=2)
    stranger, unseen = cast.pick(portal=False)
    watcher, marked = cast.pick()
    payer, eater = cast.pick()
    patient, slipped = cast.pick(alone=True)
    strict, slipped_below = cast.pick(alone=True, threshold=70)
    reader, gathered = cast.pick(alone=True)
    sleeper, late = cast.pick(alone=True)
    return Scenes(
        threshold=(threshold, below[0]),
        two_children=(parent, children[0], children[1]),
        no_portal=(stranger, unseen[0]),
        marked=(watcher, marked[0]),
        lunch=(payer, eater[0]),
        slip=(patient, slipped[0]),
        slip_below=(strict, slipped_below[0]),
        digest=(reader, gathered[0]),
        quiet=(sleeper, late[0]),
    )


def wishes_of(scenes: Scenes) -> Mapping[str, Mapping[str, Any]]:
    """Return the merge patches of `/v1/me/settings` that these families send, by user.

    They show the full text on their lock screens, so that one sees which value reached them.
    """
    grace = {"groups": {"assignments": {"grace_minutes": GRACE_MINUTES}}}
    daily = {"groups": {"assignments": {"delivery": "daily"}, "grades": {"delivery": "daily"}}}
    wishes = (
        (scenes.slip[0], grace),
        (scenes.slip_below[0], grace),
        (scenes.digest[0], {**daily, "digest": {"at": DIGEST_AT}}),
        (scenes.quiet[0], {"quiet_hours": {"from": QUIET_FROM, "to": QUIET_TO}}),
    )
    return {user.user_id: {**document, "privacy": "full"} for user, document in wishes}
