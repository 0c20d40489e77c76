"""Start the providers as a process of their own, for tests and for local stacks."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .endpoints import Endpoints

_READY_WITHIN = 30.0
_STOPPED_WITHIN = 10.0


class ProvidersDidNotStartError(RuntimeError):
    """The simulated providers ended, or were not ready, before they could be used."""


@contextmanager
def running_providers(state: Path, *, faulty: bool = False) -> Iterator[Endpoints]:
    """Run the simulated providers with their state in `state` for the length of the block."""
    command = [sys.executable, "-m", "bellwire_simulators", "providers", "--state", str(state)]
    described = state / "providers.json"
    described.unlink(missing_ok=True)
    process = subprocess.Popen([*command, *(["--faulty"] if faulty else [])])  # noqa: S603
    try:
        wait_until_ready(process, described)
        yield Endpoints.read(described)
    finally:
        process.terminate()
        try:
            process.wait(_STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], described: Path) -> None:
    """Wait until `providers.json` is there; ProvidersDidNotStartError if the process ends or takes too long."""
    end = time.monotonic() + _READY_WITHIN
    while not described.exists():
        if process.poll() is not None:
            raise ProvidersDidNotStartError(
                f"providers: ended with {process.returncode} before they listened"
            )
        if time.monotonic() > end:
            raise ProvidersDidNotStartError(f"providers: not ready within {_READY_WITHIN:.0f} s")
        time.sleep(0.05)
