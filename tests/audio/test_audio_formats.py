"""What a format is worth in bytes, and which formats the session has itself."""

import pytest

from turngate.audio import AudioFormat, Container, Encoding, SessionAudio, native


def test_the_words_are_the_client_protocols() -> None:
    """Settings are read by value."""
    assert [encoding.value for encoding in Encoding] == ["linear16", "linear32", "mulaw", "alaw"]
    assert [container.value for container in Container] == ["none", "wav"]


@pytest.mark.parametrize(
    ("encoding", "rate_hz", "bytes_per_s"),
    [
        (Encoding.LINEAR16, 44_100, 88_200),
        (Encoding.LINEAR32, 16_000, 64_000),
        (Encoding.MULAW, 8_000, 8_000),
        (Encoding.ALAW, 16_000, 16_000),
    ],
)
def test_a_second_has_its_bytes(encoding: Encoding, rate_hz: int, bytes_per_s: int) -> None:
    """Width times rate."""
    assert AudioFormat(encoding, rate_hz).bytes_per_s == bytes_per_s


def test_a_millisecond_of_session_audio_has_its_bytes() -> None:
    """Whole bytes in all three, so that lengths convert exactly."""
    assert {audio: audio.bytes_per_ms for audio in SessionAudio} == {
        SessionAudio.PCM: 48,
        SessionAudio.PCMU: 8,
        SessionAudio.PCMA: 8,
    }


@pytest.mark.parametrize(
    ("client_format", "expected"),
    [
        (AudioFormat(Encoding.LINEAR16, 24_000), SessionAudio.PCM),
        (AudioFormat(Encoding.MULAW, 8_000), SessionAudio.PCMU),
        (AudioFormat(Encoding.ALAW, 8_000), SessionAudio.PCMA),
        (AudioFormat(Encoding.LINEAR16, 16_000), None),
        (AudioFormat(Encoding.LINEAR32, 24_000), None),
        (AudioFormat(Encoding.MULAW, 16_000), None),
        (AudioFormat(Encoding.ALAW, 16_000), None),
    ],
)
def test_what_the_session_has_itself_needs_no_conversion(
    client_format: AudioFormat, expected: SessionAudio | None
) -> None:
    """Encoding and rate have to be the same, not one of the two."""
    assert native(client_format) is expected
