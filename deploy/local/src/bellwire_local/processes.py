"""One operating-system process of the local stack: started, watched, stopped, killed."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from bellwire_local.errors import PartDied, PartSlow
from bellwire_local.paths import disk, make

POLL = 0.02
"""Seconds between two looks at something that is coming up."""

STACK_VARIABLE = "BELLWIRE_STACK"
"""Environment variable whose value marks every process of one stack, for the watcher to find."""


Progress = Callable[[str], None]
"""Told a line for people, whenever something begins or ends."""

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: `argv`, variables on top of our environment, log file, and how it stops.

    `user` is the system user to run as, "" for ours. `grace` is the seconds between the stop signal
    and SIGKILL.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 20.0


class Process:
    """A command that may be started again after it ended; never more than one at a time."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """Process id of the last start, 0 before the first."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Started and not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int:
        """Exit code of the last run (negative: the signal that ended it); 0 while it runs."""
        return (self._process.returncode or 0) if self._process else 0

    def start(self, once: Mapping[str, str] = _NO_VARIABLES) -> None:
        """Start in a session of its own, so that a Ctrl-C of the terminal reaches only us.

        `once` are variables for this run only.
        """
        if self.running:
            return
        make(self.command.log.parent)
        with disk(self.command.log), self.command.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own command lines
                list(self.command.argv),
                env={**os.environ, **self.command.env, **once},
                cwd=self.command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **run_as(self.command.user),
            )

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait for `ready()`; PartDied when the process ends first, PartSlow after `seconds`."""
        name, deadline = self.command.name, time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise PartDied(
                    f"{name} stopped while starting (exit code {self.exit_code}): {self.last_words()}"
                    f" - look into {self.command.log}, put it right and start again."
                )
            if time.monotonic() > deadline:
                raise PartSlow(
                    f"{name} did not answer within {seconds:.0f} s: look into {self.command.log}, "
                    f"or try again when the machine is less busy."
                )
            time.sleep(POLL)

    def last_words(self) -> str:
        """The line of this run's log most likely to say why it ended."""
        with self.command.log.open("rb") as log:
            log.seek(self._log_start)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
        told = [line for line in lines if line and not line.startswith("at ")]
        blamed = [line for line in told if any(w in line for w in ("ERROR", "FATAL", "Exception", "Error:"))]
        return (blamed or told or ["it said nothing"])[-1][:300]

    def stop(self) -> None:
        """Ask it to end, wait for `grace` seconds, then kill what is left of its group."""
        self.ask()
        self.wait_ended(self.command.grace)
        self.kill()

    def ask(self) -> None:
        """Send the stop signal and return at once."""
        if self.running:
            os.kill(self.pid, self.command.stop_signal)

    def wait_ended(self, seconds: float) -> bool:
        """Wait until the process itself ended; False when it still runs after `seconds`."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL the process, its descendants and its group; return when all are gone."""
        if self._process is None:
            return
        # Postgres's backends lead groups of their own, so descendants are named one by one.
        family = descendants(self._process.pid) if self.running else []
        # PermissionError: macOS says so of a group of which only a zombie is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self._process.wait()
        psutil.wait_procs(family, timeout=5)


def run_as(user: str) -> dict[str, Any]:
    """Arguments of Popen that drop to a system user, its own group included; none for ""."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def descendants(pid: int) -> list[psutil.Process]:
    """Children of a process and theirs; empty when it is gone."""
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return found
