"""The files of a OneRoster 1.2 CSV package and how its manifest may mark them (CSV binding, section 4)."""

from enum import StrEnum

MANIFEST = "manifest.csv"


class FileName(StrEnum):
    """The data files, in the order in which a row's targets come before the row."""

    ORGS = "orgs"
    ACADEMIC_SESSIONS = "academicSessions"
    COURSES = "courses"
    CLASSES = "classes"
    USERS = "users"
    USER_PROFILES = "userProfiles"
    ROLES = "roles"
    DEMOGRAPHICS = "demographics"
    ENROLLMENTS = "enrollments"
    CATEGORIES = "categories"
    SCORE_SCALES = "scoreScales"
    LINE_ITEMS = "lineItems"
    LINE_ITEM_LEARNING_OBJECTIVE_IDS = "lineItemLearningObjectiveIds"
    LINE_ITEM_SCORE_SCALES = "lineItemScoreScales"
    RESULTS = "results"
    RESULT_LEARNING_OBJECTIVE_IDS = "resultLearningObjectiveIds"
    RESULT_SCORE_SCALES = "resultScoreScales"
    RESOURCES = "resources"
    CLASS_RESOURCES = "classResources"
    COURSE_RESOURCES = "courseResources"
    USER_RESOURCES = "userResources"

    @property
    def member(self) -> str:
        """Name of the file in the zip."""
        return f"{self.value}.csv"


class Mode(StrEnum):
    """What the manifest says of a file."""

    ABSENT = "absent"
    BULK = "bulk"
    DELTA = "delta"


class Status(StrEnum):
    """The life of a row: `tobedeleted` ends what it stands for."""

    ACTIVE = "active"
    TO_BE_DELETED = "tobedeleted"
