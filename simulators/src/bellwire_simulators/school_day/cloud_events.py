"""The district's changes as CloudEvents, made with the public SDK as any publisher would."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from bellwire_simulators.school_day.district import District, Student, User
from bellwire_simulators.school_day.plan import Change

BATCH = "application/cloudevents-batch+json"
_WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]


class Publisher:
    """Makes events of one district in production; `moment` is when its system recorded them."""

    def __init__(self, district: District, environment: str = "production") -> None:
        self._district = district
        self.source = f"/districts/{district.district_id}/{environment}"

    def event(
        self,
        event_id: str,
        kind: str,
        subject: str,
        moment: datetime,
        data: dict[str, Any],
        *,
        backfill: bool = False,
    ) -> CloudEvent:
        """Return an event of a kind, such as `grade` for bellwire.grade.changed.v1."""
        attributes: dict[str, Any] = {
            "id": event_id,
            "source": self.source,
            "type": f"bellwire.{kind}.changed.v1",
            "subject": subject,
            "time": moment,
            "datacontenttype": "application/json",
        }
        if backfill:
            attributes["bellwirebackfill"] = "true"
        common = {"district_id": self._district.district_id, "modified_at": moment.isoformat()}
        return CloudEvent(attributes=attributes, data=common | data)

    def change(self, change: Change, moment: datetime) -> CloudEvent:
        """Return one change of the plan; its id is the change's name."""
        return self._of_student(change.name, change.kind, change.student, moment, change.fields)

    def _of_student(
        self,
        event_id: str,
        kind: str,
        student: Student,
        moment: datetime,
        fields: dict[str, Any],
        *,
        backfill: bool = False,
    ) -> CloudEvent:
        data = {"student_id": student.student_id, "school_id": student.school_id, **fields}
        return self.event(event_id, kind, f"students/{student.student_id}", moment, data, backfill=backfill)

    def settings(self, moment: datetime) -> Iterator[CloudEvent]:
        """Yield the district and its schools with bells and what they show."""
        d = self._district
        about = {"name": d.name, "state": d.state, "timezone": d.timezone, "settings": {"push_enabled": True}}
        yield self.event("district", "district", f"districts/{d.district_id}", moment, about)
        for school in d.schools:
            bell = {"starts": school.starts, "ends": school.ends, "days": _WEEK}
            about = {"school_id": school.school_id, "name": school.name, "bell": bell}
            yield self.event(
                f"school-{school.school_id}", "school", f"schools/{school.school_id}", moment, about
            )

    def roster(self, moment: datetime) -> Iterator[CloudEvent]:
        """Yield students and enrolments, for a district that does not send OneRoster."""
        for student in self._district.students:
            about = {"display_name": " ".join(student.name), "grade_level": str(student.grade_level)}
            yield self._of_student(f"student-{student.student_id}", "student", student, moment, about)
            yield self._of_student(
                f"enrollment-{student.student_id}", "enrollment", student, moment, {"active": True}
            )

    def portal(self, moment: datetime) -> Iterator[CloudEvent]:
        """Yield who may see whom."""
        for user in self._district.users:
            for student_id in user.student_ids:
                yield self._access(user, student_id, moment)

    def _access(self, user: User, student_id: str, moment: datetime) -> CloudEvent:
        data = {
            "user_id": user.user_id,
            "student_id": student_id,
            "role": user.role,
            "relationship": "parent" if user.role == "guardian" else "self",
            "portal": user.portal,
            "locale": user.locale,
        }
        return self.event(
            f"portal-{user.user_id}-{student_id}", "portal_access", f"students/{student_id}", moment, data
        )

    def lunch_accounts(self, moment: datetime) -> Iterator[CloudEvent]:
        """Yield each student's balance of the morning, as a backfill: known, and nobody is told."""
        for student in self._district.students:
            fields = {"account_id": student.account_id, "balance": "25.00", "currency": "USD"}
            name = f"lunch-opening-{student.student_id}"
            yield self._of_student(name, "lunch_balance", student, moment, fields, backfill=True)


def binary(event: CloudEvent) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the HTTP binary mode."""
    message = to_binary_event(event)
    return dict(message.headers), message.body


def structured(event: CloudEvent) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the HTTP structured mode."""
    message = to_structured_event(event)
    return dict(message.headers), message.body


def batch(events: Iterable[CloudEvent]) -> tuple[dict[str, str], bytes]:
    """Return headers and body of the HTTP batch mode: the SDK's JSON format of each, in an array."""
    json_format = JSONFormat()
    return {"content-type": BATCH}, b"[" + b",".join(json_format.write(event) for event in events) + b"]"
