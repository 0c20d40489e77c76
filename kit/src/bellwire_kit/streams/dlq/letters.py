"""What a dead-letter topic holds, as values: letters, the marks that some were redriven, and a choice of them.

A dead-letter topic is its own journal: a redriven letter stays, and a mark is appended that names it. So to
redrive twice sends once, and what was done can be seen for as long as the topic keeps its records.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bellwire_kit.streams import dead_letters
from bellwire_kit.streams.protocol import Headers, Message, Record

MARK = "dlq_mark"
MARKED_PARTITION, MARKED_OFFSET = "dlq_marked_partition", "dlq_marked_offset"
REDRIVEN_FROM = "dlq_redriven_from"
UNKNOWN = "(no reason)"

Place = tuple[int, int]
"""Partition and offset in the dead-letter topic."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter: the record, where it lies, and whether it has been redriven."""

    record: Record
    redriven: bool

    @property
    def place(self) -> Place:
        """Partition and offset in the dead-letter topic."""
        return self.record.partition, self.record.offset

    @property
    def reason(self) -> str:
        """The stable word that its reader gave."""
        return _text(self.record.headers, dead_letters.REASON) or UNKNOWN

    @property
    def source(self) -> str:
        """The topic that it came from; without the header, the dead-letter topic's own name says."""
        return _text(self.record.headers, dead_letters.TOPIC) or self.record.topic.removesuffix(
            dead_letters.SUFFIX
        )

    @property
    def whole(self) -> bool:
        """Whether it has all of its body; one that was cut cannot be redriven."""
        return not _text(self.record.headers, dead_letters.CUT)

    def message(self) -> Message:
        """The record as it first came, for its source topic, with one header that says whence."""
        partition, offset = self.place
        whence = f"{self.record.topic}/{partition}/{offset}".encode()
        return Message(
            self.source,
            self.record.key,
            self.record.value,
            (*original(self.record.headers), (REDRIVEN_FROM, whence)),
        )

    def mark(self) -> Message:
        """The note in the dead-letter topic that this letter was redriven."""
        partition, offset = self.place
        headers = (
            (MARK, b"redriven"),
            (MARKED_PARTITION, b"%d" % partition),
            (MARKED_OFFSET, b"%d" % offset),
        )
        return Message(self.record.topic, self.record.key, b"", headers)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters to redrive: of one reason, or of one range of offsets of one partition, or both."""

    reason: str | None
    partition: int | None
    first: int | None
    last: int | None

    def __post_init__(self) -> None:
        by_range = (self.partition, self.first, self.last)
        if any(part is not None for part in by_range) and any(part is None for part in by_range):
            raise ValueError("a range needs --partition, --from-offset and --to-offset together")
        if self.reason is None and self.partition is None:
            raise ValueError("choose with --reason, or with --partition, --from-offset and --to-offset")
        if self.first is not None and self.last is not None and self.first > self.last:
            raise ValueError(f"--from-offset {self.first} is after --to-offset {self.last}")

    def takes(self, letter: Letter) -> bool:
        """Whether the letter is chosen."""
        partition, offset = letter.place
        if self.reason is not None and letter.reason != self.reason:
            return False
        if self.partition is None or self.first is None or self.last is None:
            return True
        return partition == self.partition and self.first <= offset <= self.last


def letters(records: Iterable[Record]) -> list[Letter]:
    """The letters among the records of one dead-letter topic, in the order of their places."""
    found: list[Record] = []
    marked: set[Place] = set()
    for record in records:
        if any(name == MARK for name, _ in record.headers):
            partition, offset = _text(record.headers, MARKED_PARTITION), _text(record.headers, MARKED_OFFSET)
            if partition.isdecimal() and offset.isdecimal():
                marked.add((int(partition), int(offset)))
        else:
            found.append(record)
    found.sort(key=lambda record: (record.partition, record.offset))
    return [Letter(record, (record.partition, record.offset) in marked) for record in found]


def chosen(found: Sequence[Letter], choice: Choice, limit: int) -> list[Letter]:
    """The first `limit` of the chosen letters that are whole and have not been redriven."""
    return [letter for letter in found if letter.whole and not letter.redriven and choice.takes(letter)][
        :limit
    ]


def counts(found: Iterable[Letter]) -> Mapping[str, tuple[int, int]]:
    """Per reason: how many wait, and how many have been redriven."""
    counted: dict[str, tuple[int, int]] = {}
    for letter in found:
        waiting, redriven = counted.get(letter.reason, (0, 0))
        counted[letter.reason] = (waiting + (not letter.redriven), redriven + letter.redriven)
    return dict(sorted(counted.items()))


def original(headers: Headers) -> Headers:
    """The headers without those that dead-lettering and redriving add."""
    return tuple(header for header in headers if not header[0].startswith(dead_letters.PREFIX))


def _text(headers: Headers, name: str) -> str:
    return next((value.decode(errors="replace") for found, value in headers if found == name), "")
