"""JSON Schema of every event's data: `schemas/json/<name>.v1.json`, one file a model."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from bellwire_schemas.catalogue import CATALOGUE
from bellwire_schemas.fields import Contract
from bellwire_schemas.tools.examples import example_folder

_BASE = "urn:bellwire:schema:"


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its file name."""
    made: dict[str, dict[str, Any]] = {}
    for type_name, entry in CATALOGUE.items():
        name = f"{example_folder(type_name)}.v1.json"
        if name not in made:
            made[name] = _schema(name, entry.model)
    return made


def _schema(name: str, model: type[Contract]) -> dict[str, Any]:
    document = model.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": _BASE + name, **document}


def text(document: dict[str, Any]) -> str:
    """Return the committed form of a schema."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def write(folder: Path) -> list[str]:
    """Write every schema; return the names of the files that changed or went."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {name: text(document) for name, document in schemas().items()}
    changed = [name for name, body in made.items() if not _same(folder / name, body)]
    for name in changed:
        (folder / name).write_text(made[name], "utf-8")
    for stray in {path.name for path in folder.glob("*.json")} - set(made):
        (folder / stray).unlink()
        changed.append(stray)
    return sorted(changed)


def stale(folder: Path) -> list[str]:
    """Return the names of the committed files that are not what the models generate now."""
    made = {name: text(document) for name, document in schemas().items()}
    committed = {path.name for path in folder.glob("*.json")}
    return sorted(
        {name for name, body in made.items() if not _same(folder / name, body)} | (committed - set(made))
    )


def _same(path: Path, body: str) -> bool:
    return path.exists() and path.read_text("utf-8") == body
