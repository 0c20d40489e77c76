"""Free ports, and ports that were asked for by name."""

import os
import socket
from contextlib import closing

import psutil

from bellwire_local.errors import PortTaken

HOST = "127.0.0.1"


def free_port() -> int:
    """Port that nobody listens on now; another program may take it before it is used."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
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
