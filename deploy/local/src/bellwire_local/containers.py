"""Kafka and Postgres in containers, for machines that have an engine (`BELLWIRE_INFRA=containers`)."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from docker.errors import DockerException  # type: ignore[import-untyped]
from testcontainers.core.container import DockerContainer

from bellwire_local.errors import ContainersMissing, PartSlow
from bellwire_local.jars import KAFKA_VERSION
from bellwire_local.kafka import answers
from bellwire_local.kafka_settings import settings
from bellwire_local.ports import HOST, free_port
from bellwire_local.postgres import takes_queries
from bellwire_local.processes import POLL, Progress

_READY_SECONDS = 120.0
_PASSWORD = "bellwire"  # noqa: S105 - of a container that listens on this machine only


class ContainerPart:
    """One container with one port bound on 127.0.0.1; its state goes with it.

    `inside` is the port in the container, `ready` tells whether the part answers.
    """

    def __init__(
        self, name: str, image: str, inside: int, env: Mapping[str, str], port: int, ready: Callable[[], bool]
    ) -> None:
        self.name = name
        self._image = image
        self._ready = ready
        self._spec = (inside, dict(env), port)
        self._container: DockerContainer | None = None

    def prepare(self, tell: Progress) -> None:
        """Say what comes."""
        tell(f"starting {self._image} as a container")

    def start(self) -> None:
        """Pull the image where it is missing, and start."""
        inside, env, port = self._spec
        try:
            container = DockerContainer(self._image, env=env).with_kwargs(
                ports={f"{inside}/tcp": (HOST, port)}
            )
            self._container = container
            container.start()
        except (DockerException, OSError) as error:
            raise ContainersMissing(
                f"BELLWIRE_INFRA=containers is set and {self._image} could not be started "
                f"({str(error)[:160]}): start Docker or Podman, or unset BELLWIRE_INFRA."
            ) from error

    def wait_ready(self) -> None:
        """Wait until the part answers."""
        deadline = time.monotonic() + _READY_SECONDS
        while not self._ready():
            if time.monotonic() > deadline:
                raise PartSlow(
                    f"{self.name} did not answer within {_READY_SECONDS:.0f} s: look into its log, "
                    f"or unset BELLWIRE_INFRA."
                )
            time.sleep(5 * POLL)

    def stop(self) -> None:
        """Remove the container."""
        if self._container is not None:
            with suppress(DockerException):
                self._container.stop()
            self._container = None


def kafka_container() -> tuple[ContainerPart, str]:
    """A broker in a container, not started, and its `host:port`."""
    port = free_port()
    address = f"{HOST}:{port}"
    broker = settings("0.0.0.0:9092", address, "127.0.0.1:9093", "/tmp/kafka")  # noqa: S108
    env = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in broker.items()}
    image = f"apache/kafka:{KAFKA_VERSION}"
    return ContainerPart("kafka", image, 9092, env, port, lambda: answers(address)), address


def postgres_container() -> tuple[ContainerPart, str]:
    """A server in a container, not started, and its URL."""
    port = free_port()
    url = f"postgresql://postgres:{_PASSWORD}@{HOST}:{port}/postgres"
    env = {"POSTGRES_PASSWORD": _PASSWORD}
    return ContainerPart("postgres", "postgres:18", 5432, env, port, lambda: takes_queries(url)), url
