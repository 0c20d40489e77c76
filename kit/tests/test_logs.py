"""What a process logs of an exception: where and what, never the data that its message quotes."""

import json
import subprocess
import sys

LOGGING = """
import logging
from bellwire_kit import logs
from bellwire_schemas.roster import StudentChanged

logs.configure("service")

def read():
    try:
        StudentChanged.model_validate({"student_id": 4711, "display_name": ["Anna Smith"]})
    except ValueError as error:
        raise RuntimeError("Anna Smith") from error

try:
    read()
except RuntimeError as error:
    kept = error
    logs.logger("module").exception("unexpected error", route="/v1")
    logging.getLogger("library").exception("unhandled")
logs.logger("module").error("part failed", exc_info=kept)
logs.logger("module").error("group", exc_info=ExceptionGroup("Anna Smith", [kept, OSError(111, "refused")]))
logs.logger("module").warning("nothing raised")
"""


def test_an_exception_is_logged_without_the_values_that_its_message_quotes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGGING], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == [
        "unexpected error",
        "unhandled",
        "part failed",
        "group",
        "nothing raised",
    ]
    assert "Anna" not in done.stdout + done.stderr
    assert "4711" not in done.stdout + done.stderr
    for line in lines[:4]:
        assert "in read" in line["exception"]
        assert "builtins.RuntimeError" in line["exception"]
        assert "ValidationError" in line["exception"]
    assert "builtins.ConnectionRefusedError: refused" in lines[3]["exception"]
    assert "exception" not in lines[4]
