"""The Faust app of one subscription. This module alone imports faust, which is the extra `bellwire-kit[faust]`."""

import asyncio
import ssl
from typing import Any

try:
    import faust
    from faust.exceptions import ConsumerNotStarted
except ImportError as missing:
    raise ImportError(
        "STREAM_RUNTIME=faust needs the extra: pip install 'bellwire-kit[faust]' (or use aiokafka)"
    ) from missing

from bellwire_kit.streams.protocol import Subscription
from bellwire_kit.streams.settings import StreamSettings

__all__ = ["ConsumerNotStarted", "credentials", "faust_app"]


def faust_app(settings: StreamSettings, subscription: Subscription, folder: str) -> Any:
    """An app that reads raw bytes, waits at a rebalance for what is in hand, and makes no topic."""
    session = settings.session_timeout_ms / 1_000
    return faust.App(
        subscription.group,
        broker=[f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        broker_client_id=settings.client_id,
        broker_credentials=credentials(settings),
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 4,
        broker_rebalance_timeout=settings.rebalance_timeout_ms / 1_000,
        broker_max_poll_interval=settings.max_poll_interval_ms / 1_000,
        broker_max_poll_records=subscription.max_batch,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=True,
        stream_buffer_maxsize=2 * subscription.max_batch,
        store="memory://",
        datadir=folder,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        set_as_current=False,
        loop=asyncio.get_running_loop(),
    )


def credentials(settings: StreamSettings) -> Any:
    """Faust's form of `StreamSettings.connection`; None for a plain connection."""
    connection = settings.connection()
    found = connection.get("ssl_context")
    context = found if isinstance(found, ssl.SSLContext) else None
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None
