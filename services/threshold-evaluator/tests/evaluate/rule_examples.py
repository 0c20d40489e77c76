"""The worked examples of docs/alert-rules.md: data that `test_rule_book.py` plays and the page shows.

Times are the district's (Chicago), month-day and clock, of 2026; the 14th of October is a Wednesday. Ana is the
guardian of Mia and Leo. What the phone shows is her own choice of words: with course and value (`privacy: full`).
"""

from dataclasses import dataclass, field
from typing import Any

Action = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Step:
    """What happens at a time, in words and as the system gets it."""

    when: str
    words: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Example:
    """One rule: its title, what it says, settings that are not the defaults, a story, what came of it.

    `phone` are (time, text) of what shows, in order; a text that begins with "taken back" or ends with
    "(in place of ...)" says so. `inbox` is what the app lists at the end. `why` are the reasons that stand in the
    record of Ana's changes, each once, in the order they came about.
    """

    title: str
    says: str
    story: tuple[Step, ...]
    phone: tuple[tuple[str, str], ...] = ()
    inbox: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    user: dict[str, Any] = field(default_factory=dict)
    district: dict[str, Any] = field(default_factory=dict)
    school: dict[str, Any] = field(default_factory=dict)
    until: str = ""


def at(when: str, words: str, *actions: Action) -> Step:
    return Step(when, words, actions)


def work(thing: str = "quiz", **data: Any) -> Action:
    titles = {"quiz": "Fractions quiz", "essay": "Essay", "lab": "Lab"}
    base = {"thing": thing, "title": titles.get(thing, thing), "course_name": "Algebra"}
    return "assignment", {**base, **data}


def grade(**data: Any) -> Action:
    return "grade", {"course_name": "Algebra", "term": "Q1", "task": "Quarter grade", **data}


def mark(status: str, thing: str = "p1", **data: Any) -> Action:
    return "mark", {"status": status, "thing": thing, "period": thing[1:], **data}


def lunch(balance: str, **data: Any) -> Action:
    return "lunch", {"balance": balance, **data}


def settings(**document: Any) -> Action:
    return "settings", document


def district(**document: Any) -> Action:
    return "district", document


def below(threshold: Any, **rules: Any) -> dict[str, Any]:
    return {"groups": {"assignments": {"threshold": threshold, **rules}}}


