"""The environment as one frozen object."""

from pathlib import Path

from bellwire_kit.streams.settings import Runtime, StreamSettings
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from gradebook_events.domain.oneroster.package import Limits
from gradebook_events.domain.share import Share


class Settings(BaseSettings, frozen=True):
    """What the service reads from its environment, each field by its name in capitals."""

    http_host: str = "127.0.0.1"
    http_port: int = 8081
    database_url: str
    kafka_bootstrap_servers: str
    stream_runtime: Runtime = "aiokafka"
    oidc_issuer: str
    oidc_audience: str = "bellwire"
    oidc_user_claim: str = "sub"
    cursor_secret: SecretStr = SecretStr("")
    """Seals page cursors; the same for all processes of the service. Empty: one of the process's own."""
    log_level: str = "INFO"

    body_limit_bytes: int = Field(default=8 << 20, ge=1_024)
    most_batch_items: int = Field(default=10_000, ge=1)
    most_pending_events: int = Field(default=50_000, ge=1)
    """Events that wait for the broker at most; more are answered 503 at once."""
    send_timeout_seconds: float = Field(default=10.0, gt=0)

    capacity_events_per_second: float = Field(default=20_000, gt=0)
    """What one process is meant to append."""
    publisher_share: float = Field(default=0.5, gt=0, le=1)
    """The part of it that one publisher may use, whatever the way (product.md section 2)."""
    publisher_burst_seconds: float = Field(default=2.0, gt=0)

    package_limit_bytes: int = Field(default=256 << 20, ge=1_024)
    package_unpacked_limit_bytes: int = Field(default=4 << 30, ge=1_024)

    @property
    def share(self) -> Share:
        """One publisher's share of one process."""
        per_second = self.capacity_events_per_second * self.publisher_share
        return Share(per_second, max(1.0, per_second * self.publisher_burst_seconds))

    @property
    def package_limits(self) -> Limits:
        """Bounds of a OneRoster package."""
        return Limits(packed=self.package_limit_bytes, unpacked=self.package_unpacked_limit_bytes)

    @property
    def streams(self) -> StreamSettings:
        """How the broker is reached; a request does not wait longer for it than `send_timeout_seconds`."""
        return StreamSettings(
            bootstrap_servers=self.kafka_bootstrap_servers,
            runtime=self.stream_runtime,
            client_id="gradebook-events",
            send_timeout_seconds=self.send_timeout_seconds,
            connect_seconds=self.send_timeout_seconds,
            # what comes at the same time is gathered before it is sent
            linger_ms=0,
        )

    @property
    def migrations(self) -> Path:
        """Where the migrations lie."""
        return Path(__file__).with_name("migrations")
