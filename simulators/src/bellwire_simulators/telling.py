"""Device tokens that choose their own outcome, so that a test needs no other word with the provider.

An outcome is written as a query string of `Outcome` fields, as in
`error=Unregistered&timestamp=1700000000000`.
APNs: `0bad`, that text in hex, `00`, any serial in hex. FCM: `outcome:`, that text, `:`, any serial.
"""

from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from pydantic import ValidationError

from .outcomes import AS_USUAL, Outcome

_APNS = "0bad"
_FCM = "outcome:"


def apns_token(outcome: Outcome, serial: int) -> str:
    """A hex device token that makes APNs do `outcome`."""
    return f"{_APNS}{_text(outcome).encode().hex()}00{serial:016x}"


def fcm_token(outcome: Outcome, serial: int) -> str:
    """A registration token that makes FCM do `outcome`."""
    return f"{_FCM}{_text(outcome)}:{serial}"


def outcome_of(token: str) -> Outcome:
    """The outcome that a token tells; as usual for one that tells nothing, or nothing that is understood."""
    if token.startswith(_FCM):
        return _read(token.removeprefix(_FCM).rpartition(":")[0])
    if token.startswith(_APNS):
        try:
            text, end, _ = bytes.fromhex(token[len(_APNS) :]).partition(b"\0")
            return _read(text.decode()) if end else AS_USUAL
        except ValueError:
            return AS_USUAL
    return AS_USUAL


def _text(outcome: Outcome) -> str:
    return urlencode(outcome.model_dump(mode="json", exclude_defaults=True))


@lru_cache(maxsize=1024)
def _read(text: str) -> Outcome:
    try:
        return Outcome.model_validate(dict(parse_qsl(text)))
    except ValidationError:
        return AS_USUAL
