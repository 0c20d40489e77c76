"""users.csv, agents: whoever a student names as agent becomes a guardian (product.md section 2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.things import Thing, ThingKind

_RELATIONSHIPS = ("parent", "guardian", "relative")


def _relationship(roles: Iterable[Entity]) -> str:
    """Return the closest of the relationships that the agent's live roles name, or nothing."""
    named = {role.text("role") for role in roles if role.live}
    return next((word for word in _RELATIONSHIPS if word in named), "")


def guardians(
    student: Entity,
    users: Mapping[str, Entity],
    roles: Mapping[str, Sequence[Entity]],
    *,
    agents_have_portal: bool,
) -> Iterator[Thing]:
    """Return the portal access of a student's agents: `portal` false unless the source is set otherwise.

    An agent who is to be deleted or whose account is disabled has no portal, whatever the setting.
    """
    for agent_id in dict.fromkeys(student.list("agentSourcedIds")):
        agent = users.get(agent_id)
        if agent is None:
            continue
        may = agents_have_portal and student.live and agent.live and agent.flag("enabledUser")
        yield Thing(
            ThingKind.PORTAL_ACCESS,
            student.sourced_id,
            student.sourced_id,
            {"user_id": agent_id, "student_id": student.sourced_id},
            {"role": "guardian", "relationship": _relationship(roles.get(agent_id, ())), "portal": may},
            max(student.modified_at, agent.modified_at),
        )
