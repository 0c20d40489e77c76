"""users.csv and roles.csv, students: one `student.changed` each, with the school that the student is of."""

from collections.abc import Iterable, Iterator, Sequence

from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.things import Thing, ThingKind

_NAME = 1_000


def student_roles(roles: Iterable[Entity]) -> tuple[Entity, ...]:
    """Return the rows of roles.csv in which the user is a student, primary ones first."""
    found = [role for role in roles if role.text("role") == "student"]
    return tuple(sorted(found, key=lambda role: (not role.live, role.text("roleType") != "primary")))


def school_of(
    user: Entity, roles: Sequence[Entity], enrolled: Sequence[Entity], schools: frozenset[str]
) -> str:
    """Return the school of a student: the primary organisation, else a role's, else a class's; else empty."""
    candidates = (
        user.text("primaryOrgSourcedId"),
        *(role.text("orgSourcedId") for role in roles),
        *(row.text("schoolSourcedId") for row in sorted(enrolled, key=lambda row: not row.live)),
    )
    return next((identifier for identifier in candidates if identifier in schools), "")


def display_name(user: Entity) -> str:
    """Return the name to show: the preferred names where there are any."""
    given = user.text("preferredGivenName") or user.text("givenName")
    family = user.text("preferredFamilyName") or user.text("familyName")
    return f"{given} {family}".strip()[:_NAME]


def students(user: Entity, school_id: str) -> Iterator[Thing]:
    """Return the student; nothing without a school, which `student.changed` requires."""
    if not school_id:
        return
    yield Thing(
        ThingKind.STUDENT,
        user.sourced_id,
        user.sourced_id,
        {"student_id": user.sourced_id},
        {
            "school_id": school_id,
            "display_name": display_name(user),
            "grade_level": ", ".join(user.list("grades"))[:_NAME],
        },
        user.modified_at,
    )
