"""The environment as one frozen, typed object (architecture.md section 7)."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

APPLE = "https://api.push.apple.com"
APPLE_DEVELOPMENT = "https://api.sandbox.push.apple.com"
GOOGLE = "https://fcm.googleapis.com"
NONE = Path()


class Settings(BaseSettings):
    """Each field is the environment variable of its name in capitals.

    A provider without credentials (APNS_KEY_FILE, FCM_SERVICE_ACCOUNT_FILE) has no lane: its rows wait, and end
    `missed`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8083, ge=0, le=65535)
    database_url: str
    database_connections: int = Field(default=6, ge=3, le=100)
    kafka_bootstrap_servers: str
    stream_runtime: Literal["aiokafka", "faust"] = "aiokafka"
    consumer_group: str = "push-dispatcher"
    cursor_secret: SecretStr = SecretStr("")
    log_level: str = "INFO"

    apns_url: str = APPLE
    apns_development_url: str = ""
    """Where development builds' tokens are known; Apple's sandbox, or APNS_URL when that is not Apple's."""
    apns_key_file: Path = NONE
    apns_key_id: str = ""
    apns_team_id: str = ""
    apns_topic: str = ""

    fcm_url: str = GOOGLE
    fcm_token_url: str = ""
    """Overrides the `token_uri` of the service account."""
    fcm_project_id: str = ""
    fcm_service_account_file: Path = NONE
    fcm_per_minute: int = Field(default=600_000, ge=60)
    """The project's quota (providers.md section 2)."""
    fcm_ramp_seconds: float = Field(default=60.0, ge=0)

    provider_ca_file: Path = NONE
    provider_streams: int = Field(default=100, ge=1, le=1_000)
    """Requests in flight per lane at most; the window moves below it."""
    request_seconds: float = Field(default=10.0, gt=0, le=120)
    lease_seconds: float = Field(default=30.0, gt=0, le=600)
    """How long a row is this process's; after a crash its rows wait at most so long."""
    memory_rows: int = Field(default=4_000, ge=1)
    """Leased rows that may wait in memory per lane."""

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.lease_seconds <= 2 * self.request_seconds:
            raise ValueError("LEASE_SECONDS must be more than twice REQUEST_SECONDS")
        if self.has_apns and not (self.apns_key_id and self.apns_team_id and self.apns_topic):
            raise ValueError("APNS_KEY_FILE needs APNS_KEY_ID, APNS_TEAM_ID and APNS_TOPIC beside it")
        if self.has_fcm and not self.fcm_project_id:
            raise ValueError("FCM_SERVICE_ACCOUNT_FILE needs FCM_PROJECT_ID beside it")
        return self

    @property
    def has_apns(self) -> bool:
        """Whether APNs has credentials."""
        return self.apns_key_file != NONE

    @property
    def has_fcm(self) -> bool:
        """Whether FCM has credentials."""
        return self.fcm_service_account_file != NONE

    @property
    def development_url(self) -> str:
        """Where development builds' tokens are known."""
        if self.apns_development_url:
            return self.apns_development_url
        return APPLE_DEVELOPMENT if self.apns_url.rstrip("/") == APPLE else self.apns_url
