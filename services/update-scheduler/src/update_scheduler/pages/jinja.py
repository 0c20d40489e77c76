"""How templates are found and what they can say."""

from datetime import datetime

import aiohttp_jinja2
from aiohttp import web
from bellwire_schemas.names import Environment, RequestKind
from jinja2 import BytecodeCache, PackageLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket

from update_scheduler.domain.groups import GroupKind
from update_scheduler.domain.sites import Hosting
from update_scheduler.domain.statuses import Status, label
from update_scheduler.pages import times
from update_scheduler.pages.static_files import static
from update_scheduler.pages.words import MEANINGS, rule_words, step_word

_HOSTING = {Hosting.CLOUD: "Cloud", Hosting.ASP: "ASP"}
_KINDS = {RequestKind.VERSION_UPDATE: "Version update", RequestKind.DATABASE_REFRESH: "Database refresh"}
_GROUPS = {
    GroupKind.STATE: "State",
    GroupKind.CONSORTIUM: "Consortium",
    GroupKind.PARTNER: "Partner",
    GroupKind.ESA: "Educational service agency",
}
_ROLES = {
    "operator": "Hosting operator",
    "technical_contact": "Technical contact",
    "group_contact": "Group contact",
}


class _Compiled(BytecodeCache):
    """Templates compiled once a process, however many applications it makes."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.bytecode_from_string(self._code.get(bucket.key, b""))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def setup(app: web.Application) -> None:
    """Make the templates ready."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=PackageLoader("update_scheduler.pages", "templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["j2", "html"], default=True),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_COMPILED,
    )
    environment.globals.update(
        static=static,
        Status=Status,
        Environment=Environment,
        RequestKind=RequestKind,
        meanings=MEANINGS,
        words_of=step_word,
    )
    environment.filters.update(
        absolute=times.absolute,
        relative=times.relative,
        day=times.day,
        clock=times.clock,
        span=times.span,
        label=label,
        hosting=lambda hosting: _HOSTING[hosting],
        kind=lambda kind: _KINDS[kind],
        role=lambda role: _ROLES.get(role, role),
        iso=_iso,
        rule=rule_words,
        zipped=lambda values: [(value, value) for value in values],
        capitalized=lambda values: [(value, value.capitalize()) for value in values],
        group_kind=lambda kind: _GROUPS[kind],
        kind_options=lambda kinds: [(kind.value, _GROUPS[kind]) for kind in kinds],
    )


def _iso(at: datetime) -> str:
    return at.isoformat()
