"""
Where speech begins and ends in a stream of PCM: the simulator's server VAD.

Responsible for finding utterances by energy: frames of 20 ms, a noise floor that follows what is heard between
utterances, a start that needs a few loud frames, an end that needs ``silence_duration_ms`` without one.

Must not know: sessions, items, events, clocks. Time here is the time of the audio that was fed, as in the API, where
``audio_start_ms`` and ``audio_end_ms`` count appended audio and not the wall clock.

Comes from: ``simulator/turns.py``, which feeds linear16 at 24,000 samples a second. Goes to: the same place, as values.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final, TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from turngate.session.messages import SESSION_RATE_HZ

FRAME_MS: Final = 20
FRAME_SAMPLES: Final = SESSION_RATE_HZ * FRAME_MS // 1000
FRAME_BYTES: Final = FRAME_SAMPLES * 2

_ONSET_FRAMES: Final = 3
"""Frames in a row that must be loud before it is speech: a click is shorter than 60 ms, a syllable is not."""

_HYSTERESIS_DB: Final = 6.0
"""How much quieter than its beginning speech may become before it counts as silence: word ends fade."""

_FLOOR_AT_FIRST_DB: Final = -60.0
_FLOOR_LOWEST_DB: Final = -75.0
_FLOOR_HIGHEST_DB: Final = -36.0
"""However noisy the line, speech at a usual level (about -20 dBFS) stays above floor and margin."""

_FLOOR_GAIN: Final = 0.05
"""Share of the distance to the heard level that the floor moves in one frame of silence: settled in about a second."""

_FLOOR_RISE_IN_SPEECH_DB: Final = 0.02
"""Rise a frame (1 dB a second) during speech, so that a noise that began suddenly is not speech for ever."""

_SILENCE_DB: Final = -100.0


@frozen
class VadSettings:
    """
    ``turn_detection`` of type ``server_vad``, with the API's own defaults.

    ``threshold`` is 0 to 1; at 0.5 speech begins 15 dB above the floor and never under -44 dBFS.
    """

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500

    @property
    def margin_db(self) -> float:
        """How far above the noise floor speech begins."""
        return 6.0 + 18.0 * self.threshold

    @property
    def lowest_db(self) -> float:
        """The level under which nothing is speech, however quiet the line."""
        return -56.0 + 24.0 * self.threshold


@frozen
class SpeechBegan:
    """Speech was found; ``audio_start_ms`` includes the prefix padding."""

    audio_start_ms: int


@frozen
class SpeechEnded:
    """Speech is over; ``audio_end_ms`` includes the silence that proved it."""

    audio_end_ms: int


Sound: TypeAlias = SpeechBegan | SpeechEnded


class Floor(Enum):
    """What the detector takes the present sound for."""

    SILENCE = "silence"
    SPEECH = "speech"


class Vad:
    """
    Finds utterances in audio that arrives in pieces of any size.

    Feed every byte once, in order; each :meth:`feed` gives what was found in the whole frames that it completed.
    """

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._rest = b""
        self._floor_db = _FLOOR_AT_FIRST_DB
        self._state = Floor.SILENCE
        self._run = 0
        self._now_ms = 0

    @property
    def state(self) -> Floor:
        """Whether the audio fed so far ends within an utterance."""
        return self._state

    @property
    def now_ms(self) -> int:
        """How much audio was judged, in whole frames."""
        return self._now_ms

    def adopt(self, settings: VadSettings) -> None:
        """Use other settings from the next frame on; the floor and the clock stay."""
        self._settings = settings

    def feed(self, pcm: bytes) -> tuple[Sound, ...]:
        """
        Judge more audio.

        Args:
            pcm: linear16, mono, little endian, 24 kHz. An odd last byte waits for its other half.

        Returns:
            What began and ended in it, in order.
        """
        held = self._rest + pcm
        whole = len(held) // FRAME_BYTES * FRAME_BYTES
        self._rest = held[whole:]
        if not whole:
            return ()
        return tuple(self._judge(levels_db(held[:whole])))

    def rest_of_utterance(self) -> None:
        """Forget an utterance that began: its audio was committed or cleared by the client."""
        self._state = Floor.SILENCE
        self._run = 0

    def _judge(self, levels: NDArray[np.float64]) -> Iterator[Sound]:
        for level in levels.tolist():
            self._now_ms += FRAME_MS
            begins_db = max(self._settings.lowest_db, self._floor_db + self._settings.margin_db)
            match self._state:
                case Floor.SILENCE:
                    self._run = self._run + 1 if level > begins_db else 0
                    if self._run >= _ONSET_FRAMES:
                        self._state = Floor.SPEECH
                        begun_ms = self._now_ms - self._run * FRAME_MS
                        self._run = 0
                        yield SpeechBegan(max(0, begun_ms - self._settings.prefix_padding_ms))
                    elif not self._run:
                        self._floor_db += (level - self._floor_db) * _FLOOR_GAIN
                case Floor.SPEECH:
                    self._run = 0 if level > begins_db - _HYSTERESIS_DB else self._run + 1
                    self._floor_db += _FLOOR_RISE_IN_SPEECH_DB
                    if self._run * FRAME_MS >= self._settings.silence_duration_ms:
                        self._state = Floor.SILENCE
                        self._run = 0
                        yield SpeechEnded(self._now_ms)
            self._floor_db = min(max(self._floor_db, _FLOOR_LOWEST_DB), _FLOOR_HIGHEST_DB)


def levels_db(pcm: bytes) -> NDArray[np.float64]:
    """
    Measure the level of each frame, in dB relative to a full-scale square wave.

    Args:
        pcm: a whole number of frames.

    Returns:
        One level a frame; digital silence is -100 dB.
    """
    frames = np.frombuffer(pcm, dtype="<i2").reshape(-1, FRAME_SAMPLES).astype(np.float64)
    power = np.einsum("ij,ij->i", frames, frames) / (FRAME_SAMPLES * 32768.0**2)
    with np.errstate(divide="ignore"):
        levels: NDArray[np.float64] = np.maximum(10.0 * np.log10(power), _SILENCE_DB)
    return levels
