"""What a provider is told to do with a push, and the rules and limits that say so (control API)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .exchange import Transport

ProviderName = Literal["apns", "fcm", "oauth"]


class Outcome(BaseModel):
    """What becomes of a valid request. Everything left out means: as usual, accepted.

    `error` is an APNs reason, an FCM error code or an OAuth error; `delivered` puts the push into the ledger
    although the answer is an error; `retry_after` is the header's text (seconds or an HTTP date);
    `timestamp` is 410's, in milliseconds, 0 = now; `body` may be left `empty`, `bare` (FCM: no FcmError
    detail) or `not_json`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: str = ""
    delivered: bool = False
    retry_after: str = ""
    timestamp: Annotated[int, Field(ge=0)] = 0
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    body: Literal["full", "bare", "empty", "not_json"] = "full"
    transport: Transport = Transport.NONE
    goaway_reason: str = ""

    @property
    def recorded(self) -> bool:
        """Whether the push enters the ledger."""
        return self.transport.processed and (not self.error or self.delivered)


AS_USUAL = Outcome()


class Rule(BaseModel):
    """An outcome for one token, for tokens with a prefix, or (both empty) for any request of a provider.

    It holds for the next `times` matching requests, 0 = until cleared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderName
    token: str = ""
    token_prefix: str = ""
    times: Annotated[int, Field(ge=0)] = 0
    outcome: Outcome

    @model_validator(mode="after")
    def _one_matcher(self) -> "Rule":
        if self.token and self.token_prefix:
            raise ValueError("token and token_prefix: give one of them, or none to match any request")
        return self

    def matches(self, provider: str, token: str) -> bool:
        """Whether a request of this provider for this token is meant."""
        if provider != self.provider:
            return False
        return token == self.token if self.token else token.startswith(self.token_prefix)


PER_CONNECTION = frozenset(
    {
        "streams",
        "streams_before_token",
        "streams_after_errors",
        "error_burst",
        "goaway_every",
        "data_frame_bytes",
    }
)
"""The limits that only the faulty build has."""


class Limits(BaseModel):
    """What a provider allows; all may change at run time. A limit of 0 is off.

    Those of `PER_CONNECTION` belong to the faulty build: streams before the first valid provider token, after
    it, and after `error_burst` answers of 4xx in a row (until the next 200); GOAWAY after so many requests;
    the size of each DATA frame.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fcm_quota_per_minute: Annotated[int, Field(ge=0)] = 600_000
    fcm_device_per_minute: Annotated[int, Field(ge=0)] = 0
    fcm_access_token_seconds: Annotated[int, Field(ge=1)] = 3599
    apns_device_per_minute: Annotated[int, Field(ge=0)] = 0
    streams: Annotated[int, Field(ge=1)] = 1000
    streams_before_token: Annotated[int, Field(ge=1)] = 1
    streams_after_errors: Annotated[int, Field(ge=1)] = 1
    error_burst: Annotated[int, Field(ge=0)] = 100
    goaway_every: Annotated[int, Field(ge=0)] = 0
    data_frame_bytes: Annotated[int, Field(ge=0)] = 0
