"""Compare what was due with what the providers accepted: lost, duplicated, sent without right. Pure."""

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
class Reckoning:
    """The difference. `latencies` are seconds from the SIS's request to the provider's acceptance, ascending."""

    due: int
    accepted: int
    lost: Sequence[tuple[str, str]]
    duplicated: Sequence[tuple[str, str]]
    without_right: Sequence[tuple[str, str]]
    latencies: Sequence[float]

    @property
    def clean(self) -> bool:
        """True when all that was due arrived once, and nothing else."""
        return not (self.lost or self.duplicated or self.without_right)

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
    due: Mapping[tuple[UUID, str], datetime], pushes: Iterable[Push], known: Mapping[str, str]
) -> Reckoning:
    """Compare.

    `due` maps (alert id, token) to when the SIS's request was made, real time; `known` maps each token to its
    user, so that a push to anybody else is without right as well.
    """
    seen = Counter[tuple[str, str]]()
    latencies: list[float] = []
    expected = {(str(alert), token): asked for (alert, token), asked in due.items()}
    for push in pushes:
        key = (push.alert_id, push.token)
        seen[key] += 1
        if key in expected and seen[key] == 1:
            latencies.append((push.at - expected[key]).total_seconds())
    return Reckoning(
        due=len(expected),
        accepted=sum(seen.values()),
        lost=sorted(expected.keys() - seen.keys()),
        duplicated=sorted(key for key, times in seen.items() if times > 1),
        without_right=sorted(key for key in seen if key not in expected or key[1] not in known),
        latencies=sorted(latencies),
    )
