"""The addresses of one stack, allotted before anything starts, and what each process is told of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bellwire_local.ports import HOST, port_for
from bellwire_local.services import ISSUER, MAIL, SERVICES, SIMULATORS, Providers


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Ports by name, the stack's folder, and the environment that it was started in."""

    folder: Path
    environ: Mapping[str, str]
    ports: Mapping[str, int]
    started: frozenset[str] = field(default_factory=frozenset)

    def url(self, name: str) -> str:
        """HTTP address of a process of ours, "" when this stack does not start it."""
        return f"http://{HOST}:{self.ports[name]}" if name in self.started else ""

    @property
    def empty(self) -> bool:
        """Whether BELLWIRE_LOCAL_EMPTY asks for a stack without demo data."""
        return self.environ.get("BELLWIRE_LOCAL_EMPTY", "") not in ("", "0")

    @property
    def issuer(self) -> str:
        """OIDC issuer: the environment's, else our own."""
        return self.environ.get("OIDC_ISSUER") or self.url(ISSUER)

    @property
    def smtp_url(self) -> str:
        """SMTP server: the environment's, else our own mail sink."""
        own = f"smtp://{HOST}:{self.ports['smtp']}" if MAIL in self.started else ""
        return self.environ.get("SMTP_URL") or own

    @property
    def smtp(self) -> str:
        """`host:port` of the SMTP server."""
        return urlsplit(self.smtp_url).netloc.rpartition("@")[2]

    @property
    def clock_file(self) -> Path:
        """File with the offset of product time."""
        return self.folder / "clock"

    def simulator_ports(self) -> dict[str, int]:
        """Ports of the provider simulators, by the name that their command line gives them."""
        return {name: self.ports[name] for name in ("apns", "fcm", "ledger")}

    def issuer_variables(self) -> dict[str, str]:
        """What the issuer is told."""
        return {
            "HTTP_PORT": str(self.ports[ISSUER]),
            "OIDC_ISSUER": self.issuer,
            "ISSUER_KEY_FILE": str(self.folder / "issuer-key.json"),
            "GRADEBOOK_EVENTS_URL": self.url("gradebook_events"),
        }

    def mail_variables(self) -> dict[str, str]:
        """What the mail sink is told."""
        return {
            "HTTP_PORT": str(self.ports[MAIL]),
            "SMTP_PORT": str(self.ports["smtp"]),
            "MAILBOX_FILE": str(self.folder / "state" / "mailbox.jsonl"),
        }

    def service_variables(self, kafka: str, database: str, providers: Providers) -> dict[str, str]:
        """What every service is told, its own port apart."""
        told = {
            "HTTP_HOST": HOST,
            "DATABASE_URL": database,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "OIDC_ISSUER": self.issuer,
            "SMTP_URL": self.smtp_url,
            "BELLWIRE_CLOCK_FILE": str(self.clock_file),
            **providers.variables(self.environ, self.folder / "state" / "providers-ca.pem"),
        }
        # A service tells an address that is missing from one that is empty.
        return {name: value for name, value in told.items() if value}


def wanted(children: Collection[str], environ: Mapping[str, str]) -> frozenset[str]:
    """Which children to start: those asked for, but no stand-in for what the environment names."""
    found = set(children)
    if environ.get("APNS_URL") and environ.get("FCM_URL"):
        found.discard(SIMULATORS)
    if environ.get("OIDC_ISSUER"):
        found.discard(ISSUER)
    if environ.get("SMTP_URL"):
        found.discard(MAIL)
    return frozenset(found)


def surroundings(folder: Path, children: Collection[str], environ: Mapping[str, str]) -> Surroundings:
    """Allot ports; one that is named in the environment and taken is refused here, before any start."""
    names = (ISSUER, MAIL, "smtp", "apns", "fcm", "ledger", *SERVICES)
    return Surroundings(folder, environ, {name: port_for(name) for name in names}, wanted(children, environ))
