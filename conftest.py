"""The fixtures of the local parts (a real broker, a real database, a whole stack) serve every package's tests."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from bellwire_local.stack import Stack

pytest_plugins = ["bellwire_local.pytest_plugin"]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A whole Bellwire for the tests that cross services; each brings districts of its own."""
    # A crowd publishes a school's whole day in seconds, which is what the surge hold (product.md section 4,
    # "Brake") is there to hold: these tests are about what is told, so no surge is held in them.
    env = {"threshold_evaluator": {"SURGE_FACTS": "0"}}
    with (
        tempfile.TemporaryDirectory(prefix="bellwire-") as folder,
        Stack(Path(folder), child_env=env, tell=print) as made,
    ):
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as made:
        yield made
