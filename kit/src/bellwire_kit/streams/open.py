"""The runtime that the settings name, behind the protocol."""

from contextlib import AbstractAsyncContextManager

from bellwire_kit.streams.aiokafka_consumer import AiokafkaConsumer
from bellwire_kit.streams.aiokafka_producer import AiokafkaProducer
from bellwire_kit.streams.protocol import Consumer, Producer, Subscription
from bellwire_kit.streams.settings import StreamSettings

FOREIGN = "bellwire.input."
"""Topics so named are written by districts' own producers (architecture.md section 3)."""


def open_consumer(settings: StreamSettings, subscription: Subscription) -> Consumer:
    """A consumer that connects when it runs and disconnects when `run` ends.

    Topics that districts write to are always read by aiokafka: their producers may use transactions, which
    Faust cannot read (docs/streams.md). Raises `ImportError`, in one sentence, when Faust is asked for and is
    not installed.
    """
    foreign = any(topic.startswith(FOREIGN) for topic in subscription.topics)
    if settings.runtime == "faust" and not foreign:
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
