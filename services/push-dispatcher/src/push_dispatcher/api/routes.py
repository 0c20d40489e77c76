"""The addresses of this service's API (architecture.md section 7)."""

from aiohttp import web

from push_dispatcher.api.deliveries import DeliveriesView
from push_dispatcher.api.devices import DevicesView, DeviceTestView, DeviceView


def add_routes(app: web.Application) -> None:
    """Add every resource."""
    app.router.add_view("/v1/me/devices", DevicesView)
    app.router.add_view("/v1/me/devices/{installation_id}", DeviceView)
    app.router.add_view("/v1/me/devices/{installation_id}/test", DeviceTestView)
    app.router.add_view("/v1/admin/deliveries", DeliveriesView)
