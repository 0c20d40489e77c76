"""All pages on an application."""

from collections.abc import AsyncIterator

import aiohttp_session
from aiohttp import web

from update_scheduler.pages import (
    board,
    bulk,
    calendar,
    contacts,
    district,
    feeds,
    groups,
    jinja,
    live,
    login,
    releases,
    removal,
    request_form,
    request_page,
    sites,
    start,
    static_files,
    waves,
    windows,
)
from update_scheduler.pages.limited import limited
from update_scheduler.pages.live import READERS
from update_scheduler.pages.mistakes import mistakes
from update_scheduler.pages.news import News, Readers
from update_scheduler.pages.parts import PAGE_PARTS, PageParts
from update_scheduler.pages.recall import RECALL, Recall
from update_scheduler.pages.sessions import storage


def add_routes(app: web.Application, parts: PageParts) -> None:
    """Serve every page; the application has the use cases (`PARTS`) already."""
    app[PAGE_PARTS] = parts
    app[READERS] = readers = Readers()
    app[RECALL] = recall = Recall()
    app.middlewares.append(aiohttp_session.session_middleware(storage(parts.settings)))
    app.middlewares.append(mistakes)
    app.middlewares.append(limited())
    jinja.setup(app)

    async def listening(_app: web.Application) -> AsyncIterator[None]:
        def tell(news: News) -> None:
            recall.forget()
            readers.tell(news)

        async with parts.news.telling(tell):
            yield

    async def stopping(_app: web.Application) -> None:
        readers.end()

    app.cleanup_ctx.append(listening)
    app.on_shutdown.append(stopping)
    # request_form before request_page: /requests/new is no request
    views = (
        static_files,
        login,
        live,
        start,
        district,
        request_form,
        removal,
        request_page,
        board,
        bulk,
        calendar,
        feeds,
        waves,
        windows,
        releases,
        sites,
        contacts,
        groups,
    )
    for view in views:
        view.add_routes(app)
