"""
The model, the voice and the language that a client may choose by name.

Responsible for telling a name that means something here from one that is for another service. Must not know: what the
upstream does with it.

Comes from: the parts of a ``Settings`` tree. Goes to: ``settings.py``.
"""

import re
from typing import Final

from attrs import frozen

from turngate.protocols.deepgram.settings_tree import Agent, Speak, Think

VOICES: Final = frozenset(
    {"alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse"},
)
"""The voices that a client may choose, of the speaking provider ``open_ai``."""

MODEL_PATH: Final = "agent.think.provider.model"
VOICE_PATH: Final = "agent.speak.provider.voice"
LANGUAGE_PATHS: Final = ("agent.listen.provider.language", "agent.language")
"""The newer spelling goes first."""

_MODEL: Final = re.compile(r"gpt-realtime[A-Za-z0-9._-]{0,64}")
_LANGUAGE: Final = re.compile(r"(?P<code>[A-Za-z]{2})(?:[-_][A-Za-z0-9_-]*)?")
"""A BCP-47 tag that begins with an ISO-639-1 code."""
_ANY_LANGUAGE: Final = "multi"


@frozen
class Choices:
    """What was chosen, and the paths that had a part in it."""

    model: str | None
    voice: str | None
    language: str | None
    paths: tuple[str, ...]


def choices(agent: Agent, think: Think | None, speak: Speak | None) -> Choices:
    """Take the names that mean something here."""
    model, voice = _model(think), _voice(speak)
    language, paths = _language(agent)
    if model is not None:
        paths = (*paths, MODEL_PATH)
    if voice is not None:
        paths = (*paths, VOICE_PATH)
    return Choices(model, voice, language, paths)


def _model(think: Think | None) -> str | None:
    model = think.provider.model if think else None
    return model if model is not None and _MODEL.fullmatch(model) else None


def _voice(speak: Speak | None) -> str | None:
    if speak is None or speak.provider.type != "open_ai" or not isinstance(speak.provider.voice, str):
        return None
    return speak.provider.voice if speak.provider.voice in VOICES else None


def _language(agent: Agent) -> tuple[str | None, tuple[str, ...]]:
    """The user's language as an ISO-639-1 code, and the paths that say so; ``multi`` leaves it open."""
    provider = agent.listen.provider if agent.listen else None
    wanted = (provider.language if provider else None, agent.language)
    codes = [_language_code(tag) if tag else None for tag in wanted]
    chosen = next((code for code in codes if code is not None), None)
    paths = tuple(path for path, code in zip(LANGUAGE_PATHS, codes, strict=True) if code is not None and code == chosen)
    return (None if chosen == _ANY_LANGUAGE else chosen), paths


def _language_code(tag: str) -> str | None:
    if tag == _ANY_LANGUAGE:
        return tag
    match = _LANGUAGE.fullmatch(tag)
    return match["code"].lower() if match else None
