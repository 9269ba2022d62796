"""
The session as a client may set it: the ``session`` of ``session.update``, and what a response may have otherwise.

Responsible for its fields and their bounds, strictly: an unknown field, a wrong type or a value out of bounds is
refused with its path, as the API refuses it. The bounds hold when it is read; what we write, we write within them.

Must not know: what the session is configured to, which fields may still change.

Comes from: ``translation.py``, and ``codec.py`` in the simulator. Goes to: ``client_events.py``, whose events hold it.

Source: OpenAI Realtime API, GA, the session object. ``UNSET`` means that a field is not sent, which differs from
``null``: absent leaves as it is, null clears.
"""

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, UnsetType

from turngate.protocols.realtime.wire import JsonObject, Wire

PCM_RATE_HZ: Final = 24_000
"""The only rate of ``audio/pcm``."""

Modalities: TypeAlias = Annotated[list[Literal["text", "audio"]], Meta(min_length=1, max_length=1)]
"""One of the two; audio always comes with its transcript."""

MaxTokens: TypeAlias = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Milliseconds: TypeAlias = Annotated[int, Meta(ge=0)]


class Strict(Wire, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An object of which every field is known."""


# --- audio ----------------------------------------------------------------------------------------------------------


class Pcm(Strict, tag="audio/pcm", frozen=True, kw_only=True):
    """linear16, mono, little endian."""

    rate: Literal[24000] | UnsetType = UNSET


class Pcmu(Strict, tag="audio/pcmu", frozen=True):
    """G.711 mu-law at 8,000 samples a second."""


class Pcma(Strict, tag="audio/pcma", frozen=True):
    """G.711 A-law at 8,000 samples a second."""


Format: TypeAlias = Pcm | Pcmu | Pcma


class Transcription(Strict, frozen=True, kw_only=True):
    """How the user's speech is written down; ``null`` in its place turns it off."""

    model: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    """ISO-639-1."""
    languages: list[str] | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    keywords: list[str] | UnsetType = UNSET
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


class NoiseReduction(Strict, frozen=True, kw_only=True):
    """How noise is taken out of the user's speech."""

    type: Literal["near_field", "far_field"] | UnsetType = UNSET
    strength: float | UnsetType = UNSET


class ServerVad(Strict, tag="server_vad", frozen=True, kw_only=True):
    """Turns end with silence of a given length."""

    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    prefix_padding_ms: Milliseconds | UnsetType = UNSET
    silence_duration_ms: Milliseconds | UnsetType = UNSET
    idle_timeout_ms: Milliseconds | UnsetType | None = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVad(Strict, tag="semantic_vad", frozen=True, kw_only=True):
    """Turns end when they sound finished."""

    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class AudioInput(Strict, frozen=True, kw_only=True):
    """What the user's audio is, and what is done with it."""

    format: Format | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: ServerVad | SemanticVad | UnsetType | None = UNSET


class CustomVoice(Strict, frozen=True, kw_only=True):
    """A voice of the operator's own."""

    id: str


class AudioOutput(Strict, frozen=True, kw_only=True):
    """How the model speaks."""

    format: Format | UnsetType = UNSET
    voice: str | CustomVoice | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType = UNSET


class Audio(Strict, frozen=True, kw_only=True):
    """Audio in both directions."""

    input: AudioInput | UnsetType = UNSET
    output: AudioOutput | UnsetType = UNSET


# --- tools ----------------------------------------------------------------------------------------------------------


class FunctionTool(Strict, tag="function", frozen=True, kw_only=True):
    """A function that the model may call; ``parameters`` is a JSON Schema object, as it was written."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]
    description: str | UnsetType = UNSET
    parameters: Raw | UnsetType = UNSET


class McpTool(Strict, tag="mcp", frozen=True, kw_only=True):
    """A tool server that the upstream itself would call; never sent by this proxy. ``headers`` are secret."""

    server_label: str
    server_url: str | UnsetType = UNSET
    server_description: str | UnsetType = UNSET
    allowed_callers: list[str] | UnsetType = UNSET
    allowed_tools: list[str] | JsonObject | UnsetType | None = UNSET
    authorization: str | UnsetType = UNSET
    connector_id: str | UnsetType = UNSET
    defer_loading: bool | UnsetType = UNSET
    headers: dict[str, str] | UnsetType | None = UNSET
    require_approval: Literal["always", "never"] | JsonObject | UnsetType | None = UNSET
    tunnel_id: str | UnsetType = UNSET


Tool: TypeAlias = FunctionTool | McpTool


class FunctionChoice(Strict, tag="function", frozen=True, kw_only=True):
    """Call this function."""

    name: str


class McpChoice(Strict, tag="mcp", frozen=True, kw_only=True):
    """Call something of this tool server."""

    server_label: str
    name: str | UnsetType | None = UNSET


ToolChoice: TypeAlias = Literal["none", "auto", "required"] | FunctionChoice | McpChoice


# --- the session ----------------------------------------------------------------------------------------------------


class Prompt(Strict, frozen=True, kw_only=True):
    """A prompt that is stored upstream."""

    id: str
    version: str | UnsetType | None = UNSET
    variables: JsonObject | UnsetType | None = UNSET


class Reasoning(Strict, frozen=True, kw_only=True):
    """How much a reasoning model thinks."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


class Tracing(Strict, frozen=True, kw_only=True):
    """How the upstream's traces are labelled."""

    workflow_name: str | UnsetType = UNSET
    group_id: str | UnsetType = UNSET
    metadata: JsonObject | UnsetType = UNSET


class TokenLimits(Strict, frozen=True, kw_only=True):
    """What is kept at most when the context is cut."""

    post_instructions: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class RetentionRatio(Strict, tag="retention_ratio", frozen=True, kw_only=True):
    """How much is kept when the context is cut."""

    retention_ratio: Annotated[float, Meta(ge=0, le=1)]
    token_limits: TokenLimits | UnsetType = UNSET


class Session(Strict, frozen=True, kw_only=True):
    """The session of a ``session.update``; only what is present changes. ``type`` is required each time."""

    type: Literal["realtime"]
    model: str | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    prompt: Prompt | UnsetType | None = UNSET
    tracing: Literal["auto"] | Tracing | UnsetType | None = UNSET
    truncation: Literal["auto", "disabled"] | RetentionRatio | UnsetType = UNSET
    include: list[Literal["item.input_audio_transcription.logprobs"]] | UnsetType = UNSET
