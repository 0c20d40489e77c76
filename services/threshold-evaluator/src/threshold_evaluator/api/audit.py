"""What an administrator did to whose data: a line of ids, never of values (product.md section 5)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AuditLine:
    """`action` is one stable word; `subject_kind` user, school or district; `pointers` the settings changed."""

    action: str
    subject_kind: str
    subject_id: str
    at: datetime
    event_id: str = ""
    pointers: tuple[str, ...] = ()
