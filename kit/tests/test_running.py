"""A service drains on SIGTERM, and stops when a part of it ends by itself."""

import asyncio
import os
import signal

import pytest
from bellwire_kit.running import Background, BackgroundFailed, serve
from bellwire_kit.web.application import application


class Work:
    """Works until it is told to stop, then finishes what is in flight."""

    def __init__(self) -> None:
        self.asked, self.drained = asyncio.Event(), False

    async def run(self) -> None:
        await self.asked.wait()
        await asyncio.sleep(0)
        self.drained = True

    def part(self) -> Background:
        return Background("work", self.run, self.asked.set)


async def test_sigterm_drains() -> None:
    work = Work()
    app = application(title="t", version="1", checks={})

    def announced(_url: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    await serve(app, host="127.0.0.1", port=0, background=[work.part()], announce=announced)
    assert work.drained


@pytest.mark.parametrize("error", [None, RuntimeError("gone")])
async def test_a_part_that_ends_by_itself_stops_the_service(error: Exception | None) -> None:
    async def ends() -> None:
        if error is not None:
            raise error

    other = Work()
    app = application(title="t", version="1", checks={})
    parts = [Background("consumer", ends, lambda: None), other.part()]
    with pytest.raises(BackgroundFailed, match="consumer"):
        await serve(app, host="127.0.0.1", port=0, background=parts)
    assert other.drained


async def test_what_does_not_drain_in_time_is_cancelled() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    def announced(_url: str) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    app = application(title="t", version="1", checks={})
    stuck = Background("stuck", forever, lambda: None)
    await serve(app, host="127.0.0.1", port=0, background=[stuck], drain_seconds=0.05, announce=announced)
