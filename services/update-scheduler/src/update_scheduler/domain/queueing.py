"""What a new version request means for the ones of the same site that are open (supersession)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from update_scheduler.domain.states import State, is_open, supersedable
from update_scheduler.domain.versions import Catalogue


@dataclass(frozen=True, slots=True)
class Open:
    """An open version request of the same site."""

    id: UUID
    version: str
    state: State


@dataclass(frozen=True, slots=True)
class NotAboveOpen:
    """The version asked for is not above the highest open one."""

    version: str
    highest: str
    holder: UUID

    @property
    def detail(self) -> str:
        """The version that is open already and its request."""
        return (
            f"Version {self.highest} is requested for this site already (request {self.holder}): "
            f"{self.version} is not above it."
        )


@dataclass(frozen=True, slots=True)
class Replaces:
    """The older requests that become New Version Requested; the rest has begun and is left alone."""

    older: tuple[UUID, ...]


def supersession(catalogue: Catalogue, version: str, others: Sequence[Open]) -> Replaces | NotAboveOpen:
    """Decide for a request of `version`, given all open version requests of its target site."""
    standing = [other for other in others if is_open(other.state)]
    if standing:
        top = max(standing, key=lambda other: catalogue.place(other.version))
        if not catalogue.newer(version, top.version):
            return NotAboveOpen(version, top.version, top.id)
    return Replaces(tuple(other.id for other in standing if supersedable(other.state)))
