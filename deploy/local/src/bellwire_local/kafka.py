"""Embedded Kafka: the real broker in KRaft mode, one node that is broker and controller at once."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from bellwire_local.jars import class_path
from bellwire_local.kafka_seed import seed
from bellwire_local.kafka_settings import settings, written
from bellwire_local.paths import make, require_room, write_atomically
from bellwire_local.ports import HOST, accepts, free_port, require_free
from bellwire_local.processes import Command, Process, Progress

READY_SECONDS = 30.0
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class EmbeddedKafka:
    """A broker on 127.0.0.1; its port and its state stay the same over stop, kill and start.

    `state` is its folder, `log` its log file. `env` marks the process for the watcher.
    """

    name = "kafka"

    def __init__(self, state: Path, log: Path, port: int = 0, env: Mapping[str, str] = _NO_VARIABLES) -> None:
        self.state = state
        self.port = port or free_port()
        self._controller_port = free_port()
        self._log = log
        self._env = dict(env)
        self.process = Process(Command(self.name, [], log))

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    def prepare(self, tell: Progress) -> None:
        """Download what is missing, write the configuration, fill a new state folder."""
        first = seed(class_path(tell), tell, self._env)
        require_room(self.state, 300)
        make(self.state)
        configuration = self.state / "server.properties"
        controller = f"{HOST}:{self._controller_port}"
        properties = settings(
            self.bootstrap_servers, self.bootstrap_servers, controller, str(self.state / "data")
        )
        write_atomically(configuration, written(properties))
        self.process = Process(Command(self.name, first.command(configuration), self._log, env=self._env))
        if not (self.state / "data" / "meta.properties").exists():
            first.plant(self.state / "data")

    def start(self) -> None:
        """Start the broker, after `prepare` where that was not done."""
        if not self.process.command.argv:
            self.prepare(lambda _: None)
        require_free(self.name, self.port, "set BELLWIRE_KAFKA_PORT to another port")
        self.process.start()

    def wait_ready(self) -> None:
        """Wait until the broker answers for itself and its controller."""
        self.process.wait_until(lambda: accepts(self.port), READY_SECONDS)
        self.process.wait_until(lambda: answers(self.bootstrap_servers), READY_SECONDS)

    def stop(self) -> None:
        """Stop as an operator would: the broker leaves in order."""
        self.process.stop()

    def kill(self) -> None:
        """End it as a crash would: SIGKILL."""
        self.process.kill()


def answers(bootstrap_servers: str) -> bool:
    """Tell whether the cluster there names a controller and a broker that is not fenced."""
    host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].rpartition(":")
    if not accepts(int(port), host):
        return False
    try:
        client = KafkaAdminClient(bootstrap_servers=bootstrap_servers, bootstrap_timeout_ms=3000)
    except (KafkaError, OSError):
        return False
    try:
        cluster = client.describe_cluster()
        return cluster["controller_id"] >= 0 and any(not b.get("is_fenced") for b in cluster["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        client.close()
