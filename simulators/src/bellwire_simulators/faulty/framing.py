"""What h2 leaves out: streams refused one by one, and GOAWAY that lets open streams finish."""

import orjson
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

_SWEEP_EVERY = 64


class PatientConnection(H2Connection):
    """Leaves the limit of streams to its owner: h2 itself would end the whole connection on one too many."""

    def __init__(self, streams: int) -> None:
        """Make a server's end that announces `streams` as MAX_CONCURRENT_STREAMS at first."""
        super().__init__(
            H2Configuration(
                client_side=False,
                header_encoding="utf-8",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: streams,
                SettingCodes.MAX_HEADER_LIST_SIZE: 65_536,
            },
        )
        self._unswept = 0

    @property
    def open_inbound_streams(self) -> int:
        """Always 0, so that h2 never objects; closed streams are swept out now and then."""
        self._unswept += 1
        if self._unswept >= _SWEEP_EVERY:
            self._unswept = 0
            self._open_streams(1)
        return 0


def goaway(last_stream: int, reason: str) -> bytes:
    """A GOAWAY frame (NO_ERROR) with `{"reason": ...}` as debug data, as APNs sends it; none for ""."""
    debug = orjson.dumps({"reason": reason}) if reason else b""
    frame = GoAwayFrame(stream_id=0, last_stream_id=last_stream, error_code=0, additional_data=debug)
    return frame.serialize()
