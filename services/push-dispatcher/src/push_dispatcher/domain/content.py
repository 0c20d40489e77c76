"""What a delivery row carries to a phone: kept with the row, so that it can be sent after a restart."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from bellwire_schemas.alerts import AlertRequested, AlertText
from bellwire_schemas.names import Group, Kind, Privacy
from pydantic import BaseModel, ConfigDict

from push_dispatcher.domain.device import DeviceSettings, shown


class Purpose(StrEnum):
    """Why a push goes out; only alerts are reported to the deliveries topic."""

    ALERT = "alert"
    TEST = "test"
    BADGE = "badge"


class Content(BaseModel):
    """Texts by privacy level and what the `bellwire` object of the payload names (product.md section 6)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    purpose: Purpose
    alert_id: UUID
    student_id: str = ""
    area: str = ""
    thing_id: str = ""
    link: str = ""
    group: Group | str = ""
    kinds: tuple[Kind, ...] = ()
    texts: Mapping[Privacy, AlertText] = {}
    summary_text: Mapping[Privacy, AlertText] = {}
    privacy: Privacy = Privacy.PRIVATE

    def text_for(self, settings: DeviceSettings, *, as_summary: bool) -> AlertText:
        """Return what this device's lock screen shows; a collapsed wait shows the summary text."""
        texts = self.summary_text if as_summary and self.summary_text else self.texts
        return shown(settings, self.privacy, texts)


def alert_content(alert: AlertRequested) -> Content:
    """Keep of an alert what a push of it needs."""
    return Content.model_construct(
        purpose=Purpose.ALERT,
        alert_id=alert.alert_id,
        student_id=alert.student_id,
        area=alert.area.value,
        thing_id=alert.thing_id,
        link=alert.link,
        group=alert.group,
        kinds=alert.kinds,
        texts=alert.texts,
        summary_text=alert.summary_text,
        privacy=alert.privacy,
    )


def test_content(alert_id: UUID, text: AlertText) -> Content:
    """Make the push that a user asks for to see whether a device rings (product.md section 5)."""
    return Content(
        purpose=Purpose.TEST, alert_id=alert_id, texts={Privacy.PRIVATE: text}, privacy=Privacy.PRIVATE
    )


def badge_content(change_id: UUID) -> Content:
    """Make the silent push that takes a badge down after the inbox was seen on another device."""
    return Content(purpose=Purpose.BADGE, alert_id=change_id)
