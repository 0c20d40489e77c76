"""A published version keeps its promises, and a change that would break one is named."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from bellwire_schemas.tools import asyncapi, json_schemas, published
from bellwire_schemas.tools.compatibility import incompatibilities

FOLDER = Path(__file__).parents[1]
GRADE = json_schemas.schemas()["grade.changed.v1.json"]


def changed(*path: str, value: Any) -> dict[str, Any]:
    schema = copy.deepcopy(GRADE)
    at = schema
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return schema


def test_what_is_committed_is_what_is_generated() -> None:
    assert json_schemas.stale(FOLDER / "json") == []
    assert (FOLDER / "asyncapi.yaml").read_text("utf-8") == asyncapi.text(FOLDER / "examples")


@pytest.mark.parametrize("name", json_schemas.schemas())
def test_a_schema_is_compatible_with_itself(name: str) -> None:
    schema = json_schemas.schemas()[name]
    assert incompatibilities(schema, copy.deepcopy(schema)) == []


def test_a_new_optional_property_is_compatible() -> None:
    assert incompatibilities(GRADE, changed("properties", "weight", value={"type": "number"})) == []


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed("required", value=[*GRADE["required"], "letter"]), "now required: letter"),
        (changed("required", value=GRADE["required"][:-1]), "no longer required"),
        (
            changed("properties", value={k: v for k, v in GRADE["properties"].items() if k != "term"}),
            "term is gone",
        ),
        (changed("properties", "posted", "type", value="string"), "/posted: type"),
        (changed("properties", "term", "maxLength", value=3), "/term: maxLength is tighter"),
        (changed("properties", "grade_id", "minLength", value=9), "/grade_id: minLength is tighter"),
    ],
)
def test_a_breaking_change_is_named(new: dict[str, Any], said: str) -> None:
    assert any(said in problem for problem in incompatibilities(GRADE, new))


def test_a_change_inside_a_definition_and_of_an_enum_is_found() -> None:
    old = json_schemas.schemas()["attendance.changed.v1.json"]
    new = copy.deepcopy(old)
    new["$defs"]["AttendanceStatus"]["enum"].append("remote")
    assert any("values allowed" in problem for problem in incompatibilities(old, new))


def test_every_committed_version_counts_as_published(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip

    git("init", "-q")
    stricter = changed("properties", "posted", "type", value="string")
    (tmp_path / "grade.changed.v1.json").write_text(json.dumps(stricter))
    git("add", ".")
    git("commit", "-qm", "published")
    assert any("/posted: type" in problem for problem in published.broken_promises(tmp_path))
    (tmp_path / "grade.changed.v1.json").write_text(json.dumps(GRADE))
    git("commit", "-qam", "changed")
    assert any("/posted: type" in problem for problem in published.broken_promises(tmp_path))


def test_without_history_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(published.NoHistory):
        published.versions(tmp_path)
