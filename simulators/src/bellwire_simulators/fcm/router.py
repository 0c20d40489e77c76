"""The way of one FCM request: OAuth grant or send, access token, quota, rules, outcome, ledger."""

from collections.abc import Callable
from uuid import uuid4

import orjson

from ..control import Control
from ..exchange import Answer, Reply, Request
from ..ledger import Entry, Ledger
from ..outcomes import AS_USUAL, Outcome
from ..quota import MinuteWindow
from . import answers
from .errors import BY_CODE, FcmError
from .message import Message, Violation, read
from .oauth import AccessTokens, Denied, ServiceAccount, check_grant

TOKEN_PATH = "/token"  # noqa: S105 - a path, no secret
_OAUTH_ERRORS = frozenset({"invalid_grant", "invalid_client", "internal_failure", "temporarily_unavailable"})
_JSON = ("content-type", "application/json; charset=UTF-8")


class FcmRouter:
    """Answers for one project and its one service account; `clock` gives epoch seconds."""

    def __init__(
        self,
        project: str,
        account: ServiceAccount,
        control: Control,
        ledger: Ledger,
        clock: Callable[[], float],
    ) -> None:
        self.tokens = AccessTokens()
        self._project = project
        self._send_path = f"/v1/projects/{project}/messages:send"
        self._account = account
        self._control = control
        self._ledger = ledger
        self._clock = clock
        self._minute = MinuteWindow()
        self._devices = MinuteWindow()

    def knows(self, error: str) -> bool:
        """Whether `error` is a code that FCM, or its OAuth endpoint, gives."""
        return error in BY_CODE or error in _OAUTH_ERRORS

    def forget(self, connection: str) -> None:
        """FCM keeps nothing per connection."""

    def handle(self, request: Request) -> Reply:
        """Answer one request; every answer but 429 and 5xx counts to the project's quota, errors too."""
        now = self._clock()
        if request.path == TOKEN_PATH:
            return self._grant(request, now)
        limits = self._control.limits
        if self._minute.full(self._project, limits.fcm_quota_per_minute, now):
            return Reply(self._over_quota(now), trusted=False)
        reply = self._send(request, now)
        if reply.answer.status < 500 and reply.answer.status != 429:
            self._minute.count(self._project, now)
        return reply

    def _over_quota(self, now: float) -> Answer:
        wait = Outcome(retry_after=str(self._minute.seconds_left(now)))
        return answers.refused(FcmError.QUOTA_EXCEEDED, wait)

    def _send(self, request: Request, now: float) -> Reply:
        if request.method != "POST" or not request.path.endswith("/messages:send"):
            return Reply(answers.refused(FcmError.NOT_FOUND, AS_USUAL), trusted=False)
        if not self.tokens.holds(request.headers.get("authorization", ""), now):
            return Reply(
                answers.refused(FcmError.UNAUTHENTICATED, AS_USUAL, "ACCESS_TOKEN_EXPIRED"), trusted=False
            )
        if request.path != self._send_path:
            return Reply(answers.refused(FcmError.NOT_FOUND, AS_USUAL), trusted=True)
        message = read(request.body)
        if isinstance(message, Violation):
            return Reply(answers.violated(message), trusted=True)
        if self._devices.full(message.address, self._control.limits.fcm_device_per_minute, now):
            return Reply(self._over_quota(now), trusted=True)
        return self._settle(message, now)

    def _settle(self, message: Message, now: float) -> Reply:
        outcome = self._control.choose("fcm", message.address)
        name = f"projects/{self._project}/messages/{uuid4()}"
        if outcome.recorded and not message.validate_only:
            if self._control.limits.fcm_device_per_minute:
                self._devices.count(message.address, now)
            self._ledger.append(
                Entry(
                    "fcm",
                    self._project,
                    message.address,
                    name,
                    message.collapse_id,
                    message.priority,
                    message.content,
                ),
                now,
            )
        answer = answers.accepted(name)
        if outcome.error:
            answer = answers.refused(BY_CODE.get(outcome.error, FcmError.INTERNAL), outcome)
        return Reply(
            answer,
            trusted=True,
            delay=outcome.delay_seconds,
            transport=outcome.transport,
            goaway_reason=outcome.goaway_reason,
        )

    def _grant(self, request: Request, now: float) -> Reply:
        checked = check_grant(request.body, self._account, now)
        if request.method != "POST":
            checked = Denied("invalid_request", "The token endpoint takes POST only.")
        if isinstance(checked, Denied):
            return Reply(_denied(400, checked), trusted=False)
        outcome = self._control.choose("oauth", "")
        if outcome.error:
            status = 503 if outcome.error in {"temporarily_unavailable", "internal_failure"} else 400
            answer = _denied(status, Denied(outcome.error, "As told by the control API."))
        else:
            lifetime = self._control.limits.fcm_access_token_seconds
            given = {
                "access_token": self.tokens.give(lifetime, now),
                "expires_in": lifetime,
                "token_type": "Bearer",
            }
            answer = Answer(200, (_JSON, ("cache-control", "no-store")), orjson.dumps(given))
        return Reply(answer, trusted=True, delay=outcome.delay_seconds, transport=outcome.transport)


def _denied(status: int, denied: Denied) -> Answer:
    told = {"error": denied.error, "error_description": denied.description}
    return Answer(status, (_JSON,), orjson.dumps(told))
