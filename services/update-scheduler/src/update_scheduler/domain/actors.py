"""Who acts on the queue, and what each kind of person may do (product.md section 7)."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The three roles of the queue, and the service itself (an effect of somebody else's step)."""

    OPERATOR = "operator"
    TECHNICAL_CONTACT = "technical_contact"
    GROUP_CONTACT = "group_contact"


class Act(StrEnum):
    """What can be done to a request."""

    CREATE = "create"
    MOVE = "move"
    ANSWER = "answer"
    CANCEL = "cancel"
    DELETE = "delete"


_CONTACT = frozenset({Act.CREATE, Act.ANSWER, Act.CANCEL, Act.DELETE})
MAY: dict[Role, frozenset[Act]] = {
    Role.OPERATOR: frozenset({Act.MOVE}),
    Role.TECHNICAL_CONTACT: _CONTACT,
    Role.GROUP_CONTACT: _CONTACT,
}
"""Operators make every transition; contacts create, answer, cancel, delete."""


@dataclass(frozen=True, slots=True)
class AllDistricts:
    """An operator sees every district."""


@dataclass(frozen=True, slots=True)
class Only:
    """A contact sees the districts of its token or its groups, and no other."""

    districts: frozenset[str]


Scope = AllDistricts | Only


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asking. `groups` are the ids of a group contact's groups."""

    user_id: str
    role: Role
    scope: Scope
    groups: frozenset[str] = frozenset()

    def may(self, act: Act) -> bool:
        """Does the role allow it at all?"""
        return act in MAY[self.role]

    def sees(self, district_id: str) -> bool:
        """Is the district within reach?"""
        return isinstance(self.scope, AllDistricts) or district_id in self.scope.districts
