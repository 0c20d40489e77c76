"""What went wrong, as a page: for a person's browser, never for the API."""

from aiohttp import web
from aiohttp.typedefs import Handler
from bellwire_kit.logs import logger
from bellwire_kit.metrics import UNEXPECTED_ERRORS
from bellwire_kit.postgres import UNAVAILABLE
from bellwire_kit.web.problems import Problem

from update_scheduler.errors import NotForYou, NotThere, QueueError
from update_scheduler.pages.visits import render

_log = logger(__name__)


def _wants_page(request: web.Request) -> bool:
    return not request.path.startswith("/v1/") and "text/html" in request.headers.get("Accept", "")


@web.middleware
async def mistakes(  # noqa: PLR0911 - one line a mistake
    request: web.Request, handler: Handler
) -> web.StreamResponse:
    """Show refusals and failures as pages to browsers."""
    if not _wants_page(request):
        return await handler(request)
    try:
        return await handler(request)
    except Problem as problem:
        page = await _page(request, problem.status, problem.title, problem.detail)
        page.headers.update(problem.headers)
        return page
    except QueueError as error:
        status, title = _status(error)
        return await _page(request, status, title, error.detail)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        title = "There is no such page" if error.status == 404 else error.reason
        return await _page(request, error.status, title, "Check the address, or begin at the start page.")
    except UNAVAILABLE as error:
        _log.warning("database away", error=type(error).__name__)
        return await _page(request, 503, "The queue cannot be read now", "Try again in a moment.")
    except Exception:
        UNEXPECTED_ERRORS.labels("pages").inc()
        _log.exception("unexpected error on a page")
        return await _page(
            request, 500, "Something went wrong here", "It has been logged. Nothing was changed."
        )


def _status(error: QueueError) -> tuple[int, str]:
    match error:
        case NotThere():
            return 404, "There is no such page"
        case NotForYou():
            return 403, "Not allowed"
        case _:
            return 409, "That cannot be done now"


async def _page(request: web.Request, status: int, title: str, detail: str) -> web.Response:
    return await render(request, "mistake.html.j2", status, title=title, detail=detail, code=status)
