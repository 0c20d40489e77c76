"""What the pages read from the environment, besides what the service reads."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, SecretStr
from pydantic_settings import BaseSettings


def _zone(name: str) -> str:
    ZoneInfo(name)
    return name


class PagesSettings(BaseSettings, frozen=True):
    """Each field by its name in capitals.

    PUBLIC_URL is where people reach the pages (then cookies are Secure when it is https); without it the
    request's own address is taken. SESSION_SECRET is any long text, the same for every process of the service;
    without it sessions end when the process does. HOSTING_TIMEZONE is what operators read times in.
    """

    public_url: str = ""
    session_secret: SecretStr = SecretStr("")
    session_hours: int = 8
    oidc_client_id: str = "bellwire-update-queue"
    oidc_client_secret: SecretStr = SecretStr("")
    hosting_timezone: Annotated[str, AfterValidator(_zone)] = "America/Chicago"

    @property
    def secure(self) -> bool:
        """Do cookies travel over TLS only?"""
        return self.public_url.startswith("https://")
