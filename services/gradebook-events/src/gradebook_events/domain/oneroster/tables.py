"""The columns of every file: kind, whether required, the values of an enum, the file an id points into.

Source: OneRoster 1.2 CSV binding, section 5. Every file begins with sourcedId, status and dateLastModified.
"""

import re
from dataclasses import dataclass

from gradebook_events.domain.oneroster.cells import RIGHT, Kind, Verdict, check, elements
from gradebook_events.domain.oneroster.faults import Reason
from gradebook_events.domain.oneroster.names import FileName as F

_EXTENSION = re.compile(r"ext:[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `values` is empty unless an enum; `target` holds the file that an id points into."""

    name: str
    kind: Kind
    required: bool = False
    values: frozenset[str] = frozenset()
    target: tuple[F, ...] = ()

    def check(self, text: str) -> Reason | Verdict:
        """Say whether a cell of this column that is not blank is as it should be."""
        verdict = check(self.kind, text)
        if verdict is not RIGHT or not self.values:
            return verdict
        parts = elements(text) if self.kind is Kind.ENUM_LIST else (text,)
        known = all(part in self.values or _EXTENSION.fullmatch(part) for part in parts)
        return RIGHT if known else Reason.INVALID_ENUM


STATUS = Column("status", Kind.ENUM, values=frozenset({"active", "tobedeleted"}))
MODIFIED = Column("dateLastModified", Kind.DATETIME)


def _text(name: str, required: bool = False) -> Column:
    return Column(name, Kind.TEXT, required)


def _of(name: str, kind: Kind, required: bool = False) -> Column:
    return Column(name, kind, required)


def _ref(name: str, target: F, required: bool = True) -> Column:
    return Column(name, Kind.GUID, required, target=(target,))


def _refs(name: str, target: F, required: bool = False) -> Column:
    return Column(name, Kind.GUID_LIST, required, target=(target,))


def _enum(name: str, values: str, required: bool = True, kind: Kind = Kind.ENUM) -> Column:
    return Column(name, kind, required, values=frozenset(values.split("|")))


def _file(
    *columns: Column, key: Column = Column("sourcedId", Kind.GUID, required=True)
) -> tuple[Column, ...]:
    return (key, STATUS, MODIFIED, *columns)


_ROLES = (
    "aide|counselor|districtAdministrator|guardian|parent|principal|proctor|relative|siteAdministrator|student|"
    "systemAdministrator|teacher"
)
_SCORE_STATUSES = "exempt|fully graded|not submitted|partially graded|submitted"
_SUBJECTS = tuple(_of(name, Kind.TEXT_LIST) for name in ("subjects", "subjectCodes"))
_RACES = tuple(
    _of(name, Kind.BOOLEAN)
    for name in (
        "americanIndianOrAlaskaNative",
        "asian",
        "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander",
        "white",
        "demographicRaceTwoOrMoreRaces",
        "hispanicOrLatinoEthnicity",
    )
)

TABLES: dict[F, tuple[Column, ...]] = {
    F.ORGS: _file(
        _text("name", True),
        _enum("type", "department|school|district|local|state|national"),
        _text("identifier"),
        _ref("parentSourcedId", F.ORGS, False),
    ),
    F.ACADEMIC_SESSIONS: _file(
        _text("title", True),
        _enum("type", "gradingPeriod|semester|schoolYear|term"),
        _of("startDate", Kind.DATE, True),
        _of("endDate", Kind.DATE, True),
        _ref("parentSourcedId", F.ACADEMIC_SESSIONS, False),
        _of("schoolYear", Kind.YEAR, True),
    ),
    F.COURSES: _file(
        _ref("schoolYearSourcedId", F.ACADEMIC_SESSIONS, False),
        _text("title", True),
        _text("courseCode"),
        _of("grades", Kind.TEXT_LIST),
        _ref("orgSourcedId", F.ORGS),
        *_SUBJECTS,
    ),
    F.CLASSES: _file(
        _text("title", True),
        _of("grades", Kind.TEXT_LIST),
        _ref("courseSourcedId", F.COURSES),
        _text("classCode"),
        _enum("classType", "homeroom|scheduled"),
        _text("location"),
        _ref("schoolSourcedId", F.ORGS),
        _refs("termSourcedIds", F.ACADEMIC_SESSIONS, True),
        *_SUBJECTS,
        _of("periods", Kind.TEXT_LIST),
    ),
    F.USERS: _file(
        _of("enabledUser", Kind.BOOLEAN, True),
        _text("username", True),
        _of("userIds", Kind.TEXT_LIST),
        _text("givenName", True),
        _text("familyName", True),
        _text("middleName"),
        _text("identifier"),
        _text("email"),
        _text("sms"),
        _text("phone"),
        _refs("agentSourcedIds", F.USERS),
        _of("grades", Kind.TEXT_LIST),
        _text("password"),
        _text("userMasterIdentifier"),
        _text("preferredGivenName"),
        _text("preferredMiddleName"),
        _text("preferredFamilyName"),
        _ref("primaryOrgSourcedId", F.ORGS, False),
        _text("pronouns"),
    ),
    F.USER_PROFILES: _file(
        _ref("userSourcedId", F.USERS),
        _text("profileType", True),
        _text("vendorId", True),
        _text("applicationId"),
        _text("description"),
        _text("credentialType", True),
        _text("username", True),
        _text("password"),
    ),
    F.ROLES: _file(
        _ref("userSourcedId", F.USERS),
        _enum("roleType", "primary|secondary"),
        _enum("role", _ROLES),
        _of("beginDate", Kind.DATE),
        _of("endDate", Kind.DATE),
        _ref("orgSourcedId", F.ORGS),
        _ref("userProfileSourcedId", F.USER_PROFILES, False),
    ),
    F.DEMOGRAPHICS: _file(
        _of("birthDate", Kind.DATE),
        _enum("sex", "male|female|other|unspecified", False),
        *_RACES,
        _text("countryOfBirthCode"),
        _text("stateOfBirthAbbreviation"),
        _text("cityOfBirth"),
        _text("publicSchoolResidenceStatus"),
        key=_ref("sourcedId", F.USERS),
    ),
    F.ENROLLMENTS: _file(
        _ref("classSourcedId", F.CLASSES),
        _ref("schoolSourcedId", F.ORGS),
        _ref("userSourcedId", F.USERS),
        _enum("role", "administrator|proctor|student|teacher"),
        _of("primary", Kind.BOOLEAN),
        _of("beginDate", Kind.DATE),
        _of("endDate", Kind.DATE),
    ),
    F.CATEGORIES: _file(_text("title", True), _of("weight", Kind.INTEGER)),
    F.SCORE_SCALES: _file(
        _text("title", True),
        _text("type", True),
        _ref("orgSourcedId", F.ORGS),
        _ref("courseSourcedId", F.COURSES, False),
        _ref("classSourcedId", F.CLASSES),
        _of("scoreScaleValue", Kind.TEXT_LIST, True),
    ),
    F.LINE_ITEMS: _file(
        _text("title", True),
        _text("description"),
        _of("assignDate", Kind.DATE, True),
        _of("dueDate", Kind.DATE, True),
        _ref("classSourcedId", F.CLASSES),
        _ref("categorySourcedId", F.CATEGORIES),
        _ref("academicSessionSourcedId", F.ACADEMIC_SESSIONS, False),
        _of("resultValueMin", Kind.FLOAT),
        _of("resultValueMax", Kind.FLOAT),
        _ref("schoolSourcedId", F.ORGS),
    ),
    F.LINE_ITEM_LEARNING_OBJECTIVE_IDS: _file(
        _ref("lineItemSourcedId", F.LINE_ITEMS),
        _enum("source", "case|unknown"),
        _text("learningObjectiveId", True),
    ),
    F.LINE_ITEM_SCORE_SCALES: _file(
        _text("title", True),
        _ref("lineItemSourcedId", F.LINE_ITEMS),
        _ref("scoreScaleSourcedId", F.SCORE_SCALES),
    ),
    F.RESULTS: _file(
        _ref("lineItemSourcedId", F.LINE_ITEMS),
        _ref("studentSourcedId", F.USERS),
        _enum("scoreStatus", _SCORE_STATUSES),
        _of("score", Kind.FLOAT),
        _of("scoreDate", Kind.DATE, True),
        _text("comment"),
        _text("textScore"),
        _ref("classSourcedId", F.CLASSES, False),
        *(_of(name, Kind.BOOLEAN) for name in ("inProgress", "incomplete", "late", "missing")),
    ),
    F.RESULT_LEARNING_OBJECTIVE_IDS: _file(
        _ref("resultSourcedId", F.RESULTS),
        _enum("source", "case|unknown"),
        _text("learningObjectiveId", True),
        _of("score", Kind.FLOAT),
        _text("textScore"),
    ),
    F.RESULT_SCORE_SCALES: _file(
        _text("title", True),
        _ref("resultSourcedId", F.RESULTS),
        _ref("scoreScaleSourcedId", F.SCORE_SCALES),
    ),
    F.RESOURCES: _file(
        _text("vendorResourceId", True),
        _text("title"),
        _enum("roles", _ROLES, False, Kind.ENUM_LIST),
        _enum("importance", "primary|secondary", False),
        _text("vendorId"),
        _text("applicationId"),
    ),
    F.CLASS_RESOURCES: _file(
        _text("title"), _ref("classSourcedId", F.CLASSES), _ref("resourceSourcedId", F.RESOURCES)
    ),
    F.COURSE_RESOURCES: _file(
        _text("title"), _ref("courseSourcedId", F.COURSES), _ref("resourceSourcedId", F.RESOURCES)
    ),
    F.USER_RESOURCES: _file(
        _ref("userSourcedId", F.USERS),
        _ref("orgSourcedId", F.ORGS, False),
        _ref("classSourcedId", F.CLASSES, False),
        _ref("resourceSourcedId", F.RESOURCES),
    ),
}
