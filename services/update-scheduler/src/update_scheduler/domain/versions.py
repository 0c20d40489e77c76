"""The catalogue of releases and the order of versions: Rx packs come after their release, before the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from update_scheduler.domain.refusals import FieldWrong


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a version stands: the release's place in the catalogue, and the pack (0: the release)."""

    release: int
    pack: int = 0


BEFORE_ALL = Place(-1)
"""A site whose version is not known stands before every release."""


@dataclass(frozen=True)
class Catalogue:
    """Version names with their places; names and places are unique (ValueError)."""

    entries: tuple[tuple[str, Place], ...]

    def __post_init__(self) -> None:
        if len({name for name, _ in self.entries}) != len(self.entries):
            raise ValueError("a version is in the catalogue once")
        if len({place for _, place in self.entries}) != len(self.entries):
            raise ValueError("two versions cannot stand at the same place")

    @cached_property
    def _places(self) -> dict[str, Place]:
        return dict(self.entries)

    def __contains__(self, version: str) -> bool:
        return version in self._places

    def place(self, version: str) -> Place:
        """Its place; a version that the catalogue does not have stands before all."""
        return self._places.get(version, BEFORE_ALL)

    def newer(self, version: str, than: str) -> bool:
        """Is `version` later in the catalogue's order?"""
        return self.place(version) > self.place(than)

    def highest(self, versions: Sequence[str]) -> str:
        """The latest of them; "" of none."""
        return max(versions, key=self.place, default="")

    def in_order(self) -> tuple[str, ...]:
        """All versions, oldest first."""
        return tuple(name for name, _ in sorted(self.entries, key=lambda entry: entry[1]))


def check_version(catalogue: Catalogue, version: str, current: str) -> FieldWrong | str:
    """`version` if the catalogue has it and it is above the site's `current`, else what is wrong with it."""
    if version not in catalogue:
        return FieldWrong("/version", f"The catalogue has no version {version}; see /v1/releases.")
    if not catalogue.newer(version, current):
        return FieldWrong("/version", f"The site runs {current} already: ask for a version after it.")
    return version
