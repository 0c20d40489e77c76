"""`python -m bellwire_local.issuer`: serve the local issuer until SIGTERM.

Reads HTTP_PORT, OIDC_ISSUER (its own URL), ISSUER_KEY_FILE and GRADEBOOK_EVENTS_URL.
"""

import asyncio
from pathlib import Path

from bellwire_kit.logs import configure
from bellwire_kit.running import serve
from pydantic_settings import BaseSettings

from bellwire_local.issuer.service import issuer_application
from bellwire_local.issuer.signing import Signer, kept_key
from bellwire_local.ports import HOST


class IssuerSettings(BaseSettings, frozen=True):
    """Environment of the issuer."""

    http_port: int
    oidc_issuer: str
    issuer_key_file: Path
    gradebook_events_url: str = ""
    log_level: str = "INFO"


async def run(settings: IssuerSettings) -> None:
    """Serve until SIGTERM."""
    signer = Signer(settings.oidc_issuer.rstrip("/"), kept_key(settings.issuer_key_file))
    app, close = issuer_application(signer, settings.gradebook_events_url)
    try:
        await serve(app, host=HOST, port=settings.http_port)
    finally:
        await close()


if __name__ == "__main__":
    settings = IssuerSettings()
    configure("issuer", settings.log_level)
    asyncio.run(run(settings))
