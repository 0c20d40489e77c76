"""A CloudEvent as it came in, whatever the way: attributes as text, data as the bytes that were sent."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Incoming:
    """One event before any rule of ours. Attributes that did not come are empty text.

    Not frozen: twenty thousand a second are made, and freezing costs a microsecond each; nobody changes one.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: bytes
    extensions: Mapping[str, str]
