"""
What messages and effects are made of.

Responsible for the values that have no direction: roles, tools, configurations, causes, deadlines, endings.

Must not know: who sends any of them.

Audio in a session is linear16, mono, little endian, 24,000 samples a second (``SESSION_RATE_HZ``), in whole samples;
or, where the client's is G.711 at 8 kHz and the upstream takes that, G.711 as it came (:class:`Sound`). Other formats
end at the client's edge.
"""

from enum import Enum
from typing import Final, TypeAlias

from attrs import astuple, field, frozen

SESSION_RATE_HZ: Final = 24_000
"""Samples a second of all audio inside a session; what the Realtime API calls ``audio/pcm``."""


class Sound(Enum):
    """What audio in a session is, in either direction; the Realtime API's own words."""

    PCM = "audio/pcm"
    PCMU = "audio/pcmu"
    PCMA = "audio/pcma"

    def bytes_per_s(self, linear_hz: int) -> int:
        """The bytes of a second; G.711 has always 8 kHz, linear16 has ``linear_hz``."""
        return 2 * linear_hz if self is Sound.PCM else 8_000


class Role(Enum):
    """Who said a line of the conversation."""

    USER = "user"
    ASSISTANT = "assistant"


@frozen
class Endpoint:
    """Where the proxy calls a function for the client; all of it is the client's, and may be secret."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@frozen
class ToolSpec:
    """A function that the model may call; ``parameters`` is a JSON Schema object, as JSON text."""

    name: str
    description: str = ""
    parameters: str = '{"type":"object","properties":{}}'
    endpoint: Endpoint | None = None
    """Where the proxy calls it; without one the client is asked."""


@frozen
class ToolCall:
    """One call that the model made; ``arguments`` is JSON text, ``call_id`` is the upstream's and is kept verbatim."""

    call_id: str
    name: str
    arguments: str


@frozen
class ContextLine:
    """A line spoken before this session, or this upstream session, began."""

    role: Role
    text: str
    item_id: str = field(default="", eq=False)
    """The item that it was, where something of it may still be taken back."""


@frozen
class ContextCall:
    """A tool call and its result from before this session began."""

    call: ToolCall
    output: str


ContextEntry: TypeAlias = ContextLine | ContextCall


class Effort(Enum):
    """How much a reasoning model thinks before it answers, in the Realtime API's own words."""

    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Eagerness(Enum):
    """How soon a turn that sounds finished is taken for ended, in the Realtime API's own words."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


@frozen
class BySilence:
    """A turn ends with silence of this length; ``None`` is the operator's."""

    silence_ms: int | None = None
    idle_ms: int | None = None
    """After how long a silence of both the model speaks by itself; ``None`` is never."""


@frozen
class ByMeaning:
    """A turn ends when it sounds finished."""

    eagerness: Eagerness = Eagerness.AUTO


@frozen
class ByPause:
    """A turn ends where the client's audio pauses: the upstream detects none, and the proxy commits what came."""


TurnEnd: TypeAlias = BySilence | ByMeaning | ByPause


class Starter(Enum):
    """Who begins the answer to what the user said aloud."""

    PROXY = "the proxy asks for it"
    UPSTREAM = "the upstream begins it by itself"


class ToolUse(Enum):
    """Whether the model calls tools, in the Realtime API's own words."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


@frozen
class OneTool:
    """The model calls this tool."""

    name: str


ToolChoice: TypeAlias = ToolUse | OneTool


class Output(Enum):
    """What the model answers with, in the Realtime API's own words; speech comes with its transcript."""

    AUDIO = "audio"
    TEXT = "text"


@frozen
class StoredPrompt:
    """A prompt that is stored upstream; ``variables`` is a JSON object, as JSON text."""

    prompt_id: str
    version: str | None = None
    variables: str | None = None


@frozen
class OwnVoice:
    """A voice of the upstream account's own."""

    voice_id: str


@frozen(cache_hash=True)
class SessionConfig:
    """What the upstream session is configured to; ``None`` leaves the upstream's own default."""

    instructions: str = ""
    tools: tuple[ToolSpec, ...] = ()
    voice: str | OwnVoice | None = None
    speed: float | None = None
    """Times the usual, 0.25 to 1.5."""
    language: str | None = None
    """ISO-639-1 code of the user's speech, for transcription."""
    keyterms: tuple[str, ...] = ()
    """Words to expect in the user's speech, for transcription."""
    turn_end: TurnEnd = BySilence()
    effort: Effort | None = None
    input_sound: Sound = Sound.PCM
    output_sound: Sound = Sound.PCM
    starter: Starter = Starter.PROXY
    tool_choice: ToolChoice = ToolUse.AUTO
    output: Output = Output.AUDIO
    max_output_tokens: int | None = None
    stored_prompt: StoredPrompt | None = None


