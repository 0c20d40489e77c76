"""`/v1/me/devices`: a user's own phones (product.md section 5)."""

from datetime import timedelta

from aiohttp import web
from aiohttp_pydantic.oas.typing import r200, r201, r202, r204
from bellwire_kit.auth import Caller, require
from bellwire_kit.clock import Clock
from bellwire_kit.web.problems import Problem, forbidden, not_found, unavailable
from bellwire_kit.web.views import ApiView, answer
from bellwire_schemas.names import Role

from push_dispatcher.api.device_models import DeviceBody, DeviceModel, DevicePage, TestQueued
from push_dispatcher.api.fields import Id
from push_dispatcher.api.test_texts import test_text
from push_dispatcher.domain.alert import UserKey
from push_dispatcher.ports.devices import Device, Registration
from push_dispatcher.registering import Devices, NoSuchDevice, StillInFlight

DEVICES: web.AppKey[Devices] = web.AppKey("devices", Devices)
CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)

STALE_AFTER = timedelta(days=30)


class DevicesView(ApiView):
    """The caller's devices."""

    async def get(self) -> r200[DevicePage]:
        """List the devices that one is signed in on.

        Tags: devices
        Status Codes:
            200: All of them.
        """
        user = _key(await _family(self.request))
        found = await self.request.app[DEVICES].listed(user)
        now = self.request.app[CLOCK].now()
        items = tuple(_model(device, stale=now - device.seen_at > STALE_AFTER) for device in found)
        return answer(DevicePage(items=items, next_cursor=None))


class DeviceView(ApiView):
    """One device of the caller, by its installation's id."""

    async def put(self, installation_id: Id, /, body: DeviceBody) -> r200[DeviceModel] | r201[DeviceModel]:
        """Register a device, or renew its token and settings; do it at every start of the app.

        Whoever had this token before has it no longer.

        Tags: devices
        Status Codes:
            200: Renewed.
            201: New.
        """
        caller = await _family(self.request)
        if body.environment not in ("", caller.environment):
            raise forbidden(f"This token is for the {caller.environment} environment.")
        token, kind = body.address
        registration = Registration(
            user=_key(caller),
            installation_id=installation_id,
            platform=body.platform,
            app=body.app,
            token=token,
            token_kind=kind,
            apns_environment=body.apns_environment,
            settings=body.settings,
        )
        try:
            done = await self.request.app[DEVICES].register(registration)
        except StillInFlight:
            raise _still_in_flight() from None
        return answer(_model(done.device, stale=False), 201 if done.created else 200)

    async def delete(self, installation_id: Id, /) -> r204:
        """Log out: remove the device and its data; answers when none of its requests is in flight.

        Tags: devices
        Status Codes:
            204: Nothing is sent to it any more; drop everything that is kept on the device.
        """
        caller = await _family(self.request)
        try:
            await self.request.app[DEVICES].remove(_key(caller), installation_id)
        except NoSuchDevice:
            raise not_found("device") from None
        except StillInFlight:
            raise _still_in_flight() from None
        return web.Response(status=204, headers={"Clear-Site-Data": '"cache", "storage"'})


class DeviceTestView(ApiView):
    """A push to see whether a device rings."""

    async def post(self, installation_id: Id, /) -> r202[TestQueued]:
        """Send a test push to one's device.

        Tags: devices
        Status Codes:
            202: It is on its way.
        """
        caller = await _family(self.request)
        text = test_text(self.request.headers.get("Accept-Language", ""))
        try:
            delivery_id = await self.request.app[DEVICES].test(_key(caller), installation_id, text)
        except NoSuchDevice:
            raise not_found("device") from None
        return answer(TestQueued(delivery_id=delivery_id), 202)


async def _family(request: web.Request) -> Caller:
    return await require(request, Role.GUARDIAN, Role.STUDENT)


def _key(caller: Caller) -> UserKey:
    return UserKey(caller.source.district_id, caller.source.environment, caller.user_id)


def _model(device: Device, *, stale: bool) -> DeviceModel:
    return DeviceModel(
        installation_id=device.installation_id,
        platform=device.platform,
        app=device.app,
        environment=device.user.environment,
        apns_environment=device.apns_environment,
        settings=device.settings,
        registered_at=device.registered_at,
        seen_at=device.seen_at,
        stale=stale,
    )


def _still_in_flight() -> Problem:
    return unavailable("A push to the device is still in flight; ask again until this is answered.")
