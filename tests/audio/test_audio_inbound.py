"""The client's audio becomes session audio: evenly, without clicks, whatever the frames."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.audio import AudioFormat, Encoding, Inbound

RATES_HZ = (8000, 16000, 44100, 48000)


def inbound(rate_hz: int) -> Inbound:
    return Inbound(AudioFormat(Encoding.LINEAR16, rate_hz))


def tone(rate_hz: int, hz: float, seconds: float, peak: float = 12000) -> bytes:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return (peak * np.sin(2 * np.pi * hz * t)).astype("<i2").tobytes()


def frames(pcm: bytes, size: int) -> list[bytes]:
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]


def spectrum_db(pcm: bytes) -> np.ndarray:
    """Levels at each hertz, relative to the loudest."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(float)[-24000:]
    level = np.abs(np.fft.rfft(samples * np.blackman(len(samples))))
    return 20 * np.log10(level / level.max() + 1e-12)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("frame_ms", [10, 20, 30, 100])
def test_every_frame_gives_as_much_time_as_it_took(rate_hz: int, frame_ms: int) -> None:
    """Each message becomes one of the same length, from the very first on."""
    stream, size = inbound(rate_hz), rate_hz * frame_ms // 1000 * 2
    lengths = {len(stream.feed(frame)) for frame in frames(tone(rate_hz, 440, 6), size) if len(frame) == size}
    assert lengths == {24 * frame_ms * 2}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tone_stays_a_tone(rate_hz: int) -> None:
    """A tone in the passband keeps its level, and everything else stays 70 dB below it."""
    hz = 0.35 * min(rate_hz, 24000)
    stream = inbound(rate_hz)
    out = b"".join(stream.feed(frame) for frame in frames(tone(rate_hz, hz, 3), rate_hz // 50 * 2))
    level = spectrum_db(out)
    away = np.abs(np.arange(len(level)) - hz) > 30
    assert level[away].max() < -70
    peak = np.abs(np.frombuffer(out, dtype="<i2")[24000:].astype(int)).max()
    assert abs(20 * np.log10(peak / 12000)) < 0.5


def test_the_image_of_16_khz_speech_is_not_heard() -> None:
    """The 9 kHz image of a 6 kHz tone, which linear interpolation leaves, stays below -60 dB."""
    stream = inbound(16000)
    out = b"".join(stream.feed(frame) for frame in frames(tone(16000, 6000, 3), 640))
    assert spectrum_db(out)[9000:11000].max() < -60


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_delay_is_as_stated(rate_hz: int) -> None:
    """A click comes out later by the stated delay, up to the filter's own few milliseconds."""
    stream = inbound(rate_hz)
    pcm = bytes(rate_hz * 2) + tone(rate_hz, 1000, 0.1) + bytes(rate_hz * 2)
    out = b"".join(stream.feed(frame) for frame in frames(pcm, rate_hz // 50 * 2))
    onset = int(np.argmax(np.abs(np.frombuffer(out, dtype="<i2").astype(int)) > 3000))
    assert 0 <= onset / 24 - 1000 <= stream.delay_ms + 6


def test_audio_at_the_session_rate_is_passed_through() -> None:
    """What needs no conversion is not touched."""
    payload = tone(24000, 440, 0.02)
    assert inbound(24000).feed(payload) is payload


@given(rate_hz=st.sampled_from([16000, 24000]), cuts=st.lists(st.integers(0, 4000), max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_split_gives_the_same_stream(rate_hz: int, cuts: list[int]) -> None:
    """Where messages begin and end does not matter, not even inside a sample, but for the dither of the last bit."""
    pcm = tone(rate_hz, 440, 4000 / 2 / rate_hz)
    whole, split = inbound(rate_hz), inbound(rate_hz)
    edges = [0, *sorted(cut % (len(pcm) + 1) for cut in cuts), len(pcm)]
    parts = b"".join(split.feed(pcm[a:b]) for a, b in pairwise(edges))
    expected = np.frombuffer(whole.feed(pcm), dtype="<i2").astype(int)
    assert np.abs(np.frombuffer(parts, dtype="<i2") - expected).max(initial=0) <= (0 if rate_hz == 24000 else 2)


def test_an_odd_byte_waits_for_the_next_message() -> None:
    """No byte is lost, none is invented, and it is noticed."""
    stream = inbound(24000)
    assert [stream.feed(b"abc"), stream.feed(b"def"), stream.feed(b"")] == [b"ab", b"cdef", b""]
    assert stream.odd_bytes_seen == 1
