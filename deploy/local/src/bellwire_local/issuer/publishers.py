"""Publisher keys for `POST /local-tokens`: made by gradebook-events, as an administrator would make them."""

from aiohttp import ClientError, ClientSession, ClientTimeout
from bellwire_kit.web.problems import Problem, unavailable


async def create_key(session: ClientSession, gradebook_events: str, token: str, name: str) -> str:
    """A new `bw_<id>_<secret>` for the district of an administrator's token.

    Raises `Problem` 503 when gradebook-events is away, 502 when it refuses.
    """
    url = f"{gradebook_events.rstrip('/')}/v1/publishers"
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with session.post(
            url, json={"name": name}, headers=headers, timeout=ClientTimeout(total=10)
        ) as answer:
            body = await answer.json(content_type=None)
            status = answer.status
    except (ClientError, TimeoutError, ValueError) as error:
        raise unavailable("gradebook-events, which makes publisher keys, does not answer now.") from error
    key = body.get("key") if isinstance(body, dict) else None
    if status >= 300 or not isinstance(key, str):
        raise Problem(502, "publishers", "gradebook-events gave no key", f"It answered {status}.")
    return key
