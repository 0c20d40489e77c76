"""Rows that a batch asks for: one per alert and device, and badge pushes after an inbox was seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bellwire_schemas.ids import delivery_id, event_id, slot_id
from bellwire_schemas.names import Urgency
from bellwire_schemas.source import Source

from push_dispatcher.domain.alert import InboxCount, UserKey, user_of
from push_dispatcher.domain.content import alert_content, badge_content
from push_dispatcher.domain.delivery import State, may_move
from push_dispatcher.domain.device import Platform, mutes
from push_dispatcher.domain.intake import Intake
from push_dispatcher.ports.devices import Device
from push_dispatcher.ports.rows import NewRow, ProviderName, Row
from push_dispatcher.ruling import newest_unseen

BADGE_WAIT_SECONDS = 2.0
"""A badge push lets an alert with a newer count go first: then it is not needed."""

BADGE_LIFE = timedelta(hours=1)

Candidate = tuple[NewRow, Device]
"""A row that may be written and the device it is for. Its state is `queued` until something speaks against."""

PROVIDER_NAMES: Mapping[Platform, ProviderName] = {Platform.IOS: "apns", Platform.ANDROID: "fcm"}


def alert_candidates(
    intake: Intake, devices: Mapping[UserKey, Sequence[Device]], rows: Sequence[Row]
) -> list[Candidate]:
    """One candidate per alert and device of its user, unless its row is there and may not be queued again."""
    known = {row.delivery_id: row for row in rows}
    candidates: list[Candidate] = []
    for alert in intake.alerts.values():
        user = user_of(alert)
        content = alert_content(alert)
        urgent = alert.urgency is Urgency.URGENT
        withdrawn = alert.alert_id in intake.withdrawn
        for device in devices[user]:
            identity = delivery_id(alert.alert_id, device.installation_id)
            if known:
                row = known.get(identity)
                if row is not None and not (
                    may_move(row.state, State.QUEUED) and row.requested_at < alert.requested_at
                ):
                    continue
            state = State.QUEUED
            if withdrawn:
                state = State.WITHDRAWN
            elif mutes(device.settings, alert.kinds):
                state = State.MUTED_BY_DEVICE
            row_of_device = NewRow(
                identity,
                user,
                device.installation_id,
                PROVIDER_NAMES[device.platform],
                device.lane,
                alert.alert_id,
                content,
                state,
                urgent,
                alert.slot,
                alert.things,
                alert.unseen,
                alert.seq,
                alert.requested_at,
                alert.send_before,
                traceparent=alert.traceparent,
            )
            candidates.append((row_of_device, device))
    return candidates


def badge_candidates(
    changes: Mapping[UserKey, InboxCount],
    devices: Mapping[UserKey, Sequence[Device]],
    rows: Sequence[Row],
    inboxes: Mapping[UserKey, tuple[int, int]],
    now: datetime,
) -> list[Candidate]:
    """One silent push per device when the badge changes: seen or read on one updates the others."""
    candidates: list[Candidate] = []
    for user, change in changes.items():
        seen = [(row.unseen, row.seq) for row in rows if row.user == user]
        if user in inboxes:
            seen.append(inboxes[user])
        if not _changes_badge(change, seen):
            continue
        source = Source(user.district_id, user.environment)
        change_id = event_id("badge", str(source), user.user_id, str(change.seq))
        content = badge_content(change_id)
        for device in devices[user]:
            row = NewRow(
                delivery_id=delivery_id(change_id, device.installation_id),
                user=user,
                installation_id=device.installation_id,
                provider=PROVIDER_NAMES[device.platform],
                lane=device.lane,
                alert_id=change_id,
                content=content,
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
            candidates.append((row, device))
    return candidates


def _changes_badge(change: InboxCount, seen: Sequence[tuple[int, int]]) -> bool:
    """Whether phones may show another count than this; `seen` are the (unseen, seq) that are known.

    Each number of a user's is one more than the last: a gap is an alert of days ago, whose row is not looked at
    any more, and whose count the phones still show.
    """
    newest = max((seq for _, seq in seen), default=-1)
    if newest == change.seq - 1:
        return newest_unseen(seen) != change.unseen
    return newest < change.seq
