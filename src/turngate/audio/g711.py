"""
G.711: mu-law and A-law, to and from linear samples of 16 bits.

Responsible for the two laws as ITU-T G.711 defines them, in tables that are built when this module is imported.

Must not know: rates, streams, sessions.

Comes from: a telephone's bytes, and the samples of session audio. Goes to: the other of the two.

Both laws cut a sample's range into eight segments on each side of zero, each with sixteen steps and twice as wide as
the one before (A-law's first two are alike). Mu-law works on 14 bits and A-law on 13, the upper bits of our 16; what is
cut off below is rounded down, as the reference software of the ITU does. The standard library's audioop leaves it with
Python 3.13.
"""

from typing import Final, TypeAlias

import numpy as np

Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int16]]

_CODES: Final = np.arange(256)
_SAMPLES: Final = np.arange(65_536).astype(np.uint16).view(np.int16).astype(np.int32)
"""Every sample, at the index of its bits."""

_STEPS: Final = 0x0F
_SIGN: Final = 0x80


class Law:
    """One of the two laws, as two tables."""

    __slots__ = ("_codes", "_samples")

    def __init__(self, samples: np.ndarray, codes: np.ndarray) -> None:
        """Take the sample of every code, and the code of every sample."""
        self._samples: Samples = samples.astype(np.int16)
        self._codes = codes.astype(np.uint8)

    def decode(self, payload: bytes) -> Samples:
        """One sample for each byte."""
        return self._samples[np.frombuffer(payload, dtype=np.uint8)]

    def encode(self, samples: Samples) -> bytes:
        """One byte for each sample."""
        return self._codes[samples.view(np.uint16)].tobytes()


# --- mu-law: bits inverted, a bias of 33 that makes every segment begin at a power of two ---------------------------

_MU_BIAS: Final = 33
_MU_MAX: Final = 8191


def _mulaw_samples() -> np.ndarray:
    bits = ~_CODES & 0xFF
    segment, step = bits >> 4 & 7, bits & _STEPS
    magnitude = ((2 * step + _MU_BIAS) << segment) - _MU_BIAS
    samples: np.ndarray = np.where(bits & _SIGN, -magnitude, magnitude) * 4
    return samples


def _mulaw_codes() -> np.ndarray:
    samples = _SAMPLES >> 2
    magnitude = np.minimum(np.abs(samples) + _MU_BIAS, _MU_MAX)
    segment = np.searchsorted([64 << n for n in range(7)], magnitude, side="right")
    bits = segment << 4 | magnitude >> segment + 1 & _STEPS
    codes: np.ndarray = ~np.where(samples < 0, bits | _SIGN, bits) & 0xFF
    return codes


# --- A-law: every other bit inverted, the sign bit set for what is positive -----------------------------------------

_A_INVERTED: Final = 0x55


def _alaw_samples() -> np.ndarray:
    bits = _CODES ^ _A_INVERTED
    segment, step = bits >> 4 & 7, bits & _STEPS
    shift = np.maximum(segment - 1, 0)
    magnitude = (2 * step + 1 + np.where(segment, 32, 0)) << shift
    samples: np.ndarray = np.where(bits & _SIGN, magnitude, -magnitude) * 8
    return samples


def _alaw_codes() -> np.ndarray:
    samples = _SAMPLES >> 3
    magnitude = np.where(samples < 0, ~samples, samples)
    segment = np.searchsorted([32 << n for n in range(7)], magnitude, side="right")
    bits = segment << 4 | magnitude >> np.maximum(segment, 1) & _STEPS
    codes: np.ndarray = np.where(samples < 0, bits, bits | _SIGN) ^ _A_INVERTED
    return codes


MULAW: Final = Law(_mulaw_samples(), _mulaw_codes())
ALAW: Final = Law(_alaw_samples(), _alaw_codes())
