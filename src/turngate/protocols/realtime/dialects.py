"""
The dialects of the Realtime protocol: what each known server does otherwise than OpenAI's GA API.

Responsible for the facts, as data, and for telling the dialect of a URL.

Must not know: how anything is sent; that is ``dialect_wire.py``, which reads these tables.

Comes from: vendors' documentation and what was observed; nothing here was tried against a live service. Goes to: the
translation, the dialler's headers, the simulator that plays such a server, and the reference page, which is made of it.
"""

from enum import Enum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from attrs import field, frozen

from turngate.protocols.realtime.placement import Place, same
from turngate.session.capabilities import OPENAI, Capabilities, SecondCreate

BEARER: Final = "Authorization"
"""The header in which a key is shown as ``Bearer KEY``; any other shows the key alone."""
API_KEY: Final = "api-key"


class Names(Enum):
    """What events, and parts of items, are called."""

    GA = "as in the GA API"
    BETA = "as in the beta"


class Tools(Enum):
    """How a function is described."""

    PLAIN = "its name beside its type"
    WRAPPED = "in an object of its own"


class Hints(Enum):
    """How words to expect are told to the transcription."""

    PROMPT = "as a prompt"
    TERMS = "as a list"
    NONE = "not at all"


# --- tables of fields -----------------------------------------------------------------------------------------------

_PCM: Final = {"type": "audio/pcm", "rate": 24000}
_FORMATS: Final = ((_PCM, "pcm16"), ({"type": "audio/pcmu"}, "g711_ulaw"), ({"type": "audio/pcma"}, "g711_alaw"))
_MODALITIES: Final = ((["audio"], ["text", "audio"]), (["text"], ["text"]))

GA_SESSION: Final = same(
    "type",
    "model",
    "output_modalities",
    "instructions",
    "audio.input.format",
    "audio.input.transcription",
    "audio.input.noise_reduction",
    "audio.input.turn_detection",
    "audio.output.format",
    "audio.output.voice",
    "audio.output.speed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "reasoning",
    "prompt",
    "tracing",
    "truncation",
    "include",
)
FLAT_SESSION: Final = (
    *same("model", "instructions", "tools", "tool_choice", "tracing"),
    Place("output_modalities", "modalities", _MODALITIES),
    Place("audio.input.format", "input_audio_format", _FORMATS),
    Place("audio.output.format", "output_audio_format", _FORMATS),
    Place("audio.input.transcription", "input_audio_transcription"),
    Place("audio.input.noise_reduction", "input_audio_noise_reduction"),
    Place("audio.input.turn_detection", "turn_detection"),
    Place("audio.output.voice", "voice"),
    Place("audio.output.speed", "speed"),
    Place("max_output_tokens", "max_response_output_tokens"),
)
XAI_SESSION: Final = (
    *same("instructions", "tools", "audio.input.format", "audio.output.format", "audio.output.speed"),
    Place("audio.output.voice", "voice"),
    Place("audio.input.turn_detection", "turn_detection"),
    Place(
        "audio.input.transcription",
        "audio.input.transcription",
        inner=(("language", "language_hint"), ("keywords", "keyterms")),
    ),
)
QWEN_SESSION: Final = (
    *same("instructions", "tools"),
    Place("output_modalities", "modalities", _MODALITIES),
    Place("audio.input.format", "input_audio_format", ((_PCM, "pcm"),)),
    Place("audio.output.format", "output_audio_format", ((_PCM, "pcm"),)),
    Place("audio.input.transcription", "input_audio_transcription", inner=(("model", "model"),)),
    Place("audio.input.turn_detection", "turn_detection"),
    Place("audio.output.voice", "voice"),
)
SPEACHES_SESSION: Final = (
    *same("instructions", "tools", "tool_choice"),
    Place("output_modalities", "modalities", _MODALITIES),
    Place("audio.input.transcription", "input_audio_transcription"),
    Place("audio.input.turn_detection", "turn_detection"),
    Place("audio.output.voice", "voice"),
    Place("max_output_tokens", "max_response_output_tokens"),
)

