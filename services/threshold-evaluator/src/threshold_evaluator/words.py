"""Words of alerts: Fluent messages at three privacy levels, in the user's language (product.md section 4)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final

import orjson
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_percent
from bellwire_schemas.names import AttendanceStatus, Excuse, Group, Kind, Privacy

from threshold_evaluator.domain.plan import Telling
from threshold_evaluator.domain.things import Content, Score, ThingState, ValueForm
from threshold_evaluator.sayings import dialect_of, say, say_with, shown

_NEW_RATHER_THAN: Final = {
    Kind.GRADE_MODIFIED: Kind.GRADE_POSTED,
    Kind.ATTENDANCE_MODIFIED: Kind.ATTENDANCE_MARKED,
}
_WIDTH: Final = {level: width for width, level in enumerate(Privacy)}
_LONGEST_NAMES = 120
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Text:
    """What one lock screen, or one inbox row, shows."""

    title: str
    body: str


def texts_of(telling: Telling) -> dict[Privacy, Text]:
    """Return the texts of one alert at each level that the district's cap allows."""
    return {level: _text(telling, level) for level in allowed_levels(telling.settings.privacy_cap)}


def inbox_text(telling: Telling) -> Text:
    """Return what the app shows, behind its sign-in: as much as there is to say."""
    return _text(telling, Privacy.FULL)


@lru_cache(maxsize=len(Privacy))
def allowed_levels(cap: Privacy) -> tuple[Privacy, ...]:
    """Return the levels up to a cap, narrowest first."""
    levels = tuple(Privacy)
    return levels[: levels.index(cap) + 1]


def narrowest_cap(members: Sequence[Telling]) -> Privacy:
    """Return the most that a lock screen may say of all members: their schools may have different caps."""
    return min((each.settings.privacy_cap for each in members), key=_WIDTH.__getitem__)


def narrowest_privacy(members: Sequence[Telling]) -> Privacy:
    """Return what the user wants of all members, at most what their caps allow."""
    return min((each.settings.privacy for each in members), key=_WIDTH.__getitem__)


def summary_texts(members: Sequence[Telling]) -> dict[Privacy, Text]:
    """Return the texts of a summary: how many, of whom, and the first few in full."""
    settings = members[0].settings
    language = dialect_of(settings.locale)
    count = ("count", len(members))
    private = Text(say(language, "alert-private-title"), say(language, "summary-private", count))
    names = list(dict.fromkeys(_child(member, language) for member in members))
    standard = Text(_together(names), say(language, "summary-standard", count))
    details = "; ".join(_text(member, Privacy.FULL).body for member in members[:_MOST_NAMED])
    more = "…" if len(members) > _MOST_NAMED else ""
    full = Text(standard.title, f"{standard.body}: {details}{more}")
    everything = {Privacy.PRIVATE: private, Privacy.STANDARD: standard, Privacy.FULL: full}
    return {level: everything[level] for level in allowed_levels(narrowest_cap(members))}


def _together(names: Sequence[str]) -> str:
    """Join names while they fit in a title; each of them is bounded and isolated already."""
    joined = names[0]
    for name in names[1:]:
        if len(joined) + len(name) + 2 > _LONGEST_NAMES:
            return f"{joined}, …"
        joined = f"{joined}, {name}"
    return joined


def several_texts(members: Sequence[Telling]) -> dict[Privacy, Text]:
    """Return what an alert says when it goes in the place of several that waited (product.md section 6)."""
    return _several(dialect_of(members[0].settings.locale), narrowest_cap(members))


@lru_cache(maxsize=200)
def _several(language: str, cap: Privacy) -> dict[Privacy, Text]:
    title = say(language, "alert-private-title")
    private = Text(title, say(language, "several-private"))
    other = Text(title, say(language, "several-standard"))
    return {level: private if level is Privacy.PRIVATE else other for level in allowed_levels(cap)}


def _child(telling: Telling, language: str) -> str:
    return shown(telling.student_name) or say(language, "nobody")


