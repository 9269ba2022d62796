"""
What a component's ``Settings`` ask for, in the words of the session.

Responsible for the profile's own defaults, for folding the earlier conversation into the instructions, and for taking
what can be used. Must not know: the upstream's protocol, whether these settings are the first.

Comes from: ``face.py``, decoded, with the bytes. Goes to: the session (``ConfigureSession``).

Settings that cannot be used at all (a function that the server would have to call, an audio format that is not known)
are refused as a whole with the field's path, as in the Deepgram profile; the session lives, and they can be corrected.
"""

from types import MappingProxyType
from typing import Any, Final

import msgspec
from attrs import evolve, field, frozen

from turngate.audio import AudioFormat, ClientAudio, Encoding, SessionAudio
from turngate.protocols.component import choices
from turngate.protocols.component.client_events import Settings, Think
from turngate.protocols.deepgram import settings_tree as deepgram
from turngate.protocols.deepgram.hearing import hearing, known_language
from turngate.protocols.deepgram.ignored import below, ignored_notices, ignored_paths
from turngate.protocols.deepgram.maps import Maps
from turngate.protocols.deepgram.settings import MAX_CONTEXT_ENTRIES
from turngate.protocols.deepgram.sound import client_audio, sound_of
from turngate.protocols.deepgram.thinking import thinking
from turngate.session.messages import (
    ByPause,
    BySilence,
    Cause,
    ConfigureSession,
    Problem,
    Role,
    SessionConfig,
    Starter,
)

DEFAULT_RATE_HZ: Final = 16_000
DEFAULT_AUDIO: Final = ClientAudio(AudioFormat(Encoding.LINEAR16, DEFAULT_RATE_HZ), SessionAudio.PCM.value)
"""What a component's audio is, unless its settings say something else."""
SILENCE_MS: Final = 200
CONTEXT_HEADING: Final = "Previous conversation:"
TOOLS_HINT: Final = "Use the functions that you are given whenever they help to answer."

_SPEAKS: Final = MappingProxyType(
    {"audio/pcm": SessionAudio.PCM, "audio/pcmu": SessionAudio.PCMU, "audio/pcma": SessionAudio.PCMA}
)
_CONVERTING: Final = Maps(passes_g711=False)
"""The user's audio is always PCM to the session, whose commits are counted in it."""
_ROLES: Final = tuple(role.value for role in Role)
_TAKEN: Final = (
    "type",
    "audio.input.encoding",
    "audio.input.sample_rate",
    "agent.greeting",
    "agent.context",
    "agent.messages",
    "agent.sessionAudioOutput",
    "agent.idleTimeoutMs",
    "agent.useOpenAIManualAudioCommit",
    "agent.think.toolChoice",
    "agent.think.outputModalities",
    "agent.think.maxOutputTokens",
    "agent.think.managedPrompt",
    # components send these as a matter of course; that they have no effect is part of the profile
    "agent.speak",
    "agent.think.provider.temperature",
    "flags",
    "tags",
    "experimental",
    "mip_opt_out",
)


@frozen
class AcceptedSettings:
    """Settings that can be used: what the session is to be, and what the client's audio is."""

    configure: ConfigureSession = field(repr=False)
    audio: ClientAudio


