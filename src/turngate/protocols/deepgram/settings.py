"""
What a ``Settings`` message asks for, in the words of the session.

Responsible for taking what this proxy can do, for refusing what cannot be done without harm (an unknown audio format,
a function that we would have to call), and for naming all the rest.

Must not know: the upstream's protocol.

Comes from: a decoded ``Settings`` with its bytes. Goes to: the session (``ConfigureSession``) and the client's audio
edge (the formats).
"""

from types import MappingProxyType
from typing import Final, TypeVar

import msgspec
from attrs import evolve, field, frozen

from turngate.audio.formats import AudioFormat, Encoding
from turngate.protocols.deepgram.choices import choices
from turngate.protocols.deepgram.client_events import Settings
from turngate.protocols.deepgram.ignored import ignored_paths
from turngate.protocols.deepgram.settings_tree import Agent, AudioInput, AudioOutput, Flags, PastItem, Speak, Think
from turngate.session.messages import (
    SESSION_RATE_HZ,
    Cause,
    ConfigureSession,
    ContextCall,
    ContextEntry,
    ContextLine,
    Problem,
    Role,
    SessionConfig,
    ToolCall,
    ToolSpec,
)

INPUT_RATES_HZ: Final = (8_000, 16_000, 24_000, 44_100, 48_000)
MAX_PROMPT_CHARS: Final = 25_000
"""The original service's own bound for the models that it runs."""
MAX_FUNCTIONS: Final = 128
MAX_PARAMETERS_BYTES: Final = 64 * 1024
MAX_ALL_PARAMETERS_BYTES: Final = 256 * 1024
MAX_CONTEXT_ENTRIES: Final = 256

_ROLES: Final = MappingProxyType({role.value: role for role in Role})

_TAKEN: Final = frozenset(
    {
        "audio.input.encoding",
        "audio.input.sample_rate",
        "audio.output.encoding",
        "audio.output.sample_rate",
        "audio.output.container",
        "agent.greeting",
        "agent.think.prompt",
        "agent.think.functions[].name",
        "agent.think.functions[].description",
        "agent.think.functions[].parameters",
    }
)
"""What has an effect in every message that holds it."""

_HARMLESS: Final = frozenset(
    {
        "type",
        "tags",
        "experimental",
        "mip_opt_out",
        "agent.listen.provider.type",
        "agent.listen.provider.version",
        "agent.think.provider.type",
        "agent.think.provider.version",
        "agent.speak.provider.type",
        "agent.speak.provider.version",
        # calls are only ever made for a turn that has ended
        "agent.think.functions[].defer_until_eot",
    }
)
"""What changes nothing that a client could notice."""

_HISTORY_FLAGS: Final = ("flags.history", "settings.flags.history")
_OPENED: Final = ("flags", "settings", "settings.flags")
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


T = TypeVar("T", Think, Speak)


@frozen
class AcceptedSettings:
    """Settings that can be used: what the session is to be, and what the client's audio is at either side."""

    configure: ConfigureSession = field(repr=False)
    input_format: AudioFormat
    output_format: AudioFormat


def accept_settings(event: Settings, payload: bytes) -> AcceptedSettings | Problem:
    """
    Take the settings, or say which field cannot be used and what it may be.

    Args:
        event: the decoded message.
        payload: the bytes that it was decoded from; fields that are unknown here are named from these.
    """
    agent = event.agent
    if isinstance(agent, str):
        detail = "agent must be an object with the whole configuration; stored agent configurations are not available."
        return Problem(Cause.AGENT_ID_UNSUPPORTED, detail)
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _invalid("A field that is not used here holds what cannot be read; leave it out.")

    input_format = _input_format(event.audio.input if event.audio else None)
    if isinstance(input_format, Problem):
        return input_format
    output_format = _output_format(event.audio.output if event.audio else None)
    if isinstance(output_format, Problem):
        return output_format
    think = _first(agent.think)
    tools = _tools(think)
    if isinstance(tools, Problem):
        return tools
    past, past_path = _past(agent)
    context = _context(past, past_path)
    if isinstance(context, Problem):
        return context

    taken = set(_TAKEN | _HARMLESS)
    taken.update(f"{past_path}[].{name}" for name in _PAST_FIELDS)
    taken.update(path for path, flags in zip(_HISTORY_FLAGS, _flags(event), strict=True) if _wants_no_history(flags))
    chosen = choices(agent, think, _first(agent.speak))
    taken.update(chosen.paths)

    prompt = (think.prompt if think else None) or ""
    ignored = ignored_paths(message, taken, _OPENED)
    if len(prompt) > MAX_PROMPT_CHARS:
        ignored = (*ignored, f"agent.think.prompt beyond {MAX_PROMPT_CHARS} characters")
    config = SessionConfig(prompt[:MAX_PROMPT_CHARS], tools, voice=chosen.voice, language=chosen.language)
    configure = ConfigureSession(config, agent.greeting or "", context, chosen.model, ignored)
    return AcceptedSettings(configure, input_format, output_format)


