"""Structured logs on standard output: JSON lines, or readable ones on a terminal. Never personal data."""

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog


def configure(service: str, level: str = "INFO") -> None:
    """Set structlog and the standard library's loggers up for a process; call once, at start."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stdout.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, _without_values, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_values,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(name, module=name)
    return bound


def _without_values(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Say of an exception where it came from and what it is, not its message: that may quote data.

    A database's names the row, a contract's the value that it refused. The operating system's knows none of ours.
    """
    found = event.pop("exc_info", None)
    error = found[1] if isinstance(found, tuple) else sys.exc_info()[1] if found is True else found
    if isinstance(error, BaseException):
        event["exception"] = "".join(_told(error)).rstrip()
    return event


def _told(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _told(before)
        yield "which led to:\n"
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _told(one)
        yield "together in:\n"
    yield from traceback.format_tb(error.__traceback__)
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    yield f"{kind}: {error.strerror}\n" if isinstance(error, OSError) and error.strerror else f"{kind}\n"
