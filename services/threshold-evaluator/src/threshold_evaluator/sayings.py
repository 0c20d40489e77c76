"""Messages of the Fluent files in a language and region, and names that are safe in them."""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from babel.localedata import locale_identifiers
from fluent.runtime import FluentBundle, FluentResource

LANGUAGES: Final = ("en", "es")
"""Complete languages; any other locale is told in the first."""

_MARK = "\x00"
"""Encloses the place of a name: no Fluent file has it."""

_UNSHOWN: Final = dict.fromkeys(
    code
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    if not chr(code).isspace()
)
_LONGEST_NAME = 80


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
