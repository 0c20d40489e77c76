"""`up`, `down`, `run`, `status`, `clock`, `token` as a person uses them; nothing survives, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from bellwire_local.__main__ import app
from bellwire_local.endpoints import Endpoints
from bellwire_local.processes import STACK_VARIABLE
from bellwire_local.services import is_ready
from bellwire_local.standing import is_held, read
from bellwire_local.watcher import marked
from typer.testing import CliRunner

pytestmark = pytest.mark.slow

SMALL = ("--only", "issuer", "--only", "mail")
PARTS = ("--only", "kafka", "--only", "postgres")


class Shell:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str | None] = {"BELLWIRE_LOCAL": str(folder)}
        for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "OIDC_ISSUER", "SMTP_URL", "BELLWIRE_INFRA"):
            self.env[name] = None

    def __call__(self, *arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, arguments, env=self.env)
        assert done.exit_code == code, done.output
        return done.output

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bellwire_local", *arguments],
            env={k: v for k, v in {**os.environ, **self.env}.items() if v is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def mark(self) -> str:
        return str(psutil.Process(read(self.folder).parts[0].pid).environ()[STACK_VARIABLE])


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    tmp_path.chmod(0o755)
    shell = Shell(tmp_path)
    yield shell
    shell("down")


def until_gone(mark: str, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while left := marked(mark):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def until_released(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while is_held(folder):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def until_said(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words!r}")


@pytest.mark.timeout(120)
def test_a_day_with_the_command_line(shell: Shell) -> None:
    assert "No local stack is up in" in shell("status", code=1)
    assert "start it with `make up`" in shell("token", "--role", "operator", "--user", "op1", code=1)
    assert "start it with `make up`" in shell("clock", "--by", "10", code=1)
    assert "No local stack is up" in shell("down")
    assert "issuer is ready" in shell("up", *SMALL)
    mark = shell.mark()
    assert "already up" in shell("up", *SMALL, code=1)
    assert "already up" in shell("run", *SMALL, code=1)
    shown = shell("status")
    assert "issuer" in shown
    assert "running" in shown
    assert shell("token", "--role", "operator", "--user", "op1").strip().count(".") == 2
    assert "needs a district" in shell("token", "--role", "guardian", "--user", "g1", code=1)
    assert shell("clock", "--to", "2099-03-01T06:00:00-06:00").strip() == "2099-03-01T12:00:00+00:00"
    assert "forward only" in shell("clock", "--to", "2098-01-01T00:00:00Z", code=1)
    assert "one of the two" in shell("clock", code=1)
    assert "number of seconds" in shell("clock", "--by", "much", code=1)
    assert shell("clock", "--by", "86400").startswith("2099-03-02T12:00:")
    assert "down" in shell("down")
    assert marked(mark) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_foreground_leaves_nothing(shell: Shell, number: signal.Signals) -> None:
    process = shell.begin("run", "--only", "mail")
    until_said(process, "up; Ctrl-C stops it")
    mark = shell.mark()
    process.send_signal(number)
    assert process.wait(30) == 0
    assert marked(mark) == []


@pytest.mark.timeout(120)
def test_a_signal_during_the_start_leaves_nothing(shell: Shell) -> None:
    process = shell.begin("run", *SMALL, *PARTS)
    until_said(process, "is ready")  # Kafka is still being formatted
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=40)
    # A killed process that waits for its disk goes when the disk has answered.
    deadline = time.monotonic() + 15
    while left := _of(shell.folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _of(folder: Path) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or ())]


@pytest.mark.timeout(120)
def test_a_killed_supervisor_leaves_nothing_and_up_works_at_once(shell: Shell) -> None:
    shell("up", *SMALL, *PARTS)
    mark = shell.mark()
    os.kill(read(shell.folder).pid, signal.SIGKILL)
    until_released(shell.folder)
    assert "start it with `make up`" in shell("status", code=1)
    shell("up", *SMALL)  # waits until the watcher swept what was left
    assert marked(mark) == []
    second = shell.mark()
    assert is_ready(Endpoints.read(shell.folder / "endpoints.json").issuer)
    shell("down")
    until_gone(second)


@pytest.mark.timeout(120)
def test_a_start_that_fails_in_the_background_says_why(shell: Shell) -> None:
    shell.env["BELLWIRE_ISSUER_PORT"] = "1x"
    assert "between 1 and 65535" in shell("up", *SMALL, code=1)
    assert not (shell.folder / "endpoints.json").exists()


@pytest.mark.timeout(120)
def test_an_up_that_is_killed_while_it_waits_leaves_nothing(shell: Shell) -> None:
    process = shell.begin("up", *SMALL, *PARTS)
    until_said(process, "is ready")
    process.kill()
    process.communicate()
    until_released(shell.folder)
    # A killed process that waits for its disk goes when the disk has answered.
    deadline = time.monotonic() + 15
    while left := _of(shell.folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