def accept_settings(
    event: Settings, payload: bytes, maps: Maps, running: ClientAudio | None = None
) -> AcceptedSettings | Problem:
    """
    Take the settings, or say which field cannot be used and what it may be.

    Args:
        event: the decoded message.
        payload: the bytes that it was decoded from; fields that are unknown here are named from these.
        maps: the operator's names.
        running: the audio of the running session, whose way out cannot change; ``None`` where it still can.
    """
    agent = event.agent
    if isinstance(agent, str):
        detail = "agent must be an object with the whole configuration; stored agent configurations are not available."
        return Problem(Cause.AGENT_ID_UNSUPPORTED, detail)
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _invalid("A field that is not used here holds what cannot be read; leave it out.")
    audio = client_audio(_audio(event.audio), _CONVERTING)
    if isinstance(audio, str):
        return _invalid(audio)
    heard = hearing(agent.listen, maps, "$.agent.listen")
    if isinstance(heard, str):
        return _invalid(heard)
    think = (agent.think[0] if agent.think else None) if isinstance(agent.think, list) else agent.think
    think = think or Think()
    thought = thinking(_deepgrams(think), maps, "$.agent.think", maps.model)
    if isinstance(thought, str):
        return _invalid(thought)
    past = agent.context.messages if agent.context and agent.context.messages else agent.messages or []
    lines = _lines(past)
    if isinstance(lines, str):
        return _invalid(lines)

    speech = choices.speech(agent.audio_output)
    if running is None:
        wanted = _SPEAKS[speech.format]
        audio = evolve(audio, output_format=wanted.value, speaks=wanted if maps.passes_g711 else SessionAudio.PCM)
    else:
        audio = evolve(audio, output_format=running.output_format, speaks=running.speaks)
    config = SessionConfig(
        _instructions(think.prompt or "", bool(thought.tools), lines),
        thought.tools,
        voice=speech.voice,
        speed=speech.speed,
        language=known_language(heard),
        keyterms=heard.keyterms or (),
        turn_end=ByPause()
        if agent.commits_by_pause is True
        else BySilence(SILENCE_MS, choices.idle_ms(agent.idle_timeout_ms)),
        effort=thought.effort,
        output_sound=sound_of(audio.speaks),
        starter=Starter.PROXY if agent.commits_by_pause is True else Starter.UPSTREAM,
        tool_choice=choices.tool_choice(think.tool_choice),
        output=choices.output(think.output_modalities),
        max_output_tokens=choices.max_output_tokens(think.max_output_tokens),
        stored_prompt=choices.stored_prompt(think.managed_prompt),
    )
    taken = (*_TAKEN, *below("agent.think", thought.taken), *below("agent.listen", heard.taken))
    notices = ignored_notices(ignored_paths(message, taken))
    greeting = "" if lines else agent.greeting or ""
    return AcceptedSettings(ConfigureSession(config, greeting, notices=notices), audio)


def _deepgrams(think: Think) -> deepgram.Think:
    """The same in Deepgram's words, without the prompt, which has no bound of its own here."""
    given: dict[str, Any] = think.provider if isinstance(think.provider, dict) else {}
    texts = {name: given[name] for name in ("model", "reasoning_mode") if isinstance(given.get(name), str)}
    return deepgram.Think(deepgram.ThinkProvider(type="open_ai", **texts), functions=think.functions)


def _instructions(prompt: str, has_tools: bool, lines: list[str]) -> str:
    """What the model is told: the prompt, a hint where there are functions, and the earlier conversation."""
    conversation = "\n".join([CONTEXT_HEADING, *lines]) if lines else ""
    return "\n\n".join(part for part in (prompt, TOOLS_HINT if has_tools else "", conversation) if part)


def _lines(past: list[deepgram.PastItem]) -> list[str] | str:
    """The earlier conversation, a line for each message and each call."""
    lines: list[str] = []
    for index, item in enumerate(past):
        if item.role is not None and item.content is not None:
            if item.role not in _ROLES:
                return f"$.agent.context.messages[{index}].role must be {' or '.join(_ROLES)}."
            lines.append(f"{item.role}: {item.content}")
        lines += [f"function {call.name}({call.arguments}): {call.response}" for call in item.function_calls or ()]
        if len(lines) > MAX_CONTEXT_ENTRIES:
            return f"$.agent.context.messages must be at most {MAX_CONTEXT_ENTRIES} lines; send the latest."
    return lines


def _audio(wanted: deepgram.Audio | None) -> deepgram.Audio:
    """The client's own audio, at the profile's rate where it names none; what it is sent is chosen elsewhere."""
    given = wanted.input if wanted and wanted.input else deepgram.AudioInput()
    if given.encoding in (None, Encoding.LINEAR16.value) and given.sample_rate is None:
        given = deepgram.AudioInput(Encoding.LINEAR16.value, DEFAULT_RATE_HZ)
    return deepgram.Audio(input=given)


def _invalid(detail: str) -> Problem:
    return Problem(Cause.SETTINGS_INVALID, detail)
