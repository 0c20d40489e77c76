"""The first run without a network, with a poor mirror, and with a file that is not the pinned one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bellwire_local.errors import DiskFull, DownloadFailed
from bellwire_local.jars import class_path, pinned
from bellwire_local.ports import free_port


@contextmanager
def mirror(status: int, body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bellwire" / "maven"


def files_in(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file() and path.name != ".lock"]


def test_no_network_says_what_to_do(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWIRE_MAVEN_URL", f"http://127.0.0.1:{free_port()}")
    told: list[str] = []
    with pytest.raises(DownloadFailed, match="connect to the network for the first run, or set"):
        class_path(told.append)
    assert "downloading Apache Kafka" in told[0]
    assert files_in(empty_cache) == []


def test_a_mirror_without_the_file_is_named(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mirror(404, b"") as url:
        monkeypatch.setenv("BELLWIRE_MAVEN_URL", url)
        with pytest.raises(DownloadFailed, match="does not have a file of Apache Kafka"):
            class_path(lambda _: None)


def test_a_file_that_is_not_the_pinned_one_never_enters_the_cache(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mirror(200, b"something else") as url:
        monkeypatch.setenv("BELLWIRE_MAVEN_URL", url)
        with pytest.raises(DownloadFailed, match="is not the file that"):
            class_path(lambda _: None)
    assert files_in(empty_cache) == []


def test_a_full_disk_is_refused_before_the_download(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bellwire_local.paths import require_room

    with pytest.raises(DiskFull, match=r"free some space, or move it \(XDG_CACHE_HOME"):
        require_room(empty_cache, 10**9)


def test_every_pin_is_a_coordinate_and_a_checksum() -> None:
    jars = pinned()
    assert len({jar.coordinate for jar in jars}) == len(jars) > 40
    assert all(jar.coordinate.count(":") == 2 and len(jar.sha256) == 64 for jar in jars)
