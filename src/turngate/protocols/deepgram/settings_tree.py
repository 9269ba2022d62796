"""
The tree of a ``Settings`` message, field by field.

Responsible for the shape only: which fields there are and what type each has. Names that Deepgram adds to freely
(providers, models, encodings) are plain strings, so that a new one is not refused here.

Must not know: which settings have an effect; :mod:`turngate.protocols.deepgram.settings` decides that.

Comes from: the bytes of a client, by :mod:`turngate.protocols.deepgram.codec`. Goes to: the client events, which carry
these, and the settings. Source: the protocol's reference for ``Settings``, and the types of its Python SDK.

Every optional field may also be ``null``. Unknown fields are tolerated.
"""

from typing import Any, TypeVar

from msgspec import Struct


class Wire(Struct, frozen=True):
    """What came off or goes onto the wire; its ``repr`` says no content, since that may be secret or private."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


# --- parts used in several places -----------------------------------------------------------------------------------


class Endpoint(Wire, frozen=True):
    """Where a provider of one's own, or a function, is called; the headers hold secrets."""

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None


class Credentials(Wire, frozen=True):
    """The keys to a cloud provider; secret."""

    type: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None


# --- audio ----------------------------------------------------------------------------------------------------------


class AudioInput(Wire, frozen=True):
    """``audio.input``: what the client's binary messages hold."""

    encoding: str | None = None
    sample_rate: int | None = None


class AudioOutput(Wire, frozen=True):
    """``audio.output``: what the server's binary messages are to hold."""

    encoding: str | None = None
    sample_rate: int | None = None
    bitrate: int | None = None
    container: str | None = None


class Audio(Wire, frozen=True):
    """``audio``: both directions."""

    input: AudioInput | None = None
    output: AudioOutput | None = None


# --- listening, thinking, speaking ----------------------------------------------------------------------------------


class ListenProvider(Wire, frozen=True):
    """``listen.provider``: version ``v1`` (Nova, also when it is missing) and ``v2`` (Flux) in one."""

    type: str | None = None
    version: str | None = None
    model: str | None = None
    language: str | None = None
    smart_format: bool | None = None
    keyterms: list[str] | None = None
    language_hints: list[str] | None = None
    language_hint: str | list[str] | None = None
    eot_threshold: float | None = None
    eager_eot_threshold: float | None = None
    eot_timeout_ms: int | None = None


class Listen(Wire, frozen=True):
    """``listen``: how the user is heard."""

    provider: ListenProvider | None = None


class ThinkProvider(Wire, frozen=True):
    """``think.provider``: the fields of all providers in one; ``type`` tells which it is."""

    type: str
    version: str | None = None
    model: str | None = None
    temperature: float | None = None
    reasoning_mode: str | None = None
    voice_prompt_opt_out: bool | None = None
    credentials: Credentials | None = None


class Function(Wire, frozen=True):
    """One of ``think.functions``; with an ``endpoint`` the server is asked to call it."""

    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None
    endpoint: Endpoint | None = None
    defer_until_eot: bool | None = None
    initial_agent_filler: bool | None = None
    agent_filler_max_count: int | None = None
    agent_filler_interval_ms: int | None = None


class Think(Wire, frozen=True):
    """``think``: the model that answers, what it is told and what it may call."""

    provider: ThinkProvider
    endpoint: Endpoint | None = None
    functions: list[Function] | None = None
    prompt: str | None = None
    context_length: str | float | None = None


class ThinkLiveProvider(Wire, frozen=True):
    """``think_live.provider``."""

    type: str | None = None
    version: str | None = None
    agent_backchannel_sensitivity: float | str | None = None
    presence_check_max_count: int | None = None
    presence_check_interval_ms: int | None = None
    frustration_max_count: int | None = None
    restricted_terms: list[str] | None = None


class ThinkLive(Wire, frozen=True):
    """``think_live``: an early-access feature of the original service."""

    provider: ThinkLiveProvider


class VoiceChoice(Wire, frozen=True):
    """The ``voice`` object of the provider ``cartesia``."""

    mode: str | None = None
    id: str | None = None


class SpeakProvider(Wire, frozen=True):
    """``speak.provider``: the fields of all providers in one; ``type`` tells which it is."""

    type: str
    version: str | None = None
    model: str | None = None
    model_id: str | None = None
    voice: str | VoiceChoice | None = None
    language: str | None = None
    language_code: str | None = None
    speed: float | None = None
    expressivity: float | None = None
    volume: float | None = None
    engine: str | None = None
    credentials: Credentials | None = None


class Speak(Wire, frozen=True):
    """``speak``: the voice."""

    provider: SpeakProvider
    endpoint: Endpoint | None = None


T = TypeVar("T", Think, Speak)


def first(alternatives: T | list[T] | None) -> T | None:
    """The first of alternatives, which is the one that counts; the others are for the case that it fails."""
    if isinstance(alternatives, list):
        return alternatives[0] if alternatives else None
    return alternatives


# --- the conversation so far ----------------------------------------------------------------------------------------


class PastCall(Wire, frozen=True, omit_defaults=True):
    """A function call with its result, in a ``History`` item."""

    id: str
    name: str
    client_side: bool
    arguments: str
    response: str
    thought_signature: str | None = None


class PastItem(Wire, frozen=True):
    """One item of ``context.messages``: either a line (``role``, ``content``) or ``function_calls``."""

    type: str | None = None
    role: str | None = None
    content: str | None = None
    function_calls: list[PastCall] | None = None


class PastConversation(Wire, frozen=True):
    """``agent.context``."""

    messages: list[PastItem] | None = None


# --- the top --------------------------------------------------------------------------------------------------------


class Agent(Wire, frozen=True):
    """``agent``; ``messages`` is the older spelling of ``context.messages``, ``language`` that of the providers'."""

    language: str | None = None
    greeting: str | None = None
    context: PastConversation | None = None
    messages: list[PastItem] | None = None
    listen: Listen | None = None
    think: Think | list[Think] | None = None
    think_live: ThinkLive | None = None
    speak: Speak | list[Speak] | None = None


class Flags(Wire, frozen=True):
    """``flags``."""

    history: bool | None = None


class OlderSettings(Wire, frozen=True):
    """``settings``: where a page of the original's documentation puts ``flags``."""

    flags: Flags | None = None
