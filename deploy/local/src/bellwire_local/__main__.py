"""Command line of the local stack: `python -m bellwire_local up|down|run|status|clock|token`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from bellwire_local import standing
from bellwire_local.background import run_in_background, stop_in_background
from bellwire_local.clock import move_by, move_to
from bellwire_local.endpoints import Endpoints
from bellwire_local.errors import ClockRefused, LocalError, NotUp
from bellwire_local.local_tokens import local_token
from bellwire_local.paths import local_directory
from bellwire_local.processes import Progress
from bellwire_local.services import EVERYTHING

if TYPE_CHECKING:
    from bellwire_local.stack import Stack

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The local stack of Bellwire.")
_out = Console(highlight=False, soft_wrap=True)

Only = Annotated[
    list[str] | None, typer.Option("--only", help=f"Start only these of: {', '.join(EVERYTHING)}.")
]
Report = Annotated[int, typer.Option("--report-to", hidden=True)]


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except LocalError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _say(text: str) -> None:
    _out.print(text, markup=False)


@app.command()
def up(only: Only = None) -> None:
    """Start everything in the background and return when it is ready."""
    folder = local_directory()
    with _one_sentence():
        run_in_background(folder, [part for name in only or () for part in ("--only", name)], _say)
        _say(f"up; addresses are in {folder / 'endpoints.json'}, logs in {folder / 'logs'}")


@app.command()
def run(only: Only = None, report_to: Report = -1) -> None:
    """Start everything in the foreground, until Ctrl-C."""
    # Imported here because the other commands answer in a third of the time without it.
    from bellwire_local.stack import Stack  # noqa: PLC0415
    from bellwire_local.supervisor import Reporter, supervise  # noqa: PLC0415

    folder = local_directory()
    children = only or EVERYTHING
    if report_to >= 0:
        reporter = Reporter(report_to)
        try:
            stack = Stack(folder, children, tell=reporter.tell)
            supervise(stack, reporter.tell, lambda: _loaded(stack, reporter.tell, reporter.ready))
        except LocalError as error:
            reporter.failed(error)
            raise typer.Exit(1) from error
    else:
        with _one_sentence():
            stack = Stack(folder, children, tell=_say)
            up = "up; Ctrl-C stops it, and leaves nothing"
            supervise(stack, _say, lambda: _loaded(stack, _say, lambda: _say(up)))


def _loaded(stack: "Stack", tell: Progress, ready: Callable[[], None]) -> None:
    from bellwire_local.demo import data  # noqa: PLC0415

    data.load(stack, tell)
    ready()


@app.command()
def down() -> None:
    """Stop everything and leave nothing running; what was stored stays for the next `up`."""
    with _one_sentence():
        try:
            stop_in_background(local_directory(), _say)
        except NotUp as nothing:
            if standing.is_held(local_directory()):
                raise
            _say(str(nothing).partition(":")[0] + ".")
            return
        _say("down")


@app.command()
def status() -> None:
    """Show the parts of a running stack."""
    with _one_sentence():
        found = standing.read(local_directory())
    table = Table("part", "state", "process", "restarts", "memory MB", box=None, pad_edge=False)
    for part in found.parts:
        shown = ("running" if part.running else "down") if part.pid else "not ours"
        memory = f"{_megabytes(part.pid):.0f}" if part.running and part.pid else ""
        table.add_row(part.name, shown, str(part.pid or ""), str(part.restarts), memory)
    _say(f"supervisor {found.pid}: {found.phase}")
    _out.print(table)


@app.command()
def clock(
    to: Annotated[str, typer.Option(help="RFC 3339 time, later than the stack's.")] = "",
    by: Annotated[str, typer.Option(help="Seconds to go forward.")] = "",
) -> None:
    """Move the local stack's product time, forward only."""
    with _one_sentence():
        folder = local_directory()
        standing.read(folder)
        if bool(to) == bool(by):
            raise ClockRefused("Say how far: TO=<RFC 3339 time> or BY=<seconds>, one of the two.")
        file = folder / "clock"
        moved = move_to(file, to) if to else move_by(file, _seconds(by))
        _say(moved.isoformat(timespec="seconds"))


@app.command()
def token(
    role: Annotated[str, typer.Option()] = "",
    user: Annotated[str, typer.Option()] = "",
    district: Annotated[str, typer.Option()] = "",
    environment: Annotated[str, typer.Option()] = "",
) -> None:
    """Print a bearer token of the local issuer, or a publisher key for role publisher."""
    with _one_sentence():
        endpoints = Endpoints.read(local_directory() / "endpoints.json")
        # Plain: a token in a terminal's line width is no token.
        sys.stdout.write(local_token(endpoints.issuer, role, user, district, environment) + "\n")


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ClockRefused(f"BY is {text!r}: give a number of seconds, such as 3600.") from None


def _megabytes(pid: int) -> float:
    """Memory of a process and its descendants, shared pages counted once each (PSS where there is it)."""
    total = 0
    with suppress(psutil.Error):
        family = psutil.Process(pid)
        for process in (family, *family.children(recursive=True)):
            with suppress(psutil.Error):
                full = process.memory_full_info()
                total += getattr(full, "pss", full.rss)
    return total / 1e6


if __name__ == "__main__":
    app()
