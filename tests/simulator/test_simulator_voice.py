import numpy as np
import pytest

from turngate.simulator.voice import _TIMBRES, PIECE_BYTES, duration_ms, speak

TEXT = "The answer from get_time is: noon, in 2026. You said: what time is it?"


def samples(text=TEXT, voice="alloy", speed=1.0):
    return np.frombuffer(b"".join(speak(text, voice, speed)), "<i2")


def test_the_sound_is_the_same_when_the_text_and_voice_are():
    """The voice draws no lots."""
    assert samples().tobytes() == samples().tobytes()


@pytest.mark.parametrize("voice", [*_TIMBRES, "nobody"])
def test_no_sample_is_over_minus_three_decibels(voice):
    """Nothing clips, in any voice."""
    assert np.abs(samples(voice=voice)).max() < 32768 * 10 ** (-3 / 20)


def test_the_sound_is_loud_enough_to_be_heard():
    """A babble that is silence would satisfy every other test."""
    assert np.sqrt(np.mean(samples().astype(float) ** 2)) > 1500


def test_about_fourteen_characters_are_said_a_second():
    """The length follows from the text, and is known without making the sound."""
    heard_ms = len(samples()) / 24
    assert heard_ms == pytest.approx(len(TEXT) / 14 * 1000, rel=0.1)
    assert duration_ms(TEXT) == pytest.approx(heard_ms, abs=1)


def test_the_sound_is_shorter_when_the_speed_is_higher():
    """``audio.output.speed`` is heard."""
    assert len(samples()) / len(samples(speed=1.5)) == pytest.approx(1.5, rel=0.01)


def test_there_are_no_clicks():
    """Every sound begins and ends in silence: at the seams the wave does not jump."""
    wave = samples("banana banana")
    per_character = 24_000 // 14
    seams = [per_character * 2 * at for at in range(1, 6)]
    jumps = [abs(int(wave[seam]) - int(wave[seam - 1])) for seam in seams[:2]]
    assert max(jumps) < 400


def test_every_piece_is_a_hundred_milliseconds_but_the_last():
    """A delta holds 100 ms; together they are whole samples."""
    pieces = list(speak(TEXT, "sage"))
    assert {PIECE_BYTES} == {len(piece) for piece in pieces[:-1]}
    assert 0 < len(pieces[-1]) <= PIECE_BYTES
    assert len(pieces[-1]) % 2 == 0


def test_two_voices_differ():
    """Each name has a timbre, known or not."""
    spoken = {samples(voice=voice).tobytes() for voice in [*_TIMBRES, "nobody", "somebody"]}
    assert len(_TIMBRES) + 2 == len(spoken)


@pytest.mark.parametrize("text", ["", "   ", "...", "żółć ñandú 你好 \U0001f600", "x" * 5000])
def test_any_text_can_be_spoken(text):
    """Odd text gives odd sounds or none, and never an exception."""
    assert duration_ms(text) == pytest.approx(len(samples(text)) / 24, abs=1)
