"""The fixtures of the local parts (a real broker, a real database, a whole stack) serve every package's tests."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from bellwire_local.stack import Stack
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["bellwire_local.pytest_plugin"]


class ByFile(LoadScopeScheduling):
    """A file's tests run on one worker; all files of the whole stack share one worker, and so one stack."""

    def _split_scope(self, nodeid: str) -> str:
        path, *_ = nodeid.split("::")
        return "tests" if path.startswith("tests/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Share the files among the workers."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests begin first, so that no worker is left alone with one at the end."""
    marks = ("slow", "browser")
    slow = {item.path for item in items if any(item.get_closest_marker(mark) for mark in marks)}
    items.sort(key=lambda item: item.path not in slow)


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
