"""The closed vocabularies of product.md: every enum that crosses a service boundary."""

from enum import StrEnum


class Environment(StrEnum):
    """Where a district's data lives; nothing of two environments ever mixes (product.md section 1)."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    STAGING = "staging"
    PREVIEW = "preview"


class Group(StrEnum):
    """The four settings groups (product.md section 1)."""

    ASSIGNMENTS = "assignments"
    GRADES = "grades"
    ATTENDANCE = "attendance"
    LUNCH = "lunch"


class Area(StrEnum):
    """What a school shows (product.md section 1)."""

    PLANNER = "planner"
    ASSIGNMENTS = "assignments"
    ATTENDANCE = "attendance"
    GRADES = "grades"
    SCHEDULE = "schedule"
    FOOD_SERVICE = "food_service"


class Kind(StrEnum):
    """What detection can find in a change: the eleven facts of product.md section 1."""

    ASSIGNMENT_SCORED = "assignment.scored"
    ASSIGNMENT_MISSING = "assignment.missing"
    ASSIGNMENT_LATE = "assignment.late"
    ASSIGNMENT_INCOMPLETE = "assignment.incomplete"
    ASSIGNMENT_CHEATED = "assignment.cheated"
    ASSIGNMENT_EXEMPT = "assignment.exempt"
    GRADE_POSTED = "grade.posted"
    GRADE_MODIFIED = "grade.modified"
    ATTENDANCE_MARKED = "attendance.marked"
    ATTENDANCE_MODIFIED = "attendance.modified"
    LUNCH_LOW = "lunch.low"

    @property
    def group(self) -> Group:
        """The settings group that the kind belongs to."""
        return _GROUPS[self.value.partition(".")[0]]


_GROUPS = {
    "assignment": Group.ASSIGNMENTS,
    "grade": Group.GRADES,
    "attendance": Group.ATTENDANCE,
    "lunch": Group.LUNCH,
}


class DecisionOutcome(StrEnum):
    """The outcome of one (event, user) (product.md section 1)."""

    SEND = "send"
    HOLD = "hold"
    DIGEST = "digest"
    INBOX_ONLY = "inbox_only"
    SUPPRESS = "suppress"


class DeliveryOutcome(StrEnum):
    """What became of one alert on one device (product.md section 4, "Why")."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    MISSED = "missed"
    SUPERSEDED = "superseded"
    COLLAPSED = "collapsed"
    WITHDRAWN = "withdrawn"
    MUTED_BY_DEVICE = "muted_by_device"
    NO_DEVICE = "no_device"


class Privacy(StrEnum):
    """How much the lock screen names, narrowest first (product.md section 4)."""

    PRIVATE = "private"
    STANDARD = "standard"
    FULL = "full"


class Urgency(StrEnum):
    """Which queue a delivery waits in: urgent (attendance) before bulk (product.md section 6)."""

    URGENT = "urgent"
    BULK = "bulk"


class PortalRole(StrEnum):
    """How a portal user stands to a student."""

    GUARDIAN = "guardian"
    STUDENT = "student"


class Role(StrEnum):
    """Who a bearer token speaks for (architecture.md section 5)."""

    GUARDIAN = "guardian"
    STUDENT = "student"
    DISTRICT_ADMIN = "district_admin"
    TECHNICAL_CONTACT = "technical_contact"
    GROUP_CONTACT = "group_contact"
    OPERATOR = "operator"


class AttendanceStatus(StrEnum):
    """The status of an attendance mark (product.md section 2)."""

    PRESENT = "present"
    ABSENT = "absent"
    TARDY = "tardy"
    EARLY_RELEASE = "early_release"


class Excuse(StrEnum):
    """Whether an absence is excused (product.md section 2)."""

    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    UNKNOWN = "unknown"


class Weekday(StrEnum):
    """Days as settings and bells name them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class RequestKind(StrEnum):
    """The two kinds of update request (product.md section 7)."""

    VERSION_UPDATE = "version_update"
    DATABASE_REFRESH = "database_refresh"


class RequestStatus(StrEnum):
    """The nine statuses of an update request (product.md section 7)."""

    TO_BE_SCHEDULED = "to_be_scheduled"
    SCHEDULED = "scheduled"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    PENDING_INPUT = "pending_input"
    DEFERRED = "deferred"
    NEW_VERSION_REQUESTED = "new_version_requested"
    UNABLE_TO_COMPLETE = "unable_to_complete"
