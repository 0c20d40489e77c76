"""Letters from templates, plain and HTML (ports.Letters); times in the district's own zone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bellwire_schemas.names import RequestKind
from jinja2 import Environment, PackageLoader, StrictUndefined

from update_scheduler.domain.reminding import Lead
from update_scheduler.domain.requests import Came, Request, Step
from update_scheduler.domain.slots import Slot
from update_scheduler.domain.states import Scheduled
from update_scheduler.domain.statuses import Status, label
from update_scheduler.ports import Contact, District, Letter

_MEANING = {
    "to_be_scheduled": "We will confirm the date by mail once it is scheduled.",
    "scheduled": "The date is confirmed. The site will be offline during the update.",
    "not_started": "The request was pulled from the queue and is about to begin.",
    "in_progress": "The work has begun: the site is offline until it is completed.",
    "completed": "The work is done and the site is back.",
    "pending_input": "We need an answer from you: please answer in the request's thread.",
    "deferred": "The request is on hold until further notice.",
    "new_version_requested": "A newer request replaced this one; both finish under the newer.",
    "unable_to_complete": "The request could not be done.",
    "cancelled": "The request was cancelled; its slot is free again.",
}
_NOTE_TITLE = {"pending_input": "Our question:", "unable_to_complete": "Why:"}


class TemplateLetters:
    """Renders the package's templates."""

    def __init__(self) -> None:
        loader = PackageLoader("update_scheduler", "letters")
        self._text = Environment(loader=loader, undefined=StrictUndefined, autoescape=False)  # noqa: S701
        self._html = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)

    def transition(
        self, steps: Sequence[Step], districts: Mapping[str, District], recipient: Contact
    ) -> Letter:
        """The letter about steps of one transition to one recipient."""
        first = steps[0]
        note = "" if isinstance(first.before, Came) else first.note
        title = _NOTE_TITLE.get(first.word, "Note:")
        return self._letter(_headline(steps, districts), steps, districts, note, title, _meaning(first))

    def reminder(
        self, lead: Lead, steps: Sequence[Step], districts: Mapping[str, District], recipient: Contact
    ) -> Letter:
        """The letter that reminds one recipient of what is scheduled."""
        headline = f"In {lead.value}: {_subject(steps, districts)}"
        meaning = "This is a reminder. The site will be offline during the update."
        return self._letter(headline, steps, districts, "", "", meaning)

    def _letter(
        self,
        headline: str,
        steps: Sequence[Step],
        districts: Mapping[str, District],
        note: str,
        note_title: str,
        meaning: str,
    ) -> Letter:
        values = {
            "headline": headline,
            "items": [_item(s, districts) for s in steps],
            "note": note,
            "note_title": note_title,
            "meaning": meaning,
            "reference": str(steps[0].after.id),
        }
        return Letter(
            headline,
            self._text.get_template("transition.txt.j2").render(values),
            self._html.get_template("transition.html.j2").render(values),
        )


def what(request: Request) -> str:
    """The request in words: "version 2616 on production and sandbox"."""
    places = " and ".join(site.rpartition(".")[2] for site in request.sites)
    if request.kind is RequestKind.DATABASE_REFRESH:
        return f"database refresh of {places}"
    return f"version {request.version} on {places}"


def local(at: datetime, district: District) -> str:
    """An instant in the district's zone: "Thursday, 26 November 2026, 00:30 CST"."""
    there = at.astimezone(ZoneInfo(district.timezone))
    return f"{there:%A}, {there.day} {there:%B %Y, %H:%M %Z}"


def _status(step: Step) -> str:
    return "Cancelled" if step.word == "cancelled" else label(step.after.state.status)


def _meaning(step: Step) -> str:
    if isinstance(step.before, Scheduled) and step.word == Status.SCHEDULED:
        return "The date was changed. The site will be offline during the update."
    return _MEANING[step.word]


def _headline(steps: Sequence[Step], districts: Mapping[str, District]) -> str:
    return f"{_status(steps[0])}: {_subject(steps, districts)}"


def _subject(steps: Sequence[Step], districts: Mapping[str, District]) -> str:
    first = steps[0].after
    where = districts[first.district_id].name if len(steps) == 1 else f"{len(steps)} districts"
    return " ".join(f"{what(first)}, {where}".split())


def _item(step: Step, districts: Mapping[str, District]) -> dict[str, str]:
    district = districts[step.after.district_id]
    slot = step.after.slot
    return {
        "district": district.name,
        "what": what(step.after),
        "status": _status(step),
        "scheduled_for": local(slot.at, district) if isinstance(slot, Slot) else "",
    }
