"""Compare what was due with what the providers accepted: lost, doubled, without right, too early. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Push:
    """One push that a provider accepted, as the ledger has it. `at` is real time."""

    provider: str
    token: str
    alert_id: str
    title: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """When one push may come, real time: not before `since`.

    `at_once`: the decision is `send`, and `since` is the SIS's request. Else a hold ends at `since`.
    """

    since: datetime
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The difference.

    `latencies` are seconds from the SIS's request to the provider's acceptance, ascending, of what goes at
    once. `early` came before its hold ended.
    """

    due: int
    accepted: int
    lost: Sequence[tuple[str, str]]
    duplicated: Sequence[tuple[str, str]]
    without_right: Sequence[tuple[str, str]]
    early: Sequence[tuple[str, str]]
    latencies: Sequence[float]

    @property
    def clean(self) -> bool:
        """True when all that was due arrived once and in its time, and nothing else."""
        return not (self.lost or self.duplicated or self.without_right or self.early)

    def percentile(self, share: float) -> float:
        """Return the latency below which that share lies, in seconds; 0 without any."""
        if not self.latencies:
            return 0.0
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def push_of(entry: Mapping[str, Any]) -> Push:
    """Return the push of one ledger entry, whichever provider took it."""
    payload = entry["payload"]
    if entry["provider"] == "apns":
        shown, ours = payload["aps"]["alert"], payload["bellwire"]
    else:
        shown, ours = payload["android"]["notification"], json.loads(payload["data"]["bellwire"])
    return Push(
        provider=entry["provider"],
        token=entry["token"],
        alert_id=ours["alert_id"],
        title=shown.get("title", ""),
        body=shown.get("body", ""),
        at=datetime.fromisoformat(entry["at"]),
    )


def reckon(
    due: Mapping[tuple[UUID, str], Owed], pushes: Iterable[Push], known: Mapping[str, str]
) -> Reckoning:
    """Compare.

    `due` maps (alert id, token) to when it may come; `known` maps each token to its user, so that a push to
    anybody else is without right as well.
    """
    seen = Counter[tuple[str, str]]()
    latencies: list[float] = []
    early: set[tuple[str, str]] = set()
    expected = {(str(alert), token): owed for (alert, token), owed in due.items()}
    for push in pushes:
        key = (push.alert_id, push.token)
        seen[key] += 1
        if key in expected:
            owed = expected[key]
            if push.at < owed.since:
                early.add(key)
            if owed.at_once and seen[key] == 1:
                latencies.append((push.at - owed.since).total_seconds())
    return Reckoning(
        due=len(expected),
        accepted=sum(seen.values()),
        lost=sorted(expected.keys() - seen.keys()),
        duplicated=sorted(key for key, times in seen.items() if times > 1),
        without_right=sorted(key for key in seen if key not in expected or key[1] not in known),
        early=sorted(early),
        latencies=sorted(latencies),
    )
