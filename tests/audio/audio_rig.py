"""Signals to convert, and measures of what came out; plain numpy, so that nothing of ours judges itself."""

import numpy as np

from turngate.audio import AudioFormat, Encoding
from turngate.audio.g711 import ALAW, MULAW

PEAK = 12_000
"""A loud voice: 8.7 dB below full scale."""

EVERY_INPUT = [
    *(AudioFormat(Encoding.LINEAR16, rate_hz) for rate_hz in (8_000, 16_000, 24_000, 44_100, 48_000)),
    *(AudioFormat(Encoding.LINEAR32, rate_hz) for rate_hz in (8_000, 16_000, 24_000, 44_100, 48_000)),
    *(AudioFormat(Encoding.MULAW, rate_hz) for rate_hz in (8_000, 16_000)),
    *(AudioFormat(Encoding.ALAW, rate_hz) for rate_hz in (8_000, 16_000)),
]

EVERY_OUTPUT = [
    *(AudioFormat(Encoding.LINEAR16, rate_hz) for rate_hz in (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)),
    *(AudioFormat(Encoding.MULAW, rate_hz) for rate_hz in (8_000, 16_000)),
    *(AudioFormat(Encoding.ALAW, rate_hz) for rate_hz in (8_000, 16_000)),
]


def named(audio_format: AudioFormat) -> str:
    """For the names of tests."""
    return f"{audio_format.encoding.value}-{audio_format.sample_rate_hz}"


def tone(rate_hz: int, hz: float, seconds: float, peak: float = PEAK) -> np.ndarray:
    """Samples of a sine that begins at zero."""
    return peak * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)


def coded(samples: np.ndarray, encoding: Encoding) -> bytes:
    """What a client sends of them."""
    if encoding is Encoding.LINEAR32:
        return (samples / 32768).astype("<f4").tobytes()
    linear = np.rint(samples).astype(np.int16)
    match encoding:
        case Encoding.MULAW:
            return MULAW.encode(linear)
        case Encoding.ALAW:
            return ALAW.encode(linear)
        case _:
            return linear.astype("<i2").tobytes()


def plain(payload: bytes, encoding: Encoding = Encoding.LINEAR16) -> np.ndarray:
    """What a listener hears of the bytes."""
    match encoding:
        case Encoding.MULAW:
            return MULAW.decode(payload).astype(float)
        case Encoding.ALAW:
            return ALAW.decode(payload).astype(float)
        case _:
            return np.frombuffer(payload, dtype="<i2").astype(float)


def frames(payload: bytes, size: int) -> list[bytes]:
    """The payload in messages of a size."""
    return [payload[i : i + size] for i in range(0, len(payload), size)]


def level_db(samples: np.ndarray, peak: float = PEAK) -> float:
    """Power relative to a sine of that peak."""
    return float(10 * np.log10(2 * np.mean(samples**2) / peak**2 + 1e-20))


def sine_in(samples: np.ndarray, rate_hz: int, hz: float) -> tuple[float, float, float]:
    """Peak and phase of the sine of a frequency, and by how many dB it stands above all the rest together."""
    at = 2 * np.pi * hz * np.arange(len(samples)) / rate_hz
    basis = np.stack([np.sin(at), np.cos(at)], axis=1)
    (sine, cosine), *_ = np.linalg.lstsq(basis, samples, rcond=None)
    rest = samples - basis @ np.array([sine, cosine])
    peak = float(np.hypot(sine, cosine))
    return peak, float(np.arctan2(cosine, sine)), -level_db(rest, peak)
