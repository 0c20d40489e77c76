"""Words of alerts: Fluent messages at three privacy levels, in the user's language (product.md section 4)."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson
from babel import Locale
from babel.dates import format_date
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, format_percent
from bellwire_schemas.names import AttendanceStatus, Excuse, Group, Kind, Privacy
from fluent.runtime import FluentBundle, FluentResource

from threshold_evaluator.domain.deciding import Telling
from threshold_evaluator.domain.things import Content, Score, ThingState, ValueForm

LANGUAGES: Final = ("en", "es")
"""Complete languages; any other locale is told in the first."""

_NEW_RATHER_THAN: Final = {
    Kind.GRADE_MODIFIED: Kind.GRADE_POSTED,
    Kind.ATTENDANCE_MODIFIED: Kind.ATTENDANCE_MARKED,
}
_WIDTH: Final = {level: width for width, level in enumerate(Privacy)}
_MARK = "\x00"
"""Encloses the place of a name: no Fluent file has it."""

_UNSHOWN: Final = dict.fromkeys(
    code
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if not chr(code).isspace()
)
_LONGEST_NAME = 80
_LONGEST_NAMES = 120
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Text:
    """What one lock screen, or one inbox row, shows."""

    title: str
    body: str


class MissingMessage(Exception):
    """A Fluent file lacks a message, or a message lacks an argument: our bug, found by the tests."""


@lru_cache(maxsize=100)
def _bundle(dialect: str) -> FluentBundle:
    source = (files("threshold_evaluator") / "texts" / f"{language_of(dialect)}.ftl").read_text("utf-8")
    bundle = FluentBundle([dialect.replace("_", "-")], use_isolating=False)
    bundle.add_resource(FluentResource(source))
    return bundle


@lru_cache(maxsize=1_000)
def language_of(locale: str) -> str:
    """Return the complete language that serves a locale such as `es-MX`."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else LANGUAGES[0]


@lru_cache(maxsize=1_000)
def dialect_of(locale: str) -> str:
    """Return the complete language that serves a locale, with its region where that is known, such as `es_MX`.

    Numbers, amounts and dates are written as the region writes them.
    """
    language = language_of(locale)
    region = next((part for part in locale.replace("-", "_").split("_")[1:] if len(part) in (2, 3)), "")
    dialect = f"{language}_{region.upper()}"
    return dialect if locale[:2].lower() == language and dialect in _KNOWN else language


_KNOWN: Final = frozenset(locale_identifiers())


@lru_cache(maxsize=20_000)
def say(language: str, message: str, *arguments: tuple[str, Any]) -> str:
    """Format one message. Raises `MissingMessage` rather than show a family a placeholder."""
    bundle = _bundle(language)
    if not bundle.has_message(message):
        raise MissingMessage(f"{language}.ftl has no {message}")
    pattern = bundle.get_message(message).value
    if pattern is None:
        raise MissingMessage(f"{language}.ftl, {message} has no text")
    text, errors = bundle.format_pattern(pattern, dict(arguments))
    if errors:
        raise MissingMessage(f"{language}.ftl, {message}: {errors[0]}")
    return str(text)


def say_with(names: Mapping[str, str], language: str, message: str, *arguments: tuple[str, Any]) -> str:
    """Format one message around names, which are placed and choose no wording: a sentence is formatted once for all.

    Raises `MissingMessage`, as `say` does.
    """
    first, *rest = _around(tuple(names), language, message, *arguments)
    return first + "".join([names[name] + text for name, text in zip(rest[::2], rest[1::2], strict=True)])


@lru_cache(maxsize=2_000)
def _around(names: tuple[str, ...], language: str, message: str, *arguments: tuple[str, Any]) -> list[str]:
    """Return what stands before, between and after the places of names, and which name goes into each place."""
    marks = [(name, f"{_MARK}{name}{_MARK}") for name in names]
    return say(language, message, *marks, *arguments).split(_MARK)


@lru_cache(maxsize=50_000)
def shown(name: str, longest: int = _LONGEST_NAME) -> str:
    """Make a name safe in a sentence: one line, bounded, and isolated when it is written right to left.

    Cut between characters, never inside one (a base with its marks, an emoji sequence). Control characters, and
    those that would turn the direction of what follows, are left out; empty if nothing else is there.
    """
    name = " ".join(name.translate(_UNSHOWN).split())
    if len(name) > longest:
        end = longest - 1
        while end > 0 and (
            unicodedata.category(name[end]).startswith("M")
            or name[end] in "\u200d\ufe0f"
            or name[end - 1] == "\u200d"
        ):
            end -= 1
        name = name[:end].rstrip() + "…"
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in name):
        return f"\u2068{name}\u2069"
    return name


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