def _text(telling: Telling, level: Privacy) -> Text:
    language = dialect_of(telling.settings.locale)
    if level is Privacy.PRIVATE:
        return Text(say(language, "alert-private-title"), say(language, "alert-private-body"))
    child = _child(telling, language)
    if level is Privacy.STANDARD:
        news = [say(language, f"news-{_word(kind)}") for kind in _said(telling.due.kinds)]
        return Text(say_with({"child": child}, language, "alert-standard-title"), ", ".join(news))
    data = _data(telling.state.data)
    course = shown(str(data.get("course_name") or ""))
    title = say_with(
        {"child": child, "courseName": course},
        language,
        "alert-full-title",
        ("course", "some" if course else "none"),
    )
    return Text(title, _detail(language, _said(telling.due.kinds), telling.state, data))


def _said(kinds: Sequence[Kind]) -> Sequence[Kind]:
    """Leave out what says the same value twice: what was never told is new, however often it changed since."""
    return [kind for kind in kinds if _NEW_RATHER_THAN.get(kind) not in kinds]


def _data(text: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        # A field that no rule reads may hold a number too large for orjson.
        data = json.loads(text)
    return data


def _word(kind: Kind) -> str:
    return kind.value.replace(".", "-")


def _detail(language: str, kinds: Sequence[Kind], state: ThingState, data: Mapping[str, Any]) -> str:
    content = state.content
    match state.key.group:
        case Group.ASSIGNMENTS:
            details = [_of_value(language, kind, content.score) for kind in kinds]
            return _titled(language, "assignment", str(data.get("title") or ""), details)
        case Group.GRADES:
            details = [_of_value(language, kind, content.posted) for kind in kinds]
            title = " ".join(filter(None, (str(data.get("term") or ""), str(data.get("task") or ""))))
            return _titled(language, "grade", title, details)
        case Group.ATTENDANCE:
            return ", ".join(_of_mark(language, kind, content, data) for kind in kinds)
        case Group.LUNCH:
            currency = str(data.get("currency") or "USD")
            balance = _balance(language, content.balance, currency)
            return ", ".join(say(language, f"detail-{_word(kind)}", ("balance", balance)) for kind in kinds)


@lru_cache(maxsize=20_000)
def _balance(language: str, balance: Decimal, currency: str) -> str:
    text: str = format_currency(balance, currency, locale=language)
    return text


def _titled(language: str, noun: str, title: str, details: Sequence[str]) -> str:
    name = shown(title) or say(language, f"untitled-{noun}")
    return say_with({"title": name, "details": ", ".join(details)}, language, f"detail-{noun}")


@lru_cache(maxsize=20_000)
def _of_value(language: str, kind: Kind, score: Score) -> str:
    form = score.form.value if score.form is not ValueForm.NONE else "text"
    points = Decimal(score.text) if score.form is ValueForm.POINTS else Decimal(0)
    return say(
        language,
        f"detail-{_word(kind)}",
        ("form", form),
        ("percent", _percent(language, score)),
        ("points", float(points)),
        ("pointsCount", float(points)),
        ("text", shown(score.text) if score.form is ValueForm.TEXT else ""),
    )


@lru_cache(maxsize=20_000)
def _percent(language: str, score: Score) -> str:
    rounded = score.percent.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) / 100
    # As the region writes it, with up to two decimals.
    pattern = Locale.parse(language).percent_formats[None].pattern.replace("0", "0.##")
    text: str = format_percent(rounded, format=pattern, locale=language)
    return f"{text} ({shown(score.text)})" if score.text and score.form is ValueForm.PERCENT else text


def _of_mark(language: str, kind: Kind, content: Content, data: Mapping[str, Any]) -> str:
    mark = content.mark
    plain = mark.excuse is Excuse.UNKNOWN or mark.status is AttendanceStatus.PRESENT
    status = f"status-{mark.status.value}" + ("" if plain else f"-{mark.excuse.value}")
    period = shown(str(data.get("period") or ""))
    text = say(
        language,
        f"detail-{_word(kind)}",
        ("status", say(language, status)),
        ("day", _day(language, content.on)),
        ("period", "some" if period else "none"),
        ("periodName", period),
    )
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=2_000)
def _day(language: str, day: date) -> str:
    formatted: str = format_date(day, format="medium", locale=language)
    return formatted
