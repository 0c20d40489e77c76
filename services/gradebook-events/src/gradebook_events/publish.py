"""Publish what changed: derive scope by scope, compare with what was published, append, note it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bellwire_kit.faults import point
from bellwire_kit.streams.protocol import Message, Producer
from bellwire_schemas.envelope import to_kafka
from bellwire_schemas.keys import roster_key, student_key
from bellwire_schemas.source import Source
from bellwire_schemas.topics import CHANGE_EVENTS, ROSTER_EVENTS

from gradebook_events.derive import KINDS, Deriver
from gradebook_events.domain.oneroster.comparison import News, news
from gradebook_events.domain.oneroster.things import Thing, ThingKind, event_of
from gradebook_events.domain.publishers import Publisher
from gradebook_events.import_ports import Derivation, Imports, Job, Progress
from gradebook_events.metrics import EVENTS
from gradebook_events.shares import Shares

AT_ONCE = 2_000


class NotAppended(Exception):
    """The broker did not acknowledge all of a batch: the import is tried again from there."""


def message_of(thing: Thing, source: Source, origin: str, *, backfill: bool) -> Message:
    """Return the record of a thing: the roster of a student and the student's changes under one key."""
    value, headers = to_kafka(event_of(thing, source, origin, backfill=backfill))
    if thing.kind in (ThingKind.DISTRICT, ThingKind.SCHOOL):
        owner = thing.owner or source.district_id
        return Message(ROSTER_EVENTS, roster_key(source, thing.kind.value, owner), value, headers)
    return Message(CHANGE_EVENTS, student_key(source, thing.owner), value, headers)


def _messages(found: Sequence[News], publisher: Publisher, backfill: bool) -> list[Message]:
    return [
        message_of(item.thing, publisher.source, publisher.publisher_id, backfill=backfill) for item in found
    ]


class PublishedNews:
    """Publishes one import; a restart derives the scopes that are left, and ids make a second run harmless."""

    def __init__(self, imports: Imports, records: Derivation, producer: Producer, shares: Shares) -> None:
        self._imports = imports
        self._records = records
        self._producer = producer
        self._shares = shares

    async def run(self, job: Job, progress: Progress, *, backfill: bool) -> Progress:
        """Publish until no scope is left; return the progress with the events of each kind counted.

        Raises `NotAppended` and `LeaseLost`.
        """
        deriver = Deriver(job, self._records)
        await deriver.load()
        while True:
            step, scopes = await self._records.next_scopes(job)
            if not scopes:
                await self._records.clean(job)
                return progress
            things = await deriver.things(step, scopes)
            before = await self._records.published(job, KINDS[step], scopes)
            found = await asyncio.to_thread(list, news(things, before, job.exported_at))
            for start in range(0, len(found), AT_ONCE):
                await self._append(job, found[start : start + AT_ONCE], backfill=backfill)
            point("import_published_batch")
            events = Counter(progress.events) + Counter(item.thing.kind.value for item in found)
            progress = replace(progress, events=dict(events))
            await self._records.keep(job, found, step, scopes, progress)

    async def _append(self, job: Job, found: Sequence[News], *, backfill: bool) -> None:
        publisher = job.publisher
        await self._shares.wait(publisher, len(found))
        await self._imports.hold(job)
        messages = await asyncio.to_thread(_messages, found, publisher, backfill)
        answers = await self._producer.send(messages)
        failures = [answer for answer in answers if answer is not None]
        EVENTS.labels("oneroster", "accepted").inc(len(answers) - len(failures))
        if failures:
            raise NotAppended(f"{len(failures)} of {len(answers)} events: {type(failures[0]).__name__}")
