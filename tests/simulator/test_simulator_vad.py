import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from turngate.simulator.vad import FRAME_BYTES, Floor, SpeechBegan, SpeechEnded, Vad, VadSettings
from turngate.simulator.voice import speak

SPEECH = Path(__file__).parent.parent / "data" / "go_forward.wav"


def speech_24k(path=SPEECH):
    with wave.open(str(path)) as recording:
        rate = recording.getframerate()
        samples = np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2")
    return soxr.resample(samples, rate, 24_000).astype("<i2").tobytes()


def silence(seconds):
    return bytes(int(24_000 * seconds) * 2)


def noise(seconds, level_db, seed=1):
    deviation = 32768 * 10 ** (level_db / 20)
    samples = np.random.default_rng(seed).normal(0.0, deviation, int(24_000 * seconds))
    return samples.clip(-32768, 32767).astype("<i2").tobytes()


def mixed(one, other):
    total = np.frombuffer(one, "<i2").astype(int) + np.frombuffer(other, "<i2")
    return total.clip(-32768, 32767).astype("<i2").tobytes()


AS_USUAL = VadSettings()


def found(audio, settings=AS_USUAL, piece=960):
    vad = Vad(settings)
    return [sound for at in range(0, len(audio), piece) for sound in vad.feed(audio[at : at + piece])]


def test_one_utterance_is_found_in_a_recorded_sentence():
    """A spoken sentence between silences begins once and ends once, where a listener would say."""
    began, ended = found(silence(1) + speech_24k() + silence(1))
    assert isinstance(began, SpeechBegan)
    assert isinstance(ended, SpeechEnded)
    # the man begins 0.5 s into the recording and the padding is 0.3 s; he ends at about 2.4 s
    assert began.audio_start_ms == pytest.approx(1200, abs=60)
    assert ended.audio_end_ms == pytest.approx(1000 + 2400 + 500, abs=250)


def test_two_utterances_are_found_when_a_pause_is_longer_than_the_silence_asked_for():
    """The same sentence said twice with a second between is two utterances."""
    sounds = found(speech_24k() + silence(1) + speech_24k() + silence(1))
    assert [SpeechBegan, SpeechEnded] * 2 == [type(sound) for sound in sounds]


def test_one_utterance_is_found_when_the_silence_asked_for_is_longer_than_the_pause():
    """``silence_duration_ms`` decides whether a pause ends an utterance."""
    sounds = found(speech_24k() + silence(0.5) + speech_24k() + silence(2.5), VadSettings(silence_duration_ms=2000))
    assert [SpeechBegan, SpeechEnded] == [type(sound) for sound in sounds]


def test_the_sentence_is_found_in_a_noisy_line():
    """The floor follows the noise of the line, so that the noise is no speech and the speech is still found."""
    line = silence(2) + speech_24k() + silence(1.5)
    noisy = mixed(line, noise(len(line) / 48_000, -50))
    assert [SpeechBegan, SpeechEnded] == [type(sound) for sound in found(noisy)]


@pytest.mark.parametrize("level_db", [-90, -70, -55, -50])
def test_nothing_is_found_in_faint_noise(level_db):
    """The hiss of a quiet line is not speech, from the first frame on."""
    assert found(noise(20, level_db)) == []


def test_nothing_is_found_in_silence():
    """Digital silence is no speech, for however long."""
    assert found(silence(60), piece=48_000) == []


def test_nothing_is_found_in_a_click():
    """One loud frame is shorter than any syllable."""
    assert found(silence(1) + noise(0.03, -10) + silence(1)) == []


def test_the_simulated_voice_is_found():
    """What the simulator says is speech to the simulator, so that one can be the other's user."""
    babble = b"".join(speak("What time is it over there?", "alloy"))
    assert [SpeechBegan, SpeechEnded] == [type(sound) for sound in found(silence(0.5) + babble + silence(1))]


@pytest.mark.parametrize("piece", [2, 333, FRAME_BYTES, 4800, 10**6])
def test_the_same_is_found_when_audio_comes_in_other_pieces(piece):
    """How the audio is cut into pieces, odd bytes included, changes nothing."""
    audio = silence(0.2) + speech_24k() + silence(0.7)
    assert found(audio) == found(audio, piece=piece)


def test_less_is_found_when_the_threshold_is_higher():
    """A threshold of 1 wants louder speech than one of 0."""
    quiet = (np.frombuffer(speech_24k(), "<i2") // 12).astype("<i2").tobytes() + silence(1)
    assert found(quiet, VadSettings(threshold=1.0)) == []
    assert found(quiet, VadSettings(threshold=0.0)) != []


def test_no_start_lies_before_the_audio_when_speech_begins_at_once():
    """The prefix padding is cut where there is no audio before."""
    began = found(silence(0.1) + b"".join(speak("Now.", "echo")) + silence(1))[0]
    assert SpeechBegan(0) == began


def test_a_sudden_noise_is_not_speech_for_ever():
    """A noise that begins and stays becomes the floor in the end."""
    sounds = found(silence(1) + noise(60, -45), VadSettings(threshold=0.3), piece=48_000)
    assert [SpeechBegan, SpeechEnded] == [type(sound) for sound in sounds]


def test_the_state_is_speech_when_the_audio_ends_within_an_utterance():
    """The detector says whether somebody is speaking, and can be told to forget it."""
    vad = Vad(VadSettings())
    vad.feed(speech_24k()[: 24_000 * 2 * 1])
    assert vad.state == Floor.SPEECH
    vad.rest_of_utterance()
    assert vad.state == Floor.SILENCE
    assert vad.now_ms == 1000
