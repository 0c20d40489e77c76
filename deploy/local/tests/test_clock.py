"""The local clock moves forward only, and services see it."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bellwire_kit.clock import OffsetFileClock
from bellwire_local.clock import move_by, move_to, read_offset
from bellwire_local.errors import ClockRefused
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.floats(min_value=0, max_value=10**8, allow_nan=False), max_size=6))
def test_steps_add_up(steps: list[float]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "clock"
        for step in steps:
            move_by(file, step)
        assert read_offset(file) == pytest.approx(sum(steps))


@given(st.integers(0, 10**8), st.integers(1, 10**8), st.integers(-14, 14))
def test_only_forward(ahead: int, back: int, zone: int) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "clock"
        wanted = datetime.now(timezone(timedelta(hours=zone))) + timedelta(seconds=ahead + 60)
        assert move_to(file, wanted.isoformat()) == wanted
        before = file.read_text()
        with pytest.raises(ClockRefused, match="forward only and shows"):
            move_to(file, (wanted - timedelta(seconds=back)).isoformat())
        assert file.read_text() == before


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 10.0**12])
def test_a_step_that_is_none(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ClockRefused):
        move_by(tmp_path / "clock", seconds)
    assert not (tmp_path / "clock").exists()


@pytest.mark.parametrize("text", ["tomorrow", "2030-01-01T00:00:00", ""])
def test_a_moment_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(ClockRefused, match=r"RFC 3339|no offset"):
        move_to(tmp_path / "clock", text)


def test_a_service_sees_the_moved_time(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    service = OffsetFileClock(file)
    assert abs(service.now() - datetime.now(UTC)) < timedelta(seconds=5)
    wanted = datetime.now(UTC) + timedelta(days=7)
    move_to(file, wanted.isoformat())
    assert timedelta() <= OffsetFileClock(file).now() - wanted < timedelta(seconds=5)


def test_a_file_that_holds_no_number(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("soon")
    with pytest.raises(ClockRefused, match="delete it"):
        move_by(tmp_path / "clock", 1)
