"""Who is asking: a publisher by its key, or an administrator by a token."""

from aiohttp import web
from bellwire_kit.auth import VERIFIER, Caller, bearer, require
from bellwire_kit.web.problems import forbidden
from bellwire_schemas.names import Role
from bellwire_schemas.source import Source

from gradebook_events.api.parts import PARTS
from gradebook_events.domain.publishers import Publisher

_KEY_PREFIX = "bw_"


async def publisher_of(request: web.Request) -> Publisher:
    """Return the publisher whose key the request carries.

    Raises `Problem` 401 without a key that holds, and 403 for a person's token: only publishers write.
    """
    credential = bearer(request)
    if not credential.startswith(_KEY_PREFIX):
        await request.app[VERIFIER].verify(credential)
        raise forbidden(
            "This is for publishers: send a publisher key, `Authorization: Bearer bw_<id>_<secret>`."
        )
    return await request.app[PARTS].authenticator.publisher(credential, request.remote or "")


async def administrator_of(request: web.Request) -> Caller:
    """Return the district administrator who asks.

    Raises `Problem` 401 without a credential that holds, and 403 for anybody else, publishers' keys included.
    """
    if bearer(request).startswith(_KEY_PREFIX):
        await publisher_of(request)
        raise forbidden("This is for district administrators: send their token, not a publisher key.")
    return await require(request, Role.DISTRICT_ADMIN)


async def source_of(request: web.Request) -> Source:
    """Return the district and environment of a publisher key or an administrator's token."""
    if bearer(request).startswith(_KEY_PREFIX):
        return (await publisher_of(request)).source
    return (await require(request, Role.DISTRICT_ADMIN)).source
