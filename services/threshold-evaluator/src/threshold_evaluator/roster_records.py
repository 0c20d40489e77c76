"""Read `roster-events`: district and school documents from records to rows (architecture.md section 3)."""

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bellwire_kit import faults
from bellwire_kit.streams.protocol import DONE, DeadLetter, Outcome, Record
from bellwire_schemas.catalogue import INCOMING
from bellwire_schemas.envelope import CloudEvent, InvalidEnvelope, from_kafka
from bellwire_schemas.fields import Contract
from bellwire_schemas.roster import DistrictChanged, SchoolChanged
from bellwire_schemas.source import InvalidSource, Source, parse_source
from pydantic import ValidationError

from threshold_evaluator.ports import Unstorable
from threshold_evaluator.project import RosterTables, Sourced, project

_MODELS = (DistrictChanged, SchoolChanged)
_PLACES = {name: entry.model for name, entry in INCOMING.items() if entry.model in _MODELS}
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def read_place(record: Record) -> Sourced | DeadLetter:
    """Return the district or school that a record tells of, or why it can never be stored."""
    try:
        event = from_kafka(record.value, record.headers)
        source = parse_source(event.source)
    except InvalidEnvelope as error:
        return DeadLetter("invalid_envelope", str(error))
    except InvalidSource as error:
        return DeadLetter("invalid_source", str(error))
    model = _PLACES.get(event.type)
    if model is None:
        return DeadLetter("unexpected_type", "roster-events carries district.changed and school.changed only")
    return _read_data(model, source, event)


def _read_data(model: type[Contract], source: Source, event: CloudEvent) -> Sourced | DeadLetter:
    if _NUL.search(event.data):
        return DeadLetter("invalid_data", "a text has the character U+0000, which no text may have")
    try:
        data = model.model_validate_json(event.data)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        return DeadLetter("invalid_data", f"/{where} does not hold for {event.type}")
    assert isinstance(data, _MODELS)
    if data.district_id != source.district_id:
        return DeadLetter("foreign_district", "/district_id is not the district of the event's source")
    return Sourced(source, data)


class RosterTransactions(Protocol):
    """Opens a transaction on the roster; it is committed when the block ends without an error."""

    def begin(self) -> AbstractAsyncContextManager[RosterTables]:
        """Return the tables inside a new transaction; `Unstorable` when the database refuses a value."""


class ProjectPlaces:
    """The handler of `roster-events`: a batch is one transaction, a bad record costs only itself."""

    def __init__(self, transactions: RosterTransactions) -> None:
        self._transactions = transactions

    async def __call__(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Store a batch; raises what the database raises, and then nothing of the batch is acknowledged."""
        read = [read_place(record) for record in records]
        places = [each for each in read if isinstance(each, Sourced)]
        if places:
            try:
                await self._store(places)
            except Unstorable:
                return await self._halves(records)
        return [DONE if isinstance(each, Sourced) else each for each in read]

    async def _store(self, places: Sequence[Sourced]) -> None:
        async with self._transactions.begin() as tables:
            await project(places, tables)
            faults.point("project.before_commit")
        faults.point("project.after_commit")

    async def _halves(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """Find the record that the database refuses: it alone is a dead letter."""
        if len(records) == 1:
            return [DeadLetter("unstorable", "the database refuses a value of the event")]
        middle = len(records) // 2
        return [*await self(records[:middle]), *await self(records[middle:])]
