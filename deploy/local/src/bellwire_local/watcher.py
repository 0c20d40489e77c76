"""The watcher: ends what a stack started when whoever started it is gone, however it went.

It holds one end of a pipe whose other end only the parent holds. End of file means that the parent ended,
also by SIGKILL; then every process that carries the stack's mark, and its descendants, is asked to end and
after a while killed. A clean stop leaves nothing for it to do.
"""

import fcntl
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

from bellwire_local.errors import AlreadyUp
from bellwire_local.paths import disk
from bellwire_local.processes import POLL, STACK_VARIABLE

_ASK_SECONDS = 8.0
_KILL_SECONDS = 4.0
_NOTICE_SECONDS = 1.0
_SWEEPING = b"sweeping"


class Watcher:
    """Started before the first process of a stack; `env` marks those processes.

    `lock` is a file that the watcher holds until nothing of the stack is left; `remove` are folders that go
    with the stack. Raises `AlreadyUp` while another stack's watcher holds the lock.
    """

    def __init__(self, lock: Path, remove: tuple[Path, ...] = ()) -> None:
        self.mark = uuid.uuid4().hex
        held = _take(lock)
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "bellwire_local.watcher", self.mark, str(held), *map(str, remove)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # The lock belongs to the open file, which the watcher alone has from now on.
            pass_fds=(held,),
        )
        os.close(held)
        # From this line on no signal to it, and no end of ours, can leave anything behind.
        assert self._process.stdout is not None
        self._process.stdout.readline()

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


def _take(lock: Path) -> int:
    began = time.monotonic()
    with disk(lock):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            return descriptor
        except BlockingIOError as error:
            # What crashed a moment ago is being swept, and worth waiting for; a stack that lives is not.
            patience = _ASK_SECONDS + _KILL_SECONDS if lock.read_bytes() == _SWEEPING else _NOTICE_SECONDS
            if time.monotonic() - began > patience:
                os.close(descriptor)
                raise AlreadyUp(
                    f"Another stack uses {lock.parent}: stop it (`make down`), or choose another folder "
                    f"(BELLWIRE_LOCAL)."
                ) from error
            time.sleep(5 * POLL)


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


def main(mark: str, lock: str, *remove: str) -> None:
    """Wait for the parent's end, sweep, remove."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("watching", flush=True)
    sys.stdin.buffer.read()
    os.pwrite(int(lock), _SWEEPING, 0)
    sweep(mark)
    for folder in remove:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
