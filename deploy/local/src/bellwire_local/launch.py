"""The start of a stack, in order: broker, database and stand-ins at once, then tables and topics, then services."""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bellwire_local.databases import create_database
from bellwire_local.endpoints import Endpoints
from bellwire_local.errors import LocalError
from bellwire_local.infrastructure import Part, choose_broker, choose_database
from bellwire_local.paths import make
from bellwire_local.processes import Command, Process, Progress
from bellwire_local.revival import Mortal
from bellwire_local.services import (
    ISSUER,
    KAFKA,
    MAIL,
    POSTGRES,
    SERVICES,
    SIMULATORS,
    Providers,
    ServicePart,
    python_part,
    read_providers,
    simulators,
)
from bellwire_local.surroundings import Surroundings

_DATABASE = "bellwire"
_ONCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to start. `env` goes to every child and carries the watcher's mark; `child_env` to one by name."""

    around: Surroundings
    env: Mapping[str, str]
    child_env: Mapping[str, Mapping[str, str]]
    tell: Progress
    faulty: bool


@dataclass(frozen=True, slots=True)
class Launched:
    """Where everything is, and what the services were told."""

    endpoints: Endpoints
    variables: Mapping[str, str]


class Launch:
    """Starts the parts of an order and remembers them, so that whatever was started can be stopped."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._around = order.around
        self._state = make(order.around.folder / "state")
        self._logs = make(order.around.folder / "logs")
        self.parts: dict[str, Part] = {}
        self._chores: list[Process] = []
        # Held around every start: a stop that comes while another thread prepares finds all or prevents it.
        self._gate = threading.Lock()
        self._stopping = False
        self._broker = choose_broker(self._state / "kafka", self._log(KAFKA), order.env, order.around.environ)
        self._database = choose_database(
            self._state / "postgres", self._log(POSTGRES), order.env, order.around.environ
        )

    @property
    def mortals(self) -> dict[str, Mortal]:
        """The parts that are processes of ours."""
        return {name: part for name, part in self.parts.items() if isinstance(part, Mortal)}

    def run(self) -> Launched:
        """Start everything and answer where it is; raises the first failure, with the rest still running."""
        first = [self._begin(name) for name in (KAFKA, POSTGRES, SIMULATORS, ISSUER, MAIL)]
        self._at_once(first)
        database = self._make_database()
        providers = self._providers()
        variables = self._around.service_variables(self._kafka(), database, providers)
        mine = [name for name in SERVICES if name in self._around.started]
        self._at_once([self._topics(), *(self._migrate(name, variables) for name in mine)])
        self._at_once([*(self._service(name, variables) for name in mine), self._sites(variables)])
        return Launched(self._endpoints(database, variables, providers), variables)

    def stop(self) -> None:
        """Stop all that was started: services first, then what they use. Nothing starts after this."""
        with self._gate:
            self._stopping = True
        for chore in self._chores:
            chore.kill()
        outer = [part for name, part in self.parts.items() if name not in (KAFKA, POSTGRES)]
        inner = [part for name, part in self.parts.items() if name in (KAFKA, POSTGRES)]
        for layer in (outer, inner):
            with ThreadPoolExecutor(max(1, len(layer))) as pool:
                list(pool.map(lambda part: part.stop(), layer))

    def _begin(self, name: str) -> Callable[[], None]:
        if name not in self._around.started:
            return _nothing
        around, env = self._around, self._child_env(name)
        if name == KAFKA:
            return self._starting(name, self._broker.part)
        if name == POSTGRES:
            return self._starting(name, self._database.part)
        if name == SIMULATORS:
            ports = around.simulator_ports()
            part = simulators(make(self._state / SIMULATORS), self._log(name), env, ports, self._order.faulty)
        elif name == ISSUER:
            part = self._python(name, ["bellwire_local.issuer"], {**around.issuer_variables(), **env})
        else:
            part = self._python(name, ["bellwire_local.mail"], {**around.mail_variables(), **env})
        return self._starting(name, part)

    def _service(self, name: str, variables: Mapping[str, str]) -> Callable[[], None]:
        env = {"HTTP_PORT": str(self._around.ports[name]), **variables, **self._child_env(name)}
        return self._starting(name, self._python(name, [name, "run"], env))

    def _python(self, name: str, arguments: list[str], env: Mapping[str, str]) -> ServicePart:
        return python_part(name, arguments, self._log(name), env, self._around.url(name))

    def _starting(self, name: str, part: Part) -> Callable[[], None]:
        self.parts[name] = part

        def start() -> None:
            part.prepare(self._order.tell)
            began = time.monotonic()
            with self._gate:
                self._refuse_when_stopping()
                part.start()
            part.wait_ready()
            self._order.tell(f"{name} is ready ({time.monotonic() - began:.1f} s)")

        return start

    def _topics(self) -> Callable[[], None]:
        if KAFKA not in self._around.started:
            return _nothing
        env = {**self._child_env(KAFKA), "KAFKA_BOOTSTRAP_SERVERS": self._kafka()}
        return lambda: self._once("topics", ["bellwire_schemas", "topics", "apply"], env)

    def _migrate(self, name: str, variables: Mapping[str, str]) -> Callable[[], None]:
        env = {"HTTP_PORT": str(self._around.ports[name]), **variables, **self._child_env(name)}
        # Faults and their like are for the run that a test watches, not for the tables.
        env.pop("BELLWIRE_FAULTS", None)
        return lambda: self._once(name, [name, "migrate"], env)

    def _sites(self, variables: Mapping[str, str]) -> Callable[[], None]:
        name = "update_scheduler"
        if name not in self._around.started or self._around.empty:
            return _nothing
        env = {"HTTP_PORT": str(self._around.ports[name]), **variables, **self._order.env}
        return lambda: self._once("sites", [name, "seed"], env)

    def _once(self, name: str, arguments: list[str], env: Mapping[str, str]) -> None:
        process = Process(Command(name, [sys.executable, "-m", *arguments], self._log(name), env=env))
        with self._gate:
            self._refuse_when_stopping()
            self._chores.append(process)
            process.start()
        ended = process.wait_ended(_ONCE_SECONDS)
        process.kill()
        if not ended or process.exit_code:
            how = f"failed: {process.last_words()}" if ended else f"took over {_ONCE_SECONDS:.0f} s"
            raise LocalError(
                f"`python -m {' '.join(arguments)}` {how} - look into {self._log(name)}, put it right and start "
                f"again."
            )

    def _make_database(self) -> str:
        if POSTGRES not in self._around.started:
            return ""
        url = self._database.url
        # A database that the environment names is used as it is; it may be all that its user may touch.
        return url if self._around.environ.get("DATABASE_URL") else create_database(url, _DATABASE)

    def _providers(self) -> Providers:
        running = SIMULATORS in self._around.started
        return read_providers(self._state / SIMULATORS) if running else Providers({})

    def _kafka(self) -> str:
        return self._broker.bootstrap_servers if KAFKA in self._around.started else ""

    def _endpoints(self, database: str, variables: Mapping[str, str], providers: Providers) -> Endpoints:
        around = self._around
        return Endpoints(
            gradebook_events=around.url("gradebook_events"),
            threshold_evaluator=around.url("threshold_evaluator"),
            push_dispatcher=around.url("push_dispatcher"),
            update_scheduler=around.url("update_scheduler"),
            kafka=self._kafka(),
            database=database,
            apns=variables.get("APNS_URL", ""),
            fcm=variables.get("FCM_URL", ""),
            ca_file=variables.get("PROVIDER_CA_FILE", ""),
            ledger=providers.fields.get("ledger", ""),
            smtp=around.smtp,
            mailbox=f"{around.url(MAIL)}/" if around.url(MAIL) else "",
            issuer=around.issuer,
        )

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise LocalError("The stack was stopped while it started: start it again.")

    def _child_env(self, name: str) -> dict[str, str]:
        return {**self._order.env, **self._order.child_env.get(name, {})}

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    @staticmethod
    def _at_once(steps: Iterable[Callable[[], None]]) -> None:
        ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def run(step: Callable[[], None]) -> None:
            try:
                step()
            except BaseException as error:
                ended.put(error)
            else:
                ended.put(None)

        # Daemons: after a failure, or a Ctrl-C, nobody waits for what another step is still waiting for.
        threads = [threading.Thread(target=run, args=(step,), daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        for _ in threads:
            if (error := ended.get()) is not None:
                raise error


def _nothing() -> None:
    return None
