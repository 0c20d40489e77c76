"""What threshold-evaluator tells push-dispatcher: topic `alerts`, keyed by user (architecture.md, 3)."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import Field

from bellwire_schemas.fields import Contract, DistrictId, Identifier, Moment, Name
from bellwire_schemas.names import Area, Environment, Group, Kind, Privacy, Urgency


class _OfUser(Contract):
    district_id: DistrictId
    environment: Environment
    user_id: Identifier


class AlertText(Contract):
    """What one lock screen shows at one privacy level."""

    title: str
    body: str


class AlertRequested(_OfUser):
    """`bellwire.alert.requested.v1`: one user is to be told (product.md section 6).

    `texts` has each privacy level that the user's settings and the district's cap allow, `privacy` is the one
    that the settings chose; a device may narrow it. `things` maps each thing told of to the `modified_at` of
    the version told. `slot` is the place on the screen. A row not accepted by `send_before` is `missed`.
    `summary` is true for a summary or digest of several alerts, with ids `members`. `accepted_at` is when the
    door accepted the (newest) change, for latency.
    """

    alert_id: UUID
    student_id: Identifier
    event_source: str
    event_id: str
    group: Group
    kinds: tuple[Kind, ...] = Field(min_length=1)
    area: Area
    thing_id: Identifier
    things: Mapping[str, Moment]
    slot: UUID
    texts: Mapping[Privacy, AlertText]
    summary_text: Mapping[Privacy, AlertText]
    privacy: Privacy
    urgency: Urgency
    link: str
    send_before: Moment
    unseen: int = Field(ge=0)
    seq: int = Field(ge=0)
    summary: bool = False
    members: tuple[UUID, ...] = ()
    accepted_at: Moment
    requested_at: Moment


class AlertWithdrawn(_OfUser):
    """`bellwire.alert.withdrawn.v1`: a gate closed; what is unsent of the alert must not go."""

    alert_id: UUID
    reason: Name
    at: Moment


class InboxChanged(_OfUser):
    """`bellwire.inbox.changed.v1`: the newest unseen count; a greater `seq` is newer."""

    unseen: int = Field(ge=0)
    seq: int = Field(ge=0)
    read: tuple[UUID, ...] = ()
    at: Moment


class UserErased(_OfUser):
    """`bellwire.user.erased.v1`: devices and deliveries of the user are removed everywhere."""

    at: Moment
