"""Product time: the machine's, a test's, or the machine's plus the offset of a file."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from bellwire_kit.clock import ManualClock, OffsetFileClock, SystemClock, clock_from_environment


def test_the_offset_of_the_file_is_added(tmp_path: Path) -> None:
    file = tmp_path / "offset"
    file.write_text("86400")
    ahead = OffsetFileClock(file).now() - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < ahead <= timedelta(days=1)


def test_a_moved_file_moves_the_clock_at_once(tmp_path: Path) -> None:
    file = tmp_path / "offset"
    file.write_text("0")
    clock = OffsetFileClock(file)
    for hours in range(1, 20):
        before = clock.now()
        fresh = tmp_path / "new"
        fresh.write_text(f"{hours * 3600}.5")
        fresh.rename(file)
        assert clock.now() - before >= timedelta(hours=1)


def test_without_the_file_it_is_the_machines_time(tmp_path: Path) -> None:
    assert abs(OffsetFileClock(tmp_path / "none").now() - SystemClock().now()) < timedelta(seconds=1)


def test_a_manual_clock_goes_both_ways_and_answers_utc() -> None:
    clock = ManualClock(datetime(2026, 3, 8, 1, 30, tzinfo=timezone(timedelta(hours=-6))))
    clock.move(timedelta(hours=-2))
    assert clock.now() == datetime(2026, 3, 8, 5, 30, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWIRE_CLOCK_FILE", str(tmp_path / "offset"))
    assert isinstance(clock_from_environment(), OffsetFileClock)
    monkeypatch.delenv("BELLWIRE_CLOCK_FILE")
    assert isinstance(clock_from_environment(), SystemClock)
