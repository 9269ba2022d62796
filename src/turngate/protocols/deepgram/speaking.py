"""
What a ``speak`` object asks for: the voice and its speed.

Responsible for what of it this proxy can do. Must not know: which message held it.

Comes from: ``settings.py`` and ``updates.py``. Goes to: the session, by way of them. A provider's endpoint and
credentials are never used: the model speaks by itself.
"""

from typing import Final

from attrs import frozen

from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings_tree import Speak, SpeakProvider, VoiceChoice

MIN_SPEED, MAX_SPEED = 0.25, 1.5
"""The upstream's own bounds; those of the original service lie within."""

TAKEN: Final = ("provider.type", "provider.version")


@frozen
class Speaking:
    """What was asked for, and the paths below ``speak`` that had a part in it."""

    voice: str | None = None
    speed: float | None = None
    taken: tuple[str, ...] = TAKEN


def speaking(speak: Speak | None, maps: Maps, at: str) -> Speaking | str:
    """Take a ``speak`` object that stands at ``at``, or say which field cannot be used and what it may be."""
    if speak is None:
        return Speaking()
    provider = speak.provider
    path, name = _name(provider)
    voice = maps.voice_of(provider.type, name)
    taken = [*TAKEN]
    if voice is not None:
        taken.append(path)
        if provider.type == "open_ai":
            # tts-1 and its like: which model speaks cannot be heard in the voice's name
            taken.append("provider.model")
    speed = provider.speed
    if speed is not None and not MIN_SPEED <= speed <= MAX_SPEED:
        return f"{at}.provider.speed must be from {MIN_SPEED} to {MAX_SPEED}."
    if speed is not None:
        taken.append("provider.speed")
    return Speaking(voice, speed, tuple(taken))


def _name(provider: SpeakProvider) -> tuple[str, str | None]:
    """Where a provider names its voice, and the name."""
    if provider.type == "deepgram":
        return "provider.model", provider.model
    if isinstance(provider.voice, VoiceChoice):
        return "provider.voice", provider.voice.id
    return "provider.voice", provider.voice
