"""What page views reach for, besides the use cases that they share with the API."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import web

from update_scheduler.pages.news import NewsSource
from update_scheduler.pages.oidc import Oidc
from update_scheduler.pages.ports import Store
from update_scheduler.pages.rollout_view import RolloutView
from update_scheduler.pages.settings import PagesSettings


@dataclass(frozen=True, slots=True)
class PageParts:
    """The store, the identity provider, and where news comes from."""

    store: Store
    oidc: Oidc
    news: NewsSource
    settings: PagesSettings
    rollouts: RolloutView

    @property
    def hosting_zone(self) -> ZoneInfo:
        """The zone that operators read times in."""
        return ZoneInfo(self.settings.hosting_timezone)


PAGE_PARTS: web.AppKey[PageParts] = web.AppKey("page_parts", PageParts)
