"""The supervisor: a process that holds a stack until it is told to stop."""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import FrameType

from bellwire_local import standing
from bellwire_local.background import FAILED, READY
from bellwire_local.errors import LocalError
from bellwire_local.processes import Progress
from bellwire_local.stack import Stack

_LOOK_SECONDS = 1.0


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
        self._send(READY)
        self._close()

    def failed(self, error: LocalError) -> None:
        """It did not come up."""
        self.tell(str(error))
        self._send(f"{FAILED} {error}\n")
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
