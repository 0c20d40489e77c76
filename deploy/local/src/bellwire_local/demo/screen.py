"""What one sees of the demo: a live picture on a terminal, plain lines elsewhere."""

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bellwire_local.demo.reckoning import Push

_STEPS, _FEWEST_STEPS, _SHOWN = 22, 5, 8
_OTHER_LINES = 19
"""What the picture has beside its steps: frames, numbers, lock screens."""
_SECONDS_A_LINE = 1.0


@dataclass(slots=True)
class Numbers:
    """What is counted while the day goes on; latencies in seconds."""

    clock: str = ""
    act: str = ""
    events_in: int = 0
    decisions: dict[str, int] = field(default_factory=dict)
    on_phones: int = 0
    p50: float = 0.0
    p99: float = 0.0


class Screen(Protocol):
    """Where the demo tells what happens."""

    numbers: Numbers

    def say(self, text: str) -> None:
        """Tell one step."""

    def show(self, pushes: Sequence[Push]) -> None:
        """Show new lock screens, and the numbers as they are now."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; what was said stays."""


class PlainScreen(AbstractContextManager["PlainScreen"]):
    """Lines on standard output; of the lock screens between two lines, the first."""

    def __init__(self, console: Console) -> None:
        self.numbers = Numbers()
        self._console = console
        self._unsaid: list[Push] = []
        self._said_at = 0.0

    def say(self, text: str) -> None:
        """Print a line, after the lock screens that came before it."""
        self._flush()
        self._line(text)

    def show(self, pushes: Sequence[Push]) -> None:
        """Print how many came and the first of them, a line a second at most: a crowd's are hundreds."""
        self._unsaid += pushes
        if self._unsaid and monotonic() - self._said_at > _SECONDS_A_LINE:
            self._flush()

    def _flush(self) -> None:
        if self._unsaid:
            first, more = self._unsaid[0], len(self._unsaid) - 1
            self._line(
                f"    {first.provider:4}  {first.title} | {first.body}{f' (+{more} more)' if more else ''}"
            )
            self._unsaid = []
            self._said_at = monotonic()

    def _line(self, text: str) -> None:
        # Not wrapped: where there is no terminal there is no width, and a line is read by programs too.
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        """Print what is left."""
        self._flush()


class LiveScreen(AbstractContextManager["LiveScreen"]):
    """A picture that is redrawn four times a second: steps, numbers, lock screens."""

    def __init__(self, console: Console) -> None:
        self.numbers = Numbers()
        self._console = console
        self._steps: deque[str] = deque(maxlen=_STEPS)
        self._phones: deque[Push] = deque(maxlen=_SHOWN)
        self._live = Live(console=console, get_renderable=self.picture, refresh_per_second=4, transient=False)

    def say(self, text: str) -> None:
        """Add a step."""
        self._steps.append(text)

    def show(self, pushes: Sequence[Push]) -> None:
        """Add lock screens."""
        self._phones.extend(pushes)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        """Draw a last time."""
        self._live.__exit__(None, None, None)

    def picture(self) -> Group:
        """Return what is on the screen now."""
        now = self.numbers
        table = Table.grid(padding=(0, 2))
        table.add_row("district clock", now.clock, "now", now.act)
        table.add_row("events in", str(now.events_in), "on lock screens", str(now.on_phones))
        table.add_row("latency p50", f"{now.p50 * 1000:.0f} ms", "p99", f"{now.p99 * 1000:.0f} ms")
        decided = "  ".join(f"{name} {count}" for name, count in sorted(now.decisions.items()))
        room = max(_FEWEST_STEPS, min(_STEPS, self._console.size.height - _OTHER_LINES))
        steps = Text("\n".join(list(self._steps)[-room:]), no_wrap=True, overflow="ellipsis")
        return Group(
            Panel(steps, title="Bellwire, a school day", height=room + 2),
            Panel(Group(table, Text(f"decisions  {decided}"))),
            Panel(Group(*map(_lock_screen, self._phones)), title="lock screens", height=_SHOWN + 2),
        )


def _lock_screen(push: Push) -> Text:
    phone = "iPhone " if push.provider == "apns" else "Android"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{phone}  ", style="cyan")
    line.append(push.title, style="bold")
    line.append(f"  {push.body}")
    return line


def screen_for(console: Console) -> Screen:
    """Return the live picture where there is a terminal, plain lines where there is none."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)
