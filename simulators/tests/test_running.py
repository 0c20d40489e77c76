"""The command: what it writes, what it keeps, and that it ends at once when told."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bellwire_simulators.endpoints import Endpoints
from bellwire_simulators.starting import ProvidersDidNotStartError, running_providers, wait_until_ready
from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError


@pytest.mark.parametrize("faulty", [False, True])
def test_keys_and_ledger_outlive_a_run_and_its_kill(tmp_path: Path, faulty: bool, device: str) -> None:
    with running_providers(tmp_path, faulty=faulty) as endpoints:
        trusted = authority(endpoints)
        token = endpoints.provider_token()
        for number in range(3):
            assert _push(endpoints.apns, trusted, token, endpoints.apns_topic, device) == 200, number
        os.kill(endpoints.pid, signal.SIGKILL)
    with (tmp_path / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"n":4,"provider":"ap')
    with running_providers(tmp_path, faulty=faulty) as endpoints:
        assert authority(endpoints) == trusted
        assert _push(endpoints.apns, trusted, token, endpoints.apns_topic, device) == 200
        with SyncClientBuilder().build() as client:
            entries = json.loads(client.get(f"{endpoints.ledger}?after=1&limit=9").build().send().text())
        assert [entry["n"] for entry in entries] == [2, 3, 4]
    assert not (tmp_path / "providers.json").exists()


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
        wait_until_ready(process, tmp_path / "providers.json")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_run_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(ProvidersDidNotStartError), running_providers(tmp_path):
        pass


def authority(endpoints: Endpoints) -> bytes:
    return Path(endpoints.ca_file).read_bytes()


def _push(apns: str, trusted: bytes, token: str, topic: str, device: str) -> int:
    with SyncClientBuilder().http2_prior_knowledge().add_root_certificate_pem(trusted).build() as client:
        request = client.post(f"{apns}/3/device/{device}").header("authorization", f"bearer {token}")
        return request.header("apns-topic", topic).body_bytes(b'{"aps":{}}').build().send().status


@pytest.mark.parametrize("faulty", [False, True])
async def test_it_ends_at_once_with_an_answer_held_back(tmp_path: Path, faulty: bool, device: str) -> None:
    with running_providers(tmp_path, faulty=faulty) as endpoints:
        builder = ClientBuilder().http2_prior_knowledge()
        client = builder.add_root_certificate_pem(authority(endpoints)).build()
        async with client, ClientBuilder().build() as plain:
            rule = {"provider": "apns", "outcome": {"delay_seconds": 600}}
            assert (await plain.post(endpoints.control).body_json(rule).build().send()).status == 201
            held = client.post(f"{endpoints.apns}/3/device/{device}").headers(
                {"authorization": f"bearer {endpoints.provider_token()}", "apns-topic": endpoints.apns_topic}
            )
            sending = asyncio.ensure_future(held.body_bytes(b'{"aps":{}}').build().send())
            async with asyncio.timeout(5):
                accepted = 0
                while accepted == 0:
                    accepted = (await (await plain.get(endpoints.control).build().send()).json())["accepted"]
            os.kill(endpoints.pid, signal.SIGTERM)
            if faulty:
                with pytest.raises(PyreqwestError):
                    await asyncio.wait_for(sending, 8)
            else:
                assert (await asyncio.wait_for(sending, 8)).status == 200
