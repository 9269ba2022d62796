"""
Bytes to samples and back, for every encoding of a client's.

Responsible for finding whole samples in messages that may end inside one, and for what a sample's bytes mean.

Must not know: rates, streams, which side is the client's.

Comes from: messages, and the samples of session audio. Goes to: the two conversions of this room.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from turngate.audio.formats import Encoding
from turngate.audio.g711 import ALAW, MULAW, Samples

Decoder: TypeAlias = Callable[[bytes], Samples]
Encoder: TypeAlias = Callable[[Samples], bytes]

_FULL_SCALE: Final = np.float32(32_768)
_LOUDEST: Final = np.float32(32_767 / 32_768)


class WholeSamples:
    """
    Cuts messages into whole samples; the part of a sample at the end of one waits for the next.

    Attributes:
        odd_bytes_seen: how many messages have ended inside a sample.
    """

    __slots__ = ("_rest", "_sample_bytes", "odd_bytes_seen")

    def __init__(self, sample_bytes: int) -> None:
        self.odd_bytes_seen = 0
        self._sample_bytes = sample_bytes
        self._rest = b""

    def feed(self, payload: bytes) -> bytes:
        """The whole samples so far that have not been given yet."""
        if not payload:
            return payload
        if self._rest:
            payload, self._rest = self._rest + payload, b""
        odd = len(payload) % self._sample_bytes
        if odd:
            self.odd_bytes_seen += 1
            payload, self._rest = payload[:-odd], payload[-odd:]
        return payload


def decoder(encoding: Encoding) -> Decoder:
    """What makes 16-bit samples of an encoding's bytes."""
    match encoding:
        case Encoding.LINEAR16:
            return _linear16
        case Encoding.LINEAR32:
            return _linear32
        case Encoding.MULAW:
            return MULAW.decode
        case Encoding.ALAW:
            return ALAW.decode


def encoder(encoding: Encoding) -> Encoder:
    """What makes an encoding's bytes of 16-bit samples; nobody is sent samples of 32 bits."""
    match encoding:
        case Encoding.LINEAR16:
            return linear16_bytes
        case Encoding.MULAW:
            return MULAW.encode
        case Encoding.ALAW:
            return ALAW.encode
        case Encoding.LINEAR32:
            raise ValueError("There is no conversion to linear32.")


def linear16_bytes(samples: Samples) -> bytes:
    """Samples as session audio has them, little endian."""
    return samples.astype("<i2", copy=False).tobytes()


def _linear16(payload: bytes) -> Samples:
    return np.frombuffer(payload, dtype="<i2").astype(np.int16, copy=False)


def _linear32(payload: bytes) -> Samples:
    """Clipped before it is scaled, since what is finite may become infinite then."""
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    samples[~np.isfinite(samples)] = 0
    np.clip(samples, -1, _LOUDEST, out=samples)
    samples *= _FULL_SCALE
    return np.rint(samples, out=samples).astype(np.int16)
