"""The environment as one frozen object."""

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Settings(BaseSettings, frozen=True):
    """What the service reads from its environment, each field by its name in capitals."""

    http_host: str = "127.0.0.1"
    http_port: int = 8084
    database_url: str
    kafka_bootstrap_servers: str
    stream_runtime: Literal["aiokafka", "faust"] = "aiokafka"
    update_events_topic: str = "bellwire.update-events.v1"
    oidc_issuer: str
    oidc_audience: str = "bellwire"
    oidc_user_claim: str = "sub"
    smtp_url: str = "smtp://127.0.0.1:25"
    mail_from: str = "Hosting updates <updates@bellwire.invalid>"
    cursor_secret: SecretStr = SecretStr("")
    log_level: str = "INFO"

    @property
    def mail_domain(self) -> str:
        """The domain of the sender's address: the right side of every Message-ID."""
        return self.mail_from.rpartition("@")[2].rstrip("> ") or "bellwire.invalid"

    @property
    def migrations(self) -> Path:
        """Where the migrations lie."""
        return Path(__file__).with_name("migrations")
