"""A stack keeps its parts alive, tells where they are, and leaves nothing."""

import json
import urllib.request
from pathlib import Path

import pytest
from bellwire_local.errors import AlreadyUp, LocalError, NotUp, PartDied
from bellwire_local.services import is_ready
from bellwire_local.stack import Stack
from bellwire_local.watcher import marked

SMALL = ("issuer", "mail")


def mark_of(stack: Stack) -> str:
    """The mark that the watcher looks for, read from a child as the watcher reads it."""
    import psutil

    return str(psutil.Process(stack.states()[0].pid).environ()["BELLWIRE_STACK"])


def test_up_and_down(tmp_path: Path) -> None:
    told: list[str] = []
    with Stack(tmp_path, SMALL, tell=told.append) as stack:
        mark = mark_of(stack)
        assert len(marked(mark)) == 2
        written = json.loads((tmp_path / "endpoints.json").read_text())
        assert written == stack.endpoints.as_dict()
        assert written["kafka"] == ""
        with urllib.request.urlopen(written["mailbox"]) as answer:
            assert json.load(answer) == []
        assert stack.token("operator", "op1").count(".") == 2
        with pytest.raises(LocalError, match=r"No token was given \(role: It is one of guardian"):
            stack.token("king", "u")
        with pytest.raises(LocalError, match="without gradebook-events"):
            stack.token("publisher", "sis", "maple-valley")
    assert marked(mark) == []
    assert not (tmp_path / "endpoints.json").exists()
    assert any(line.startswith("issuer is ready") for line in told)
    with pytest.raises(NotUp):
        _ = stack.endpoints


def test_what_dies_is_started_again_on_the_same_address(tmp_path: Path) -> None:
    told: list[str] = []
    with Stack(tmp_path, SMALL, tell=told.append) as stack:
        issuer, before = stack.endpoints.issuer, stack.states()[0]
        stack.kill("issuer")
        stack.wait_ready("issuer")
        after = stack.states()[0]
        assert after.name == before.name == "issuer"
        assert after.pid != before.pid
        assert after.restarts == 1
        assert is_ready(issuer)
    assert "issuer was ended by SIGKILL; starting it again in 0.5 s" in told


def test_what_was_taken_down_stays_down(tmp_path: Path) -> None:
    told: list[str] = []
    with Stack(tmp_path, SMALL, tell=told.append) as stack:
        stack.take_down("mail")
        stack.kill("issuer")
        stack.wait_ready("issuer")  # the reviver has looked at both by now
        assert [state.running for state in stack.states()] == [True, False]
        stack.bring_up("mail", once={"BELLWIRE_FAULTS": ""})
        assert [state.running for state in stack.states()] == [True, True]
        assert not any("mail ended" in line for line in told)


def test_a_part_that_cannot_start_stops_the_rest(tmp_path: Path) -> None:
    stack = Stack(tmp_path, SMALL, child_env={"mail": {"SMTP_PORT": "none"}})
    with pytest.raises(PartDied, match=r"mail stopped while starting .*logs/mail.log.* start again\."):
        stack.start()
    assert not (tmp_path / "endpoints.json").exists()
    # The watcher's lock is free: nothing of the failed start is left, and another start works.
    with Stack(tmp_path, SMALL):
        pass


def test_two_stacks_do_not_share_a_folder(tmp_path: Path) -> None:
    with Stack(tmp_path, SMALL), pytest.raises(AlreadyUp, match=r"stop it .* or choose another folder"):
        Stack(tmp_path, SMALL).start()


def test_no_stand_in_for_what_the_environment_names(tmp_path: Path) -> None:
    env = {"OIDC_ISSUER": "https://id.example", "SMTP_URL": "smtp://user:secret@mail.example:2525"}
    with Stack(tmp_path, SMALL, env=env) as stack:
        assert stack.states() == []
        assert stack.endpoints.issuer == "https://id.example"
        assert stack.endpoints.smtp == "mail.example:2525"
        assert stack.endpoints.mailbox == ""
        with pytest.raises(LocalError, match="gives no local tokens"):
            stack.token("operator", "op1")


def test_an_unknown_child(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no such child; choose of kafka, postgres"):
        Stack(tmp_path, ("zookeeper",))


def test_a_child_that_is_no_process_here(tmp_path: Path) -> None:
    with Stack(tmp_path, SMALL) as stack, pytest.raises(LocalError, match="choose one of issuer, mail"):
        stack.kill("kafka")
