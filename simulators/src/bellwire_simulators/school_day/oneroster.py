"""The district as a OneRoster 1.2 bulk package: what its student information system exports at night."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date

from bellwire_simulators.school_day.district import District
from bellwire_simulators.school_day.names import COURSES

_FILES = {
    "academicSessions": """
        sourcedId status dateLastModified title type startDate endDate parentSourcedId schoolYear
    """.split(),
    "orgs": """
        sourcedId status dateLastModified name type identifier parentSourcedId
    """.split(),
    "courses": """
        sourcedId status dateLastModified schoolYearSourcedId title courseCode grades orgSourcedId
        subjects subjectCodes
    """.split(),
    "classes": """
        sourcedId status dateLastModified title grades courseSourcedId classCode classType location
        schoolSourcedId termSourcedIds subjects subjectCodes periods
    """.split(),
    "users": """
        sourcedId status dateLastModified enabledUser username userIds givenName familyName
        middleName identifier email sms phone agentSourcedIds grades password userMasterIdentifier
        preferredGivenName preferredMiddleName preferredFamilyName primaryOrgSourcedId pronouns
    """.split(),
    "roles": """
        sourcedId status dateLastModified userSourcedId roleType role beginDate endDate orgSourcedId
        userProfileSourcedId
    """.split(),
    "enrollments": """
        sourcedId status dateLastModified classSourcedId schoolSourcedId userSourcedId role primary
        beginDate endDate
    """.split(),
    "categories": """
        sourcedId status dateLastModified title weight
    """.split(),
    "lineItems": """
        sourcedId status dateLastModified title description assignDate dueDate classSourcedId
        categorySourcedId academicSessionSourcedId resultValueMin resultValueMax schoolSourcedId
    """.split(),
    "results": """
        sourcedId status dateLastModified lineItemSourcedId studentSourcedId scoreStatus score
        scoreDate comment textScore classSourcedId inProgress incomplete late missing
    """.split(),
}
_ABSENT = [
    "classResources",
    "courseResources",
    "demographics",
    "lineItemLearningObjectiveIds",
    "lineItemScoreScales",
    "resources",
    "resultLearningObjectiveIds",
    "resultScoreScales",
    "scoreScales",
    "userProfiles",
    "userResources",
]

Row = dict[str, str]


def bundle(district: District, on: date) -> bytes:
    """Return the zip of a bulk package exported on a day: roster and the line items handed out so far."""
    starts = date(on.year if on.month > 6 else on.year - 1, 7, 1)
    ends = date(starts.year + 1, 6, 30)
    rows = {
        "academicSessions": [
            {"sourcedId": "year", "title": "School year", "type": "schoolYear", "startDate": str(starts),
             "endDate": str(ends), "schoolYear": str(ends.year)},
            {"sourcedId": "term", "title": "All year", "type": "term", "startDate": str(starts),
             "endDate": str(ends), "parentSourcedId": "year", "schoolYear": str(ends.year)},
        ],
        "orgs": _orgs(district),
        "courses": _courses(district),
        "classes": [
            {"sourcedId": s.section_id, "title": s.course, "courseSourcedId": _course_id(s.course),
             "classType": "scheduled", "schoolSourcedId": s.school_id, "termSourcedIds": "term"}
            for s in district.sections
        ],
        "users": _users(district),
        "roles": _roles(district),
        "enrollments": [
            {"sourcedId": f"e-{s.section_id}-{student}", "classSourcedId": s.section_id,
             "schoolSourcedId": s.school_id, "userSourcedId": student, "role": "student", "primary": "false"}
            for s in district.sections
            for student in s.student_ids
        ],
        "categories": [{"sourcedId": "work", "title": "Work", "weight": "100"}],
        "lineItems": [
            {"sourcedId": f"li-{s.section_id}", "title": "Chapter 4 quiz", "assignDate": str(on),
             "dueDate": str(on), "classSourcedId": s.section_id, "categorySourcedId": "work",
             "academicSessionSourcedId": "term", "resultValueMin": "0", "resultValueMax": "100",
             "schoolSourcedId": s.school_id}
            for s in district.sections
        ],
        "results": [],
    }  # fmt: skip
    return _zip(rows)


def _course_id(name: str) -> str:
    """Ids have no spaces."""
    return f"course-{COURSES.index(name)}"


def _orgs(district: District) -> list[Row]:
    top = {"sourcedId": district.district_id, "name": district.name, "type": "district"}
    schools = [
        {
            "sourcedId": school.school_id,
            "name": school.name,
            "type": "school",
            "parentSourcedId": district.district_id,
        }
        for school in district.schools
    ]
    return [top, *schools]


def _courses(district: District) -> list[Row]:
    names = sorted({section.course for section in district.sections})
    return [
        {
            "sourcedId": _course_id(name),
            "title": name,
            "courseCode": name[:8],
            "orgSourcedId": district.district_id,
        }
        for name in names
    ]


def _guardians_by_student(district: District) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for user in district.users:
        if user.role == "guardian":
            for student_id in user.student_ids:
                found.setdefault(student_id, []).append(user.user_id)
    return found


def _users(district: District) -> list[Row]:
    guardians = _guardians_by_student(district)
    rows = [
        {"sourcedId": s.student_id, "enabledUser": "true", "username": s.student_id, "givenName": s.name[0],
         "familyName": s.name[1], "agentSourcedIds": ",".join(guardians.get(s.student_id, [])),
         "grades": f"{s.grade_level:02}", "primaryOrgSourcedId": s.school_id}
        for s in district.students
    ]  # fmt: skip
    rows.extend(
        {"sourcedId": u.user_id, "enabledUser": "true", "username": u.user_id, "givenName": u.name[0],
         "familyName": u.name[1], "primaryOrgSourcedId": district.schools[0].school_id}
        for u in district.users
        if u.role == "guardian"
    )  # fmt: skip
    return rows


def _roles(district: District) -> list[Row]:
    students = [
        {"sourcedId": f"r-{s.student_id}", "userSourcedId": s.student_id, "roleType": "primary",
         "role": "student", "orgSourcedId": s.school_id}
        for s in district.students
    ]  # fmt: skip
    guardians = [
        {"sourcedId": f"r-{u.user_id}", "userSourcedId": u.user_id, "roleType": "primary", "role": "guardian",
         "orgSourcedId": district.schools[0].school_id}
        for u in district.users
        if u.role == "guardian"
    ]  # fmt: skip
    return students + guardians


def _manifest(present: Iterable[str]) -> Sequence[tuple[str, str]]:
    there = set(present)
    names = sorted([*_FILES, *_ABSENT])
    versions = (("manifest.version", "1.0"), ("oneroster.version", "1.2"))
    return (*versions, *((f"file.{name}", "bulk" if name in there else "absent") for name in names))


def _zip(files: dict[str, list[Row]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        manifest = io.StringIO()
        csv.writer(manifest).writerows([("propertyName", "value"), *_manifest(files)])
        archive.writestr("manifest.csv", manifest.getvalue())
        for name, rows in files.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, _FILES[name], restval="")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(f"{name}.csv", text.getvalue())
    return packed.getvalue()
