"""What a delivery row carries to a phone: kept with the row, so that it can be sent after a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from bellwire_schemas.alerts import AlertText
from bellwire_schemas.names import Privacy

from push_dispatcher.domain.alert import Alert
from push_dispatcher.domain.device import DeviceSettings, Text, shown


class Purpose(StrEnum):
    """Why a push goes out; only alerts are reported to the deliveries topic."""

    ALERT = "alert"
    TEST = "test"
    BADGE = "badge"


@dataclass(slots=True)
class Content:
    """Texts by privacy level and what the `bellwire` object of the payload names (product.md section 6)."""

    purpose: Purpose
    alert_id: UUID
    student_id: str = ""
    area: str = ""
    thing_id: str = ""
    link: str = ""
    group: str = ""
    texts: Mapping[Privacy, Text] = field(default_factory=dict)
    summary_text: Mapping[Privacy, Text] = field(default_factory=dict)
    privacy: Privacy = Privacy.PRIVATE

    def text_for(self, settings: DeviceSettings, *, as_summary: bool) -> Text:
        """Return what this device's lock screen shows; a collapsed wait shows the summary text."""
        texts = self.summary_text if as_summary and self.summary_text else self.texts
        return shown(settings, self.privacy, texts)


def alert_content(alert: Alert) -> Content:
    """Keep of an alert what a push of it needs."""
    return Content(
        Purpose.ALERT,
        alert.alert_id,
        alert.student_id,
        alert.area,
        alert.thing_id,
        alert.link,
        alert.group,
        {level: (text.title, text.body) for level, text in alert.texts.items()},
        {level: (text.title, text.body) for level, text in alert.summary_text.items()},
        alert.privacy,
    )


def test_content(alert_id: UUID, text: AlertText) -> Content:
    """Make the push that a user asks for to see whether a device rings (product.md section 5)."""
    return Content(Purpose.TEST, alert_id, texts={Privacy.PRIVATE: (text.title, text.body)})


def badge_content(change_id: UUID) -> Content:
    """Make the silent push that takes a badge down after the inbox was seen on another device."""
    return Content(Purpose.BADGE, change_id)
