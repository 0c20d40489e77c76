"""The runtime that the settings name, behind the protocol."""

from contextlib import AbstractAsyncContextManager

from bellwire_kit.streams.aiokafka_consumer import AiokafkaConsumer
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.protocol import Consumer, Producer, Subscription
from bellwire_kit.streams.settings import StreamSettings


def open_consumer(settings: StreamSettings, subscription: Subscription) -> Consumer:
    """A consumer that connects when it runs and disconnects when `run` ends.

    Raises `ImportError` with one sentence when the Faust runtime is asked for and not installed.
    """
    if settings.runtime == "faust":
        # the extra `bellwire-kit[faust]` is imported only where it is asked for
        from bellwire_kit.streams.faust_runtime import FaustConsumer  # noqa: PLC0415

        return FaustConsumer(settings, subscription)
    return AiokafkaConsumer(settings, subscription)


def open_producer(settings: StreamSettings) -> AbstractAsyncContextManager[Producer]:
    """`async with open_producer(settings) as producer`: connected inside, flushed and closed after.

    Both runtimes append through aiokafka. Entering raises `StreamUnavailable` when the broker does not answer
    within `connect_seconds`.
    """
    return AiokafkaProducer(settings)
