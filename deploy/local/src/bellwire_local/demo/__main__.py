"""`python -m bellwire_local.demo`: exit code 0 only if all that was due arrived, and nothing else."""

import asyncio
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from rich.console import Console

from bellwire_local import clock
from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.demo.run import Demo, plan_for
from bellwire_local.demo.screen import screen_for
from bellwire_local.demo.summary import print_summary
from bellwire_local.errors import LocalError
from bellwire_local.stack import Stack

FOLDER = Path(".local/demo")


async def play(stack: Stack, console: Console) -> bool:
    """Play the day on a started stack; True when the reckoning is clean."""
    plan = plan_for(datetime.now(UTC))
    async with aiohttp.ClientSession() as session:
        outside = Outside(stack.endpoints.as_dict(), session)
        with screen_for(console) as screen:
            demo = Demo(outside, plan, screen, lambda to: clock.move_to(stack.clock_file, to.isoformat()))
            reckoning = await demo.run(stack.apps)
        return print_summary(console, reckoning, plan.verdicts())


def main() -> int:
    """Start an empty stack, play the day, stop the stack. Return the exit code."""
    console = Console()
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        with Stack(FOLDER, tell=lambda text: console.print(text, style="dim", highlight=False)) as stack:
            clean = asyncio.run(play(stack, console))
    except (LocalError, Unexpected) as error:
        console.print(f"the demo cannot go on: {error}", style="red", highlight=False)
        return 1
    console.print(
        "all that was due arrived, once, and nothing else" if clean else "the demo failed: see above"
    )
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
