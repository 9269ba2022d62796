"""
Text to sound: the simulated model's voice, a babble that has syllables, pitch and timbre but no words.

Responsible for speech-like audio of a known length, about 14 characters a second, that can be listened to, never
clicks and never clips. The same text in the same voice is always the same bytes.

Must not know: sessions, events, pacing, wire formats.

Comes from: ``simulator/responses.py``, which asks for the sound of an answer. Goes to: the same place, as pieces of
linear16 at 24,000 samples a second. Each sound is made once and kept, so that many sessions cost no synthesis.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final
from zlib import crc32

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from turngate.session.messages import SESSION_RATE_HZ

PIECE_MS: Final = 100
"""What one audio delta holds."""

PIECE_BYTES: Final = SESSION_RATE_HZ * PIECE_MS // 1000 * 2

CHARACTERS_A_SECOND: Final = 14

_SAMPLES_A_CHARACTER: Final = SESSION_RATE_HZ // CHARACTERS_A_SECOND
_PEAK: Final = 0.5 * 32767
"""-6 dBFS."""

_FADE_SAMPLES: Final = SESSION_RATE_HZ * 12 // 1000
"""12 ms in and out of every sound: the ear hears no click."""

_LONGEST_SYLLABLE: Final = 4
_TOP_HZ: Final = 5_500.0

_FORMANTS_HZ: Final = {
    "a": (750.0, 1250.0, 2500.0),
    "e": (500.0, 1850.0, 2500.0),
    "i": (300.0, 2250.0, 3000.0),
    "o": (480.0, 900.0, 2400.0),
    "u": (320.0, 800.0, 2300.0),
}
_CONTOUR: Final = (1.0, 1.09, 1.03, 0.94)
"""Pitch of successive syllables, as factors; the last syllable of a text falls."""

_FINAL_FALL: Final = 0.82

_SYLLABLE: Final = re.compile(r"[^\W\d_aeiouy]{0,2}[aeiouy]{1,2}|[^\W_]|.", re.IGNORECASE | re.DOTALL)
_HISSED: Final = frozenset("cfhkpqstxz")


@frozen
class Timbre:
    """What makes one voice differ from another."""

    pitch_hz: float
    size: float
    """Factor on the formants: above 1 is a smaller head."""


_TIMBRES: Final = {
    "alloy": Timbre(165.0, 1.06),
    "ash": Timbre(105.0, 0.96),
    "ballad": Timbre(125.0, 1.0),
    "cedar": Timbre(98.0, 0.93),
    "coral": Timbre(205.0, 1.14),
    "echo": Timbre(115.0, 0.98),
    "marin": Timbre(190.0, 1.12),
    "sage": Timbre(180.0, 1.1),
    "shimmer": Timbre(220.0, 1.18),
    "verse": Timbre(140.0, 1.02),
}


def timbre_of(voice: str) -> Timbre:
    """Give the timbre of a voice; a name that is not the API's own gets one derived from its letters."""
    known = _TIMBRES.get(voice)
    if known is not None:
        return known
    spread = crc32(voice.encode()) % 1000 / 1000.0
    return Timbre(95.0 + 130.0 * spread, 0.92 + 0.26 * spread)


def duration_ms(text: str, speed: float = 1.0) -> int:
    """Tell how long a text sounds."""
    return round(sum(_samples(sound, speed) for sound in _syllables(text)) * 1000 / SESSION_RATE_HZ)


def speak(text: str, voice: str, speed: float = 1.0) -> Iterator[bytes]:
    """
    Speak a text.

    Args:
        text: what to speak; nothing gives no audio.
        voice: one of the API's voices, or any other name.
        speed: 0.25 to 1.5 times the usual.

    Yields:
        Pieces of 100 ms of linear16, 24 kHz; the last may be shorter. They are made as they are asked for.
    """
    timbre = timbre_of(voice)
    sounds = _syllables(text)
    spoken = [at for at, sound in enumerate(sounds) if sound[0].isalnum()]
    last = spoken[-1] if spoken else -1
    held = bytearray()
    for at, sound in enumerate(sounds):
        contour = _FINAL_FALL if at == last else _CONTOUR[at % len(_CONTOUR)]
        held += _sound(_shape(sound), _samples(sound, speed), timbre, contour)
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)


def _syllables(text: str) -> list[str]:
    return [found[:_LONGEST_SYLLABLE] for found in _SYLLABLE.findall(text)]


def _samples(sound: str, speed: float) -> int:
    return int(len(sound) * _SAMPLES_A_CHARACTER / speed)


def _shape(sound: str) -> str:
    """Reduce a syllable to what is heard of it: ``h`` for a hissed beginning, then its vowel; "" is a pause."""
    if not sound[0].isalnum():
        return ""
    lowered = sound.lower().replace("y", "i")
    vowel = next((letter for letter in lowered if letter in _FORMANTS_HZ), "")
    neutral = "aeiou"[crc32(lowered.encode()) % 5]
    return ("h" if lowered[0] in _HISSED else "") + (vowel or neutral)


@lru_cache(maxsize=2048)
def _sound(shape: str, samples: int, timbre: Timbre, contour: float) -> bytes:
    """Make one sound; the cache is bounded at about 2,048 times 6 KB."""
    if not shape:
        return bytes(samples * 2)
    n = np.arange(samples)
    pitch = timbre.pitch_hz * contour * (1.0 + 0.04 * np.sin(np.pi * n / samples))
    phase = 2.0 * np.pi * np.cumsum(pitch) / SESSION_RATE_HZ
    formants = tuple(hz * timbre.size for hz in _FORMANTS_HZ[shape[-1]])
    wave = np.zeros(samples)
    for harmonic in range(1, int(_TOP_HZ / (timbre.pitch_hz * contour)) + 1):
        wave += _loudness(harmonic * timbre.pitch_hz * contour, formants) * np.sin(harmonic * phase)
    wave /= max(float(np.abs(wave).max()), 1e-9)
    if shape[0] == "h":
        hiss = min(samples // 3, SESSION_RATE_HZ // 20)
        # noise that is the same on every run, out of the low digits of a sine
        noise = np.modf(np.sin(n[:hiss] * 12.9898) * 43758.5453)[0]
        blend = np.linspace(1.0, 0.0, hiss)
        wave[:hiss] = wave[:hiss] * (1.0 - blend) + 0.35 * noise * blend
    pcm: NDArray[np.int16] = (wave * _envelope(samples) * _PEAK).astype("<i2")
    return pcm.tobytes()


def _loudness(hz: float, formants: tuple[float, ...]) -> float:
    peaks: float = sum(1.0 / (1.0 + ((hz - formant) / (80.0 + formant * 0.06)) ** 2.0) for formant in formants)
    return (0.04 + peaks) * math.sqrt(200.0 / (200.0 + hz))


def _envelope(samples: int) -> NDArray[np.float64]:
    fade = min(_FADE_SAMPLES, samples // 2)
    envelope = np.ones(samples)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / max(fade, 1))
    envelope[:fade] = ramp
    envelope[samples - fade :] = ramp[::-1]
    return envelope
