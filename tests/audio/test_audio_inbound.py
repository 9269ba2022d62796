"""The client's audio becomes session audio: evenly, without clicks, whatever the frames."""

from itertools import pairwise

import numpy as np
import pytest
from audio_rig import EVERY_INPUT, coded, frames, named, plain, tone
from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.audio import AudioFormat, Encoding, Inbound, SessionAudio, native

RESAMPLED = [source for source in EVERY_INPUT if source.sample_rate_hz != 24_000]


def speech(source: AudioFormat, seconds: float, hz: float = 440) -> bytes:
    return coded(tone(source.sample_rate_hz, hz, seconds), source.encoding)


@pytest.mark.parametrize("source", EVERY_INPUT, ids=named)
@pytest.mark.parametrize("frame_ms", [10, 20, 30, 100])
def test_every_frame_gives_as_much_time_as_it_took(source: AudioFormat, frame_ms: int) -> None:
    """Each message becomes one of the same length, from the very first on."""
    stream, size = Inbound(source), source.bytes_per_s * frame_ms // 1000
    lengths = {len(stream.feed(frame)) for frame in frames(speech(source, 3), size) if len(frame) == size}
    assert lengths == {48 * frame_ms}


@given(st.sampled_from(EVERY_INPUT), st.lists(st.integers(0, 3000), max_size=30), st.integers(1, 7))
@settings(max_examples=150, deadline=None)
def test_what_came_in_is_always_answered_to_the_sample(source: AudioFormat, sizes: list[int], small: int) -> None:
    """After any messages at all, as much has come out as is due for the whole samples so far."""
    stream, came, went = Inbound(source), 0, 0
    for size in [*sizes, *[small] * 100]:
        came += size
        went += len(stream.feed(bytes(size)))
        assert went == came // source.encoding.sample_bytes * 24_000 // source.sample_rate_hz * 2


@pytest.mark.parametrize("source", RESAMPLED, ids=named)
def test_samples_one_by_one_wait_no_longer_than_stated(source: AudioFormat) -> None:
    """The hardest case for the silence that stands before the stream: it must last until the first block."""
    stream, went = Inbound(source), 0
    for came, sample in enumerate(frames(speech(source, 0.15), source.encoding.sample_bytes), 1):
        went += len(stream.feed(sample))
        assert went == came * 24_000 // source.sample_rate_hz * 2


