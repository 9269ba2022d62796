"""
The audio formats of the API: linear16 at 24 kHz, and G.711 at 8 kHz.

Responsible for turning each into linear16 at 24 kHz and back, well enough for a simulation: every third sample is
taken, and each is held for three.

Must not know: events, sessions.

Source of the tables: ITU-T G.711.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

PCM: Final = "audio/pcm"
PCMU: Final = "audio/pcmu"

_BIAS: Final = 132
_CLIP: Final = 32_635
_EVEN_BITS: Final = 0x55


def _mulaw_to_linear(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code >> 4) & 7)) - _BIAS
    return -magnitude if code & 0x80 else magnitude


def _alaw_to_linear(code: int) -> int:
    code ^= _EVEN_BITS
    exponent, mantissa = (code >> 4) & 7, (code & 0x0F) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 0x108 << (exponent - 1)
    return magnitude if code & 0x80 else -magnitude


def _nearest(table: NDArray[np.int16]) -> NDArray[np.uint8]:
    """For each 16-bit sample, shifted to 0..65535, the code whose value is nearest."""
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    samples = np.arange(-32768, 32768)
    right = np.clip(np.searchsorted(values, samples), 1, len(values) - 1)
    closer = np.where(samples - values[right - 1] <= values[right] - samples, right - 1, right)
    return order[closer].astype(np.uint8)


_TO_LINEAR: Final = {
    PCMU: np.array([_mulaw_to_linear(code) for code in range(256)], np.int16),
    "audio/pcma": np.array([_alaw_to_linear(code) for code in range(256)], np.int16),
}
_FROM_LINEAR: Final = {name: _nearest(table) for name, table in _TO_LINEAR.items()}


def to_pcm(audio: bytes, audio_format: str) -> bytes:
    """Linear16 at 24 kHz, from audio in a format of the API; an odd last byte of linear16 is left out."""
    if audio_format == PCM:
        return audio if len(audio) % 2 == 0 else audio[:-1]
    return np.repeat(_TO_LINEAR[audio_format][np.frombuffer(audio, np.uint8)], 3).tobytes()


def from_pcm(pcm: bytes, audio_format: str) -> bytes:
    """Audio in a format of the API, from linear16 at 24 kHz."""
    if audio_format == PCM:
        return pcm
    samples = np.frombuffer(pcm, np.int16)[::3].astype(np.int32)
    return _FROM_LINEAR[audio_format][samples + 32768].tobytes()
