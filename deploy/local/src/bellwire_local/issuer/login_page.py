"""The login page: one types user, role, district and environment."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

from bellwire_schemas.names import Environment, Role

from bellwire_local.issuer.authorization import AuthorizationRequest

_TEMPLATE = Path(__file__).with_name("login.html")


def login_page(
    request: AuthorizationRequest, action: str, typed: Mapping[str, str], problem: str = ""
) -> str:
    """HTML of the page; `typed` is what the person typed before, `problem` what was wrong with it."""
    kept = request.model_dump()
    hidden = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in kept.items()
    )
    return _TEMPLATE.read_text().format(
        action=escape(action),
        hidden=hidden,
        problem=f'<p role="alert">{escape(problem)}</p>' if problem else "",
        user=escape(typed.get("user", "")),
        district=escape(typed.get("district", "")),
        roles=_options(Role, typed.get("role", Role.GUARDIAN)),
        environments=_options(Environment, typed.get("environment", Environment.PRODUCTION)),
    )


def _options(values: Iterable[str], chosen: str) -> str:
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(value)}</option>'
        for value in values
    )
