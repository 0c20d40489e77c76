"""A record of a source as it stands after the last import that listed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gradebook_events.domain.oneroster.cells import elements
from gradebook_events.domain.oneroster.names import Status


@dataclass(frozen=True, slots=True)
class Entity:
    """One stored row: `fields` holds checked cells by column name, blank ones left out."""

    sourced_id: str
    status: Status
    modified_at: datetime
    fields: Mapping[str, str]

    @property
    def live(self) -> bool:
        """True unless the row is to be deleted."""
        return self.status is Status.ACTIVE

    def text(self, column: str) -> str:
        """Return a cell, empty when blank."""
        return self.fields.get(column, "")

    def list(self, column: str) -> tuple[str, ...]:
        """Return the elements of a list cell."""
        return elements(self.text(column))

    def flag(self, column: str) -> bool:
        """Return a boolean cell; blank is false."""
        return self.text(column) == "true"
