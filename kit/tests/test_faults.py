"""A fault point kills its process as kill -9 does, at the hit that was asked for, and is nothing otherwise."""

import os
import signal
import subprocess
import sys

import pytest

PROGRAM = """
from bellwire_kit.faults import point
for n in range(5):
    print(n, flush=True)
    point("between")
    point("elsewhere")
"""


@pytest.mark.parametrize(
    ("armed", "seen"), [("between", "0"), ("between:3", "0 1 2"), ("elsewhere:2,x", "0 1")]
)
def test_it_dies_at_the_hit(armed: str, seen: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"BELLWIRE_FAULTS": armed},
        capture_output=True,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == seen.split()


def test_unarmed_it_does_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.split() == ["0", "1", "2", "3", "4"]
