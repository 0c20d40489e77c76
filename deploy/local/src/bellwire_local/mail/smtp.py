"""The SMTP side: accepts, or refuses as it was told to."""

import asyncio
from dataclasses import dataclass
from enum import Enum

from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import BaseModel, ConfigDict, Field

from bellwire_local.mail.letters import Letters

_MAX_BYTES = 10 * 1024 * 1024


class Refusal(BaseModel):
    """How to refuse: SMTP code 4xx (try later) or 5xx (never), and only these recipients, or all if none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: int = Field(default=451, ge=400, le=599)
    text: str = Field(default="refused by the local mail sink", pattern=r"^[ -~]{1,200}$")
    recipients: tuple[str, ...] = ()


class Mood(Enum):
    """Whether anything is refused."""

    ACCEPTING = "accepting"


@dataclass
class Desk:
    """Handler of aiosmtpd, which asks it for all its members: what to do with a message now."""

    letters: Letters
    mood: Refusal | Mood = Mood.ACCEPTING

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse a recipient that is named in the refusal."""
        if isinstance(self.mood, Refusal) and address in self.mood.recipients:
            return f"{self.mood.code} {self.mood.text}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, or refuse it whole."""
        if isinstance(self.mood, Refusal) and not self.mood.recipients:
            return f"{self.mood.code} {self.mood.text}"
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters.keep(envelope.mail_from or "", list(envelope.rcpt_tos), content)
        return "250 OK"


async def listen(desk: Desk, host: str, port: int) -> asyncio.Server:
    """Start the SMTP server."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(desk, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=_MAX_BYTES), host, port
    )
