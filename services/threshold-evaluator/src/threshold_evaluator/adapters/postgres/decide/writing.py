"""Writes of one batch: states, what detection said, decisions, due alerts, inbox, tellings, counters."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from bellwire_kit.postgres import Connection

from threshold_evaluator.adapters.postgres.decide.events import decision_columns, event_columns, filed
from threshold_evaluator.adapters.postgres.decide.rows import (
    due_columns,
    kinds_text,
    packed,
    scope_columns,
    thing_columns,
)
from threshold_evaluator.adapters.postgres.releases.sending import is_release, send, settle
from threshold_evaluator.domain.effective import Effective
from threshold_evaluator.domain.gates import ALL_OPEN
from threshold_evaluator.ports import LEASE_SECONDS, Outgoing, Spoken


class Writing:
    """Writes on the connection of one transaction.

    `filed` has the (day, id) of effective settings that stand in the table; `newly_filed` what this
    transaction adds, to be remembered once it is committed.
    """

    def __init__(self, connection: Connection, queries: Any, filed: set[tuple[date, str]]) -> None:
        self._connection, self._queries, self._filed = connection, queries, filed
        self.newly_filed: set[tuple[date, str]] = set()

    async def _do(self, name: str, **columns: Any) -> None:
        await getattr(self._queries, name)(self._connection, **columns)

    async def _do_packed(self, name: str, **columns: Any) -> None:
        await getattr(self._queries, name)(self._connection, **packed(columns))

    async def write(self, spoken: Sequence[Spoken], now: datetime) -> None:
        """See `ports.Deciding.write`."""
        await self._events(spoken, now)
        await self._decisions(spoken, now)
        await self._settled(spoken, now)
        await self._due(spoken)
        await self._inbox(spoken, now)
        await self._corrected(spoken, now)
        await self._told(spoken, now)
        await self._counters(spoken)
        await self.queue([each for one in spoken for each in one.messages])

    async def _events(self, spoken: Sequence[Spoken], now: datetime) -> None:
        columns = event_columns(spoken, now)
        if columns:
            await self._do_packed("put_events", day=now.date(), decided_at=now, **columns)

    async def _decisions(self, spoken: Sequence[Spoken], now: datetime) -> None:
        rows = [(one.source, each) for one in spoken for each in one.plan.decisions]
        if rows:
            await self._settings({each.settings for _, each in rows}, now.date())
            await self._do_packed(
                "add_decisions", day=now.date(), decided_at=now, **decision_columns(rows, now)
            )

    async def _settings(self, settings: Collection[Effective], day: date) -> None:
        new = {
            identity: document
            for identity, document in map(filed, settings)
            if (day, identity) not in self._filed
        }
        if new:
            await self._do(
                "add_effective_settings",
                day=day,
                settings_ids=sorted(new),
                documents=[new[i] for i in sorted(new)],
            )
            self.newly_filed.update((day, identity) for identity in new)

    async def _settled(self, spoken: Sequence[Spoken], now: datetime) -> None:
        ended = [each for one in spoken for each in one.plan.settled]
        rows = [(each.due, each.became.value, each.sent_as, each.open_gates) for each in ended]
        if rows:
            await self._do("drop_due", alert_ids=sorted(each.due.alert_id for each in ended))
        for one in spoken:
            known = {decision.alert_id for decision in one.plan.decisions}
            rows += [
                (each.due, "sent" if each.alone else "summarized", each.sent_as, ALL_OPEN)
                for each in one.going
                if not (each.alone and each.due.alert_id in known)
            ]
        if rows:
            await settle(self._connection, rows, now)

    async def _due(self, spoken: Sequence[Spoken]) -> None:
        rows: list[Any] = []
        for one in spoken:
            rows += [(one.source, due, "held", None, None) for due in one.plan.held.values()]
            if not is_release(one):
                rows += [
                    (one.source, each.due, "published", each.sent_as, each.send_before) for each in one.going
                ]
        if rows:
            await self._do("put_due", **due_columns(sorted(rows, key=lambda row: row[1].alert_id)))
        await send(self._connection, [one for one in spoken if is_release(one)])

    async def _inbox(self, spoken: Sequence[Spoken], now: datetime) -> None:
        rows = [(one.source, each) for one in spoken for each in one.inbox]
        if not rows:
            return
        dues = [each.due for _, each in rows]
        await self._do(
            "add_inbox",
            entered_at=now,
            **scope_columns(source for source, _ in rows),
            **thing_columns(due.key for due in dues),
            user_ids=[due.user_id for due in dues],
            item_ids=[due.alert_id for due in dues],
            kinds=[kinds_text(due.kinds) for due in dues],
            event_sources=[due.event_source for due in dues],
            event_ids=[due.event_id for due in dues],
            locales=[each.locale for _, each in rows],
            titles=[each.title for _, each in rows],
            bodies=[each.body for _, each in rows],
        )

    async def _corrected(self, spoken: Sequence[Spoken], now: datetime) -> None:
        """Mark items and those that they replaced unsent; also what entered in this very batch."""
        corrected = [(one.source, due) for one in spoken for due in one.plan.corrected]
        if corrected:
            await self._do(
                "correct_inbox",
                at=now,
                **scope_columns(source for source, _ in corrected),
                **thing_columns(due.key for _, due in corrected),
                user_ids=[due.user_id for _, due in corrected],
                item_ids=[due.alert_id for _, due in corrected],
                since=[due.first_at for _, due in corrected],
            )

    async def _told(self, spoken: Sequence[Spoken], now: datetime) -> None:
        rows = [
            (one.source, key, user, value, state.content.on)
            for one in spoken
            for (key, user), (value, state) in {**one.plan.told, **one.retold}.items()
        ]
        if rows:
            await self._do(
                "put_told",
                told_at=now,
                **scope_columns(row[0] for row in rows),
                **thing_columns(row[1] for row in rows),
                user_ids=[row[2] for row in rows],
                dates=[row[4] for row in rows],
                values=[row[3] for row in rows],
            )

    async def _counters(self, spoken: Sequence[Spoken]) -> None:
        rows = [(one.source, each) for one in spoken for each in one.accounts.values() if each.touched]
        if rows:
            await self._do_packed(
                "put_accounts",
                **scope_columns(source for source, _ in rows),
                user_ids=[each.user_id for _, each in rows],
                seqs=[each.seq for _, each in rows],
                unseen=[each.unseen for _, each in rows],
                days=[each.day for _, each in rows],
                pushes=[each.count for _, each in rows],
            )
        windows = [
            (source, each.user_id, place, window)
            for source, each in rows
            for place, window in each.windows.items()
            if window.touched
        ]
        if windows:
            await self._do_packed(
                "put_windows",
                **scope_columns(row[0] for row in windows),
                user_ids=[row[1] for row in windows],
                student_ids=[row[2][0] for row in windows],
                things=[row[2][1].value for row in windows],
                opened=[row[3].opened_at for row in windows],
                slots=[row[3].slot.hex for row in windows],
            )

    async def queue(self, messages: Sequence[Outgoing]) -> None:
        """Put messages into the outbox. A payload is JSON, which escapes the separator of packed columns."""
        if messages:
            await self._do_packed(
                "put_into_outbox",
                seconds=LEASE_SECONDS,
                **scope_columns(each.source for each in messages),
                message_ids=[each.message_id.hex for each in messages],
                user_ids=[each.user_id for each in messages],
                urgencies=[0 if each.urgent else 1 for each in messages],
                types=[each.type for each in messages],
                payloads=[each.payload for each in messages],
                traceparents=[each.traceparent for each in messages],
            )
