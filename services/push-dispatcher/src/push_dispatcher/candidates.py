"""Rows that a batch asks for: one per alert and device, and badge pushes after an inbox was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from bellwire_schemas.alerts import InboxChanged
from bellwire_schemas.ids import delivery_id, event_id, slot_id
from bellwire_schemas.names import Urgency
from bellwire_schemas.source import Source

from push_dispatcher.domain.content import Content, Purpose, alert_content, badge_content
from push_dispatcher.domain.delivery import State, Waiting, may_move
from push_dispatcher.domain.device import Provider, mutes, provider_of
from push_dispatcher.domain.intake import Intake, UserKey, user_of
from push_dispatcher.ports import Device, NewRow, ProviderName, Row
from push_dispatcher.ruling import newest_unseen

BADGE_WAIT_SECONDS = 2.0
"""A badge push lets an alert with a newer count go first: then it is not needed."""

_NAMES: dict[Provider, ProviderName] = {Provider.APNS: "apns", Provider.FCM: "fcm"}
BADGE_LIFE = timedelta(hours=1)


@dataclass(slots=True)
class Candidate:
    """A row about to be written; `state` is `queued` unless the device mutes it or it was withdrawn."""

    delivery_id: UUID
    device: Device
    content: Content
    state: State
    urgent: bool
    slot: UUID
    things: Mapping[str, datetime]
    unseen: int
    seq: int
    requested_at: datetime
    send_before: datetime
    wait_seconds: float = 0.0

    def waiting(self, now: datetime) -> Waiting:
        """Return the row as ruling sees it."""
        return Waiting(
            delivery_id=self.delivery_id,
            state=self.state,
            things=self.things,
            written_at=now,
            send_before=self.send_before,
            seq=self.seq,
            silent=self.content.purpose is Purpose.BADGE,
        )

    def row(
        self, *, state: State, lane: str, wait_seconds: float, lease_seconds: float, as_summary: bool
    ) -> NewRow:
        """Return the row as it is written."""
        provider = provider_of(self.device.platform)
        return NewRow(
            delivery_id=self.delivery_id,
            user=self.device.user,
            installation_id=self.device.installation_id,
            provider=_NAMES[provider],
            lane=lane,
            alert_id=self.content.alert_id,
            content=self.content,
            state=state,
            urgent=self.urgent,
            slot=self.slot,
            things=self.things,
            unseen=self.unseen,
            seq=self.seq,
            requested_at=self.requested_at,
            send_before=self.send_before,
            wait_seconds=wait_seconds,
            lease_seconds=lease_seconds,
            as_summary=as_summary,
        )


def alert_candidates(
    intake: Intake, devices: Mapping[UserKey, Sequence[Device]], rows: Sequence[Row]
) -> list[Candidate]:
    """One candidate per alert and device of its user, unless its row is there and may not be queued again."""
    known = {row.delivery_id: row for row in rows}
    candidates: list[Candidate] = []
    for alert in intake.alerts.values():
        content = alert_content(alert)
        for device in devices[user_of(alert)]:
            identity = delivery_id(alert.alert_id, device.installation_id)
            row = known.get(identity)
            if row is not None and not (
                may_move(row.state, State.QUEUED) and row.requested_at < alert.requested_at
            ):
                continue
            state = State.QUEUED
            if alert.alert_id in intake.withdrawn:
                state = State.WITHDRAWN
            elif mutes(device.settings, alert.group, alert.kinds):
                state = State.MUTED_BY_DEVICE
            candidates.append(
                Candidate(
                    delivery_id=identity,
                    device=device,
                    content=content,
                    state=state,
                    urgent=alert.urgency is Urgency.URGENT,
                    slot=alert.slot,
                    things=alert.things,
                    unseen=alert.unseen,
                    seq=alert.seq,
                    requested_at=alert.requested_at,
                    send_before=alert.send_before,
                )
            )
    return candidates


def badge_candidates(
    changes: Mapping[UserKey, InboxChanged],
    devices: Mapping[UserKey, Sequence[Device]],
    rows: Sequence[Row],
    inboxes: Mapping[UserKey, tuple[int, int]],
    now: datetime,
) -> list[Candidate]:
    """One silent push per device when fewer are unseen: seen or read on one updates the others."""
    candidates: list[Candidate] = []
    for user, change in changes.items():
        seen = [(row.unseen, row.seq) for row in rows if row.user == user]
        if user in inboxes:
            seen.append(inboxes[user])
        if any(seq >= change.seq for _, seq in seen) or change.unseen >= newest_unseen(seen):
            continue
        source = Source(user.district_id, user.environment)
        change_id = event_id("badge", str(source), user.user_id, str(change.seq))
        candidates += [
            Candidate(
                delivery_id=delivery_id(change_id, device.installation_id),
                device=device,
                content=badge_content(change_id),
                state=State.QUEUED,
                urgent=False,
                slot=slot_id(source, user.user_id, "badge"),
                things={},
                unseen=change.unseen,
                seq=change.seq,
                requested_at=change.at,
                send_before=now + BADGE_LIFE,
                wait_seconds=BADGE_WAIT_SECONDS,
            )
            for device in devices[user]
        ]
    return candidates
