"""Each way to fail is one sentence that says what and what to do."""

import socket
from pathlib import Path

import pytest
from bellwire_local.errors import DiskFull, LocalError, PartDied, PortTaken
from bellwire_local.infrastructure import choose_broker, wants_containers
from bellwire_local.kafka import EmbeddedKafka
from bellwire_local.paths import disk, make
from bellwire_local.ports import free_port, port_for, require_free
from bellwire_local.postgres import EmbeddedPostgres


def test_a_disk_that_fills_up() -> None:
    with pytest.raises(DiskFull, match="free some and try again"), disk(Path("/dev/full")):
        Path("/dev/full").write_text("x")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match=r"cannot be written .* make it writable, or move it"):
        make(tmp_path / "file" / "folder")


def test_a_port_that_is_taken_names_who_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("BELLWIRE_ISSUER_PORT", str(port))
        with pytest.raises(PortTaken, match=rf"Port {port} for issuer is taken by .* BELLWIRE_ISSUER_PORT"):
            port_for("issuer")
    assert port_for("issuer") == port
    require_free("issuer", port, "")


def test_a_port_that_is_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWIRE_ISSUER_PORT", "eighty")
    with pytest.raises(PortTaken, match="between 1 and 65535"):
        port_for("issuer")


def test_kafka_that_dies_at_start_says_why(tmp_path: Path) -> None:
    kafka = EmbeddedKafka(tmp_path / "kafka", tmp_path / "kafka.log")
    kafka.prepare(lambda _: None)
    meta = tmp_path / "kafka" / "data" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
    kafka.start()
    with pytest.raises(PartDied, match=r"kafka stopped while starting .*node.?id.* start again\."):
        kafka.wait_ready()


def test_kafka_on_a_port_that_was_taken_meanwhile(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        kafka = EmbeddedKafka(tmp_path / "kafka", tmp_path / "kafka.log", port=server.getsockname()[1])
        kafka.prepare(lambda _: None)
        with pytest.raises(PortTaken, match="BELLWIRE_KAFKA_PORT"):
            kafka.start()


def test_postgres_that_cannot_read_its_cluster(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    postgres = EmbeddedPostgres(tmp_path / "pg", tmp_path / "pg.log")
    postgres.prepare(lambda _: None)
    (tmp_path / "pg" / "data" / "global" / "pg_control").unlink()
    postgres.start()
    with pytest.raises(PartDied, match=r"postgres stopped while starting .*pg_control.* start again\."):
        postgres.wait_ready()


def test_an_unknown_kind_of_infrastructure() -> None:
    with pytest.raises(LocalError, match="set it to containers or embedded"):
        wants_containers({"BELLWIRE_INFRA": "cloud"})


def test_the_environment_goes_first(tmp_path: Path) -> None:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example:9092", "BELLWIRE_INFRA": "containers"}
    broker = choose_broker(tmp_path, tmp_path / "log", {}, environ)
    assert broker.bootstrap_servers == "kafka.example:9092"


def test_no_two_parts_of_a_stack_get_one_port() -> None:
    given = [free_port() for _ in range(1_000)]
    assert len(set(given)) == len(given)