# --- audio ----------------------------------------------------------------------------------------------------------


def _input_format(wanted: AudioInput | None) -> AudioFormat | Problem:
    encoding, rate_hz = (wanted.encoding, wanted.sample_rate) if wanted else (None, None)
    if encoding not in (None, Encoding.LINEAR16.value):
        return _invalid("$.audio.input.encoding must be linear16.")
    if rate_hz not in (None, *INPUT_RATES_HZ):
        return _invalid(f"$.audio.input.sample_rate must be one of {', '.join(map(str, INPUT_RATES_HZ))}.")
    return AudioFormat(Encoding.LINEAR16, rate_hz or SESSION_RATE_HZ)


def _output_format(wanted: AudioOutput | None) -> AudioFormat | Problem:
    if wanted is not None:
        if wanted.encoding not in (None, Encoding.LINEAR16.value):
            return _invalid("$.audio.output.encoding must be linear16, or be left out.")
        if wanted.sample_rate not in (None, SESSION_RATE_HZ):
            return _invalid(f"$.audio.output.sample_rate must be {SESSION_RATE_HZ}, or be left out.")
        if wanted.container not in (None, "none"):
            return _invalid("$.audio.output.container must be none, or be left out.")
    return AudioFormat(Encoding.LINEAR16, SESSION_RATE_HZ)


# --- tools ----------------------------------------------------------------------------------------------------------


def _tools(think: Think | None) -> tuple[ToolSpec, ...] | Problem:
    functions = (think.functions if think else None) or []
    if len(functions) > MAX_FUNCTIONS:
        return _invalid(f"$.agent.think.functions must be at most {MAX_FUNCTIONS}.")
    tools = []
    schema_bytes = 0
    for index, function in enumerate(functions):
        at = f"$.agent.think.functions[{index}]"
        if not function.name:
            return _invalid(f"{at}.name is required.")
        if function.endpoint is not None:
            advice = "functions are not called by the server. Leave endpoint out, and answer FunctionCallRequest."
            return _invalid(f"{at}.endpoint cannot be used: {advice}")
        tool = ToolSpec(function.name, function.description or "")
        if function.parameters:
            schema = msgspec.json.encode(function.parameters)
            schema_bytes += len(schema)
            if len(schema) > MAX_PARAMETERS_BYTES or schema_bytes > MAX_ALL_PARAMETERS_BYTES:
                each, both = MAX_PARAMETERS_BYTES // 1024, MAX_ALL_PARAMETERS_BYTES // 1024
                return _invalid(f"{at}.parameters must be at most {each} KiB, and all together {both} KiB.")
            tool = evolve(tool, parameters=schema.decode())
        tools.append(tool)
    return tuple(tools)


# --- the conversation so far ----------------------------------------------------------------------------------------


def _past(agent: Agent) -> tuple[list[PastItem], str]:
    """The earlier conversation, and where in the message it stands; the newer spelling goes first."""
    if agent.context is not None and agent.context.messages is not None:
        return agent.context.messages, "agent.context.messages"
    return agent.messages or [], "agent.messages"


def _context(past: list[PastItem], path: str) -> tuple[ContextEntry, ...] | Problem:
    entries: list[ContextEntry] = []
    for index, item in enumerate(past):
        if item.role is not None and item.content is not None:
            if item.role not in _ROLES:
                return _invalid(f"$.{path}[{index}].role must be {' or '.join(_ROLES)}.")
            entries.append(ContextLine(_ROLES[item.role], item.content))
        elif item.function_calls is None:
            return _invalid(f"$.{path}[{index}] must have role and content, or function_calls.")
        entries.extend(
            ContextCall(ToolCall(call.id, call.name, call.arguments), call.response)
            for call in item.function_calls or ()
        )
        if len(entries) > MAX_CONTEXT_ENTRIES:
            return _invalid(f"$.{path} must be at most {MAX_CONTEXT_ENTRIES} lines and calls; send the latest.")
    return tuple(entries)


# --- the rest -------------------------------------------------------------------------------------------------------


def _flags(event: Settings) -> tuple[Flags | None, Flags | None]:
    return event.flags, event.settings.flags if event.settings else None


def _wants_no_history(flags: Flags | None) -> bool:
    return flags is not None and flags.history is False


def _first(alternatives: T | list[T] | None) -> T | None:
    """The first of alternatives, which is the one that counts; the others are for the case that it fails."""
    if isinstance(alternatives, list):
        return alternatives[0] if alternatives else None
    return alternatives


def _invalid(detail: str) -> Problem:
    return Problem(Cause.SETTINGS_INVALID, detail)
