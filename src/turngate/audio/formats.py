"""
The audio formats: a client's at its own edge, and the session's.

Responsible for naming them, for their sizes, and for saying which of a client's formats the session has itself.

Must not know: which of them a protocol allows, and how one becomes another.

Comes from: the settings that a client sent. Goes to: the conversions of this room, and whoever opens the upstream.
"""

from enum import Enum
from types import MappingProxyType
from typing import Final

from attrs import frozen


class Encoding(Enum):
    """How samples stand in the bytes, in the client protocol's own words."""

    LINEAR16 = "linear16"
    """Signed 16-bit, little endian."""

    LINEAR32 = "linear32"
    """32-bit float, little endian; full scale is 1.0."""

    MULAW = "mulaw"
    """G.711 mu-law, one byte for each sample."""

    ALAW = "alaw"
    """G.711 A-law, one byte for each sample."""

    @property
    def sample_bytes(self) -> int:
        """How many bytes one sample takes."""
        return _SAMPLE_BYTES[self]


_SAMPLE_BYTES: Final = MappingProxyType(
    {Encoding.LINEAR16: 2, Encoding.LINEAR32: 4, Encoding.MULAW: 1, Encoding.ALAW: 1}
)


class Container(Enum):
    """What stands around the samples, in the client protocol's own words."""

    NONE = "none"
    WAV = "wav"


@frozen
class AudioFormat:
    """An encoding at a rate; audio is always mono."""

    encoding: Encoding
    sample_rate_hz: int

    @property
    def bytes_per_s(self) -> int:
        """How many bytes one second takes."""
        return self.sample_rate_hz * self.encoding.sample_bytes


class SessionAudio(Enum):
    """
    The audio that goes to the upstream and comes from it: PCM, unless the client's is passed through.

    A telephone's G.711 need not be converted where the upstream takes it; that is the native path.
    """

    PCM = AudioFormat(Encoding.LINEAR16, 24_000)
    PCMU = AudioFormat(Encoding.MULAW, 8_000)
    PCMA = AudioFormat(Encoding.ALAW, 8_000)

    @property
    def bytes_per_ms(self) -> int:
        """How many bytes one millisecond takes, a whole number in each."""
        return self.value.bytes_per_s // 1000


_NATIVE: Final = MappingProxyType({audio.value: audio for audio in SessionAudio})


def native(client_format: AudioFormat) -> SessionAudio | None:
    """The session audio that is this format byte for byte; None, and it has to be converted to PCM."""
    return _NATIVE.get(client_format)


@frozen
class ClientAudio:
    """A client's audio in both directions, and the session's: converted, or passed through."""

    input_format: AudioFormat
    output_format: AudioFormat
    container: Container = Container.NONE
    hears: SessionAudio = SessionAudio.PCM
    """What the client's audio becomes for the upstream."""
    speaks: SessionAudio = SessionAudio.PCM
    """What comes from the upstream for the client."""
