"""Who supervises a state directory: a lock that lives as long as its holder, and what `status` reads."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bellwire_local.errors import AlreadyUp, NotUp
from bellwire_local.paths import disk, make, write_atomically
from bellwire_local.processes import POLL


@dataclass(frozen=True, slots=True)
class PartState:
    """One line of `status`; `pid` is 0 for a part that is no process of ours."""

    name: str
    running: bool
    pid: int
    restarts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A supervisor and its parts, as it last wrote them down; `phase` is starting, up or stopping."""

    pid: int
    phase: str
    parts: tuple[PartState, ...] = ()


def _file(folder: Path) -> Path:
    return folder / "supervisor.json"


@contextmanager
def standing_guard(folder: Path) -> Iterator[None]:
    """Be the one supervisor of a folder. Raises `AlreadyUp`; a supervisor that crashed holds nothing."""
    make(folder)
    with disk(folder), (folder / "supervisor.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyUp(
                f"A local stack is already up in {folder} (process {read(folder).pid}): use it, or stop it with "
                f"`make down`."
            ) from error
        write(folder, "starting", ())
        try:
            yield
        finally:
            _file(folder).unlink(missing_ok=True)


def write(folder: Path, phase: str, parts: Sequence[PartState]) -> None:
    """Write down how things stand."""
    write_atomically(_file(folder), json.dumps(asdict(Standing(os.getpid(), phase, tuple(parts)))))


def read(folder: Path) -> Standing:
    """How things stand. Raises `NotUp` where no supervisor lives."""
    nobody = NotUp(f"No local stack is up in {folder}: start it with `make up`.")
    if not is_held(folder):
        raise nobody
    # The lock is taken a moment before the file is written.
    for _ in range(100):
        try:
            found = json.loads(_file(folder).read_text())
            return Standing(found["pid"], found["phase"], tuple(PartState(**part) for part in found["parts"]))
        except FileNotFoundError:
            time.sleep(POLL)
    raise nobody


def is_held(folder: Path) -> bool:
    """Tell whether a supervisor lives there."""
    try:
        with (folder / "supervisor.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
