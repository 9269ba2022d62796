"""
The audio formats that a client may use at its own edge.

Responsible for naming them. Must not know: which of them a protocol allows, and how one becomes another.

Comes from: the settings that a client sent. Goes to: the conversions of this room.
"""

from enum import Enum

from attrs import frozen


class Encoding(Enum):
    """How samples stand in the bytes, in the client protocol's own words."""

    LINEAR16 = "linear16"
    """Signed 16-bit, little endian, mono."""


@frozen
class AudioFormat:
    """An encoding at a rate; audio is always mono."""

    encoding: Encoding
    sample_rate_hz: int
