"""The supervisor: a process that holds a stack until it is told to stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import FrameType

from bellwire_local import standing
from bellwire_local.errors import LocalError, NotUp, PartDied, PartSlow
from bellwire_local.jars import Progress
from bellwire_local.processes import POLL
from bellwire_local.stack import Stack

_LOOK_SECONDS = 1.0
_DOWN_SECONDS = 90.0
_READY, _FAILED = "ready\n", "failed:"


class Stopped(Exception):
    """SIGTERM or Ctrl-C came."""


def supervise(stack: Stack, tell: Progress, ready: Callable[[], None] = lambda: None) -> None:
    """Start a stack, hold it until SIGTERM or Ctrl-C, stop it. `ready` is called once it is up."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        # During the start the exception ends it wherever it is; a second signal changes nothing.
        if not stop.is_set():
            stop.set()
            raise Stopped

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        with suppress(Stopped), standing.standing_guard(stack.folder), stack:
            standing.write(stack.folder, "up", stack.states())
            ready()
            _hold(stack, stop)
            tell("stopping")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hold(stack: Stack, stop: threading.Event) -> None:
    shown = stack.states()
    with suppress(Stopped):
        while not stop.wait(_LOOK_SECONDS):
            if (now := stack.states()) != shown:
                standing.write(stack.folder, "up", shown := now)
    with suppress(LocalError):
        standing.write(stack.folder, "stopping", shown)


def run_in_background(folder: Path, arguments: Sequence[str], tell: Progress) -> None:
    """Start a supervisor that outlives us, and return when its stack is ready; relays what it tells.

    Raises `LocalError` with its own words when it fails; a Ctrl-C here stops it.
    """
    if standing.is_held(folder):
        with standing.standing_guard(folder):  # raises AlreadyUp, naming the process
            return
    log = folder / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
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
                if line == _READY:
                    return
                if line.startswith(_FAILED):
                    child.wait()
                    raise PartDied(line.removeprefix(_FAILED).strip())
                tell(line.rstrip())
    except BaseException:
        if child.poll() is None:
            child.terminate()
            child.wait()
        raise
    child.wait()
    raise PartDied(f"The supervisor ended before the stack was ready: look into {log} and start again.")


class Reporter:
    """The other end: what the background supervisor tells the `up` that started it, until it is ready."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._pipe = os.fdopen(descriptor, "w", buffering=1)
        self._open = True

    def tell(self, text: str) -> None:
        """Log a line, and relay it while somebody listens; nobody there during the start means stop."""
        print(f"{datetime.now().astimezone().isoformat(timespec='milliseconds')} {text}", flush=True)
        if self._open:
            self._send(f"{text}\n")

    def ready(self) -> None:
        """The stack is up; from now on there is only the log."""
        self._send(_READY)
        self._close()

    def failed(self, error: LocalError) -> None:
        """It did not come up."""
        self.tell(str(error))
        self._send(f"{_FAILED} {error}\n")
        self._close()

    def _send(self, text: str) -> None:
        try:
            self._pipe.write(text)
        except BrokenPipeError:
            self._open = False
            os.kill(os.getpid(), signal.SIGTERM)

    def _close(self) -> None:
        self._open = False
        with suppress(BrokenPipeError):
            self._pipe.close()


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
