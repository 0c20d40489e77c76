"""Beside the day: one update request on its way to Completed, with the mails it sends."""

from collections.abc import Callable
from typing import Any

from bellwire_local.demo.outside import Outside, Unexpected, Who

_KIND = "version_update"
_STEPS = ("scheduled", "not_started", "in_progress", "completed")


class Hosting:
    """A district's contact asks for a version; an operator brings it to its end."""

    def __init__(self, outside: Outside, district_id: str) -> None:
        self._outside = outside
        self._contact = Who("technical_contact", "tess", district_id)
        self._operator = Who("operator", "operator-1", "")

    steps_with_mail = len(_STEPS) + 1

    async def run(self, seen: Callable[[str], None]) -> None:
        """Create the request and take every step; `seen` is told each status."""
        made = await self._create()
        path = f"/v1/requests/{made['id']}"
        seen(made["status"])
        for step in _STEPS:
            etag, _ = await self._outside.etag(self._operator, "update_scheduler", path)
            body: dict[str, Any] = {"to": step, "note": "By the demo."}
            if step == "scheduled":
                body["at"] = await self._next_slot(made["site_id"])
            headers = {"If-Match": etag}
            await self._outside.as_user(
                self._operator, "POST", "update_scheduler", f"{path}/transitions", json=body, headers=headers
            )
            seen(step)

    async def _next_slot(self, site_id: str) -> str:
        free = await self._outside.as_user(
            self._operator,
            "GET",
            "update_scheduler",
            "/v1/windows/free",
            params={"site_id": site_id, "kind": _KIND},
        )
        starts: str = free["items"][0]["starts_at"]
        return starts

    async def _create(self) -> dict[str, Any]:
        sites = await self._outside.as_user(self._contact, "GET", "update_scheduler", "/v1/sites")
        site = next((row for row in sites["items"] if row["environment"] == "production"), None)
        if site is None:
            raise Unexpected("update-scheduler has no production site of the district: was it seeded?")
        releases = await self._outside.as_user(self._contact, "GET", "update_scheduler", "/v1/releases")
        body = {"kind": _KIND, "site_id": site["id"], "version": releases["items"][-1]["version"]}
        made: dict[str, Any] = await self._outside.as_user(
            self._contact, "POST", "update_scheduler", "/v1/requests", json=body
        )
        return made

    async def mails(self) -> list[dict[str, Any]]:
        """Return the mails that arrived."""
        found: list[dict[str, Any]] = await self._outside.ask("GET", self._outside.endpoints["mailbox"])
        return found
