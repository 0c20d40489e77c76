"""Messages for the alerts topic, as JSON of `bellwire_schemas.alerts`, with their words put (section 6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
from bellwire_kit.streams.protocol import Message
from bellwire_schemas import topics
from bellwire_schemas.catalogue import ALERT_REQUESTED, ALERT_WITHDRAWN
from bellwire_schemas.envelope import TRACEPARENT, CloudEvent, to_kafka
from bellwire_schemas.keys import encoded, user_key
from bellwire_schemas.names import Privacy, Urgency
from bellwire_schemas.source import Source

from threshold_evaluator.domain.accounts import Account
from threshold_evaluator.domain.detecting import Detected
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.gates import AREA_OF
from threshold_evaluator.domain.memory import TellingKey
from threshold_evaluator.domain.plan import Plan, Push, Summary, Telling
from threshold_evaluator.domain.things import ThingState
from threshold_evaluator.domain.timing import send_before
from threshold_evaluator.ports import Entered, Going, Outgoing, Spoken
from threshold_evaluator.sayings import language_of
from threshold_evaluator.words import (
    Text,
    inbox_text,
    narrowest_privacy,
    several_texts,
    summary_texts,
    texts_of,
)

NOTHING_RETOLD: Mapping[TellingKey, tuple[str, ThingState]] = {}


def spoken(
    source: Source,
    plan: Plan,
    accounts: Mapping[str, Account],
    now: datetime,
    detected: Sequence[Detected] = (),
    retold: Mapping[TellingKey, tuple[str, ThingState]] = NOTHING_RETOLD,
) -> Spoken:
    """Put the words of a plan: its messages and inbox items, ready to be written in one transaction."""
    going: list[Going] = []
    messages: list[Outgoing] = []
    for push in plan.pushes:
        due, (payload, until) = push.telling.due, _alert(source, push, now)
        going.append(Going(due, due.sent_as, until, alone=True))
        urgent = due.urgency is Urgency.URGENT
        messages.append(
            Outgoing(due.sent_as, source, due.user_id, ALERT_REQUESTED, payload, urgent, due.traceparent)
        )
    for summary in plan.summaries:
        payload, until = _summary(source, summary, now)
        going += [Going(each.due, summary.summary_id, until, alone=False) for each in summary.members]
        urgent = any(each.due.urgency is Urgency.URGENT for each in summary.members)
        first = summary.members[0].due
        messages.append(
            Outgoing(
                summary.summary_id,
                source,
                first.user_id,
                ALERT_REQUESTED,
                payload,
                urgent,
                first.traceparent,
            )
        )
    messages.sort(key=urgent_first)
    return Spoken(
        source=source,
        plan=plan,
        accounts=accounts,
        detected=detected,
        retold=retold,
        going=going,
        messages=messages,
        inbox=[_entered(telling) for telling in plan.inbox],
    )


def urgent_first(message: Outgoing) -> bool:
    """Sort key of messages."""
    return not message.urgent


def withdrawal(source: Source, due: DueAlert, sent_as: UUID, reason: str, now: datetime) -> Outgoing:
    """Return the message that takes a published alert back."""
    payload = {
        "district_id": source.district_id,
        "environment": source.environment.value,
        "user_id": due.user_id,
        "alert_id": str(sent_as),
        "reason": reason,
        "at": now.isoformat(),
    }
    return Outgoing(
        uuid5(sent_as, "withdrawn"),
        source,
        due.user_id,
        ALERT_WITHDRAWN,
        orjson.dumps(payload).decode(),
        urgent=True,
    )


def as_record(message: Outgoing, now: datetime) -> Message:
    """Return the Kafka record of a message: a CloudEvent keyed by its user."""
    event = CloudEvent(
        id=str(message.message_id),
        source=str(message.source),
        type=message.type,
        subject=f"users/{encoded(message.user_id)}",
        time=now,
        data=message.payload.encode(),
        extensions={TRACEPARENT: message.traceparent} if message.traceparent else {},
    )
    value, headers = to_kafka(event)
    return Message(topics.ALERTS, user_key(message.source, message.user_id), value, headers)


def _entered(telling: Telling) -> Entered:
    text = inbox_text(telling)
    return Entered(telling.due, language_of(telling.settings.locale), text.title, text.body)


def _alert(source: Source, push: Push, now: datetime) -> tuple[str, datetime]:
    telling = push.telling
    due = telling.due
    until = send_before(now, due.group, telling.settings, telling.session)
    payload = {
        **_about(source, (telling,), push.slot, push.seq, push.unseen, until, now),
        "alert_id": str(due.sent_as),
        "kinds": due.kinds,
        "things": {_thing(due): due.modified_at},
        "texts": _texts(texts_of(telling)),
        "urgency": due.urgency,
    }
    return orjson.dumps(payload).decode(), until


def _summary(source: Source, summary: Summary, now: datetime) -> tuple[str, datetime]:
    until = min(send_before(now, each.due.group, each.settings, each.session) for each in summary.members)
    urgent = any(each.due.urgency is Urgency.URGENT for each in summary.members)
    kinds = dict.fromkeys(kind for each in summary.members for kind in each.due.kinds)
    payload = {
        **_about(source, summary.members, summary.slot, summary.seq, summary.unseen, until, now),
        "alert_id": str(summary.summary_id),
        "kinds": list(kinds),
        "things": {_thing(each.due): each.due.modified_at for each in summary.members},
        "texts": _texts(summary_texts(summary.members)),
        "urgency": Urgency.URGENT if urgent else Urgency.BULK,
        "accepted_at": max(each.due.accepted_at for each in summary.members),
        "summary": True,
        "members": [str(each.due.sent_as) for each in summary.members],
    }
    return orjson.dumps(payload).decode(), until


def _about(
    source: Source,
    members: Sequence[Telling],
    slot: UUID,
    seq: int,
    unseen: int,
    until: datetime,
    now: datetime,
) -> dict[str, Any]:
    due = members[0].due
    area = AREA_OF[due.group]
    return {
        "district_id": source.district_id,
        "environment": source.environment,
        "user_id": due.user_id,
        "student_id": due.key.student_id,
        "event_source": due.event_source,
        "event_id": due.event_id,
        "group": due.group,
        "area": area,
        "thing_id": due.key.thing_id,
        "slot": str(slot),
        "summary_text": _texts(several_texts(members)),
        "privacy": narrowest_privacy(members),
        "link": f"/students/{encoded(due.key.student_id)}/{area}/{encoded(due.key.thing_id)}",
        "send_before": until,
        "unseen": unseen,
        "seq": seq,
        "accepted_at": due.accepted_at,
        "requested_at": now,
    }


def _thing(due: DueAlert) -> str:
    """Name a thing so that an assignment and a grade of one id, or two students' marks, stay apart."""
    key = due.key
    return f"{key.group}/{encoded(key.student_id)}/{encoded(key.thing_id)}"


def _texts(texts: Mapping[Privacy, Text]) -> dict[str, Text]:
    return {level.value: text for level, text in texts.items()}
