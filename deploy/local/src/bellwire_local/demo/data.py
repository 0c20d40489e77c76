"""What `up` starts with, unless BELLWIRE_LOCAL_EMPTY is set: the demo's district, small, ready to be played with."""

import asyncio

import aiohttp
from bellwire_simulators.school_day.district import make_district

from bellwire_local.demo.opening import Opening, phones_of
from bellwire_local.demo.outside import Outside, Unexpected
from bellwire_local.errors import LocalError
from bellwire_local.processes import Progress
from bellwire_local.stack import Stack

STUDENTS = 60


def load(stack: Stack, tell: Progress) -> None:
    """Publish the district and register its phones, once in a stack's life. Raises `LocalError`.

    Nothing happens where the stack is to be empty, or has not all of its services.
    """
    loaded = stack.folder / "state" / "demo-data"
    if stack.empty or loaded.exists() or not all(stack.endpoints.as_dict().values()):
        return
    try:
        asyncio.run(_load(stack))
    except (Unexpected, aiohttp.ClientError) as error:
        raise LocalError(
            f"The demo data could not be loaded ({error}): set BELLWIRE_LOCAL_EMPTY=1."
        ) from error
    loaded.touch()
    tell(f"demo data: district maple-county with {STUDENTS} students, their guardians and phones")


async def _load(stack: Stack) -> None:
    district = make_district(STUDENTS)
    async with aiohttp.ClientSession() as session:
        opening = Opening(Outside(stack.endpoints.as_dict(), session), district, stack.apps)
        now = stack.move_clock(by=0)
        await opening.import_roster(now.date())
        await opening.publish_settings(stack.move_clock(by=0))
        await opening.wait_until_seen([user for user in district.users if user.portal][-1:])
        await opening.register(phones_of(district))
