"""Small OneRoster packages, made for tests: a district of one school, two students, one class, two quizzes."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence

from gradebook_events.domain.oneroster.names import FileName, Mode
from gradebook_events.domain.oneroster.tables import TABLES

Rows = Sequence[Mapping[str, str]]
STAMP = "2026-03-01T08:00:00.000Z"


def roster() -> dict[FileName, list[dict[str, str]]]:
    """Return the rows of a small district; blank cells are left out."""
    return {
        FileName.ORGS: [
            {"sourcedId": "root", "name": "District", "type": "district"},
            {
                "sourcedId": "north",
                "name": "North School",
                "type": "school",
                "parentSourcedId": "root",
            },
        ],
        FileName.ACADEMIC_SESSIONS: [
            {
                "sourcedId": "fall",
                "title": "Fall",
                "type": "term",
                "startDate": "2025-08-15",
                "endDate": "2025-12-20",
                "parentSourcedId": "year",
                "schoolYear": "2026",
            },
            {
                "sourcedId": "year",
                "title": "Year",
                "type": "schoolYear",
                "startDate": "2025-08-15",
                "endDate": "2026-06-01",
                "schoolYear": "2026",
            },
        ],
        FileName.COURSES: [{"sourcedId": "alg", "title": "Algebra", "orgSourcedId": "root"}],
        FileName.CLASSES: [
            {
                "sourcedId": "alg-1",
                "title": "Algebra A",
                "courseSourcedId": "alg",
                "classType": "scheduled",
                "schoolSourcedId": "north",
                "termSourcedIds": "fall",
            }
        ],
        FileName.USERS: [
            _user("ann", agentSourcedIds="mum,dad", grades="09"),
            _user("bob", preferredGivenName="Bobby"),
            _user("mum"),
            _user("dad", enabledUser="false"),
            _user("teach"),
        ],
        FileName.ROLES: [
            _role("ann", "student"),
            _role("bob", "student"),
            _role("mum", "parent"),
            _role("teach", "teacher"),
        ],
        FileName.ENROLLMENTS: [
            _enrollment("e-ann", "ann", beginDate="2025-09-01"),
            _enrollment("e-bob", "bob"),
            _enrollment("e-teach", "teach", role="teacher"),
        ],
        FileName.CATEGORIES: [{"sourcedId": "quiz", "title": "Quiz", "weight": "20"}],
        FileName.LINE_ITEMS: [_line_item("q1", "0", "20"), _line_item("q2", "", "")],
        FileName.RESULTS: [
            _result("r1", "q1", "ann", score="15", late="true"),
            _result("r2", "q2", "bob", score="3", textScore="B", scoreStatus="exempt"),
        ],
    }


def _user(identifier: str, **more: str) -> dict[str, str]:
    names = {"username": identifier, "givenName": identifier.title(), "familyName": "Doe"}
    return {
        "sourcedId": identifier,
        "enabledUser": "true",
        "primaryOrgSourcedId": "north",
        **names,
        **more,
    }


def _role(user: str, role: str) -> dict[str, str]:
    return {
        "sourcedId": f"role-{user}",
        "userSourcedId": user,
        "roleType": "primary",
        "role": role,
        "orgSourcedId": "north",
    }


def _enrollment(identifier: str, user: str, **more: str) -> dict[str, str]:
    return {
        "sourcedId": identifier,
        "classSourcedId": "alg-1",
        "schoolSourcedId": "north",
        "userSourcedId": user,
        "role": "student",
        **more,
    }


def _line_item(identifier: str, lowest: str, highest: str) -> dict[str, str]:
    return {
        "sourcedId": identifier,
        "title": f"Quiz {identifier}",
        "assignDate": "2026-02-01",
        "dueDate": "2026-02-08",
        "classSourcedId": "alg-1",
        "categorySourcedId": "quiz",
        "resultValueMin": lowest,
        "resultValueMax": highest,
        "schoolSourcedId": "north",
    }


def _result(identifier: str, line_item: str, student: str, **more: str) -> dict[str, str]:
    return {
        "sourcedId": identifier,
        "lineItemSourcedId": line_item,
        "studentSourcedId": student,
        "scoreStatus": "fully graded",
        "scoreDate": "2026-02-09",
        **more,
    }


def dated(rows: Mapping[FileName, Rows], stamp: str = STAMP) -> dict[FileName, list[dict[str, str]]]:
    """Return the rows as a delta has them: each with its status and date."""
    return {
        file: [{"status": "active", "dateLastModified": stamp, **row} for row in found]
        for file, found in rows.items()
    }


def csv_text(file: FileName, rows: Rows) -> str:
    """Return a file with all its columns and those that only the rows have."""
    columns = [column.name for column in TABLES[file]]
    columns += sorted({name for row in rows for name in row} - set(columns))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def manifest_text(modes: Mapping[FileName, Mode]) -> str:
    """Return a manifest that marks these files."""
    lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.2"]
    lines += [f"file.{file.value},{modes.get(file, Mode.ABSENT).value}" for file in FileName]
    return "\r\n".join(lines) + "\r\n"


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def package(rows: Mapping[FileName, Rows], mode: Mode = Mode.BULK) -> bytes:
    """Return a package of these rows, every file in the same mode."""
    members = {"manifest.csv": manifest_text(dict.fromkeys(rows, mode))}
    return zipped({**members, **{file.member: csv_text(file, found) for file, found in rows.items()}})
