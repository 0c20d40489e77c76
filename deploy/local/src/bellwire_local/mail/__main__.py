"""`python -m bellwire_local.mail`: SMTP on SMTP_PORT, what arrived on HTTP_PORT, kept in MAILBOX_FILE.

`GET /` lists letters (`?after=<n>` the newer ones), `DELETE /` clears them. `PUT /refusal` with `{"code",
"text", "recipients"}` makes SMTP refuse, `DELETE /refusal` makes it accept again.
"""

import asyncio
from pathlib import Path

from aiohttp import web
from bellwire_kit.logs import configure
from bellwire_kit.running import serve
from bellwire_kit.web.application import application
from bellwire_kit.web.problems import Problem, invalid
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from bellwire_local.mail.letters import Letters
from bellwire_local.mail.smtp import Desk, Mood, Refusal, listen
from bellwire_local.ports import HOST


class MailSettings(BaseSettings, frozen=True):
    """Environment of the mail sink."""

    http_port: int
    smtp_port: int
    mailbox_file: Path
    log_level: str = "INFO"


def mailbox_application(desk: Desk) -> web.Application:
    """The HTTP side."""

    async def show(request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        if not after.isdecimal():
            raise Problem(400, "invalid", "after is a number", "It is the n of the last letter seen.")
        return web.json_response(desk.letters.after(int(after)))

    async def clear(_request: web.Request) -> web.Response:
        desk.letters.clear()
        return web.Response(status=204)

    async def refuse(request: web.Request) -> web.Response:
        try:
            desk.mood = Refusal.model_validate_json(await request.read() or b"{}")
        except ValidationError as error:
            raise invalid(error) from error
        return web.json_response(desk.mood.model_dump(mode="json"))

    async def accept(_request: web.Request) -> web.Response:
        desk.mood = Mood.ACCEPTING
        return web.Response(status=204)

    app = application(title="Bellwire local mailbox", version="1", checks={})
    app.router.add_get("/", show)
    app.router.add_delete("/", clear)
    app.router.add_put("/refusal", refuse)
    app.router.add_delete("/refusal", accept)
    return app


async def run(settings: MailSettings) -> None:
    """Serve until SIGTERM."""
    desk = Desk(Letters(settings.mailbox_file))
    server = await listen(desk, HOST, settings.smtp_port)
    try:
        await serve(mailbox_application(desk), host=HOST, port=settings.http_port)
    finally:
        server.close()


if __name__ == "__main__":
    settings = MailSettings()
    configure("mail", settings.log_level)
    asyncio.run(run(settings))
