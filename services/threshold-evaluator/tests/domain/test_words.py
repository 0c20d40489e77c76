"""Both languages are complete, and no name can break a sentence."""

import re
from datetime import date
from decimal import Decimal
from importlib.resources import files
from uuid import UUID

import orjson
import pytest
from bellwire_schemas.names import AttendanceStatus, Excuse, Kind, Privacy
from hypothesis import given
from hypothesis import strategies as st
from threshold_evaluator.domain.due import DueAlert
from threshold_evaluator.domain.effective import GROUP_OF, Delivery
from threshold_evaluator.domain.plan import Telling
from threshold_evaluator.domain.preferences import resolve
from threshold_evaluator.domain.roster import Bells
from threshold_evaluator.domain.things import Content, Mark, Score, ThingKey, ThingState, ValueForm
from threshold_evaluator.domain.timing import Session
from threshold_evaluator.sayings import LANGUAGES, shown
from threshold_evaluator.words import inbox_text, several_texts, summary_texts, texts_of

from .worlds import CHICAGO, NOON, plain_district, plain_school, plain_watcher

SCORES = (
    Score(ValueForm.PERCENT, 2 * Content().score.percent),
    Score(ValueForm.POINTS, text="1"),
    Score(ValueForm.TEXT, text="B+"),
)
MARKS = tuple(Mark(status, excuse) for status in AttendanceStatus for excuse in Excuse)


def telling(
    kind: Kind, locale: str, score: Score, mark: Mark, name: str = "Mia", title: str = "Quiz"
) -> Telling:
    group = GROUP_OF[kind]
    key = ThingKey(group, "s1", "t1")
    balance = Decimal("1009.75")
    content = Content(score=score, posted=score, mark=mark, on=date(2026, 10, 14), balance=balance)
    data = {"title": title, "course_name": title, "term": "Q1", "task": "Quarter grade", "period": "2"}
    state = ThingState(key, content=content, data=orjson.dumps(data).decode())
    due = DueAlert(
        alert_id=UUID(int=1),
        user_id="u",
        key=key,
        school_id="s",
        calendar_id="",
        kinds=(kind,),
        event_source="x",
        event_id="e",
        before=Content(),
        modified_at=NOON,
        accepted_at=NOON,
        first_at=NOON,
        grace_until=NOON,
        due_at=NOON,
        delivery=Delivery.IMMEDIATE,
    )
    settings = resolve(plain_district(), plain_school(), plain_watcher(own={"locale": locale}))
    return Telling(due, state, name, settings, Session(Bells(), CHICAGO))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_message_of_every_kind_is_there(language: str, kind: Kind) -> None:
    for score in SCORES:
        for mark in MARKS:
            made = telling(kind, language, score, mark)
            texts = texts_of(made)
            assert set(texts) == set(Privacy)
            assert all(text.title and text.body for text in texts.values())
            assert "Mia" not in texts[Privacy.PRIVATE].title + texts[Privacy.PRIVATE].body
            assert "Quiz" not in texts[Privacy.STANDARD].title + texts[Privacy.STANDARD].body
    assert several_texts([made])[Privacy.FULL].body
    for count in (1, 2, 5):
        assert summary_texts([made] * count)[Privacy.STANDARD].body


def test_the_files_have_the_same_messages_and_variables() -> None:
    def messages(language: str) -> dict[str, set[str]]:
        text = (files("threshold_evaluator") / "texts" / f"{language}.ftl").read_text("utf-8")
        parts = re.split(r"(?m)^([a-z][a-z_-]*) = ", text)[1:]
        return {
            name: set(re.findall(r"\$(\w+)", body))
            for name, body in zip(parts[::2], parts[1::2], strict=True)
        }

    assert messages("en") == messages("es")


@given(st.text(max_size=400), st.text(max_size=400), st.sampled_from(LANGUAGES))
def test_any_name_is_one_bounded_line(name: str, title: str, language: str) -> None:
    made = telling(Kind.ASSIGNMENT_SCORED, language, SCORES[0], MARKS[0], name, title)
    text = inbox_text(made)
    assert "\n" not in text.title + text.body
    assert max(len(text.title), len(text.body)) < 200


@pytest.mark.parametrize(
    ("locale", "percent", "balance", "day"),
    [
        ("en-US", "64.5%", "$1,009.75", "Oct 14, 2026"),
        ("en_GB", "64.5%", "US$1,009.75", "14 Oct 2026"),
        ("es", "64,5\u00a0%", "1.009,75\u00a0US$", "14 oct 2026"),
        ("es-US", "64.5%", "$1,009.75", "14 oct 2026"),
        ("es-mx", "64.5%", "USD1,009.75", "14 oct 2026"),
        ("es-ZZ", "64,5\u00a0%", "1.009,75\u00a0US$", "14 oct 2026"),
        ("pt-BR", "64.5%", "$1,009.75", "Oct 14, 2026"),
    ],
)
def test_numbers_amounts_and_dates_are_those_of_the_region(
    locale: str, percent: str, balance: str, day: str
) -> None:
    score = Score(ValueForm.PERCENT, Decimal("64.5"))
    assert inbox_text(telling(Kind.ASSIGNMENT_SCORED, locale, score, MARKS[0])).body == f"Quiz: {percent}"
    assert inbox_text(telling(Kind.LUNCH_LOW, locale, score, MARKS[0])).body.endswith(balance)
    assert (
        day in inbox_text(telling(Kind.ATTENDANCE_MARKED, locale, score, Mark(AttendanceStatus.ABSENT))).body
    )


def test_right_to_left_names_are_isolated_and_long_ones_cut() -> None:
    assert shown("ليلى") == "\u2068ليلى\u2069"
    assert len(shown("a" * 200)) == 80
    assert shown("x" * 77 + "👩‍👩‍👧‍👦") == "x" * 77 + "…"
    assert shown("x" * 78 + "\u0915\u093f" * 3) == "x" * 78 + "…"


def test_what_turns_the_direction_or_controls_a_screen_is_left_out() -> None:
    assert shown("a\x07b\x1b[31mc\u202egnp.exe") == "ab[31mcgnp.exe"
    assert shown("\u2069\u202eevil") == "evil"
    assert shown("\u2069ليلى\u2067") == "\u2068ليلى\u2069"
    made = telling(Kind.GRADE_POSTED, "en", SCORES[0], MARKS[0], "\x07", "\u202e\x1b")
    assert inbox_text(made).title == "Your student"
    assert inbox_text(made).body.startswith("Q1 Quarter grade")
    assert (
        inbox_text(telling(Kind.ASSIGNMENT_LATE, "en", SCORES[0], MARKS[0], "Mia", "\x07")).body
        == "Assignment: late"
    )


@given(st.lists(st.text(min_size=1, max_size=100), min_size=2, max_size=6))
def test_isolates_of_a_summary_are_closed(names: list[str]) -> None:
    members = [telling(Kind.ASSIGNMENT_LATE, "en", SCORES[0], MARKS[0], f"ل{name}") for name in names]
    title = summary_texts(members)[Privacy.STANDARD].title
    assert title.count("\u2068") == title.count("\u2069")
    assert len(title) < 130
