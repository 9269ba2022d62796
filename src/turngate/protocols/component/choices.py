"""
What a component may choose beyond Deepgram's settings.

Responsible for taking what can be used and for passing over the rest, part by part: none of it is ever a reason to
refuse settings. Must not know: which message held it, whether the upstream takes it.

Comes from: ``settings.py``, as decoded JSON. Goes to: the session's configuration, by way of it.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from attrs import frozen

from turngate.session.messages import OneTool, Output, OwnVoice, StoredPrompt, ToolChoice, ToolUse

MIN_IDLE_MS, MAX_IDLE_MS = 5_000, 30_000
"""The upstream's own bounds."""
MIN_SPEED, MAX_SPEED = 0.25, 1.5
MAX_TOKENS: Final = 4_096
"""The upstream's own bound; more than that is as much as it gives."""
MAX_SAFE_INTEGER: Final = 2**53 - 1
PCM_RATE_HZ: Final = 24_000


@frozen
class Speech:
    """How the agent is to sound."""

    voice: str | OwnVoice | None = None
    speed: float | None = None
    format: str = "audio/pcm"
    """``audio/pcm``, ``audio/pcmu`` or ``audio/pcma``."""


def tool_choice(given: Any) -> ToolChoice:
    """``auto``, ``none``, ``required``, or an object that names a function; anything else is as if nothing was said."""
    match given:
        case "auto" | "none" | "required":
            return ToolUse(given)
        case {"type": "function", "name": str(name)} if name:
            return OneTool(name)
        case _:
            return ToolUse.AUTO


def output(given: Any) -> Output:
    """The first of the modalities that there is; speech comes with its text, so that both are speech."""
    known = [one for one in given if one in ("text", "audio")] if isinstance(given, list) else []
    return Output.TEXT if known and "audio" not in known else Output.AUDIO


def max_output_tokens(given: Any) -> int | None:
    """A positive whole number, which JSON may write with a fraction of zero."""
    number = _whole(given)
    return None if number is None or not 0 < number <= MAX_SAFE_INTEGER else min(number, MAX_TOKENS)


def stored_prompt(given: Any) -> StoredPrompt | None:
    """A prompt by its id, where that is not blank."""
    match given:
        case {"id": str(prompt_id)} if prompt_id.strip():
            version, variables = given.get("version"), given.get("variables")
            return StoredPrompt(
                prompt_id.strip(),
                version if isinstance(version, str) and version else None,
                msgspec.json.encode(variables).decode() if isinstance(variables, Mapping) else None,
            )
        case _:
            return None


def idle_ms(given: Any) -> int | None:
    """How long both may be silent before the model speaks by itself; -1 and nothing are never."""
    number = _whole(given)
    return None if number is None or number < 0 else min(max(number, MIN_IDLE_MS), MAX_IDLE_MS)


def speech(given: Any) -> Speech:
    """Voice, speed and format, as far as each can be used."""
    if not isinstance(given, Mapping):
        return Speech()
    return Speech(_voice(given.get("voice")), _speed(given.get("speed")), _format(given.get("format")))


def _voice(given: Any) -> str | OwnVoice | None:
    match given:
        case str() if given.strip():
            return given.strip()
        case {"id": str(voice_id)} if voice_id.strip():
            return OwnVoice(voice_id.strip())
        case _:
            return None


def _speed(given: Any) -> float | None:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return float(given) if is_number and MIN_SPEED <= given <= MAX_SPEED else None


def _format(given: Any) -> str:
    match given:
        case {"type": ("audio/pcmu" | "audio/pcma") as name}:
            return str(name)
        case _:
            return "audio/pcm"


def _whole(given: Any) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | float) or given != int(given):
        return None
    return int(given)
