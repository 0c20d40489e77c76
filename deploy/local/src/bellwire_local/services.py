"""What a stack is made of besides Kafka and Postgres, and what each process is told."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bellwire_local.processes import Command, Process, Progress

SERVICES = ("gradebook_events", "threshold_evaluator", "push_dispatcher", "update_scheduler")
SIMULATORS, ISSUER, MAIL = "simulators", "issuer", "mail"
KAFKA, POSTGRES = "kafka", "postgres"
EVERYTHING = (KAFKA, POSTGRES, SIMULATORS, ISSUER, MAIL, *SERVICES)
READY_SECONDS = 60.0

_PROVIDER_VARIABLES = {
    "APNS_URL": "apns",
    "APNS_KEY_FILE": "apns_key_file",
    "APNS_KEY_ID": "apns_key_id",
    "APNS_TEAM_ID": "apns_team_id",
    "APNS_TOPIC": "apns_topic",
    "FCM_URL": "fcm",
    "FCM_TOKEN_URL": "fcm_token_url",
    "FCM_PROJECT_ID": "fcm_project_id",
    "FCM_SERVICE_ACCOUNT_FILE": "fcm_service_account_file",
    "PROVIDER_CA_FILE": "ca_file",
}
"""Variable of the dispatcher: field of the simulators' providers.json."""


class ServicePart:
    """A Python process of ours with a readiness check."""

    def __init__(self, command: Command, ready: Callable[[], bool]) -> None:
        self.name = command.name
        self.process = Process(command)
        self._ready = ready

    def prepare(self, tell: Progress) -> None:
        """Nothing takes long here."""

    def start(self) -> None:
        """Start the process."""
        self.process.start()

    def wait_ready(self) -> None:
        """Wait until the process says that it is ready."""
        self.process.wait_until(self._ready, READY_SECONDS)

    def stop(self) -> None:
        """SIGTERM, drain, end."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()


@dataclass(frozen=True, slots=True)
class Providers:
    """Answer of the simulators: where they are, and with which credentials."""

    fields: Mapping[str, str]

    def variables(self, environ: Mapping[str, str], combined_ca: Path) -> dict[str, str]:
        """What the dispatcher is told; what the environment sets wins.

        Where the environment names a certificate authority of its own and simulators run as well, both go
        into `combined_ca`.
        """
        found = {
            name: self.fields[field] for name, field in _PROVIDER_VARIABLES.items() if field in self.fields
        }
        found |= {name: environ[name] for name in _PROVIDER_VARIABLES if environ.get(name)}
        theirs, ours = environ.get("PROVIDER_CA_FILE"), self.fields.get("ca_file")
        if theirs and ours:
            combined_ca.write_text(Path(theirs).read_text() + "\n" + Path(ours).read_text())
            found["PROVIDER_CA_FILE"] = str(combined_ca)
        return found


def simulators(
    folder: Path, log: Path, env: Mapping[str, str], ports: Mapping[str, int], faulty: bool
) -> ServicePart:
    """APNs and FCM; `folder/providers.json` is there once they listen."""
    described = folder / "providers.json"
    argv = [sys.executable, "-m", "bellwire_simulators", "providers", "--state", str(folder)]
    for name, port in ports.items():
        argv += [f"--{name}-port", str(port)]
    return ServicePart(
        Command(SIMULATORS, [*argv, *(["--faulty"] if faulty else [])], log, env=env), described.exists
    )


def read_providers(folder: Path) -> Providers:
    """What running simulators wrote."""
    return Providers(json.loads((folder / "providers.json").read_text()))


def python_part(name: str, arguments: list[str], log: Path, env: Mapping[str, str], url: str) -> ServicePart:
    """A module of ours that serves `/readyz` at `url`."""
    command = Command(name, [sys.executable, "-m", *arguments], log, env=env, grace=30.0)
    return ServicePart(command, lambda: is_ready(url))


def is_ready(url: str) -> bool:
    """Tell whether `{url}/readyz` answers 200."""
    with (
        suppress(urllib.error.URLError, OSError),
        urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer,  # noqa: S310 - http on this machine
    ):
        return bool(answer.status == 200)
    return False
