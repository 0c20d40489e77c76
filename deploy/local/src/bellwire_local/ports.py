"""Free ports, and ports that were asked for by name."""

import os
import secrets
import socket
from contextlib import closing, suppress

import psutil

from bellwire_local.errors import PortTaken

HOST = "127.0.0.1"


_LOWEST, _HIGHEST = 15_000, 32_000
"""Below the ports that systems give to outgoing connections, any of which could take one before it is listened on."""


_given: set[int] = set()
"""What this process gave out: whoever got one may not listen on it yet."""


def free_port() -> int:
    """Return a port that nobody listens on now, by chance, so that two who ask at once seldom get the same.

    Two parts of one stack never do.
    """
    while True:
        port = secrets.randbelow(_HIGHEST - _LOWEST) + _LOWEST
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind((HOST, port))
            if port not in _given:
                _given.add(port)
                return port


def port_for(name: str) -> int:
    """Port of a child: `BELLWIRE_<NAME>_PORT` if set (refused when taken), else any free one."""
    variable = f"BELLWIRE_{name.upper().replace('-', '_')}_PORT"
    wanted = os.environ.get(variable, "")
    if not wanted:
        return free_port()
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise PortTaken(f"{variable} is {wanted!r}: set it to a port between 1 and 65535.")
    port = int(wanted)
    require_free(name, port, f"set {variable} to another port")
    return port


def require_free(name: str, port: int, remedy: str) -> None:
    """Refuse a port that somebody listens on, naming the program where the system tells it."""
    with closing(socket.socket()) as probe:
        # As servers do: a connection of the last run in TIME_WAIT does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(
                f"Port {port} for {name} is taken{_by(port)}: stop that program or {remedy}."
            ) from error


def accepts(port: int, host: str = HOST) -> bool:
    """Tell whether somebody accepts TCP connections there."""
    try:
        with closing(socket.create_connection((host, port), timeout=1)):
            return True
    except OSError:
        return False


def _by(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == "LISTEN":
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
