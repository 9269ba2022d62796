"""
The head of a WAV file whose end is not known yet.

Responsible for its 44 bytes.

Must not know: when a file begins, what follows.

Comes from: the client's format. Goes to: :class:`turngate.audio.outbound.Outbound`.
"""

import struct
from types import MappingProxyType
from typing import Final

from turngate.audio.formats import AudioFormat, Encoding

_TAGS: Final = MappingProxyType({Encoding.LINEAR16: 1, Encoding.LINEAR32: 3, Encoding.ALAW: 6, Encoding.MULAW: 7})

_UNKNOWN_SIZE: Final = 0xFFFFFFFF
"""What writers to a pipe put, and readers take for: until the data ends."""


def wav_header(audio_format: AudioFormat) -> bytes:
    """What stands before the samples, in the shortest form, which readers take for G.711 too."""
    sample_bytes = audio_format.encoding.sample_bytes
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _UNKNOWN_SIZE, b"WAVE"),
        *(b"fmt ", 16, _TAGS[audio_format.encoding], 1, audio_format.sample_rate_hz),
        *(audio_format.bytes_per_s, sample_bytes, 8 * sample_bytes),
        *(b"data", _UNKNOWN_SIZE),
    )