class UpdateKind(Enum):
    """What a client asked to change; each has an acknowledgement of its own."""

    SETTINGS = "settings"
    PROMPT = "prompt"
    THINK = "think"
    SPEAK = "speak"
    LISTEN = "listen"


class Keep(Enum):
    """Leaves a field as it is, where ``None`` would clear it."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@frozen
class ReplaceConfig:
    """Configure the session anew (the component profile's repeated Settings)."""

    config: SessionConfig


@frozen
class AppendInstructions:
    """Add text to the instructions that are in force when the update is sent."""

    text: str


@frozen
class ReplaceThinking:
    """Replace all that the model is told and may call."""

    instructions: str
    tools: tuple[ToolSpec, ...] = ()
    effort: Effort | None = None


@frozen
class ChangeSpeaking:
    """Change how the agent sounds."""

    voice: str | Keep = KEEP
    speed: float | Keep = KEEP


@frozen
class ChangeHearing:
    """Change how the user is heard."""

    language: str | Keep | None = KEEP
    keyterms: tuple[str, ...] | Keep = KEEP
    turn_end: TurnEnd | Keep = KEEP


Change: TypeAlias = ReplaceConfig | AppendInstructions | ReplaceThinking | ChangeSpeaking | ChangeHearing


class Cause(Enum):
    """Why something was refused, failed or ended. Each client protocol maps these to its own codes."""

    # what the client sent
    UNPARSABLE = "the message cannot be read"
    UNKNOWN_TYPE = "a message of a type that is not known"
    MESSAGE_TOO_LARGE = "the message is over the size limit"
    NOT_CONFIGURED = "a message came before the settings"
    ALREADY_CONFIGURED = "settings were sent twice"
    SETTINGS_INVALID = "the settings cannot be used"
    AGENT_ID_UNSUPPORTED = "a stored agent configuration cannot be used"
    SETTINGS_REFUSED = "the upstream refused the settings"
    SETTINGS_IGNORED = "some settings have no effect here"
    PROMPT_TOO_LONG = "the prompt is longer than is used"
    UPDATE_INVALID = "an update cannot be used"
    UNSUPPORTED = "the request is understood and not supported"
    UPDATE_REFUSED = "the upstream refused an update"
    TOO_MANY_WAITING = "more is waiting than may wait"
    TEXT_REFUSED = "the upstream refused a message of the user"
    UNKNOWN_TOOL_RESULT = "a tool result that nobody waits for"
    ODD_AUDIO = "audio that does not end on a whole sample"
    # time
    SETTINGS_TIMEOUT = "no settings came in time"
    CLIENT_IDLE = "the client sent nothing for too long"
    CLIENT_LOST = "the client's connection was lost, and it did not come back in time"
    RESUME_FAILED = "there is no session to come back to"
    RESUME_INCOMPLETE = "some of what the client has missed is not kept"
    MISSED_TOO_MUCH = "more text waits for the client to come back than may"
    TOOL_TIMEOUT = "a tool result did not come in time"
    TOOL_FAILED = "a function could not be called"
    UPSTREAM_UNREADY = "the upstream did not become ready in time"
    UPSTREAM_SILENT = "the upstream did not answer in time"
    UPSTREAM_STALLED = "the upstream does not take what is sent to it"
    CLIENT_STALLED = "the client does not take what is sent to it"
    # what the upstream did
    UPSTREAM_UNREACHABLE = "the upstream cannot be reached"
    UPSTREAM_REJECTED = "the upstream refused the connection"
    UPSTREAM_BUSY = "the upstream takes no more for now"
    UPSTREAM_CLOSED = "the upstream closed the connection"
    UPSTREAM_ERROR = "the upstream reports an error"
    UPSTREAM_NONSENSE = "the upstream sent what cannot be read"
    RESPONSE_FAILED = "the model's answer failed"
    RESPONSE_INCOMPLETE = "the model's answer was cut short"
    RESPONSE_REFUSED = "the upstream refused to answer"
    ANSWER_CUT = "the model's answer was cut off by the loss of its connection"
    SESSION_LIMIT_NEAR = "the upstream's limit on the length of a session comes near"
    SESSION_LIMIT = "the upstream's limit on the length of a session is reached"
    SPEECH_ENDLESS = "the end of the user's speech was never heard"
    TRANSCRIPTION_FAILED = "the user's speech could not be transcribed"
    # what the operator lets be used
    LENGTH_USED_UP = "the session has lasted as long as a session may"
    USED_UP = "what may be used is used up"
    # us
    GOING_AWAY = "the proxy is shutting down"
    DISMISSED = "the operator ended the session"
    INTERNAL = "a fault of the proxy"


@frozen
class Problem:
    """
    A cause with the words for one client; ``detail`` says what to send or do instead and never quotes a payload.

    Where the upstream is the cause, ``code`` is its own code and ``words`` are its own words, for client protocols that
    pass them on.
    """

    cause: Cause
    detail: str
    code: str | None = None
    words: str = field(default="", repr=False)


class Manner(Enum):
    """How a line that the client puts into the agent's mouth behaves towards what is being said."""

    WHEN_SILENT = "only if nobody speaks or is about to"
    QUEUED = "after all that waits"
    AT_ONCE = "instead of what the agent is saying"


@frozen
class Heard:
    """How much of one item of the agent's speech the client can have heard, when it was cut off."""

    item_id: str
    heard_ms: int
    told_ms: int
    """How much there was for the client, sent or waiting to be."""


@frozen
class Latency:
    """How long the user waited, in seconds since the end of a turn; ``None`` where it is not known."""

    total_s: float | None = None
    """Until the first audio."""
    text_s: float | None = None
    """Until the first text."""
    speech_s: float | None = None
    """From the first text until the first audio."""
    tool_s: float | None = None
    """Until the first tool call of the turn, where there was one."""
    transcript_s: float | None = None
    """Until the user's speech was written down, where it was by then."""


@frozen
class Usage:
    """The tokens that a response cost, as the upstream counts them; of those that came in, some were cached."""

    text_in: int = 0
    audio_in: int = 0
    image_in: int = 0
    cached_text_in: int = 0
    cached_audio_in: int = 0
    cached_image_in: int = 0
    text_out: int = 0
    audio_out: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Both together."""
        return Usage(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class ResponseStatus(Enum):
    """How a response ended, in the Realtime API's own words (``response.status``)."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


class Deadline(Enum):
    """A wait that has an end. The seconds of each stand in :class:`turngate.session.policy.Waits`."""

    SETTINGS = "the client's settings"
    UPSTREAM_READY = "the upstream's readiness"
    UPDATE_ANSWER = "the answer to an update"
    UPDATE_SILENCE = "the refusal of an update, by an upstream that confirms none"
    ITEMS_ANSWER = "the answer to the conversation's items"
    CREATE_ANSWER = "the answer to a request for a response"
    RETRY = "the next try of a refused request for a response"
    RESPONSE_SILENCE = "the next event of a response"
    OUTPUT_END = "more output of a response whose end is never told"
    CANCEL_ANSWER = "the end of a cancelled response"
    TOOL_RESULTS = "the results of tool calls"
    TOOL_PATIENCE = "tool results that a waiting user turn gives way to"
    FLOOR = "the end of the user's speech"
    TURN = "the first of an answer to what the user said"
    TRANSCRIPT = "the user's speech in writing"
    OWN_START = "the start of an answer that the upstream begins by itself"
    PLACING = "the confirmation of a written turn"
    COMMIT_PAUSE = "more audio of the user, before it is committed"
    COMMIT_CAP = "a pause in audio of which there is enough"
    COMMIT_LATEST = "a quiet moment in audio that keeps coming"
    COMMIT_ANSWER = "the answer to a commit of audio"
    UPSTREAM_FLOW = "an upstream that takes data again"
    LIMIT_NEAR = "the time to move to another upstream session"
    LIMIT = "the upstream's limit on the length of a session"
    NEXT_TRY = "the next try to connect to another upstream session"
    STEADY = "an upstream session that has stood for a while after another was lost"
    CLIENT_RETURN = "a client whose connection was lost"


class Cap(Enum):
    """What the operator lets be used, by one session, or by all sessions of one client in a day."""

    SESSION_MINUTES = "the minutes of a session"
    SESSION_TOKENS = "the tokens of a session"
    SESSION_COST = "what a session may cost"
    DAY_MINUTES = "the minutes of a day"
    DAY_TOKENS = "the tokens of a day"
    DAY_COST = "what a day may cost"

    @property
    def cuts(self) -> bool:
        """Whether it ends an answer in the middle; what one costs is known, and due, only when it has ended."""
        return self in (Cap.SESSION_MINUTES, Cap.DAY_MINUTES)

    @property
    def is_of_a_day(self) -> bool:
        """Whether another session is of no use before the next day."""
        return self in (Cap.DAY_MINUTES, Cap.DAY_TOKENS, Cap.DAY_COST)


class Loss(Enum):
    """What the end of a client's connection says of the client."""

    LEFT = "it has left, or cannot come back"
    LOST = "it was cut off, and may come back"


class Ending(Enum):
    """How a session ends; ``net`` maps it to close codes for either leg."""

    CLIENT_LEFT = "the client left"
    CLIENT_FAULT = "the client broke the protocol"
    CLIENT_TOO_LARGE = "the client sent a message over the limit"
    CLIENT_TIMEOUT = "the client did not send what was awaited"
    CLIENT_STALLED = "the client did not read"
    UPSTREAM_FAILED = "the upstream failed"
    UPSTREAM_LIMIT = "the upstream session may not be longer"
    GOING_AWAY = "the proxy is shutting down"
    USED_UP = "what may be used is used up"
    DISMISSED = "the operator ended the session"
    INTERNAL = "a fault of the proxy"
