"""Records that can never be handled: how they are written, and when there are too many of them."""

from collections import deque
from collections.abc import Sequence
from itertools import repeat

from bellwire_kit.streams.protocol import DeadLetter, Message, Record

SUFFIX = ".dlq"
REASON, ERROR = "dlq_reason", "dlq_error"
TOPIC, PARTITION, OFFSET = "dlq_topic", "dlq_partition", "dlq_offset"
TIMESTAMP, GROUP = "dlq_timestamp", "dlq_group"
CUT, KEPT_BYTES = "dlq_cut_from", 65_536
"""A record that is too large for its dead-letter topic keeps so much of its body, and says how large it was."""
PREFIX = "dlq_"
"""All headers that dead-lettering adds begin so; no header of a CloudEvent does (`ce_`, `content-type`)."""


def dead_letter_topic(topic: str) -> str:
    """`<topic>.dlq`; a dead-letter topic is its own."""
    return topic if topic.endswith(SUFFIX) else topic + SUFFIX


def dead_letter_message(record: Record, outcome: DeadLetter, group: str) -> Message:
    """The record as it came, with headers that say why it was refused, by whom, and where it stood.

    Headers of an earlier refusal (a record that was redriven and failed again) are replaced.
    """
    kept = tuple(header for header in record.headers if not header[0].startswith(PREFIX))
    added = (
        (REASON, outcome.reason.encode()),
        (ERROR, outcome.error.encode()),
        (TOPIC, record.topic.encode()),
        (PARTITION, str(record.partition).encode()),
        (OFFSET, str(record.offset).encode()),
        (TIMESTAMP, str(record.timestamp).encode()),
        (GROUP, group.encode()),
    )
    return Message(dead_letter_topic(record.topic), record.key, record.value, kept + added)


def cut(letter: Message) -> Message:
    """The letter with the first `KEPT_BYTES` of its body, and of its headers those that fit in as many.

    Better than a partition that cannot go on.
    """
    headers: list[tuple[str, bytes]] = [(CUT, b"%d" % len(letter.value))]
    room = KEPT_BYTES
    # our own headers are the last ones, and small
    for name, value in reversed(letter.headers):
        room -= len(name) + len(value)
        if room < 0:
            break
        headers.append((name, value))
    return Message(letter.topic, letter.key, letter.value[:KEPT_BYTES], tuple(reversed(headers)))


class DeadLetterWindow:
    """The outcomes of the last `size` records, to tell some bad records from a fault of ours.

    Judged only once it holds `minimum` records: one bad record after a start is no outage.
    """

    def __init__(self, size: int, share: float, minimum: int) -> None:
        if size < 1 or not 0 <= share <= 1 or not 1 <= minimum <= size:
            raise ValueError(
                f"DeadLetterWindow: size {size} >= 1, share {share} in 0..1, minimum {minimum} in 1..size"
            )
        self._share = share
        self._minimum = minimum
        self._recent: deque[bool] = deque(maxlen=size)

    def would_exceed(self, dead: Sequence[bool]) -> bool:
        """Whether, with these further outcomes (True = dead letter), the share is exceeded at any of them."""
        if not any(dead):
            return False
        recent = self._recent.copy()
        count = sum(recent)
        for is_dead in dead:
            if len(recent) == recent.maxlen:
                count -= recent[0]
            recent.append(is_dead)
            count += is_dead
            if len(recent) >= self._minimum and count > self._share * len(recent):
                return True
        return False

    def add(self, dead: Sequence[bool]) -> None:
        """Take these outcomes in, after they are settled."""
        self._recent.extend(dead)

    def add_done(self, count: int) -> None:
        """Take `count` outcomes in, none of them a dead letter."""
        self._recent.extend(repeat(False, min(count, self._recent.maxlen or 0)))
