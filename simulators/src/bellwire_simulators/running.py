"""One run of both providers: credentials, servers, side door, and the file that says where they are."""

import asyncio
import json
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from .admin import Admin
from .apns.router import ApnsRouter
from .certificates import ensure_certificates
from .control import Control
from .credentials import KEY_ID, PROJECT_ID, TEAM_ID, TOPIC, Credentials, ensure_credentials
from .fast import FastBuild
from .faulty.build import FaultyBuild
from .fcm.router import TOKEN_PATH, FcmRouter
from .ledger import Ledger
from .provider import Build, Provider


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen on 127.0.0.1; 0 = a free port."""

    apns: int = 0
    fcm: int = 0
    ledger: int = 0


async def run_providers(state: Path, ports: Ports, faulty: bool) -> None:
    """Serve until SIGTERM or SIGINT; `state/providers.json` is there exactly while the servers are."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    described = state / "providers.json"
    described.unlink(missing_ok=True)
    ports = _chosen(ports)
    token_uri = f"https://localhost:{ports.fcm}{TOKEN_PATH}"
    ca_file, certificate, key = ensure_certificates(state)
    credentials = ensure_credentials(state, token_uri)
    ledger = Ledger(state / "ledger.jsonl")
    control = Control()
    apns = ApnsRouter(credentials.apns_keys, frozenset({TOPIC}), control, ledger, time.time)
    fcm = FcmRouter(PROJECT_ID, credentials.service_account, control, ledger, time.time)
    providers: dict[str, Provider] = {"apns": apns, "fcm": fcm}
    builds = _builds(providers, ports, certificate, key, control, faulty)
    runner = web.AppRunner(
        Admin(ledger, control, providers, builds, fcm.tokens).application(), access_log=None
    )
    await runner.setup()
    started: list[Build] = []
    try:
        await web.TCPSite(runner, "127.0.0.1", ports.ledger).start()
        for build in builds.values():
            await build.start()
            started.append(build)
        _describe(described, ports, ca_file, credentials)
        await stopped.wait()
    finally:
        described.unlink(missing_ok=True)
        await asyncio.gather(*(build.stop() for build in started), return_exceptions=True)
        await runner.cleanup()
        ledger.close()


def _builds(
    providers: dict[str, Provider], ports: Ports, certificate: Path, key: Path, control: Control, faulty: bool
) -> dict[str, Build]:
    if faulty:
        return {
            "apns": FaultyBuild(providers["apns"], ports.apns, certificate, key, control, gated=True),
            "fcm": FaultyBuild(providers["fcm"], ports.fcm, certificate, key, control, gated=False),
        }
    streams = control.limits.streams
    return {
        "apns": FastBuild(providers["apns"], ports.apns, certificate, key, streams, http1=False),
        "fcm": FastBuild(providers["fcm"], ports.fcm, certificate, key, streams, http1=True),
    }


def _chosen(ports: Ports) -> Ports:
    """Fill in free ports; all are held open together so that no two are the same."""
    with socket.socket() as apns, socket.socket() as fcm, socket.socket() as ledger:
        for wanted, holder in ((ports.apns, apns), (ports.fcm, fcm), (ports.ledger, ledger)):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                holder.bind(("127.0.0.1", wanted))
            except OSError as error:
                raise OSError(f"port {wanted} is taken: choose another, or 0 for a free one") from error
        return Ports(*(holder.getsockname()[1] for holder in (apns, fcm, ledger)))


def _describe(path: Path, ports: Ports, ca_file: Path, credentials: Credentials) -> None:
    content: dict[str, str | int] = {
        "pid": os.getpid(),
        "apns": f"https://localhost:{ports.apns}",
        "fcm": f"https://localhost:{ports.fcm}",
        "fcm_token_url": credentials.service_account.token_uri,
        "ledger": f"http://127.0.0.1:{ports.ledger}/ledger",
        "control": f"http://127.0.0.1:{ports.ledger}/control",
        "ca_file": str(ca_file.resolve()),
        "apns_key_file": str(credentials.apns_key_files[KEY_ID].resolve()),
        "apns_key_id": KEY_ID,
        "apns_team_id": TEAM_ID,
        "apns_topic": TOPIC,
        "fcm_project_id": PROJECT_ID,
        "fcm_service_account_file": str(credentials.service_account_file.resolve()),
    }
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(content, indent=2))
    fresh.replace(path)
