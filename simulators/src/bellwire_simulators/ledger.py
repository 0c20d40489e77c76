"""The ledger: every push that a simulated provider accepted, the oracle for loss, doubles and order.

One JSON object a line in an append-only file; memory holds only where each line starts. A line is handed to
the operating system before the provider answers, so it outlives a killed process, and is never forced to
disk one by one.
"""

import os
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted push as architecture.md section 7 shows it, without `n` and `at`.

    `app` is the bundle id or the FCM project, `id` the `apns-id` or the FCM message name, `collapse_id` the
    `apns-collapse-id` or the Android tag (else collapse key), "" where there is none.
    """

    provider: str
    app: str
    token: str
    id: str
    collapse_id: str
    priority: int | str
    payload: dict[str, Any]


class Ledger:
    """Append entries, read those after a number. `n` counts from 1, without gaps."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; a last line cut short by a crash is dropped, nothing answered for it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        self._starts = array("Q", [0])
        for line in content[:whole].splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def __len__(self) -> int:
        return len(self._starts) - 1

    def append(self, entry: Entry, now: float) -> int:
        """Write one accepted push at `now` (epoch seconds); gives its number."""
        number = len(self._starts)
        line = orjson.dumps(
            {
                "n": number,
                "provider": entry.provider,
                "app": entry.app,
                "token": entry.token,
                "id": entry.id,
                "collapse_id": entry.collapse_id,
                "priority": entry.priority,
                "payload": entry.payload,
                "at": datetime.fromtimestamp(now, UTC),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        os.write(self._file, line)
        self._starts.append(self._starts[-1] + len(line))
        return number

    def after(self, number: int, limit: int) -> bytes:
        """At most `limit` entries with n above `number`, oldest first, as one JSON array."""
        first = min(max(number, 0), len(self))
        last = min(first + max(limit, 0), len(self))
        start, end = self._starts[first], self._starts[last]
        lines = os.pread(self._file, end - start, start) if end > start else b""
        return b"[" + lines[:-1].replace(b"\n", b",") + b"]"

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