GA_RESPONSE: Final = same(
    "conversation",
    "metadata",
    "instructions",
    "input",
    "output_modalities",
    "audio.output.voice",
    "audio.output.format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "reasoning",
    "prompt",
)
FLAT_RESPONSE: Final = (
    *same("conversation", "metadata", "instructions", "input", "tools", "tool_choice"),
    Place("output_modalities", "modalities", _MODALITIES),
    Place("audio.output.voice", "voice"),
    Place("audio.output.format", "output_audio_format", _FORMATS),
    Place("max_output_tokens", "max_response_output_tokens"),
)
BRIEF_RESPONSE: Final = (*same("instructions"), Place("output_modalities", "modalities", _MODALITIES))
SPEACHES_RESPONSE: Final = (*BRIEF_RESPONSE, *same("tools", "tool_choice"))

GA_DETECTION: Final = (
    "threshold",
    "prefix_padding_ms",
    "silence_duration_ms",
    "idle_timeout_ms",
    "create_response",
    "interrupt_response",
)
BETA_DETECTION: Final = tuple(name for name in GA_DETECTION if name != "idle_timeout_ms")

ACTIVE_CODES: Final = frozenset({"conversation_already_has_active_response", "response_already_active"})
VOICE_LOCKED_CODES: Final = frozenset({"cannot_update_voice"})


# --- dialects -------------------------------------------------------------------------------------------------------


@frozen
class Dialect:
    """One server's way with the protocol; what is not said is as in OpenAI's GA API."""

    name: str
    servers: str
    """Whose it is, for the reference page."""
    host: str | None = None
    """Where it is by default; ``None`` where that is each operator's own."""
    path: str = "/v1/realtime?model={model}"
    """What follows the host in a URL that names nothing more than that."""
    known_by: tuple[tuple[str, str], ...] = ()
    """The ends of hosts, each with the beginning of a path, by which a URL is told to be of this dialect."""
    model: str | None = None
    """The model where the operator names none."""
    model_prefixes: tuple[str, ...] = ()
    """How names of models begin that a client may choose."""
    has_openai_voices: bool = True
    """Whether it has OpenAI's voices, by which other names are known; else only those that the operator maps."""
    key_header: str = BEARER
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request for a connection."""
    names: Names = Names.GA
    session: tuple[Place, ...] = field(default=GA_SESSION, repr=False)
    response: tuple[Place, ...] = field(default=GA_RESPONSE, repr=False)
    detection: tuple[str, ...] = GA_DETECTION
    """What may be said of turn detection by silence, beside its type."""
    detects_meaning: bool = True
    """Whether turns may end by their meaning (``semantic_vad``)."""
    manual: object = None
    """What stands for no turn detection."""
    bounds: tuple[tuple[str, float, float], ...] = ()
    """Of fields of turn detection and of ``speed``: the least and the most, to which a value is moved."""
    tools: Tools = Tools.PLAIN
    hints: Hints = Hints.PROMPT
    transcription_model: str | None = "gpt-4o-transcribe"
    """What writes down the user's speech; ``None`` leaves it to the server."""
    cancels_by_id: bool = True
    """Whether ``response.cancel`` may name its response."""
    takes_g711: bool = True
    """Whether a telephone's sound is taken and given as it is."""
    is_ready_by_conversation: bool = False
    """Whether ``conversation.created`` may be the first event, and all that is said of readiness."""
    binary_audio: bool = False
    """Whether speech may come in binary messages."""
    error_code_field: str = "code"
    """Where in an ``error`` its code stands."""
    output_rate_hz: int = 24_000
    capabilities: Capabilities = OPENAI


