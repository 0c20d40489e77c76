"""What arrived: one entry per recipient, kept in a file so that a restart loses no mail."""

import json
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from bellwire_local.paths import make

Letter = dict[str, Any]
"""`{"n", "to", "from", "subject", "text", "html", "message_id", "at"}`: `n` rises from 1, `at` is real time."""


class Letters:
    """The mailbox behind `GET /`, in order of arrival."""

    def __init__(self, path: Path) -> None:
        make(path.parent)
        self._path = path
        self._letters: list[Letter] = []
        if path.exists():
            self._letters = [json.loads(line) for line in path.read_text().splitlines()]

    def keep(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Keep a message; the file has it before SMTP answers 250."""
        message = BytesParser(policy=policy.default).parsebytes(content)
        assert isinstance(message, EmailMessage)
        fresh = [self._letter(sender, to, message, number) for number, to in enumerate(recipients, 1)]
        with self._path.open("a") as file:
            file.write("".join(json.dumps(letter, ensure_ascii=False) + "\n" for letter in fresh))
        self._letters += fresh

    def after(self, number: int) -> list[Letter]:
        """Letters with a greater `n`."""
        return [letter for letter in self._letters if letter["n"] > number]

    def clear(self) -> None:
        """Forget all of them; numbers go on from where they were only while something is kept."""
        self._letters = []
        self._path.unlink(missing_ok=True)

    def _letter(self, sender: str, to: str, message: EmailMessage, number: int) -> Letter:
        plain, html = message.get_body(("plain",)), message.get_body(("html",))
        return {
            "n": (self._letters[-1]["n"] if self._letters else 0) + number,
            "to": to,
            "from": sender,
            "subject": str(message.get("subject", "")),
            "text": plain.get_content().replace("\r\n", "\n") if plain is not None else "",
            "html": html is not None,
            "message_id": str(message.get("message-id", "")),
            "at": datetime.now(UTC).isoformat(),
        }
