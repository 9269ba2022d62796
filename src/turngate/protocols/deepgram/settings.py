"""
What a ``Settings`` message asks for, in the words of the session.

Responsible for taking what this proxy can do, for refusing what cannot be done without harm (an unknown audio format,
a function that we would have to call), and for naming all the rest.

Must not know: the upstream's protocol.

Comes from: a decoded ``Settings`` with its bytes. Goes to: the session (``ConfigureSession``) and the client's audio
edge (the formats). What ``think``, ``listen`` and ``speak`` mean stands in modules of their own, since updates hold
them too.
"""

from types import MappingProxyType
from typing import Final

import msgspec
from attrs import evolve, field, frozen

from turngate.audio import ClientAudio
from turngate.protocols.deepgram.client_events import Settings
from turngate.protocols.deepgram.hearing import hearing, known_language
from turngate.protocols.deepgram.ignored import below, ignored_notices, ignored_paths
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings_tree import Agent, Flags, PastItem, first
from turngate.protocols.deepgram.sound import TAKEN as SOUND_TAKEN
from turngate.protocols.deepgram.sound import client_audio, sound_of
from turngate.protocols.deepgram.speaking import speaking
from turngate.protocols.deepgram.thinking import thinking
from turngate.session.messages import (
    BySilence,
    Cause,
    ConfigureSession,
    ContextCall,
    ContextEntry,
    ContextLine,
    Problem,
    Role,
    SessionConfig,
    ToolCall,
)

MAX_CONTEXT_ENTRIES: Final = 256

_ROLES: Final = MappingProxyType({role.value: role for role in Role})

_TAKEN: Final = (
    "type",
    "flags.history",
    "settings.flags.history",
    "agent.greeting",
    # what changes nothing that a client could notice
    "tags",
    "experimental",
    "mip_opt_out",
)
"""What has an effect in every message that holds it."""

_OPENED: Final = ("settings", "settings.flags")
_PAST_FIELDS: Final = (
    "type",
    "role",
    "content",
    "function_calls[].id",
    "function_calls[].name",
    "function_calls[].arguments",
    "function_calls[].response",
    "function_calls[].client_side",
)


@frozen
class AcceptedSettings:
    """Settings that can be used: what the session is to be, and what the client is to get of it."""

    configure: ConfigureSession = field(repr=False)
    audio: ClientAudio
    wants_history: bool = True
    hints: tuple[str, ...] = ()
    """Languages that the client expects the user to speak."""


def accept_settings(event: Settings, payload: bytes, maps: Maps) -> AcceptedSettings | Problem:
    """
    Take the settings, or say which field cannot be used and what it may be.

    Args:
        event: the decoded message.
        payload: the bytes that it was decoded from; fields that are unknown here are named from these.
        maps: the operator's names.
    """
    agent = event.agent
    if isinstance(agent, str):
        detail = "agent must be an object with the whole configuration; stored agent configurations are not available."
        return Problem(Cause.AGENT_ID_UNSUPPORTED, detail)
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _invalid("A field that is not used here holds what cannot be read; leave it out.")

    audio = client_audio(event.audio, maps)
    if isinstance(audio, str):
        return _invalid(audio)
    heard = hearing(agent.listen, maps, "$.agent.listen")
    if isinstance(heard, str):
        return _invalid(heard)
    thought = thinking(first(agent.think), maps, "$.agent.think")
    if isinstance(thought, str):
        return _invalid(thought)
    spoken = speaking(first(agent.speak), maps, "$.agent.speak")
    if isinstance(spoken, str):
        return _invalid(spoken)
    past, past_path = _past(agent)
    context = _context(past, past_path)
    if isinstance(context, str):
        return _invalid(context)

    taken = [
        *_TAKEN,
        *below("audio", SOUND_TAKEN),
        *below("agent.listen", heard.taken),
        *below("agent.think", thought.taken),
        *below("agent.speak", spoken.taken),
        *below(f"{past_path}[]", _PAST_FIELDS),
    ]
    older = maps.language_of(agent.language)
    if older is not None and heard.language in (None, older):
        taken.append("agent.language")
        heard = evolve(heard, language=older)
    config = SessionConfig(
        thought.prompt,
        thought.tools,
        voice=spoken.voice,
        speed=spoken.speed,
        language=known_language(heard),
        keyterms=heard.keyterms or (),
        turn_end=heard.turn_end or BySilence(),
        effort=thought.effort,
        input_sound=sound_of(audio.hears),
        output_sound=sound_of(audio.speaks),
    )
    notices = (*ignored_notices(ignored_paths(message, taken, _OPENED)), *thought.notices)
    configure = ConfigureSession(config, agent.greeting or "", context, thought.model, notices)
    return AcceptedSettings(configure, audio, _wants_history(event), heard.hints)


# --- the conversation so far ----------------------------------------------------------------------------------------


def _past(agent: Agent) -> tuple[list[PastItem], str]:
    """The earlier conversation, and where in the message it stands; the newer spelling goes first."""
    if agent.context is not None and agent.context.messages is not None:
        return agent.context.messages, "agent.context.messages"
    return agent.messages or [], "agent.messages"


def _context(past: list[PastItem], path: str) -> tuple[ContextEntry, ...] | str:
    entries: list[ContextEntry] = []
    for index, item in enumerate(past):
        if item.role is not None and item.content is not None:
            if item.role not in _ROLES:
                return f"$.{path}[{index}].role must be {' or '.join(_ROLES)}."
            entries.append(ContextLine(_ROLES[item.role], item.content))
        elif item.function_calls is None:
            return f"$.{path}[{index}] must have role and content, or function_calls."
        entries.extend(
            ContextCall(ToolCall(call.id, call.name, call.arguments), call.response)
            for call in item.function_calls or ()
        )
        if len(entries) > MAX_CONTEXT_ENTRIES:
            return f"$.{path} must be at most {MAX_CONTEXT_ENTRIES} lines and calls; send the latest."
    return tuple(entries)


# --- the rest -------------------------------------------------------------------------------------------------------


def _wants_history(event: Settings) -> bool:
    """Whether ``History`` is to be told; either spelling can say that it is not."""
    flags = (event.flags, event.settings.flags if event.settings else None)
    return not any(isinstance(one, Flags) and one.history is False for one in flags)


def _invalid(detail: str) -> Problem:
    return Problem(Cause.SETTINGS_INVALID, detail)
