"""
The audio formats of the API: linear16 at 24 kHz, and G.711 at 8 kHz.

Responsible for turning each into linear16 at 24 kHz and back, well enough for a simulation: every third sample is
taken, and each is held for three.

Must not know: events, sessions.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from turngate.audio.g711 import ALAW, MULAW, Law

PCM: Final = "audio/pcm"
LAWS: Final[Mapping[str, Law]] = {"audio/pcmu": MULAW, "audio/pcma": ALAW}


def to_pcm(audio: bytes, audio_format: str) -> bytes:
    """Linear16 at 24 kHz, from audio in a format of the API; an odd last byte of linear16 is left out."""
    if audio_format == PCM:
        return audio if len(audio) % 2 == 0 else audio[:-1]
    return np.repeat(LAWS[audio_format].decode(audio), 3).tobytes()


def from_pcm(pcm: bytes, audio_format: str) -> bytes:
    """Audio in a format of the API, from linear16 at 24 kHz."""
    if audio_format == PCM:
        return pcm
    return LAWS[audio_format].encode(np.ascontiguousarray(np.frombuffer(pcm, np.int16)[::3]))
