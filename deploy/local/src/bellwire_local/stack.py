"""A whole Bellwire on this machine in one object: for `up`, the demo, end-to-end and chaos tests."""

import os
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from bellwire_local import clock
from bellwire_local.endpoints import Endpoints
from bellwire_local.errors import LocalError, NotUp, PartSlow
from bellwire_local.launch import Launch, Launched, Order
from bellwire_local.local_tokens import local_token
from bellwire_local.paths import make
from bellwire_local.processes import POLL, Progress
from bellwire_local.revival import Mortal, Revival
from bellwire_local.services import EVERYTHING, READY_SECONDS
from bellwire_local.standing import PartState
from bellwire_local.surroundings import surroundings
from bellwire_local.watcher import Watcher

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NOTHING_EACH: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Up:
    launch: Launch
    launched: Launched
    revival: Revival


class _Down(Enum):
    DOWN = "down"


_DOWN = _Down.DOWN


class Stack:
    """Started with `start()` or `with`; methods block and may be called from any thread.

    From asyncio: `await asyncio.to_thread(stack.start)`. `folder` keeps state, logs and endpoints.json.
    `children` are names of EVERYTHING. `env` goes to all children, and is asked before the environment where
    Kafka, Postgres, providers, issuer and mail come from; `child_env` goes to one child by name. `faulty`
    takes the simulators' build that controls every frame.
    """

    def __init__(
        self,
        folder: Path,
        children: Collection[str] = EVERYTHING,
        *,
        env: Mapping[str, str] = _NOTHING,
        child_env: Mapping[str, Mapping[str, str]] = _NOTHING_EACH,
        tell: Progress = lambda _: None,
        faulty: bool = False,
    ) -> None:
        if unknown := set(children) - set(EVERYTHING):
            raise LocalError(
                f"{', '.join(sorted(unknown))}: no such child; choose of {', '.join(EVERYTHING)}."
            )
        self.folder = folder.absolute()
        self._around = surroundings(self.folder, children, {**os.environ, **env})
        self._env = {"PYTHONUNBUFFERED": "1", **env}
        self._child_env = child_env
        self._tell = tell
        self._faulty = faulty
        self._undo = ExitStack()
        self._up: _Up | _Down = _DOWN

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all of it is ready; on any failure stop what was started."""
        make(self.folder)
        with ExitStack() as undo:
            watcher = Watcher(self.folder / "watcher.lock")
            undo.callback(watcher.close)
            self._put_logs_aside()
            env = {**self._env, **watcher.env}
            launch = Launch(Order(self._around, env, self._child_env, self._tell, self._faulty))
            undo.callback(launch.stop)
            launched = launch.run()
            revival = Revival(launch.mortals, self._tell)
            undo.callback(revival.end)
            revival.begin()
            undo.callback(self.endpoints_file.unlink, missing_ok=True)
            launched.endpoints.write(self.endpoints_file)
            self._up = _Up(launch, launched, revival)
            self._undo = undo.pop_all()

    def stop(self) -> None:
        """Stop everything that was started; nothing of it is left when this returns."""
        self._undo.close()
        self._up = _DOWN

    @property
    def endpoints_file(self) -> Path:
        """The file of architecture.md section 7; there while the stack is up."""
        return self.folder / "endpoints.json"

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is."""
        return self._running.launched.endpoints

    @property
    def empty(self) -> bool:
        """Whether the environment asks for a stack without demo data."""
        return self._around.empty

    @property
    def apps(self) -> dict[str, str]:
        """App id of each platform as the dispatcher knows it: the APNs topic and the FCM project."""
        told = self._running.launched.variables
        return {"ios": told.get("APNS_TOPIC", ""), "android": told.get("FCM_PROJECT_ID", "")}

    @property
    def clock_file(self) -> Path:
        """File with the offset of product time."""
        return self._around.clock_file

    def log(self, name: str) -> Path:
        """Log file of a child."""
        return self.folder / "logs" / f"{name}.log"

    def move_clock(self, *, by: float) -> datetime:
        """Move product time forward by seconds; answers the new time, UTC."""
        return clock.move_by(self.clock_file, by)

    def set_clock(self, to: datetime) -> datetime:
        """Move product time forward to a moment."""
        return clock.move_to(self.clock_file, to.isoformat())

    def token(self, role: str, user: str = "", district: str = "", environment: str = "") -> str:
        """Bearer token of the local issuer, or a publisher key for role publisher."""
        return local_token(self.endpoints.issuer, role, user, district, environment)

    def kill(self, name: str) -> None:
        """SIGKILL a child; it is started again with back-off, as after any crash."""
        with self._running.revival.lock:
            self._child(name).kill()

    def take_down(self, name: str, *, kill: bool = False) -> None:
        """Stop a child, or kill it, and leave it down until `bring_up`."""
        with self._running.revival.lock:
            self._running.revival.resting.add(name)
            child = self._child(name)
        child.kill() if kill else child.stop()

    def bring_up(self, name: str, once: Mapping[str, str] = _NOTHING) -> None:
        """Start a child that is down and wait for it; `once` are variables for this run only (faults)."""
        with self._running.revival.lock:
            child = self._child(name)
            child.process.start(once)
            self._running.revival.watch_again(name)
        child.wait_ready()

    def wait_ready(self, name: str, seconds: float = READY_SECONDS) -> None:
        """Wait until a child that was killed answers again."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(LocalError):
                if self._child(name).process.running:
                    self._child(name).wait_ready()
                    return
            time.sleep(POLL)
        raise PartSlow(f"{name} did not come back within {seconds:.0f} s: look into {self.log(name)}.")

    def states(self) -> list[PartState]:
        """All parts as they are now."""
        return [self._state(name) for name in self._running.launch.parts]

    def _state(self, name: str) -> PartState:
        mortal = self._running.launch.mortals.get(name)
        if mortal is None:
            return PartState(name, True, 0, 0)
        process = mortal.process
        return PartState(name, process.running, process.pid, self._running.revival.restarts.get(name, 0))

    @property
    def _running(self) -> _Up:
        if isinstance(self._up, _Down):
            raise NotUp("This stack is not started: call start() first.")
        return self._up

    def _child(self, name: str) -> Mortal:
        mortal = self._running.launch.mortals.get(name)
        if mortal is None:
            known = ", ".join(self._running.launch.mortals)
            raise LocalError(f"{name} is not a process of this stack: choose one of {known}.")
        return mortal

    def _put_logs_aside(self) -> None:
        """Keep the logs of the last run only."""
        for log in (self.folder / "logs").glob("*.log"):
            if log.name != "supervisor.log":
                log.replace(log.with_suffix(".log.1"))
