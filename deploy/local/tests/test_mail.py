"""The mail sink keeps, shows, and refuses when it was told to."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from bellwire_local.mail.__main__ import mailbox_application
from bellwire_local.mail.letters import Letters
from bellwire_local.mail.smtp import Desk, listen
from bellwire_local.ports import HOST, free_port


class Sink:
    def __init__(self, session: ClientSession, url: str, smtp_port: int) -> None:
        self.session, self.url, self.smtp_port = session, url, smtp_port

    async def send(self, message: EmailMessage) -> None:
        await aiosmtplib.send(message, hostname=HOST, port=self.smtp_port, start_tls=False)

    async def letters(self, after: int = 0) -> list[dict[str, object]]:
        async with self.session.get(f"{self.url}/?after={after}") as answer:
            assert answer.status == 200
            found: list[dict[str, object]] = await answer.json()
            return found


@pytest.fixture
async def sink(tmp_path: Path) -> AsyncIterator[Sink]:
    desk, port = Desk(Letters(tmp_path / "mailbox.jsonl")), free_port()
    smtp = await listen(desk, HOST, port)
    async with TestServer(mailbox_application(desk)) as server, ClientSession() as session:
        yield Sink(session, str(server.make_url("")).rstrip("/"), port)
    smtp.close()
    await smtp.wait_closed()


def letter(to: str = "ana@district.example", subject: str = "Scheduled") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bellwire@local.example", to, subject
    message["Message-ID"] = "<one@bellwire>"
    message.set_content("Se actualizará el jueves.\n")
    return message


async def test_what_is_sent_is_shown(sink: Sink) -> None:
    message = letter(subject="Actualización: مرحبا 🎒")
    message.add_alternative("<p>hello</p>", subtype="html")
    await sink.send(message)
    await sink.send(letter(to="a@x.example, b@x.example"))
    first, second, third = await sink.letters()
    assert (first["to"], first["subject"]) == ("ana@district.example", "Actualización: مرحبا 🎒")
    assert (first["text"], first["html"]) == ("Se actualizará el jueves.\n", True)
    assert (first["message_id"], first["n"]) == ("<one@bellwire>", 1)
    assert [second["to"], third["to"]] == ["a@x.example", "b@x.example"]
    assert second["html"] is False
    assert await sink.letters(after=2) == [third]


@pytest.mark.parametrize("code", [451, 550])
async def test_it_refuses_and_accepts_again(sink: Sink, code: int) -> None:
    async with sink.session.put(f"{sink.url}/refusal", json={"code": code, "text": "not now"}) as answer:
        assert answer.status == 200
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await sink.send(letter())
    assert (refused.value.code, refused.value.message) == (code, "not now")
    async with sink.session.delete(f"{sink.url}/refusal") as answer:
        assert answer.status == 204
    await sink.send(letter())
    assert len(await sink.letters()) == 1


async def test_it_refuses_one_recipient(sink: Sink) -> None:
    async with sink.session.put(f"{sink.url}/refusal", json={"code": 550, "recipients": ["b@x.example"]}):
        pass
    await sink.send(letter(to="a@x.example, b@x.example"))
    assert [found["to"] for found in await sink.letters()] == ["a@x.example"]


async def test_a_refusal_that_is_none(sink: Sink) -> None:
    async with sink.session.put(f"{sink.url}/refusal", json={"code": 200}) as answer:
        assert answer.status == 400
        assert (await answer.json())["pointer"] == "/code"


async def test_a_restart_loses_no_mail(sink: Sink, tmp_path: Path) -> None:
    await sink.send(letter())
    assert Letters(tmp_path / "mailbox.jsonl").after(0) == await sink.letters()
    async with sink.session.delete(f"{sink.url}/") as answer:
        assert answer.status == 204
    assert await sink.letters() == []
