"""Session audio becomes a client's: to the sample, reply by reply, and nothing of a reply that was cut off."""

import struct
import wave
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from audio_rig import EVERY_OUTPUT, coded, frames, named, plain, tone
from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.audio import AudioFormat, Container, Encoding, Outbound, SessionAudio, native

PCM = SessionAudio.PCM
SPEECH = coded(tone(24_000, 440, 0.5), Encoding.LINEAR16)


def due_bytes(target: AudioFormat, samples: int) -> int:
    """The rule: as long as the reply, rounded to the nearest sample of the client's."""
    return int(samples * target.sample_rate_hz / 24_000 + 0.5) * target.encoding.sample_bytes


def reply(stream: Outbound, pcm: bytes, size: int = 4800) -> bytes:
    stream.begin_reply()
    return b"".join([*(stream.feed(part) for part in frames(pcm, size)), stream.flush()])


# --- lengths --------------------------------------------------------------------------------------------------------


@given(st.sampled_from(EVERY_OUTPUT), st.lists(st.integers(0, 6000), max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_reply_is_as_long_as_it_was(target: AudioFormat, sizes: list[int]) -> None:
    """To the sample, whatever the messages; half a sample at its end is none."""
    stream = Outbound(target)
    stream.begin_reply()
    out = b"".join([*(stream.feed(bytes(size)) for size in sizes), stream.flush()])
    assert len(out) == due_bytes(target, sum(sizes) // 2)


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_the_shortest_replies_are_no_exception(target: AudioFormat) -> None:
    """Where rounding shows: half a sample is one, as the resampler itself does not always have it."""
    stream = Outbound(target)
    assert [len(reply(stream, bytes(2 * n))) for n in range(250)] == [due_bytes(target, n) for n in range(250)]


@given(st.sampled_from(EVERY_OUTPUT), st.lists(st.integers(0, 24_000), max_size=12))
@settings(max_examples=100, deadline=None)
def test_any_split_gives_the_same_bytes(target: AudioFormat, cuts: list[int]) -> None:
    """Where the upstream's messages begin and end does not matter, not even inside a sample."""
    stream = Outbound(target)
    whole = reply(stream, SPEECH, len(SPEECH))
    stream.begin_reply()
    edges = [0, *sorted(cut % (len(SPEECH) + 1) for cut in cuts), len(SPEECH)]
    assert b"".join([*(stream.feed(SPEECH[a:b]) for a, b in pairwise(edges)), stream.flush()]) == whole


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_nothing_waits_longer_than_the_resampler_needs(target: AudioFormat) -> None:
    """At any moment less than 39 ms of the reply are held back, from 8 kHz 74, and nothing at the session's rate."""
    held_ms = {8_000: 74, 24_000: 0}.get(target.sample_rate_hz, 39)
    stream, went = Outbound(target), 0
    stream.begin_reply()
    for came, sample in enumerate(frames(SPEECH, 2), 1):
        went += len(stream.feed(sample))
        assert came / 24 - went / target.bytes_per_s * 1000 <= held_ms + 1e-9


# --- replies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_the_end_of_a_reply_is_heard(target: AudioFormat) -> None:
    """A tone goes on to the last millisecond: the resampler's tail comes with the flush."""
    out = plain(reply(Outbound(target), SPEECH), target.encoding)
    last_ms = out[-target.sample_rate_hz // 440 :]
    assert np.abs(last_ms).max() > 11_000


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_every_reply_is_the_first(target: AudioFormat) -> None:
    """Nothing of one is left for the next, whether it was flushed, reset or just left."""
    first = reply(Outbound(target), SPEECH)
    stream = Outbound(target)
    assert reply(stream, SPEECH) == first
    stream.begin_reply()
    stream.feed(SPEECH[:4001])
    stream.reset()
    assert stream.flush() == b""
    assert reply(stream, SPEECH) == first
    stream.feed(SPEECH[:4001])
    assert reply(stream, SPEECH) == first


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_a_reply_without_audio_is_nothing(target: AudioFormat) -> None:
    """Not even a header."""
    stream = Outbound(target, Container.WAV)
    stream.begin_reply()
    assert (stream.feed(b""), stream.flush(), stream.flush()) == (b"", b"", b"")


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_silence_stays_silence(target: AudioFormat) -> None:
    """No dither: A-law would make a hiss of it."""
    quiet = plain(reply(Outbound(target), bytes(24_000)), target.encoding)
    assert set(quiet) == {8.0 if target.encoding is Encoding.ALAW else 0.0}


@pytest.mark.parametrize("target", [target for target in EVERY_OUTPUT if native(target) is not PCM], ids=named)
def test_the_loudest_is_clipped_and_does_not_wrap(target: AudioFormat) -> None:
    """A square wave at full scale rings beyond it."""
    square = np.where(tone(24_000, 100, 0.5) >= 0, 32767, -32768)
    out = plain(reply(Outbound(target), coded(square, Encoding.LINEAR16)), target.encoding)
    assert np.abs(out).max() > 32_000
    assert np.count_nonzero(np.diff(out >= 0)) == 99


# --- what needs no conversion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [target for target in EVERY_OUTPUT if native(target)], ids=named)
def test_native_audio_is_passed_through(target: AudioFormat) -> None:
    """What needs no conversion is not touched."""
    stream, payload = Outbound(target, source=native(target) or PCM), bytes(range(200))
    stream.begin_reply()
    assert stream.feed(payload) is payload
    assert stream.flush() == b""


def test_only_whole_samples_are_sent() -> None:
    """A client may take each message for itself."""
    stream = Outbound(PCM.value)
    stream.begin_reply()
    assert [stream.feed(b"abc"), stream.feed(b"d"), stream.feed(b"e"), stream.flush()] == [b"ab", b"cd", b"", b""]


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (AudioFormat(Encoding.LINEAR16, 8000), SessionAudio.PCMU),
        (AudioFormat(Encoding.ALAW, 8000), SessionAudio.PCMU),
        (AudioFormat(Encoding.LINEAR32, 24000), PCM),
        (AudioFormat(Encoding.MULAW, 24000), PCM),
        (AudioFormat(Encoding.LINEAR16, 11025), PCM),
    ],
)
def test_what_cannot_be_converted_is_refused(target: AudioFormat, source: SessionAudio) -> None:
    """G.711 comes from the upstream as the client wants it or not at all."""
    with pytest.raises(ValueError, match=str(target.sample_rate_hz)):
        Outbound(target, Container.NONE, source)


# --- WAV ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", EVERY_OUTPUT, ids=named)
def test_a_reply_in_wav_has_one_header_in_front(target: AudioFormat) -> None:
    """44 bytes together with its first audio; all the rest is as without."""
    stream, bare = Outbound(target, Container.WAV), reply(Outbound(target), SPEECH)
    for _ in range(2):
        stream.begin_reply()
        parts = [part for part in (*(stream.feed(part) for part in frames(SPEECH, 480)), stream.flush()) if part]
        assert len(parts[0]) > 44
        assert b"".join(parts)[44:] == bare


def test_a_reply_shorter_than_the_resamplers_block_has_its_header_too() -> None:
    """All of it comes with the flush."""
    stream = Outbound(AudioFormat(Encoding.LINEAR16, 8000), Container.WAV)
    stream.begin_reply()
    assert stream.feed(SPEECH[:480]) == b""
    assert len(stream.flush()) == 44 + 160


@pytest.mark.parametrize(
    ("target", "tag", "sample_bytes"),
    [
        (AudioFormat(Encoding.LINEAR16, 16_000), 1, 2),
        (AudioFormat(Encoding.LINEAR16, 44_100), 1, 2),
        (AudioFormat(Encoding.MULAW, 8_000), 7, 1),
        (AudioFormat(Encoding.ALAW, 16_000), 6, 1),
    ],
)
def test_the_header_names_the_format(target: AudioFormat, tag: int, sample_bytes: int) -> None:
    """Field by field; the sizes say that the end is not known."""
    header = reply(Outbound(target, Container.WAV), SPEECH)[:44]
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", header) == (
        *(b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16, tag, 1),
        *(target.sample_rate_hz, target.sample_rate_hz * sample_bytes, sample_bytes, 8 * sample_bytes),
        *(b"data", 0xFFFFFFFF),
    )


def test_native_g711_can_be_had_in_wav() -> None:
    """The header is a matter of the client's alone."""
    stream = Outbound(AudioFormat(Encoding.MULAW, 8000), Container.WAV, SessionAudio.PCMU)
    stream.begin_reply()
    out = stream.feed(b"\x12\x34") + stream.feed(b"\x56")
    assert (out[20], out[44:]) == (7, b"\x12\x34\x56")


def test_a_wav_reader_reads_it() -> None:
    """The standard library's, to the end of the data."""
    target = AudioFormat(Encoding.LINEAR16, 16_000)
    with wave.open(BytesIO(reply(Outbound(target, Container.WAV), SPEECH))) as heard:
        assert (heard.getnchannels(), heard.getsampwidth(), heard.getframerate()) == (1, 2, 16_000)
        assert len(heard.readframes(1_000_000)) == due_bytes(target, len(SPEECH) // 2)
