"""What changes of settings, roster and bells do to alerts: wake the unsent, take back what is on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bellwire_kit import faults
from bellwire_kit.streams.protocol import Producer
from bellwire_schemas.source import Source

from threshold_evaluator import announce
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.gates import ALL_OPEN, is_paused
from threshold_evaluator.domain.releasing import gates_now
from threshold_evaluator.domain.things import ThingKey
from threshold_evaluator.ports import Known, OnItsWay, Outgoing, Store, TakenBack, Transaction, Wanted
from threshold_evaluator.publish import publish


class Recalculate:
    """Looks again at what a change may concern, up to `batch` changes at a time."""

    def __init__(self, store: Store, producer: Producer, batch: int) -> None:
        self._store, self._producer, self._batch = store, producer, batch

    async def once(self, now: datetime) -> None:
        """Wake what changes of settings, roster or bells touch, and take back what a closed gate forbids."""
        async with self._store.transaction() as tables:
            messages = [
                message
                async for on_their_way in tables.recalculate(now, self._batch)
                for message in await _withdraw(on_their_way, tables, now)
            ]
            faults.point("release.recalculated")
        await publish(messages, self._store, self._producer, now, "release.withdrawn")


async def _withdraw(
    on_their_way: Mapping[Source, Sequence[OnItsWay]], tables: Transaction, now: datetime
) -> list[Outgoing]:
    known = await tables.peek(
        {source: wanted_of([each.due for each in listed]) for source, listed in on_their_way.items()}
    )
    everything = TakenBack()
    messages: dict[object, Outgoing] = {}
    for source, listed in on_their_way.items():
        taken = taken_back(listed, known[source], now)
        everything.withdrawn += taken.withdrawn
        everything.held += taken.held
        everything.stopped += taken.stopped
        for each in (*taken.withdrawn, *taken.held, *taken.stopped):
            messages[each.sent_as] = announce.withdrawal(source, each.due, each.sent_as, "gate_closed", now)
    if messages:
        await tables.take_back(everything, list(messages.values()), now)
    return list(messages.values())


def taken_back(listed: Sequence[OnItsWay], known: Known, now: datetime) -> TakenBack:
    """Sort out the published alerts that are not to go now; of a summary, what else it carries goes again."""
    taken = TakenBack()
    for each in listed:
        gates = gates_now(known.roster, each.due, now)
        closed = gates != ALL_OPEN
        if not closed and not is_paused(known.roster.district, known.roster.school(each.due.school_id)):
            continue
        if each.accepted:
            taken.stopped.append(each)
        elif closed:
            taken.withdrawn.append(replace(each, open_gates=gates))
        else:
            taken.held.append(each)
    return taken


def wanted_of(dues: Sequence[DueAlert]) -> Wanted:
    """Collect what to read for alerts of one district."""
    keys: list[ThingKey] = list(dict.fromkeys(due.key for due in dues))
    return Wanted(things=keys, dates=[], schools=list({due.school_id for due in dues}))
