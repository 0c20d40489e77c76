"""results.csv: what a result says of a student's work: score, percent, flags (product.md section 2)."""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal, localcontext

from gradebook_events.domain.oneroster.cells import number
from gradebook_events.domain.oneroster.entity import Entity
from gradebook_events.domain.oneroster.things import Json

_PLACES = Decimal("0.0000000001")
_TEXT = 1_000


_MOST = Decimal(10) ** 9
"""A percent beyond this is a scale that means nothing; the contract's numbers have 30 digits."""


def _exact(value: Decimal) -> int | float | str:
    """Return a decimal as a JSON number that reads back as the same decimal, or as text where none does."""
    nearest = float(value)
    if Decimal(repr(nearest)) != value:
        return format(value, "f")
    return int(nearest) if nearest.is_integer() else nearest


def percent(score: Decimal, lowest: Decimal, highest: Decimal) -> Decimal:
    """Return where a score lies between the two, 0 to 100 and beyond, rounded down to ten places.

    Rounding down keeps "strictly below" exact for every threshold of two decimals. `highest` must be above
    `lowest`.
    """
    with localcontext() as context:
        context.prec = 60
        return (100 * (score - lowest) / (highest - lowest)).quantize(_PLACES, ROUND_FLOOR)


def _scale(line_item: Entity) -> tuple[Decimal, Decimal] | tuple[()]:
    """Return the lowest and highest value; a blank lowest is 0, a blank highest is no scale."""
    if not line_item.text("resultValueMax"):
        return ()
    lowest = number(line_item.text("resultValueMin") or "0")
    highest = number(line_item.text("resultValueMax"))
    return (lowest, highest) if highest > lowest else ()


def points_possible(line_item: Entity) -> int | float | str | None:
    """Return the points of a line item, or null without a scale."""
    scale = _scale(line_item)
    return _exact(scale[1]) if scale else None


def scored(line_item: Entity, result: Entity) -> Mapping[str, Json]:
    """Return the fields of `assignment.changed` that come from a live result; numbers exact."""
    fields: dict[str, Json] = {
        "score_points": None,
        "score_percent": None,
        "text_score": result.text("textScore")[:_TEXT] or None,
        "missing": result.flag("missing"),
        "late": result.flag("late"),
        "incomplete": result.flag("incomplete"),
        "exempt": result.text("scoreStatus") == "exempt",
    }
    if result.text("score"):
        score = number(result.text("score"))
        fields["score_points"] = _exact(score)
        scale = _scale(line_item)
        if scale and abs(reached := percent(score, *scale)) <= _MOST:
            fields["score_percent"] = _exact(reached)
    return fields


UNSCORED: Mapping[str, Json] = {
    "score_points": None,
    "score_percent": None,
    "text_score": None,
    "missing": False,
    "late": False,
    "incomplete": False,
    "exempt": False,
}
"""The same fields of an assignment that nobody has scored yet."""