GA: Final = Dialect(
    "ga",
    "OpenAI",
    host="wss://api.openai.com",
    known_by=(("api.openai.com", ""),),
    model="gpt-realtime",
    model_prefixes=("gpt-realtime",),
)
BETA: Final = Dialect(
    "beta",
    "servers that keep to OpenAI's beta",
    model_prefixes=("gpt-realtime", "gpt-4o-realtime"),
    headers=(("OpenAI-Beta", "realtime=v1"),),
    names=Names.BETA,
    session=FLAT_SESSION,
    response=FLAT_RESPONSE,
    detection=BETA_DETECTION,
    capabilities=Capabilities(max_session_s=None),
)
_AZURE_HOSTS: Final = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
AZURE: Final = Dialect(
    "azure",
    "Azure OpenAI, GA",
    path="/openai/v1/realtime?model={model}",
    known_by=tuple((host, "/openai/v1/realtime") for host in _AZURE_HOSTS),
    key_header=API_KEY,
    capabilities=Capabilities(max_session_s=1800.0),
)
AZURE_PREVIEW: Final = Dialect(
    "azure-preview",
    "Azure OpenAI, preview",
    path="/openai/realtime?api-version=2025-04-01-preview&deployment={model}",
    known_by=tuple((host, "/openai/realtime") for host in _AZURE_HOSTS),
    key_header=API_KEY,
    names=Names.BETA,
    session=FLAT_SESSION,
    response=FLAT_RESPONSE,
    detection=BETA_DETECTION,
    transcription_model="whisper-1",
    capabilities=Capabilities(max_session_s=1800.0),
)
XAI: Final = Dialect(
    "xai",
    "xAI, Grok Voice",
    host="wss://api.x.ai",
    known_by=(("api.x.ai", ""),),
    model="grok-voice-latest",
    model_prefixes=("grok-voice",),
    has_openai_voices=False,
    session=XAI_SESSION,
    response=BRIEF_RESPONSE,
    detection=("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms"),
    detects_meaning=False,
    manual={"type": None},
    bounds=(("threshold", 0.1, 0.9), ("silence_duration_ms", 0, 10_000), ("speed", 0.7, 1.5)),
    hints=Hints.TERMS,
    transcription_model=None,
    cancels_by_id=False,
    is_ready_by_conversation=True,
    binary_audio=True,
    capabilities=Capabilities(echoes_metadata=False, truncates=False, lets_us_start=False),
)
QWEN: Final = Dialect(
    "qwen",
    "Qwen-Omni-Realtime of DashScope",
    host="wss://dashscope-intl.aliyuncs.com",
    path="/api-ws/v1/realtime?model={model}",
    known_by=(("dashscope.aliyuncs.com", ""), ("dashscope-intl.aliyuncs.com", ""), (".maas.aliyuncs.com", "")),
    model="qwen3-omni-flash-realtime",
    model_prefixes=("qwen",),
    has_openai_voices=False,
    names=Names.BETA,
    session=QWEN_SESSION,
    response=BRIEF_RESPONSE,
    detection=("threshold", "silence_duration_ms"),
    detects_meaning=False,
    bounds=(("threshold", -1.0, 1.0), ("silence_duration_ms", 200, 6000)),
    tools=Tools.WRAPPED,
    hints=Hints.NONE,
    transcription_model="gummy-realtime-v1",
    cancels_by_id=False,
    takes_g711=False,
    capabilities=Capabilities(
        echoes_metadata=False, truncates=False, lets_us_start=False, max_session_s=7200.0, input_rate_hz=16_000
    ),
)
LOCALAI: Final = Dialect(
    "localai",
    "LocalAI",
    host="ws://localhost:8080",
    has_openai_voices=False,
    detects_meaning=False,
    transcription_model=None,
    takes_g711=False,
    capabilities=Capabilities(echoes_metadata=False, max_session_s=None),
)
SPEACHES: Final = Dialect(
    "speaches",
    "speaches",
    host="ws://localhost:8000",
    has_openai_voices=False,
    names=Names.BETA,
    session=SPEACHES_SESSION,
    response=SPEACHES_RESPONSE,
    detection=("threshold", "silence_duration_ms", "create_response"),
    detects_meaning=False,
    hints=Hints.NONE,
    transcription_model=None,
    takes_g711=False,
    error_code_field="type",
    capabilities=Capabilities(second_create=SecondCreate.SUPERSEDES, echoes_metadata=False, max_session_s=None),
)

DIALECTS: Final = MappingProxyType(
    {one.name: one for one in (GA, BETA, AZURE, AZURE_PREVIEW, XAI, QWEN, LOCALAI, SPEACHES)}
)


def dialect_of(url: str) -> Dialect:
    """The dialect that is known to be spoken at a URL; that of the GA API where none is."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return GA
    for dialect in DIALECTS.values():
        for end, beginning in dialect.known_by:
            is_host = host == end or (end.startswith(".") and host.endswith(end))
            if is_host and parts.path.startswith(beginning):
                return dialect
    return GA


def completed(url: str, dialect: Dialect) -> str:
    """The URL with the dialect's own path, where it names no more than a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.path and not parts.query and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}{dialect.path}"
    return url
