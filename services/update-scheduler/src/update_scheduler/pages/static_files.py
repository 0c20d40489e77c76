"""The style sheet, the script and the icon, under addresses that change when they do."""

import hashlib
from importlib.resources import files

from aiohttp import web

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES = {
    name: (files("update_scheduler.pages") / "static" / name).read_bytes()
    for name in ("style.css", "page.js", "icon.svg")
}
_STAMP = hashlib.sha256(b"".join(_FILES.values())).hexdigest()[:12]


def static(name: str) -> str:
    """The address of a file."""
    return f"/static/{_STAMP}/{name}"


async def serve(request: web.Request) -> web.Response:
    """A file, for a year: another content has another address."""
    body = _FILES.get(request.match_info["name"])
    if body is None:
        raise web.HTTPNotFound
    return web.Response(
        body=body,
        content_type=_TYPES[request.match_info["name"].rpartition(".")[2]],
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def add_routes(app: web.Application) -> None:
    """Serve the files."""
    app.router.add_get("/static/{stamp}/{name}", serve)
