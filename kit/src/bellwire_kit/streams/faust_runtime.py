"""The second runtime, on faust-streaming: not written yet."""

from bellwire_kit.streams.protocol import Handler, Subscription
from bellwire_kit.streams.settings import StreamSettings


class FaustConsumer:
    """The stream protocol's consumer on Faust."""

    def __init__(self, settings: StreamSettings, subscription: Subscription) -> None:
        raise NotImplementedError("STREAM_RUNTIME=faust is not there yet: use aiokafka")

    async def run(self, handler: Handler) -> None:
        """Read until `stop`."""

    def stop(self) -> None:
        """Drain and return."""

    @property
    def ready(self) -> bool:
        """True while partitions are assigned."""
        return False