@pytest.mark.parametrize("source", RESAMPLED, ids=named)
def test_the_delay_is_as_stated(source: AudioFormat) -> None:
    """A tone that begins comes out later by the stated delay, to half a millisecond."""
    stream, rate_hz = Inbound(source), source.sample_rate_hz
    samples = np.concatenate([np.zeros(rate_hz), tone(rate_hz, 1000, 0.1), np.zeros(rate_hz)])
    payload = coded(samples, source.encoding)
    out = plain(b"".join(stream.feed(frame) for frame in frames(payload, source.bytes_per_s // 50)))
    onset = int(np.argmax(np.abs(out) > 6000))
    assert abs(onset / 24 - 1000 - stream.delay_ms) < 0.5


def test_the_delay_is_short() -> None:
    """The figures that the module's opening states."""
    delays_ms = {rate_hz: Inbound(AudioFormat(Encoding.LINEAR16, rate_hz)).delay_ms for rate_hz in (8000, 16000, 24000)}
    assert delays_ms == {8000: 40, 16000: 20, 24000: 0}
    assert Inbound(AudioFormat(Encoding.LINEAR16, 44100)).delay_ms == 21
    assert Inbound(AudioFormat(Encoding.MULAW, 8000), SessionAudio.PCMU).delay_ms == 0


@given(st.sampled_from(EVERY_INPUT), st.lists(st.integers(0, 9000), max_size=12))
@settings(max_examples=150, deadline=None)
def test_any_split_gives_the_same_stream(source: AudioFormat, cuts: list[int]) -> None:
    """Where messages begin and end does not matter, not even inside a sample, but for the dither of the last bit."""
    payload = speech(source, 0.1)
    edges = [0, *sorted(cut % (len(payload) + 1) for cut in cuts), len(payload)]
    whole, split = Inbound(source), Inbound(source)
    parts = plain(b"".join(split.feed(payload[a:b]) for a, b in pairwise(edges)))
    dither = 0 if source.sample_rate_hz == 24000 else 2
    assert np.abs(parts - plain(whole.feed(payload))).max(initial=0) <= dither


# --- an upstream's own rate -----------------------------------------------------------------------------------------

TO_16_KHZ = [source for source in EVERY_INPUT if source.sample_rate_hz != 16_000]


@pytest.mark.parametrize("source", TO_16_KHZ, ids=named)
def test_samples_one_by_one_wait_no_longer_at_16_khz(source: AudioFormat) -> None:
    """The silence before the stream lasts there too, and the output is cut to the input's time."""
    stream, went = Inbound(source, rate_hz=16_000), 0
    for came, sample in enumerate(frames(speech(source, 0.15), source.encoding.sample_bytes), 1):
        went += len(stream.feed(sample))
        assert went == came * 16_000 // source.sample_rate_hz * 2
    assert 20 <= stream.delay_ms <= (62 if source.sample_rate_hz == 8_000 else 22)


def test_what_has_the_upstreams_rate_is_passed_through() -> None:
    """And what has the session's is not, where the upstream takes another."""
    payload = bytes(range(64))
    assert Inbound(AudioFormat(Encoding.LINEAR16, 16_000), rate_hz=16_000).feed(payload) is payload
    assert 640 == len(Inbound(AudioFormat(Encoding.LINEAR16, 24_000), rate_hz=16_000).feed(bytes(960)))
    with pytest.raises(ValueError, match="22050"):
        Inbound(AudioFormat(Encoding.LINEAR16, 24_000), rate_hz=22_050)


# --- what needs no conversion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [source for source in EVERY_INPUT if native(source)], ids=named)
def test_native_audio_is_passed_through(source: AudioFormat) -> None:
    """What needs no conversion is not touched."""
    payload = speech(source, 0.02)
    assert Inbound(source, native(source) or SessionAudio.PCM).feed(payload) is payload


def test_a_telephones_audio_is_converted_unless_told_otherwise() -> None:
    """Not every upstream takes G.711."""
    source = AudioFormat(Encoding.MULAW, 8000)
    assert len(Inbound(source).feed(b"\xff" * 160)) == 960
    assert Inbound(source, SessionAudio.PCMU).feed(b"\x00\x7f\xff") == b"\x00\x7f\xff"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (AudioFormat(Encoding.LINEAR16, 8000), SessionAudio.PCMU),
        (AudioFormat(Encoding.MULAW, 16000), SessionAudio.PCMU),
        (AudioFormat(Encoding.MULAW, 8000), SessionAudio.PCMA),
        (AudioFormat(Encoding.LINEAR16, 11025), SessionAudio.PCM),
        (AudioFormat(Encoding.ALAW, 24000), SessionAudio.PCM),
    ],
)
def test_what_cannot_be_converted_is_refused(source: AudioFormat, target: SessionAudio) -> None:
    """G.711 goes upstream as it came or not at all; and each rate's delay has been measured."""
    with pytest.raises(ValueError, match=str(source.sample_rate_hz)):
        Inbound(source, target)


# --- parts of samples -----------------------------------------------------------------------------------------------


@pytest.mark.row(33)
def test_an_odd_byte_waits_for_the_next_message() -> None:
    """No byte is lost, none is invented, and it is noticed."""
    stream = Inbound(AudioFormat(Encoding.LINEAR16, 24000))
    assert [stream.feed(b"abc"), stream.feed(b"def"), stream.feed(b"")] == [b"ab", b"cdef", b""]
    assert stream.odd_bytes_seen == 1


def test_parts_of_wide_samples_wait_too() -> None:
    """Up to three bytes; an empty message in between counts for nothing."""
    stream, payload = Inbound(AudioFormat(Encoding.LINEAR32, 24000)), np.array([0.5, -0.25], dtype="<f4").tobytes()
    out = [stream.feed(part) for part in (payload[:1], payload[1:3], b"", payload[3:7], payload[7:])]
    assert [plain(part).tolist() for part in out] == [[], [], [], [16384], [-8192]]
    assert stream.odd_bytes_seen == 3


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_one_byte_is_a_whole_sample_of_g711(encoding: Encoding) -> None:
    """Nothing to wait for."""
    stream = Inbound(AudioFormat(encoding, 8000))
    assert [len(stream.feed(b"\xd5")) for _ in range(5)] == [6] * 5
    assert stream.odd_bytes_seen == 0


# --- samples of 32 bits ---------------------------------------------------------------------------------------------


def test_full_scale_is_one() -> None:
    """What is beyond it is clipped, and what is no number is silence."""
    values = [0.0, 1.0, -1.0, 0.5, 1e-9, 7.0, -3e38, np.nan, np.inf, -np.inf]
    payload = np.array(values, dtype="<f4").tobytes()
    out = plain(Inbound(AudioFormat(Encoding.LINEAR32, 24000)).feed(payload))
    assert out.tolist() == [0, 32767, -32768, 16384, 0, 32767, -32768, 0, 0, 0]


def test_what_is_no_number_does_no_harm_to_what_follows() -> None:
    """A resampler would spread it over all that it remembers, for good."""
    source = AudioFormat(Encoding.LINEAR32, 16000)
    stream, clean = Inbound(source), Inbound(source)
    stream.feed(np.full(320, np.nan, dtype="<f4").tobytes())
    clean.feed(bytes(1280))
    payload = speech(source, 1)
    assert np.abs(plain(stream.feed(payload)) - plain(clean.feed(payload))).max() <= 2
