"""The environment as one frozen, typed object (architecture.md section 7)."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8082, ge=0, le=65535)
    database_url: str
    database_connections: int = Field(default=8, ge=3, le=100)
    kafka_bootstrap_servers: str
    stream_runtime: Literal["aiokafka", "faust"] = "aiokafka"
    consumer_group: str = "threshold-evaluator"
    cursor_secret: SecretStr = SecretStr("")
    """Seals page cursors; the same for all processes of the service. Empty: one made at start."""
    log_level: str = "INFO"

    batch_events: int = Field(default=2_000, ge=1, le=20_000)
    """Change events in one transaction at most."""
    release_batch: int = Field(default=1_000, ge=1, le=20_000)
    """Due alerts in one transaction at most."""
    release_per_second: float = Field(default=10_000, gt=0)
    """How fast held alerts go out together, urgent first."""
    surge_facts: int = Field(default=500, ge=0)
    """Facts of a school in ten minutes that are never held as a surge (product.md section 4, "Brake"). 0: no
    surge is held at all, for a load that is known to be one, such as a test's whole day in seconds.
    """
    surge_times_usual: int = Field(default=10, ge=1)
    """A surge is also more than so many times the school's usual ten minutes."""
    decisions_kept_days: int = Field(default=30, ge=1, le=365)
    inbox_kept_days: int = Field(default=90, ge=1, le=3_650)
