"""What update-scheduler tells: topic `update-events`, keyed by site (architecture.md section 3)."""

from typing import Literal
from uuid import UUID

from bellwire_schemas.fields import Contract, DistrictId, Identifier, Moment, Name
from bellwire_schemas.names import Environment, RequestKind, RequestStatus


class UpdateRequestMoved(Contract):
    """`bellwire.update-request.<status>.v1`: one transition of a request, for one affected site.

    `status` is the status after the transition; `cancelled` is its own event (product.md section 7).
    """

    request_id: UUID
    site_id: Identifier
    district_id: DistrictId
    environment: Environment
    kind: RequestKind
    status: RequestStatus | Literal["cancelled"]
    version: Name | None = None
    at: Moment
    scheduled_for: Moment | None = None
