"""Answers as frames: HEADERS, then DATA in the sizes asked for, as the client's windows allow."""

from collections import deque
from dataclasses import dataclass

from h2.connection import H2Connection

from ..exchange import Answer


@dataclass(slots=True)
class _Rest:
    stream: int
    body: bytes
    last: bool


class AnswerSender:
    """Writes answers of one connection; bodies that meet a closed window wait for it to open."""

    def __init__(self, h2: H2Connection) -> None:
        self._h2 = h2
        self._waiting: deque[_Rest] = deque()

    def send(self, stream: int, answer: Answer, frame_bytes: int) -> None:
        """Send an answer; `frame_bytes` splits its body over DATA frames, 0 = one frame."""
        headers = [(":status", str(answer.status)), *answer.headers]
        self._h2.send_headers(stream, headers, end_stream=not answer.body)
        if answer.body:
            size = frame_bytes or len(answer.body)
            for at in range(0, len(answer.body), size):
                piece = answer.body[at : at + size]
                self._waiting.append(_Rest(stream, piece, last=at + size >= len(answer.body)))
            self.resume()

    def resume(self) -> None:
        """Send what the windows allow now, in order."""
        while self._waiting:
            rest = self._waiting[0]
            if len(rest.body) > self._h2.local_flow_control_window(rest.stream):
                return
            self._waiting.popleft()
            self._h2.send_data(rest.stream, rest.body, end_stream=rest.last)

    def drop(self, stream: int) -> None:
        """The client gave this stream up."""
        self._waiting = deque(rest for rest in self._waiting if rest.stream != stream)
