"""The jars of Apache Kafka: pinned with their checksums, downloaded once by jgo's own resolver.

`kafka_jars.txt` lists each as `group:artifact:version sha256`; `python -m bellwire_local.jars` writes it
anew after KAFKA_VERSION changed. Running needs no resolution, only the files.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Coordinate

from bellwire_local.errors import DownloadFailed
from bellwire_local.paths import cache_directory, disk, make, require_room
from bellwire_local.processes import Progress

KAFKA_VERSION = "4.3.1"
LOG4J_VERSION = "2.25.4"
PINS = Path(__file__).with_name("kafka_jars.txt")
MAVEN = "https://repo.maven.apache.org/maven2"
"""Maven Central; BELLWIRE_MAVEN_URL names a mirror of it."""

_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
if _AUTHORITIES.exists():
    # The machine's own certificate authorities, so that a company's proxy is trusted here as elsewhere.
    os.environ.setdefault("REQUESTS_CA_BUNDLE", str(_AUTHORITIES))


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file: its Maven coordinate and the SHA-256 of its content in hex."""

    coordinate: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Where a Maven repository folder keeps it."""
        group, artifact, version = self.coordinate.split(":")
        return repository / group.replace(".", "/") / artifact / version / f"{artifact}-{version}.jar"


def pinned() -> list[Jar]:
    """The jars of the broker, in class path order."""
    lines = [line.split() for line in PINS.read_text().splitlines() if line and not line.startswith("#")]
    return [Jar(coordinate, sha256) for coordinate, sha256 in lines]


def class_path(tell: Progress) -> str:
    """Class path of the pinned broker; what the user's cache lacks is downloaded, and told."""
    jars, repository = pinned(), make(cache_directory() / "maven")
    with disk(repository), (repository / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [jar for jar in jars if not jar.path(repository).exists()]
        if missing:
            _download(missing, repository, tell)
    return os.pathsep.join(str(jar.path(repository)) for jar in jars)


def _download(missing: list[Jar], repository: Path, tell: Progress) -> None:
    require_room(repository, 200)
    url = os.environ.get("BELLWIRE_MAVEN_URL", MAVEN).rstrip("/")
    tell(f"downloading Apache Kafka {KAFKA_VERSION} from {url} (once, about 46 MB)")
    # Into a folder beside the cache first: a file in the cache is whole and is the pinned one.
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=repository))
    context = MavenContext(
        repo_cache=draft, local_repos=[], remote_repos={"central": url}, resolver=PythonResolver(), timeout=30
    )
    try:
        with ThreadPoolExecutor(4) as pool:
            arrived = 0
            for number, size in enumerate(pool.map(lambda j: _fetch(context, j, repository), missing), 1):
                arrived += size
                if number % 10 == 0 or number == len(missing):
                    tell(f"  {number} of {len(missing)} files, {arrived / 1e6:.0f} MB")
    except requests.RequestException as error:
        raise DownloadFailed(
            f"Apache Kafka {KAFKA_VERSION} could not be downloaded from {url} ({_reason(error)}): connect to "
            f"the network for the first run, or set BELLWIRE_MAVEN_URL to a mirror of Maven Central, or "
            f"KAFKA_BOOTSTRAP_SERVERS to a broker that you have."
        ) from error
    except RuntimeError as error:  # jgo's word for "no repository has it"
        raise DownloadFailed(
            f"{url} does not have a file of Apache Kafka {KAFKA_VERSION}: set BELLWIRE_MAVEN_URL to a "
            f"complete mirror of Maven Central, or unset it."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fetch(context: MavenContext, jar: Jar, repository: Path) -> int:
    if not threading.main_thread().is_alive():  # the program is ending: do not hold it up
        raise DownloadFailed("The download was stopped: start again to go on where it ended.")
    dependency = context.create_dependency(Coordinate.parse(f"{jar.coordinate}!"))
    with disk(repository):
        arrived = Path(dependency.artifact.resolve())
        content = arrived.read_bytes()
        if hashlib.sha256(content).hexdigest() != jar.sha256:
            raise DownloadFailed(
                f"The download of {jar.coordinate} is not the file that {PINS.name} pins: try again, and if "
                f"it repeats, do not trust what BELLWIRE_MAVEN_URL or your proxy delivers."
            )
        target = jar.path(repository)
        make(target.parent)
        arrived.replace(target)
    return len(content)


def _reason(error: requests.RequestException) -> str:
    words = {"NameResolution": "its name is not known", "ConnectTimeout": "it does not answer"}
    return next((text for sign, text in words.items() if sign in repr(error)), type(error).__name__)


def pin() -> str:
    """Resolve the broker's jars anew and return the text of `kafka_jars.txt` (for maintainers)."""
    context = MavenContext(
        repo_cache=make(cache_directory() / "maven"), local_repos=[], resolver=PythonResolver()
    )
    # "!" keeps log4j's own parent from dictating the versions of Kafka's jars.
    wanted = (
        f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}!",
        f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}!",
    )
    inputs, transitive = context.resolver.resolve(
        [context.create_dependency(replace(Coordinate.parse(text), scope="compile")) for text in wanted]
    )
    lines = ["# Written by python -m bellwire_local.jars"]
    for dependency in (*inputs, *transitive):
        if dependency.scope in ("compile", "runtime"):
            content = Path(dependency.artifact.resolve()).read_bytes()
            name = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
            lines.append(f"{name} {hashlib.sha256(content).hexdigest()}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PINS.write_text(pin())
