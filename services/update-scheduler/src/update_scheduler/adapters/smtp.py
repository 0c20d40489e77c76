"""Sends the mail outbox over SMTP, one letter at a time: only one in flight at a crash may go out again."""

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
from bellwire_kit import faults
from bellwire_kit.logs import logger
from bellwire_kit.postgres import Connection

from update_scheduler.adapters.postgres.outbox import OUTBOX
from update_scheduler.adapters.postgres.queue import all_rows
from update_scheduler.domain.retrying import Again, GiveUp, after_refusal
from update_scheduler.metrics import MAILS

_log = logger(__name__)
_BATCH = 100
_TIMEOUT = 20.0
_OLD = 1000
_WIRE = SMTP.clone(max_line_length=990)
"""Subjects in one line: the default folds some right after "Subject:", which readers show with a blank."""


class MailDrain:
    """One drain of the mail outbox. `url` is smtp://[user:password@]host[:port] or smtps://."""

    def __init__(self, url: str, sender: str) -> None:
        self._url, self._sender = urlsplit(url), sender
        self._envelope = parseaddr(sender)[1]

    async def __call__(self, connection: Connection, stopping: Callable[[], bool]) -> float:
        """Send what is due; return the seconds until the next attempt is."""
        while not stopping():
            due = await all_rows(OUTBOX.due_mails(connection, most=_BATCH))
            if not due:
                break
            await self._send_all(connection, due, stopping)
        await OUTBOX.remove_old_mail(connection, most=_OLD)
        left = await OUTBOX.next_mail_in(connection)
        return 60.0 if left is None else max(float(left), 0.0)

    async def _send_all(self, connection: Connection, due: list[Any], stopping: Callable[[], bool]) -> None:
        client = self._client()
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._wait_all(connection, due, error)
            return
        try:
            for index, row in enumerate(due):
                if stopping():
                    return
                faults.point("update_scheduler.mail.before_send")
                try:
                    await client.sendmail(self._envelope, [row["recipient"]], self._letter(row))
                except (aiosmtplib.SMTPServerDisconnected, TimeoutError, OSError) as error:
                    await self._wait_all(connection, due[index:], error)
                    return
                except aiosmtplib.SMTPException as error:
                    await self._refused(connection, row, error)
                    continue
                faults.point("update_scheduler.mail.sent")
                await OUTBOX.mail_sent(connection, n=row["n"])
                MAILS.labels("sent").inc()
        finally:
            client.close()

    async def _wait_all(self, connection: Connection, due: list[Any], error: Exception) -> None:
        decision = after_refusal(due[0]["attempts"] + 1, 0)
        wait = decision.wait if isinstance(decision, Again) else timedelta(minutes=1)
        _log.warning("mail server away", error=type(error).__name__, waiting=len(due), retry_in=str(wait))
        MAILS.labels("server_away").inc()
        ns = [row["n"] for row in due]
        await OUTBOX.mails_wait(connection, ns=ns, wait=wait, answer=type(error).__name__)

    async def _refused(self, connection: Connection, row: Any, error: aiosmtplib.SMTPException) -> None:
        code = _code(error)
        decision = after_refusal(row["attempts"] + 1, code)
        _log.warning("mail refused", n=row["n"], code=code, decision=type(decision).__name__)
        match decision:
            case Again(wait=wait):
                MAILS.labels("refused_for_now").inc()
                await OUTBOX.mails_wait(connection, ns=[row["n"]], wait=wait, answer=str(code))
            case GiveUp(code=answer):
                MAILS.labels("refused").inc()
                await OUTBOX.mail_failed(connection, n=row["n"], answer=answer)

    def _client(self) -> aiosmtplib.SMTP:
        tls = self._url.scheme == "smtps"
        return aiosmtplib.SMTP(
            hostname=self._url.hostname or "localhost",
            port=self._url.port or (465 if tls else 25),
            username=unquote(self._url.username) if self._url.username else None,
            password=unquote(self._url.password) if self._url.password else None,
            use_tls=tls,
            timeout=_TIMEOUT,
        )

    def _letter(self, row: Any) -> bytes:
        letter = EmailMessage()
        letter["From"] = self._sender
        letter["To"] = row["recipient"]
        letter["Subject"] = row["subject"]
        letter["Date"] = format_datetime(row["created_at"])
        letter["Message-ID"] = row["message_id"]
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(row["body"])
        letter.add_alternative(row["html"], subtype="html")
        return letter.as_bytes(policy=_WIRE)


def _code(error: aiosmtplib.SMTPException) -> int:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return max((refused.code for refused in error.recipients), default=0)
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
