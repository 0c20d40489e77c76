"""Whoever starts a stack may be killed: what it started ends, and its temporary folder goes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from bellwire_local.watcher import marked

PARENT = """
import subprocess, sys, time
from pathlib import Path
from bellwire_local.watcher import Watcher
folder = Path(sys.argv[1])
watcher = Watcher(folder / "lock", remove=(folder,))
import os
ignoring = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)"
stubborn = f"import signal, time; {ignoring}; time.sleep(600)"
child = subprocess.Popen(
    [sys.executable, "-c", stubborn],
    env={**os.environ, **watcher.env}, start_new_session=True, stdout=subprocess.PIPE,
)
child.stdout.readline()
print(watcher.mark, watcher.pid, child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.timeout(60)
def test_a_killed_parent_takes_everything_along(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    mark, watcher, child = parent.stdout.readline().split()
    assert [process.pid for process in marked(mark)] == [int(child)]
    os.kill(int(watcher), signal.SIGTERM)  # nothing but the parent's end moves it
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while psutil.pid_exists(int(watcher)) and psutil.Process(int(watcher)).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert marked(mark) == []
    assert not folder.exists()
