"""`python -m bellwire_local.demo [PICTURE]`: exit code 0 only if all that was due arrived, and nothing else."""

import asyncio
import io
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from rich.console import Console

from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.run import Demo, plan_for
from bellwire_local.demo.screen import LiveScreen, Screen, screen_for
from bellwire_local.demo.summary import print_summary
from bellwire_local.errors import LocalError
from bellwire_local.stack import Stack

FOLDER = Path(".local/demo")
_WIDTH, _HEIGHT = 112, 60


async def play(stack: Stack, console: Console, screen: Screen, picture: Path | None) -> bool:
    """Play the day on a started stack; True when the reckoning is clean. `picture` gets an SVG of its end."""
    plan = plan_for(datetime.now(UTC))
    async with aiohttp.ClientSession() as session:
        outside = Outside(stack.endpoints.as_dict(), session)
        with screen:
            played = await Demo(outside, plan, screen, stack.set_clock).run(stack.apps)
    if picture and isinstance(screen, LiveScreen):
        paper = Console(record=True, width=_WIDTH, file=io.StringIO())
        paper.print(screen.picture())
        print_summary(paper, played, plan.verdicts())
        paper.save_svg(str(picture), title="make demo")
    return print_summary(console, played, plan.verdicts())


def main(arguments: list[str]) -> int:
    """Start an empty stack, play the day, stop the stack. Return the exit code."""
    console = Console()
    picture = Path(arguments[0]) if arguments else None
    paper = Console(file=io.StringIO(), width=_WIDTH, height=_HEIGHT)
    screen = LiveScreen(paper) if picture else screen_for(console)
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        with Stack(FOLDER, tell=lambda text: console.print(text, style="dim", highlight=False)) as stack:
            clean = asyncio.run(play(stack, console, screen, picture))
    except (LocalError, Unexpected) as error:
        console.print(f"the demo cannot go on: {error}", style="red", highlight=False)
        return 1
    console.print(
        "all that was due arrived, once, and nothing else" if clean else "the demo failed: see above"
    )
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
