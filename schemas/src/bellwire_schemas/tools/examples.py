"""The committed examples: `schemas/examples/<type>/<name>.json`, each the data of one event."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bellwire_schemas.catalogue import CATALOGUE


@dataclass(frozen=True, slots=True)
class Example:
    """One example: `type` is the CloudEvents type, `name` what it is an example of."""

    type: str
    name: str
    data: dict[str, Any]


def read_examples(folder: Path) -> Iterator[Example]:
    """Yield the examples of every type, in the order of the catalogue; outcomes share one folder."""
    for type_name in CATALOGUE:
        for path in sorted((folder / example_folder(type_name)).glob("*.json")):
            yield Example(type_name, path.stem, json.loads(path.read_text("utf-8")))


def example_folder(type_name: str) -> str:
    """Return the folder name of a type: outcomes of deliveries and statuses of requests share one."""
    name = type_name.removeprefix("bellwire.").removesuffix(".v1")
    for family in ("delivery", "update-request"):
        if name.startswith(f"{family}."):
            return family
    return name
