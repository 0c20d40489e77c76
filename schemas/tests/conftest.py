"""Small things these tests share."""

import socket
from uuid import uuid4

import pytest


@pytest.fixture
def unique_name() -> str:
    return f"t{uuid4().hex[:10]}"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
