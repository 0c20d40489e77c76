"""The way of one APNs request: address, provider token, rules, outcome, ledger."""

from collections import OrderedDict
from collections.abc import Callable
from uuid import uuid4

from ..control import Control
from ..exchange import Answer, Reply, Request
from ..ledger import Entry, Ledger
from ..outcomes import AS_USUAL, Outcome
from ..quota import MinuteWindow
from . import answers
from .headers import is_apns_id
from .provider_token import Fresh, ProviderToken, SigningKey, admit, bearer, verify
from .reasons import BY_TEXT, Reason
from .rules import Push, address, judge

_REMEMBERED = 10_000
_IDLE = 300.0
"""Seconds after which a connection is taken for a new one: a build that does not see connections end knows them
by the client's port alone, and ports come again."""
_FRESH = Fresh()


class ApnsRouter:
    """Answers requests for one team's apps; `keys` by id, `bundle_ids` its apps, `clock` in epoch seconds."""

    def __init__(
        self,
        keys: dict[str, SigningKey],
        bundle_ids: frozenset[str],
        control: Control,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._bundle_ids = bundle_ids
        self._control = control
        self._ledger = ledger
        self._clock = clock
        self._verified: OrderedDict[str, ProviderToken] = OrderedDict()
        self._connections: OrderedDict[str, tuple[ProviderToken, float]] = OrderedDict()
        self._devices = MinuteWindow()

    def handle(self, request: Request) -> Reply:
        """Answer one request and put it in the ledger if it was accepted."""
        now = self._clock()
        given = request.headers.get("apns-id", "")
        apns_id = given if is_apns_id(given) else str(uuid4())
        addressed = address(request)
        if isinstance(addressed, Reason):
            return Reply(answers.refused(addressed, apns_id, AS_USUAL, now), trusted=False)
        token = self._authenticate(request, now)
        if isinstance(token, Reason):
            return Reply(answers.refused(token, apns_id, AS_USUAL, now), trusted=False)
        push = judge(request, addressed, self._bundle_ids)
        if isinstance(push, Reason):
            return Reply(answers.refused(push, apns_id, AS_USUAL, now), trusted=True)
        if self._devices.full(push.token, self._control.limits.apns_device_per_minute, now):
            return Reply(answers.refused(Reason.TOO_MANY_REQUESTS, apns_id, AS_USUAL, now), trusted=True)
        outcome = self._control.choose("apns", push.token)
        return self._settle(push, outcome, apns_id, now)

    def knows(self, error: str) -> bool:
        """Whether `error` is a reason that APNs gives."""
        return error in BY_TEXT

    def forget(self, connection: str) -> None:
        """A connection has ended: its provider token is no longer remembered."""
        self._connections.pop(connection, None)

    def _settle(self, push: Push, outcome: Outcome, apns_id: str, now: float) -> Reply:
        if outcome.recorded:
            self._record(push, apns_id, now)
        return Reply(
            self._answer(outcome, apns_id, now),
            trusted=True,
            delay=outcome.delay_seconds,
            transport=outcome.transport,
            goaway_reason=outcome.goaway_reason,
        )

    def _answer(self, outcome: Outcome, apns_id: str, now: float) -> Answer:
        if not outcome.error:
            return answers.accepted(apns_id)
        reason = BY_TEXT.get(outcome.error, Reason.INTERNAL_SERVER_ERROR)
        return answers.refused(reason, apns_id, outcome, now)

    def _record(self, push: Push, apns_id: str, now: float) -> None:
        if self._control.limits.apns_device_per_minute:
            self._devices.count(push.token, now)
        wanted = push.wanted
        self._ledger.append(
            Entry(
                "apns", wanted.topic, push.token, apns_id, wanted.collapse_id, wanted.priority, push.payload
            ),
            now,
        )

    def _authenticate(self, request: Request, now: float) -> ProviderToken | Reason:
        text = bearer(request.headers.get("authorization", ""))
        if isinstance(text, Reason):
            return text
        token = self._verified.get(text) or self._verify(text)
        if isinstance(token, Reason):
            return token
        before, used = self._connections.get(request.connection, (_FRESH, now))
        standing = admit(token, before if now - used < _IDLE else _FRESH, now)
        if isinstance(standing, ProviderToken):
            self._connections[request.connection] = (standing, now)
            self._connections.move_to_end(request.connection)
            if len(self._connections) > _REMEMBERED:
                self._connections.popitem(last=False)
        return standing

    def _verify(self, text: str) -> ProviderToken | Reason:
        token = verify(text, self._keys)
        if isinstance(token, ProviderToken):
            self._verified[text] = token
            if len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)
        return token
