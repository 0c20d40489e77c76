"""Starting and stopping a supervisor that outlives the command line that asked for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bellwire_local import standing
from bellwire_local.errors import NotUp, PartDied, PartSlow
from bellwire_local.paths import make
from bellwire_local.processes import POLL, Progress

_DOWN_SECONDS = 90.0
READY, FAILED = "ready\n", "failed:"
"""Lines with which a supervisor ends what it reports; all others are progress to relay."""


def run_in_background(folder: Path, arguments: Sequence[str], tell: Progress) -> None:
    """Start a supervisor that outlives us, and return when its stack is ready; relays what it tells.

    Raises `LocalError` with its own words when it fails; a Ctrl-C here stops it.
    """
    if standing.is_held(folder):
        with standing.standing_guard(folder):  # raises AlreadyUp, naming the process
            return
    log = folder / "logs" / "supervisor.log"
    make(log.parent)
    reader, writer = os.pipe()
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "bellwire_local", "run", "--report-to", str(writer), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(writer,),
            env={**os.environ, "BELLWIRE_LOCAL": str(folder)},
        )
    os.close(writer)
    try:
        with os.fdopen(reader) as reports:
            for line in reports:
                if line == READY:
                    return
                if line.startswith(FAILED):
                    child.wait()
                    raise PartDied(line.removeprefix(FAILED).strip())
                tell(line.rstrip())
    except BaseException:
        if child.poll() is None:
            child.terminate()
            child.wait()
        raise
    child.wait()
    raise PartDied(f"The supervisor ended before the stack was ready: look into {log} and start again.")


def stop_in_background(folder: Path, tell: Progress) -> None:
    """Stop the stack of a folder, and return when nothing of it runs. Raises `NotUp`."""
    pid = standing.read(folder).pid
    tell(f"stopping the local stack (process {pid})")
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not _released(folder, _DOWN_SECONDS):
        tell("it does not stop in order: killing it")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if not _released(folder, _DOWN_SECONDS):
            raise PartSlow(f"Process {pid} cannot be stopped: look what holds it, and kill it by hand.")
        raise NotUp(
            "The supervisor had to be killed; its watcher ends what is left within ten seconds: look into "
            f"{folder / 'logs'} for the reason."
        )


def _released(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while standing.is_held(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True
