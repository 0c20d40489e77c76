"""What a stream runtime needs to know of its broker, and the times and sizes it keeps to."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Runtime = Literal["aiokafka", "faust"]
Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]


class StreamSettings(BaseSettings):
    """One frozen description of the broker and of how we speak to it (architecture.md sections 4 and 9).

    Only `bootstrap_servers` ("host:port,host:port") is required. Times are in the unit their name ends with.
    What a service does not give is read from the environment: KAFKA_SECURITY_PROTOCOL and so on.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="KAFKA_")

    bootstrap_servers: str = Field(min_length=1)
    runtime: Runtime = "aiokafka"
    client_id: str = "bellwire"

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ca_file: Path | None = None

    compression: Compression = "lz4"
    linger_ms: int = Field(default=0, ge=0, le=1_000)
    """How long a partition's first message waits for company; those that come while a batch is under way make
    the next one anyway."""
    max_message_bytes: int = Field(default=1_000_000, ge=1_024, le=100_000_000)
    """Key, value and headers of one message together; the topic's `max.message.bytes` must not be less."""
    send_timeout_seconds: float = Field(default=30.0, gt=0)
    """How long `send` waits for acknowledgements before it answers that they are not known."""

    session_timeout_ms: int = Field(default=10_000, ge=1_000)
    """A worker that is not heard of for so long loses its partitions to its siblings."""
    rebalance_timeout_ms: int = Field(default=30_000, ge=1_000, le=35_000)
    """How long a rebalance waits for a worker that is finishing its batch."""
    max_poll_interval_ms: int = Field(default=300_000, ge=1_000)
    """A worker whose batch takes longer than this gives its partitions up."""
    drain_seconds: float = Field(default=20.0, gt=0)
    """How long `stop` lets the batch in hand finish; after that it is read again by the next reader."""
    connect_seconds: float = Field(default=60.0, gt=0)
    """How long a start retries an unreachable broker or a missing topic before `StreamUnavailable`."""
    retry_first_seconds: float = Field(default=0.2, gt=0)
    retry_most_seconds: float = Field(default=10.0, gt=0)

    def for_dead_letters(self) -> Self:
        """The same with room for the headers that dead-lettering adds to a message of the largest size."""
        return self.model_copy(update={"max_message_bytes": self.max_message_bytes + 32_768})

    def connection(self) -> Mapping[str, object]:
        """The keyword arguments with which an aiokafka client reaches and trusts the broker."""
        keywords: dict[str, object] = {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol in ("SSL", "SASL_SSL"):
            keywords["ssl_context"] = ssl.create_default_context(
                cafile=str(self.ca_file) if self.ca_file is not None else None
            )
        if self.security_protocol.startswith("SASL"):
            keywords["sasl_mechanism"] = self.sasl_mechanism
            keywords["sasl_plain_username"] = self.sasl_username
            keywords["sasl_plain_password"] = self.sasl_password.get_secret_value()
        return keywords
