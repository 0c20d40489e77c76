"""The school day that the demo plays: a crowd in every act, and a few families that are followed by name."""

from random import Random

from bellwire_simulators.school_day.casting import DIGEST_AT, QUIET_TO, scenes_of, wishes_of
from bellwire_simulators.school_day.district import District, Student
from bellwire_simulators.school_day.plan import Act, Plan, Release, Verdict
from bellwire_simulators.school_day.writing import ChangeWriter


def make_plan(district: District, date: str, scale: float = 1.0, seed: int = 11) -> Plan:
    """Return the day of a date (YYYY-MM-DD). `scale` multiplies the crowd; the scenes are always there."""
    random = Random(seed)  # noqa: S311 (a made-up day, no secret)
    scenes = scenes_of(district)
    crowd = [student for student in district.students if student.student_id not in scenes.student_ids()]
    write = ChangeWriter(district)

    def some(share: float) -> list[Student]:
        return random.sample(crowd, min(len(crowd), max(1, round(len(crowd) * share * scale))))

    morning = [write.mark("bell", s, random.choice(("tardy", "absent")), date) for s in some(0.05)]
    scores = [write.score("quiz", s, round(random.uniform(40, 100), 2)) for s in some(0.3)]
    lunches = [write.balance("noon", s, f"{random.uniform(-5, 9.99):.2f}") for s in some(0.06)]
    grades = [write.grade("report", s, round(random.uniform(50, 100), 1)) for s in some(0.1)]
    _, low = scenes.threshold
    _, first, second = scenes.two_children
    marked, eater, unseen = scenes.marked[1], scenes.lunch[1], scenes.no_portal[1]
    patient, slipped = scenes.slip
    strict, below = scenes.slip_below
    sleeper, late = scenes.quiet
    reader, gathered = scenes.digest
    in_digest = (
        write.score("project", gathered, 0.0, title="Lab report", missing=True).but(
            reader, Verdict.IN_DIGEST
        ),
        write.score("essay-58", gathered, 58.0, title="Essay draft").but(reader, Verdict.IN_DIGEST),
        write.grade("report", gathered, 71.0).but(reader, Verdict.IN_DIGEST),
    )
    righted = write.score("slip-righted", slipped, 90.0, of="slip").but(patient, Verdict.IN_GRACE)
    at_night = write.score("night", late, 88.0, title="Essay draft").but(sleeper, Verdict.IN_QUIET_HOURS)
    return Plan(
        district,
        scenes,
        wishes_of(scenes),
        (
            Act("08:50", "First bell", [*morning, write.mark("bell", marked, "tardy", date)]),
            Act("10:30", "Scores are in, and a mark is put right", [
                *scores,
                write.score("quiz-82", low, 82.0),
                write.score("essay", first, 0.0, missing=True),
                write.score("essay", second, 91.5),
                write.score("quiz", unseen, 55.0),
                write.mark("bell-corrected", marked, "absent", date),
                in_digest[0],
            ]),
            Act("11:15", "Essays are handed back", [write.score("essay-64", low, 64.0), in_digest[1]]),
            Act("12:20", "Lunch", [*lunches, write.balance("noon", eater, "9.75")]),
            Act("12:40", "Second helping", [write.balance("seconds", eater, "8.50", told=True)]),
            Act("13:05", "A slip of the hand: 9 for 90, and 7 for 87", [
                write.score("slip", slipped, 9.0).but(patient, Verdict.PUT_RIGHT),
                write.score("slip", below, 7.0).but(strict, Verdict.PUT_RIGHT),
            ]),
            Act("13:09", "The teacher puts both right", [
                righted,
                write.score("slip-righted", below, 87.0, of="slip"),
            ]),
            Act("13:20", "Ten minutes of grace are over", releases=[Release(patient.user_id, (righted.name,))]),
            Act("14:30", "Quarter grades are posted", [*grades, in_digest[2]]),
            Act(DIGEST_AT, "The hour of a family's digest", releases=[
                Release(reader.user_id, tuple(change.name for change in in_digest)),
            ]),
            Act("21:30", "Two essays are graded late", [
                at_night,
                write.score("night", first, 88.0, title="Essay draft"),
            ]),
            Act(
                QUIET_TO,
                "A family's quiet hours are over",
                releases=[Release(sleeper.user_id, (at_night.name,))],
                days_later=1,
            ),
        ),
    )  # fmt: skip
