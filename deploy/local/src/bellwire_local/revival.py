"""The thread that looks after a running stack: what dies unasked is started again, and the log says so."""

import signal
import threading
import time
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bellwire_local.backoff import Backoff
from bellwire_local.errors import LocalError
from bellwire_local.processes import Process, Progress

_LOOK_SECONDS = 0.1


@runtime_checkable
class Mortal(Protocol):
    """A part with a process of its own."""

    @property
    def name(self) -> str:
        """Name in the log."""
        ...

    @property
    def process(self) -> Process:
        """Its process."""
        ...

    def start(self) -> None:
        """Start it again."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...

    def kill(self) -> None:
        """Kill it."""
        ...

    def wait_ready(self) -> None:
        """Wait for it."""
        ...


class Revival:
    """Watches parts; those in `resting` were stopped on purpose. `lock` guards every start and stop."""

    def __init__(self, parts: Mapping[str, Mortal], tell: Progress) -> None:
        self.lock = threading.RLock()
        self.resting: set[str] = set()
        self.restarts = dict.fromkeys(parts, 0)
        self._parts = dict(parts)
        self._tell = tell
        self._backoff = dict.fromkeys(parts, Backoff())
        self._started = dict.fromkeys(parts, time.monotonic())
        self._due: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="revival", daemon=True)

    def watch_again(self, name: str) -> None:
        """Look after a part again that was started by hand; `lock` is held by the caller."""
        self.resting.discard(name)
        self._due.pop(name, None)
        self._started[name] = time.monotonic()

    def begin(self) -> None:
        """Start watching."""
        self._thread.start()

    def end(self) -> None:
        """Stop watching; nothing is started any more when this returns."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            for name, part in self._parts.items():
                with self.lock:
                    if name not in self.resting and not part.process.running and not self._ended.is_set():
                        self._look_after(name, part)

    def _look_after(self, name: str, part: Mortal) -> None:
        now = time.monotonic()
        if name not in self._due:
            self._backoff[name] = self._backoff[name].died_after(now - self._started[name])
            wait = self._backoff[name].delay
            self._due[name] = now + wait
            self._tell(f"{name} {_how(part.process.exit_code)}; starting it again in {wait:g} s")
        elif now >= self._due[name]:
            del self._due[name]
            self._started[name] = now
            self.restarts[name] += 1
            # Children that outlived the part would hold its port.
            part.kill()
            try:
                part.start()
            except LocalError as error:
                self._tell(str(error))


def _how(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    return f"was ended by {signal.Signals(-exit_code).name}"
