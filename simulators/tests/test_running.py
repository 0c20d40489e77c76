"""The command: what it writes, what it keeps, and that it ends at once when told."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bellwire_simulators.starting import ProvidersDidNotStartError, running_providers
from pyreqwest.client import SyncClientBuilder


@pytest.mark.parametrize("faulty", [False, True])
def test_keys_and_ledger_outlive_a_run_and_its_kill(tmp_path: Path, faulty: bool, device: str) -> None:
    with running_providers(tmp_path, faulty=faulty) as endpoints:
        authority = Path(endpoints.ca_file).read_bytes()
        token = endpoints.provider_token()
        for number in range(3):
            assert _push(endpoints.apns, authority, token, endpoints.apns_topic, device) == 200, number
    assert not (tmp_path / "providers.json").exists()
    with (tmp_path / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"n":4,"provider":"ap')
    with running_providers(tmp_path, faulty=faulty) as endpoints:
        assert Path(endpoints.ca_file).read_bytes() == authority
        assert _push(endpoints.apns, authority, token, endpoints.apns_topic, device) == 200
        with SyncClientBuilder().build() as client:
            entries = json.loads(client.get(f"{endpoints.ledger}?after=1&limit=9").build().send().text())
        assert [entry["n"] for entry in entries] == [2, 3, 4]


def test_a_taken_port_is_said_and_ends_the_command(tmp_path: Path) -> None:
    with running_providers(tmp_path / "first") as endpoints:
        port = endpoints.apns.rpartition(":")[2]
        command = [sys.executable, "-m", "bellwire_simulators", "providers"]
        ended = subprocess.run(
            [*command, "--state", str(tmp_path / "second"), "--apns-port", port],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigint_ends_it_too(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bellwire_simulators", "providers", "--state", str(tmp_path)]
    with subprocess.Popen(command) as process:
        while not (tmp_path / "providers.json").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_run_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ProvidersDidNotStartError), running_providers(tmp_path):
        pass


def _push(apns: str, authority: bytes, token: str, topic: str, device: str) -> int:
    with SyncClientBuilder().http2_prior_knowledge().add_root_certificate_pem(authority).build() as client:
        request = client.post(f"{apns}/3/device/{device}").header("authorization", f"bearer {token}")
        return request.header("apns-topic", topic).body_bytes(b'{"aps":{}}').build().send().status
