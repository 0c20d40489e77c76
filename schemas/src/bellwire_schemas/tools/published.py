"""The published schemas are those that git has on this branch: each committed version of each file."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bellwire_schemas.tools.compatibility import incompatibilities
from bellwire_schemas.tools.json_schemas import schemas


class NoHistory(Exception):
    """The folder is not in a git checkout, so there is no published version to compare with."""


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 (fixed words and our own folder)
        ["git", "-C", str(folder), *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NoHistory(done.stderr.strip())
    return done.stdout


def versions(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every committed version of every schema file, newest first, by file name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for revision in _git(folder, "log", "--format=%H", "--", ".").split():
        for line in _git(folder, "ls-tree", revision, "./").splitlines():
            details, name = line.split("\t")
            if name.endswith(".json"):
                blob = details.split()[2]
                found.setdefault(Path(name).name, []).append(
                    json.loads(_git(folder, "cat-file", "blob", blob))
                )
    return found


def broken_promises(folder: Path) -> list[str]:
    """Return a sentence for each way in which the models break a published version. Raises `NoHistory`."""
    now = schemas()
    said: set[str] = set()
    for name, published in versions(folder).items():
        for old in published:
            if name not in now:
                said.add(f"{name}: published, and gone")
                continue
            said.update(f"{name}: {problem}" for problem in incompatibilities(old, now[name]))
    return sorted(said)