FACTS = (
    Example(
        "A score is news when its value changes",
        "The first score of an assignment, and every later change of its value, is one alert. A new title or due "
        "date, or the same value sent again, is silent.",
        (
            at("10-14 12:00", "The quiz is scored 64 %.", work(score_percent=64)),
            at(
                "10-14 12:20",
                "The teacher corrects the title; the score stays.",
                work(score_percent=64, title="Fractions quiz 2"),
            ),
            at("10-14 12:40", "The score becomes 71 %.", work(score_percent=71)),
        ),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: 64%"),
            ("10-14 12:40", "Mia: Algebra - Fractions quiz: 71%"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: 64%", "Mia: Algebra - Fractions quiz: 71%"),
        why=("told", "silent"),
    ),
    Example(
        "A flag is news when it is raised, and one change is one alert",
        "Missing, late, incomplete, cheated and exempt are told when they go from no to yes. What one change brings "
        "together is told together, the gravest first.",
        (
            at("10-14 12:00", "The quiz is marked late, with 50 %.", work(late=True, score_percent=50)),
            at("10-14 12:30", "It stays late.", work(late=True, score_percent=50)),
            at(
                "10-14 13:00",
                "It is marked missing and cheated too.",
                work(late=True, missing=True, cheated=True, score_percent=50),
            ),
        ),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: late, 50%"),
            ("10-14 13:00", "Mia: Algebra - Fractions quiz: marked as cheated, missing"),
        ),
        inbox=(
            "Mia: Algebra - Fractions quiz: late, 50%",
            "Mia: Algebra - Fractions quiz: marked as cheated, missing",
        ),
        why=("told", "silent"),
    ),
    Example(
        "Exempt or dropped work has no score",
        "While an assignment is exempt or dropped its score counts as none.",
        (
            at(
                "10-14 12:00",
                "The quiz is exempt; a zero stands in the gradebook.",
                work(exempt=True, score_percent=0),
            ),
            at(
                "10-14 12:30",
                "The essay is dropped, with 10 %.",
                work("essay", dropped=True, score_percent=10),
            ),
            at("10-14 13:00", "The essay counts again.", work("essay", score_percent=10)),
        ),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: exempt"),
            ("10-14 13:00", "Mia: Algebra - Essay: 10%"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: exempt", "Mia: Algebra - Essay: 10%"),
        why=("told", "silent"),
    ),
    Example(
        "A grade is told once it is posted",
        "What a teacher works on before posting is silent. The first posted value is told, and every other value "
        "than the one last posted.",
        (
            at("10-14 12:00", "81 % is entered, not posted.", grade(percent=81, posted=False)),
            at("10-14 12:30", "81 % is posted.", grade(percent=81)),
            at("10-14 13:00", "Unposted, 70 %.", grade(percent=70, posted=False)),
            at("10-14 13:30", "81 % is posted again.", grade(percent=81)),
            at("10-14 14:00", "84 % is posted.", grade(percent=84)),
        ),
        phone=(
            ("10-14 12:30", "Mia: Algebra - Q1 Quarter grade: 81%"),
            ("10-14 14:00", "Mia: Algebra - Q1 Quarter grade: now 84%"),
        ),
        inbox=("Mia: Algebra - Q1 Quarter grade: 81%", "Mia: Algebra - Q1 Quarter grade: now 84%"),
        why=("silent", "told"),
    ),
    Example(
        "A grade that is taken back while it waits is not told",
        "What is not posted any more when its time comes is not told; the app keeps it, marked as corrected. Posted "
        "again it is news, though it be the same value: nobody has been told of it.",
        (
            at("10-14 23:00", "81 % is posted, in quiet hours.", grade(percent=81)),
            at("10-14 23:20", "The teacher takes it back.", grade(percent=81, posted=False)),
            at("10-15 09:00", "It is posted after all.", grade(percent=81)),
        ),
        phone=(("10-15 09:00", "Mia: Algebra - Q1 Quarter grade: 81%"),),
        inbox=(
            "Mia: Algebra - Q1 Quarter grade: 81% (corrected)",
            "Mia: Algebra - Q1 Quarter grade: 81%",
        ),
        why=("quiet_hours", "silent", "told"),
    ),
    Example(
        "Attendance is told against what this family was told last",
        "An absence or tardy is told; a change of status or excuse is told as a change, back to present too. A mark "
        "that is deleted counts as present. The first mark of present is silent.",
        (
            at(
                "10-14 08:10",
                "Mia is tardy in period 1, present in period 2.",
                mark("tardy"),
                mark("present", "p2"),
            ),
            at("10-14 08:40", "She was absent after all.", mark("absent")),
            at("10-14 09:10", "The absence is excused.", mark("absent", excuse="excused")),
            at("10-14 09:40", "The mark is deleted.", mark("absent", excuse="excused", deleted=True)),
        ),
        phone=(
            ("10-14 08:10", "Mia - Tardy on Oct 14, 2026, period 1"),
            ("10-14 08:40", "Mia - Now absent on Oct 14, 2026, period 1"),
            ("10-14 09:10", "Mia - Now absent (excused) on Oct 14, 2026, period 1"),
            ("10-14 09:40", "Mia - Now present on Oct 14, 2026, period 1"),
        ),
        inbox=(
            "Mia - Tardy on Oct 14, 2026, period 1",
            "Mia - Now absent on Oct 14, 2026, period 1",
            "Mia - Now absent (excused) on Oct 14, 2026, period 1",
            "Mia - Now present on Oct 14, 2026, period 1",
        ),
        why=("told", "silent"),
    ),
    Example(
        "The same status again on one day goes to the inbox",
        "With `per: day` (the default) a second absence of a day enters the inbox without a push; another status "
        "is told.",
        (
            at("10-14 08:10", "Absent in period 1.", mark("absent")),
            at("10-14 09:10", "Absent in period 2.", mark("absent", "p2")),
            at("10-14 10:10", "Tardy in period 3.", mark("tardy", "p3")),
            at("10-15 08:10", "The next day: absent in period 1.", mark("absent", "q1", period="1")),
        ),
        phone=(
            ("10-14 08:10", "Mia - Absent on Oct 14, 2026, period 1"),
            ("10-14 10:10", "Mia - Tardy on Oct 14, 2026, period 3"),
            ("10-15 08:10", "Mia - Absent on Oct 15, 2026, period 1"),
        ),
        inbox=(
            "Mia - Absent on Oct 14, 2026, period 1",
            "Mia - Absent on Oct 14, 2026, period 2",
            "Mia - Tardy on Oct 14, 2026, period 3",
            "Mia - Absent on Oct 15, 2026, period 1",
        ),
        why=("told", "same_day"),
    ),
    Example(
        "Or every period is told",
        "A district may choose `per: period`.",
        (
            at("10-14 08:10", "Absent in period 1.", mark("absent")),
            at("10-14 09:10", "Absent in period 2.", mark("absent", "p2")),
        ),
        district={"per": "period"},
        phone=(
            ("10-14 08:10", "Mia - Absent on Oct 14, 2026, period 1"),
            ("10-14 09:10", "Mia - Absent on Oct 14, 2026, period 2"),
        ),
        inbox=("Mia - Absent on Oct 14, 2026, period 1", "Mia - Absent on Oct 14, 2026, period 2"),
        why=("told",),
    ),
    Example(
        "A low lunch balance is told once until it is up again",
        "Below the family's amount (10.00 unless they choose another) it is told once. A balance at or above the "
        "amount makes the next fall news. Brother and sister on one account: the family is told once, and once more "
        "at the lower amount if the two have different ones.",
        (
            at(
                "10-14 11:00",
                "The account of Mia and Leo holds $10.00.",
                lunch("10.00"),
                lunch("10.00", student="s2"),
            ),
            at("10-14 11:30", "Lunch: $9.75.", lunch("9.75"), lunch("9.75", student="s2")),
            at("10-15 11:30", "Lunch: $6.50.", lunch("6.50"), lunch("6.50", student="s2")),
            at("10-16 08:00", "Ana pays in: $40.00.", lunch("40.00"), lunch("40.00", student="s2")),
            at("10-16 11:30", "A class party: $9.99.", lunch("9.99"), lunch("9.99", student="s2")),
        ),
        phone=(
            ("10-14 11:30", "Mia - The lunch balance is $9.75"),
            ("10-16 11:30", "Mia - The lunch balance is $9.99"),
        ),
        inbox=("Mia - The lunch balance is $9.75", "Mia - The lunch balance is $9.99"),
        why=("silent", "told"),
    ),
    Example(
        "What is paid in for one child is paid for all who share the account",
        "A balance that waits for the end of quiet hours is said as it stands by then, whichever child it came for.",
        (
            at("10-14 23:00", "Mia's late snack: $9.75.", lunch("9.75")),
            at("10-14 23:30", "Ana pays in for Leo: $40.00.", lunch("40.00", student="s2")),
        ),
        until="10-15 12:00",
        inbox=("Mia - The lunch balance is $9.75 (corrected)",),
        why=("quiet_hours", "silent"),
    ),
    Example(
        "A reminder while it stays low",
        "With `remind_days` the latest balance is said again after so many days, as long as it is low.",
        (
            at("10-14 11:30", "Lunch: $9.75.", lunch("9.75")),
            at("10-15 11:30", "Lunch: $6.50.", lunch("6.50")),
            at("10-20 15:00", "Ana pays in: $40.00.", lunch("40.00")),
        ),
        user={"groups": {"lunch": {"remind_days": 3}}},
        until="10-25 12:00",
        phone=(
            ("10-14 11:30", "Mia - The lunch balance is $9.75"),
            ("10-17 11:30", "Mia - The lunch balance is $6.50"),
            ("10-20 11:30", "Mia - The lunch balance is $6.50"),
        ),
        inbox=(
            "Mia - The lunch balance is $9.75",
            "Mia - The lunch balance is $6.50",
            "Mia - The lunch balance is $6.50",
        ),
        why=("told", "silent"),
    ),
    Example(
        "What arrives late goes to the inbox",
        "A change that reaches Bellwire more than 48 hours after it was recorded (`late_hours`), and attendance of a "
        "day more than 7 days ago (`attendance_days`), enters the inbox without a push.",
        (
            at(
                "10-14 12:00",
                "A score recorded on Monday at 11:00 arrives.",
                work(score_percent=40, modified_at="2026-10-12T16:00:00Z"),
            ),
            at("10-14 12:30", "An absence of October 6 is entered today.", mark("absent", date="2026-10-06")),
            at(
                "10-14 13:00",
                "An absence of October 7 is entered today.",
                mark("absent", "p2", date="2026-10-07"),
            ),
        ),
        phone=(("10-14 13:00", "Mia - Absent on Oct 7, 2026, period 2"),),
        inbox=(
            "Mia: Algebra - Fractions quiz: 40%",
            "Mia - Absent on Oct 6, 2026, period 1",
            "Mia - Absent on Oct 7, 2026, period 2",
        ),
        why=("arrived_late", "old_attendance", "told"),
    ),
    Example(
        "Only calendars that are active today",
        "A change of a calendar in which the student has no active enrolment today brings no fact.",
        (
            at(
                "10-14 12:00",
                "Mia's summer calendar ended in August; its quiz is scored.",
                ("enrolment", {"calendar_id": "summer", "ends_on": "2026-08-20", "school_id": "south"}),
                work(school_id="south", calendar_id="summer", score_percent=30),
            ),
        ),
        until="10-15 12:00",
        why=("inactive_calendar",),
    ),
    Example(
        "What is deleted takes back what waits",
        "A deleted assignment or grade withdraws what has not been sent yet and is no news itself. What has entered "
        "the inbox stays there, marked as corrected.",
        (
            at(
                "10-14 22:30",
                "In the evening the quiz is marked missing: held for the night.",
                work(missing=True),
            ),
            at("10-14 23:00", "It is deleted.", work(deleted=True)),
        ),
        until="10-15 12:00",
        inbox=("Mia: Algebra - Fractions quiz: missing (corrected)",),
        why=("quiet_hours", "deleted"),
    ),
    Example(
        "A bulk load tells nobody",
        "What comes as a backfill (the first bulk file of a source does) counts as known: it is stored and not told.",
        (
            at(
                "10-14 12:00",
                "The year so far is loaded.",
                work(score_percent=40, missing=True, backfill=True),
                lunch("3.00", backfill=True),
            ),
            at(
                "10-14 13:00",
                "Today: the essay is missing, the balance falls on.",
                work("essay", missing=True),
                lunch("2.00"),
            ),
        ),
        phone=(("10-14 13:00", "Mia: Algebra - Essay: missing"),),
        inbox=("Mia: Algebra - Essay: missing",),
        why=("backfill", "told", "silent"),
    ),
    Example(
        "A new student's changes wait for the roster",
        "A change of a student whom the roster does not know yet is kept, and evaluated when the roster comes.",
        (
            at(
                "10-14 12:00",
                "Noa's quiz is scored before Noa is on the roster.",
                work(student="s3", score_percent=55),
            ),
            at(
                "10-14 12:10",
                "The roster comes, with Ana as guardian.",
                ("roster", {"student": "s3", "name": "Noa"}),
            ),
        ),
        phone=(("10-14 12:10", "Noa: Algebra - Fractions quiz: 55%"),),
        inbox=("Noa: Algebra - Fractions quiz: 55%",),
        why=("told",),
    ),
    Example(
        "An older version never undoes a newer one",
        "Each change says what is. One that was recorded before the version that stands, or says the same, is kept "
        "on record and does nothing.",
        (
            at(
                "10-14 12:00",
                "80 %, recorded at 11:59.",
                work(score_percent=80, modified_at="2026-10-14T16:59:00Z"),
            ),
            at(
                "10-14 12:20",
                "30 %, recorded at 11:50, arrives late.",
                work(score_percent=30, modified_at="2026-10-14T16:50:00Z"),
            ),
        ),
        phone=(("10-14 12:00", "Mia: Algebra - Fractions quiz: 80%"),),
        inbox=("Mia: Algebra - Fractions quiz: 80%",),
        why=("told", "stale_version"),
    ),
)

GATES = (
    Example(
        "Only who may see the student",
        "A guardian without the portal flag is told nothing, nor from the moment that it is taken away. What was on "
        "its way is taken back from the phone; should access be given again, the app has it, marked as corrected.",
        (
            at("10-14 12:00", "The quiz is scored 64 %.", work(score_percent=64)),
            at("10-14 12:05", "The school takes Ana's access away.", ("access", {"portal": False})),
            at("10-14 12:30", "The essay is missing.", work("essay", missing=True)),
        ),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: 64%"),
            ("10-14 12:05", "taken back: Mia: Algebra - Fractions quiz: 64%"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: 64% (corrected)",),
        why=("told", "gate_closed"),
    ),
    Example(
        "An area that the school does not show is silent",
        "Assignments, grades, attendance and food service (lunch) each follow their area's switch.",
        (at("10-14 12:00", "A score and a low balance.", work(score_percent=64), lunch("5.00")),),
        district={"areas": {"food_service": False}},
        phone=(("10-14 12:00", "Mia: Algebra - Fractions quiz: 64%"),),
        inbox=("Mia: Algebra - Fractions quiz: 64%",),
        why=("told", "gate_closed"),
    ),
    Example(
        "Only kinds that the district allows",
        "With `allowed_kinds` everything else is silent.",
        (
            at(
                "10-14 12:00",
                "A grade is posted and the essay is missing.",
                grade(percent=81),
                work("essay", missing=True),
            ),
        ),
        district={"allowed_kinds": ["grade.posted", "grade.modified"]},
        phone=(("10-14 12:00", "Mia: Algebra - Q1 Quarter grade: 81%"),),
        inbox=("Mia: Algebra - Q1 Quarter grade: 81%",),
        why=("told", "gate_closed"),
    ),
    Example(
        "Push can be off for a school or the district",
        "With `push_enabled: false` nothing is sent and nothing enters an inbox.",
        (at("10-14 12:00", "A grade is posted.", grade(percent=81)),),
        school={"push_enabled": False},
        why=("gate_closed",),
    ),
)

SETTINGS = (
    Example(
        "Strictly below the threshold, compared before rounding",
        "With a threshold of 70, exactly 70 is silent and 69.99 is told; 7 of 10 points are 70 %. A letter or a flag "
        "has no percent and passes.",
        (
            at("10-14 12:00", "70 %", work("quiz", score_percent=70)),
            at("10-14 12:20", "69.99 of 100 points", work("essay", score_points=69.99, points_possible=100)),
            at("10-14 12:40", "7 of 10 points", work("lab", score_points=7, points_possible=10)),
            at("10-14 13:00", "The lab report is graded B", work("lab", text_score="B")),
        ),
        user=below(70),
        phone=(
            ("10-14 12:20", "Mia: Algebra - Essay: 69.99%"),
            ("10-14 13:00", "Mia: Algebra - Lab: B"),
        ),
        inbox=("Mia: Algebra - Essay: 69.99%", "Mia: Algebra - Lab: B"),
        why=("not_below_threshold", "told"),
    ),
    Example(
        "Only the fall below (`compare: crossing`)",
        "Then a score is told only if the one before was not below, or there was none.",
        (
            at("10-14 12:00", "60 %", work(score_percent=60)),
            at("10-14 12:20", "65 %", work(score_percent=65)),
            at("10-14 12:40", "75 %", work(score_percent=75)),
            at("10-14 13:00", "68 %", work(score_percent=68)),
        ),
        user=below(70, compare="crossing"),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: 60%"),
            ("10-14 13:00", "Mia: Algebra - Fractions quiz: 68%"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: 60%", "Mia: Algebra - Fractions quiz: 68%"),
        why=("told", "not_crossing", "not_below_threshold"),
    ),
    Example(
        "Good news too (`above`)",
        "A score that rises above the number is told as well.",
        (
            at("10-14 12:00", "80 %", work(score_percent=80)),
            at("10-14 12:20", "96 %", work(score_percent=96)),
            at("10-14 12:40", "97 %", work(score_percent=97)),
        ),
        user=below(70, above=95),
        phone=(("10-14 12:20", "Mia: Algebra - Fractions quiz: 96%"),),
        inbox=("Mia: Algebra - Fractions quiz: 96%",),
        why=("not_below_threshold", "told"),
    ),
    Example(
        "The closest setting counts",
        "What a family sets for one kind goes before what it sets for the group; both go before school and district. "
        "Here the group is off and one kind is on.",
        (at("10-14 12:00", "The quiz is missing, with 20 %.", work(missing=True, score_percent=20)),),
        user={
            "groups": {"assignments": {"enabled": False}},
            "kinds": {"assignment.missing": {"enabled": True}},
        },
        phone=(("10-14 12:00", "Mia: Algebra - Fractions quiz: missing"),),
        inbox=("Mia: Algebra - Fractions quiz: missing",),
        why=("told",),
    ),
    Example(
        "A lock takes the value of the place that locks",
        "The family's own choice is kept for the day when the lock goes.",
        (
            at("10-14 12:00", "65 %", work(score_percent=65)),
            at("10-14 12:30", "The district unlocks the threshold.", district(defaults=below(70))),
            at("10-14 13:00", "62 %", work(score_percent=62)),
        ),
        user=below(50),
        district={"defaults": below(70), "locks": ["/groups/assignments/threshold"]},
        phone=(("10-14 12:00", "Mia: Algebra - Fractions quiz: 65%"),),
        inbox=("Mia: Algebra - Fractions quiz: 65%",),
        why=("told", "not_below_threshold"),
    ),
    Example(
        "A mandatory kind is always told",
        "It is on, at every value, at once and outside the daily cap; grace, quiet and bell hours still apply.",
        (at("10-14 12:00", "Absent in period 1; the quiz is missing.", mark("absent"), work(missing=True)),),
        user={"groups": {"attendance": {"enabled": False}, "assignments": {"enabled": False}}},
        district={"mandatory_kinds": ["attendance.marked"]},
        phone=(("10-14 12:00", "Mia - Absent on Oct 14, 2026, period 1"),),
        inbox=("Mia - Absent on Oct 14, 2026, period 1",),
        why=("told", "disabled"),
    ),
    Example(
        "A cap on what lock screens name",
        "With `caps: {privacy: standard}` no phone of the district names a value, whatever its owner chose.",
        (at("10-14 12:00", "The quiz is scored 64 %.", work(score_percent=64)),),
        district={"caps": {"privacy": "standard"}},
        phone=(("10-14 12:00", "Mia - New assignment score"),),
        inbox=("Mia: Algebra - Fractions quiz: 64%",),
        why=("told",),
    ),
    Example(
        "Inbox only, by choice",
        "With `delivery: inbox` a fact is found in the app and never pushed.",
        (at("10-14 12:00", "The quiz is scored 64 %.", work(score_percent=64)),),
        user={"groups": {"assignments": {"delivery": "inbox"}}},
        inbox=("Mia: Algebra - Fractions quiz: 64%",),
        why=("delivery_inbox",),
    ),
)

TIMES = (
    Example(
        "A typing slip put right within grace reaches nobody",
        "`grace_minutes` holds a fact back. If the value that stood before stands again at its end, nothing is sent "
        "and nothing enters the inbox. A newer value takes the place of the older one and does not begin anew.",
        (
            at("10-14 12:00", "90 % becomes known.", work(score_percent=90, backfill=True)),
            at("10-14 12:30", "9 % is typed.", work(score_percent=9)),
            at("10-14 12:32", "90 % is put right.", work(score_percent=90)),
            at("10-14 13:00", "The essay: 8 %.", work("essay", score_percent=8)),
            at("10-14 13:04", "The essay: 80 %.", work("essay", score_percent=80)),
        ),
        user={"groups": {"assignments": {"grace_minutes": 5}}},
        phone=(("10-14 13:05", "Mia: Algebra - Essay: 80%"),),
        inbox=("Mia: Algebra - Essay: 80%",),
        why=("backfill", "grace"),
    ),
    Example(
        "Quiet hours hold, and their end is one summary",
        "From 22:00 to 06:00 in the user's own zone unless chosen otherwise. The inbox has everything at once.",
        (
            at(
                "10-14 23:00",
                "The quiz is missing, the grade is posted.",
                work(missing=True),
                grade(percent=81),
            ),
        ),
        until="10-15 12:00",
        phone=(("10-15 06:00", "Mia - 2 updates: Q1 Quarter grade: 81%; Fractions quiz: missing"),),
        inbox=("Mia: Algebra - Fractions quiz: missing", "Mia: Algebra - Q1 Quarter grade: 81%"),
        why=("quiet_hours",),
    ),
    Example(
        "One thing at the end of quiet hours goes as itself",
        "A summary is made only of several.",
        (at("10-14 23:00", "The quiz is missing.", work(missing=True)),),
        until="10-15 12:00",
        phone=(("10-15 06:00", "Mia: Algebra - Fractions quiz: missing"),),
        inbox=("Mia: Algebra - Fractions quiz: missing",),
        why=("quiet_hours",),
    ),
    Example(
        "The night when clocks go forward",
        "A time that does not exist is the end of the gap: quiet until 02:30 ends at 03:00.",
        (at("03-08 01:00", "The quiz is missing.", work(missing=True)),),
        user={"quiet_hours": {"from": "22:00", "to": "02:30"}},
        until="03-08 12:00",
        phone=(("03-08 03:00", "Mia: Algebra - Fractions quiz: missing"),),
        inbox=("Mia: Algebra - Fractions quiz: missing",),
        why=("quiet_hours",),
    ),
    Example(
        "The night when clocks go back",
        "A time that comes twice is its first: quiet until 01:30 ends when the clocks first show it.",
        (at("11-01 00:30", "The quiz is missing.", work(missing=True)),),
        user={"quiet_hours": {"from": "22:00", "to": "01:30"}},
        until="11-01 12:00",
        phone=(("11-01 01:30", "Mia: Algebra - Fractions quiz: missing"),),
        inbox=("Mia: Algebra - Fractions quiz: missing",),
        why=("quiet_hours",),
    ),
    Example(
        "A daily digest",
        "`delivery: daily` collects until `digest.at` (18:00) and sends one summary.",
        (
            at("10-14 12:00", "The quiz: 64 %.", work(score_percent=64)),
            at("10-14 15:00", "The essay: 71 %.", work("essay", score_percent=71)),
            at("10-14 19:00", "The lab report: 80 %.", work("lab", score_percent=80)),
        ),
        user={"groups": {"assignments": {"delivery": "daily"}}},
        until="10-16 12:00",
        phone=(
            ("10-14 18:00", "Mia - 2 updates: Fractions quiz: 64%; Essay: 71%"),
            ("10-15 18:00", "Mia: Algebra - Lab: 80%"),
        ),
        inbox=(
            "Mia: Algebra - Fractions quiz: 64%",
            "Mia: Algebra - Essay: 71%",
            "Mia: Algebra - Lab: 80%",
        ),
        why=("delivery_digest",),
    ),
    Example(
        "A weekly digest",
        "`delivery: weekly` collects until `digest.weekday`, at the same time.",
        (
            at("10-14 12:00", "The quiz: 64 %.", work(score_percent=64)),
            at("10-16 15:00", "The essay: 71 %.", work("essay", score_percent=71)),
        ),
        user={
            "groups": {"assignments": {"delivery": "weekly"}},
            "digest": {"at": "17:00", "weekday": "sunday"},
        },
        until="10-20 12:00",
        phone=(("10-18 17:00", "Mia - 2 updates: Fractions quiz: 64%; Essay: 71%"),),
        inbox=("Mia: Algebra - Fractions quiz: 64%", "Mia: Algebra - Essay: 71%"),
        why=("delivery_digest",),
    ),
    Example(
        "Several soon after each other",
        "The first alert of a student and group goes at once. What follows within `coalesce_minutes` (10) becomes one "
        "that takes its place on the screen. What comes after that has a place of its own.",
        (
            at("10-14 12:00", "The quiz is missing.", work(missing=True)),
            at("10-14 12:03", "The essay is missing.", work("essay", missing=True)),
            at("10-14 12:05", "The lab report is late.", work("lab", late=True)),
            at("10-14 12:40", "The poster is missing.", work("Poster", missing=True)),
        ),
        phone=(
            ("10-14 12:00", "Mia: Algebra - Fractions quiz: missing"),
            (
                "10-14 12:10",
                "Mia - 2 updates: Essay: missing; Lab: late (in place of: Mia: Algebra - Fractions quiz: missing)",
            ),
            ("10-14 12:40", "Mia: Algebra - Poster: missing"),
        ),
        inbox=(
            "Mia: Algebra - Fractions quiz: missing",
            "Mia: Algebra - Essay: missing",
            "Mia: Algebra - Lab: late",
            "Mia: Algebra - Poster: missing",
        ),
        why=("told", "coalesced"),
    ),
    Example(
        "A daily cap",
        "After `daily_cap` alerts in a day (30) the rest become one digest.",
        tuple(
            at(f"10-14 12:{minute}", f"Assignment {number} is missing.", work(f"Work {number}", missing=True))
            for number, minute in enumerate(("00", "20", "40", "45"), start=1)
        ),
        user={"daily_cap": 2},
        until="10-15 12:00",
        phone=(
            ("10-14 12:00", "Mia: Algebra - Work 1: missing"),
            ("10-14 12:20", "Mia: Algebra - Work 2: missing"),
            ("10-14 18:00", "Mia - 2 updates: Work 3: missing; Work 4: missing"),
        ),
        inbox=(
            "Mia: Algebra - Work 1: missing",
            "Mia: Algebra - Work 2: missing",
            "Mia: Algebra - Work 3: missing",
            "Mia: Algebra - Work 4: missing",
        ),
        why=("told", "daily_cap"),
    ),
    Example(
        "Not while the bell holds",
        "With `bell_hold: all` scores and grades wait until the school's day is over; attendance and lunch do not.",
        (
            at(
                "10-14 12:00",
                "The quiz is missing; absent in period 4.",
                work(missing=True),
                mark("absent", "p4"),
            ),
        ),
        district={"bell_hold": "all"},
        school={"bell": {"starts": "08:00", "ends": "15:00", "days": ["wednesday"]}},
        until="10-15 12:00",
        phone=(
            ("10-14 12:00", "Mia - Absent on Oct 14, 2026, period 4"),
            ("10-14 15:00", "Mia: Algebra - Fractions quiz: missing"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: missing", "Mia - Absent on Oct 14, 2026, period 4"),
        why=("bell", "told"),
    ),
    Example(
        "A change of settings counts for what waits",
        "Everything that is not sent yet is timed again, never before its grace is over.",
        (
            at("10-14 23:00", "The quiz: 60 %.", work(score_percent=60)),
            at("10-14 23:10", "Ana turns quiet hours off.", settings(quiet_hours="off")),
            at(
                "10-14 23:20",
                "The essay: 40 %; then Ana asks for below 30 only.",
                settings(quiet_hours={"from": "22:00", "to": "06:00"}),
                work("essay", score_percent=40),
                settings(groups={"assignments": {"threshold": 30}}),
            ),
        ),
        until="10-15 12:00",
        phone=(("10-14 23:10", "Mia: Algebra - Fractions quiz: 60%"),),
        inbox=("Mia: Algebra - Fractions quiz: 60%", "Mia: Algebra - Essay: 40% (corrected)"),
        why=("quiet_hours",),
    ),
    Example(
        "A pause holds everything, and its end is one summary",
        "While `paused` is set nothing goes out, and what no phone has yet waits too; inboxes fill as ever.",
        (
            at("10-14 12:00", "The administrator pauses the district.", district(paused=True)),
            at("10-14 12:10", "The quiz is missing.", work(missing=True)),
            at("10-14 12:20", "Absent in period 4.", mark("absent", "p4")),
            at("10-14 14:00", "It goes on.", district(paused=False)),
        ),
        phone=(
            ("10-14 14:00", "Mia - 2 updates: Absent on Oct 14, 2026, period 4; Fractions quiz: missing"),
        ),
        inbox=("Mia: Algebra - Fractions quiz: missing", "Mia - Absent on Oct 14, 2026, period 4"),
        why=("paused",),
    ),
    Example(
        "A digest that falls into a pause comes with the rest",
        "What was held by one pause, quiet time or school day goes as one, digests too.",
        (
            at("10-14 12:00", "The quiz: 64 %.", work(score_percent=64)),
            at("10-14 17:00", "The administrator pauses the district.", district(paused=True)),
            at("10-14 17:30", "Absent in period 4.", mark("absent", "p4")),
            at("10-14 19:00", "It goes on.", district(paused=False)),
        ),
        user={"groups": {"assignments": {"delivery": "daily"}}},
        phone=(("10-14 19:00", "Mia - 2 updates: Absent on Oct 14, 2026, period 4; Fractions quiz: 64%"),),
        inbox=("Mia: Algebra - Fractions quiz: 64%", "Mia - Absent on Oct 14, 2026, period 4"),
        why=("delivery_digest", "paused"),
    ),
    Example(
        "A burst is held for the administrator",
        "When a school's facts of ten minutes are more than 500 and more than ten times what is usual there, they "
        "are held until the administrator releases them (one summary a user) or leaves them to the inbox.",
        (
            at(
                "10-14 12:00",
                "A wrong import marks 501 assignments of the school as missing.",
                *(
                    work(f"Work {number}", missing=True, modified_at=f"2026-10-14T16:59:00.{number:03}Z")
                    for number in range(501)
                ),
            ),
            at("10-14 14:00", "The administrator releases them.", ("surge", {"resolution": "release"})),
        ),
        phone=(("10-14 14:00", "Mia - 501 updates: Work 0: missing; Work 1: missing; Work 2: missing…"),),
        inbox=("Mia: Algebra - Work 0: missing", "Mia: Algebra - Work 1: missing", "and 499 more"),
        why=("surge",),
    ),
)

CHAPTERS = (
    ("What is news", "facts", FACTS),
    ("Who may be told", "gates", GATES),
    ("What families, schools and the district choose", "settings", SETTINGS),
    ("When it goes out", "times", TIMES),
)
