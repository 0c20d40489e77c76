"""The watcher: ends what a stack started when whoever started it is gone, however it went.

It holds one end of a pipe whose other end only the parent holds. End of file means that the parent ended,
also by SIGKILL; then every process that carries the stack's mark, and its descendants, is asked to end and
after a while killed. A clean stop leaves nothing for it to do.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import psutil

from bellwire_local.processes import POLL, STACK_VARIABLE

_ASK_SECONDS = 8.0


class Watcher:
    """Started before the first process of a stack; `env` marks those processes.

    `remove` are folders that go with the stack.
    """

    def __init__(self, remove: tuple[Path, ...] = ()) -> None:
        self.mark = uuid.uuid4().hex
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "bellwire_local.watcher", self.mark, *map(str, remove)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def env(self) -> dict[str, str]:
        """Variables that every process of the stack must be started with."""
        return {STACK_VARIABLE: self.mark}

    @property
    def pid(self) -> int:
        """Process id of the watcher itself."""
        return self._process.pid

    def close(self) -> None:
        """End the watcher, after it swept what is left."""
        self._process.communicate()


def marked(mark: str) -> list[psutil.Process]:
    """Processes that carry a stack's mark, with their descendants, ourselves excepted."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        # A process that ended meanwhile, or of another user: not ours to end.
        with suppress(psutil.Error, OSError):
            if process.environ().get(STACK_VARIABLE) == mark:
                # Postgres's backends overwrite their environment with their title: take them as children.
                for member in (process, *process.children(recursive=True)):
                    found[member.pid] = member
    found.pop(os.getpid(), None)
    return list(found.values())


def sweep(mark: str) -> None:
    """End every marked process: SIGTERM, and SIGKILL for those that stay."""
    deadline = time.monotonic() + _ASK_SECONDS
    asked: set[int] = set()
    while left := marked(mark):
        for process in left:
            with suppress(psutil.NoSuchProcess):
                if time.monotonic() > deadline:
                    process.kill()
                elif process.pid not in asked:
                    asked.add(process.pid)
                    process.terminate()
        time.sleep(5 * POLL)


def main(mark: str, *remove: str) -> None:
    """Wait for the parent's end, sweep, remove."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(mark)
    for folder in remove:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
