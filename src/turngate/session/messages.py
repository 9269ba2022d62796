"""
The session's own vocabulary: what can happen in a session, and what can be asked for.

Responsible for the words only. Every class is a frozen value; the unions at the foot say who sends what to whom, and
:mod:`turngate.session.rules` is the only place that decides anything about them.

Must not know: either wire protocol, JSON, sockets, actors, clocks.

Comes from: the translations in ``protocols/`` (messages) and ``session/rules.py`` (effects).
Goes to: ``session/rules.py`` (messages) and the actors in ``proxy/`` (effects).

Audio in this vocabulary is always linear16, mono, little endian, 24,000 samples a second (``SESSION_RATE_HZ``), in
whole samples. Other formats end at the client's edge.
"""

from enum import Enum
from typing import Final, TypeAlias

from attrs import field, frozen

SESSION_RATE_HZ: Final = 24_000
"""Samples a second of all audio inside a session; what the Realtime API calls ``audio/pcm``."""


# --- values ---------------------------------------------------------------------------------------------------------


class Role(Enum):
    """Who said a line of the conversation."""

    USER = "user"
    ASSISTANT = "assistant"


@frozen
class ToolSpec:
    """A function that the model may call; ``parameters`` is a JSON Schema object, as JSON text."""

    name: str
    description: str = ""
    parameters: str = '{"type":"object","properties":{}}'


@frozen
class ToolCall:
    """One call that the model made; ``arguments`` is JSON text, ``call_id`` is the upstream's and is kept verbatim."""

    call_id: str
    name: str
    arguments: str


@frozen
class ContextLine:
    """A line spoken before this session began."""

    role: Role
    text: str


@frozen
class ContextCall:
    """A tool call and its result from before this session began."""

    call: ToolCall
    output: str


ContextEntry: TypeAlias = ContextLine | ContextCall


@frozen
class SessionConfig:
    """What the upstream session is configured to; ``None`` leaves the upstream's own default."""

    instructions: str = ""
    tools: tuple[ToolSpec, ...] = ()
    voice: str | None = None
    speed: float | None = None
    language: str | None = None
    """ISO-639-1 code of the user's speech, for transcription."""


class UpdateKind(Enum):
    """What a client asked to change; each has an acknowledgement of its own."""

    SETTINGS = "settings"
    PROMPT = "prompt"


@frozen
class ReplaceConfig:
    """Configure the session anew (the component profile's repeated Settings)."""

    config: SessionConfig


@frozen
class AppendInstructions:
    """Add text to the instructions that are in force when the update is sent."""

    text: str


Change: TypeAlias = ReplaceConfig | AppendInstructions


class Cause(Enum):
    """Why something was refused, failed or ended. Each client protocol maps these to its own codes."""

    # what the client sent
    UNPARSABLE = "the message cannot be read"
    MESSAGE_TOO_LARGE = "the message is over the size limit"
    NOT_CONFIGURED = "a message came before the settings"
    ALREADY_CONFIGURED = "settings were sent twice"
    SETTINGS_INVALID = "the settings cannot be used"
    AGENT_ID_UNSUPPORTED = "a stored agent configuration cannot be used"
    SETTINGS_REFUSED = "the upstream refused the settings"
    SETTINGS_IGNORED = "some settings have no effect here"
    UNSUPPORTED = "the request is understood and not supported"
    UPDATE_REFUSED = "the upstream refused an update"
    TOO_MANY_WAITING = "more is waiting than may wait"
    TEXT_REFUSED = "the upstream refused a message of the user"
    UNKNOWN_TOOL_RESULT = "a tool result that nobody waits for"
    ODD_AUDIO = "audio that does not end on a whole sample"
    # time
    SETTINGS_TIMEOUT = "no settings came in time"
    TOOL_TIMEOUT = "a tool result did not come in time"
    UPSTREAM_UNREADY = "the upstream did not become ready in time"
    UPSTREAM_SILENT = "the upstream did not answer in time"
    UPSTREAM_STALLED = "the upstream does not take what is sent to it"
    CLIENT_STALLED = "the client does not take what is sent to it"
    # what the upstream did
    UPSTREAM_UNREACHABLE = "the upstream cannot be reached"
    UPSTREAM_REJECTED = "the upstream refused the connection"
    UPSTREAM_CLOSED = "the upstream closed the connection"
    UPSTREAM_NONSENSE = "the upstream sent what cannot be read"
    RESPONSE_FAILED = "the model's answer failed"
    RESPONSE_INCOMPLETE = "the model's answer was cut short"
    RESPONSE_REFUSED = "the upstream refused to answer"
    TRANSCRIPTION_FAILED = "the user's speech could not be transcribed"
    # us
    GOING_AWAY = "the proxy is shutting down"
    INTERNAL = "a fault of the proxy"


@frozen
class Problem:
    """A cause with the words for one client; ``detail`` says what to send or do instead and never quotes a payload."""

    cause: Cause
    detail: str


class ResponseStatus(Enum):
    """How a response ended, in the Realtime API's own words (``response.status``)."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INCOMPLETE = "incomplete"


class Deadline(Enum):
    """A wait that has an end. The seconds of each stand in :class:`turngate.session.state.Waits`."""

    SETTINGS = "the client's settings"
    UPSTREAM_READY = "the upstream's readiness"
    UPDATE_ANSWER = "the answer to an update"
    ITEMS_ANSWER = "the answer to the conversation's items"
    CREATE_ANSWER = "the answer to a request for a response"
    RETRY = "the next try of a refused request for a response"
    RESPONSE_SILENCE = "the next event of a response"
    CANCEL_ANSWER = "the end of a cancelled response"
    TOOL_RESULTS = "the results of tool calls"
    TOOL_PATIENCE = "tool results that a waiting user turn gives way to"
    FLOOR = "the end of the user's speech"
    UPSTREAM_FLOW = "an upstream that takes data again"


class Ending(Enum):
    """How a session ends; ``net`` maps it to close codes for either leg."""

    CLIENT_LEFT = "the client left"
    CLIENT_FAULT = "the client broke the protocol"
    CLIENT_TOO_LARGE = "the client sent a message over the limit"
    CLIENT_TIMEOUT = "the client did not send what was awaited"
    CLIENT_STALLED = "the client did not read"
    UPSTREAM_FAILED = "the upstream failed"
    GOING_AWAY = "the proxy is shutting down"
    INTERNAL = "a fault of the proxy"


# --- messages from the client ---------------------------------------------------------------------------------------


@frozen
class ConfigureSession:
    """Configure the session; the first thing that a client asks for."""

    config: SessionConfig
    greeting: str = ""
    context: tuple[ContextEntry, ...] = ()
    model: str | None = None
    ignored: tuple[str, ...] = ()
    """Paths of settings that have no effect here, such as ``agent.think.provider.temperature``."""


@frozen
class UpdateSession:
    """Change the configuration of a running session."""

    kind: UpdateKind
    change: Change


@frozen
class UserText:
    """The user said this, in writing; an answer is due."""

    text: str


@frozen
class UserAudio:
    """A piece of the user's speech, in session audio."""

    pcm: bytes = field(repr=False)


@frozen
class ToolResult:
    """The result of a tool call; without ``call_id`` it is matched by name if exactly one such call is open."""

    call_id: str | None
    name: str
    output: str = field(repr=False)


@frozen
class KeepAlive:
    """The client is there."""


@frozen
class UnsupportedRequest:
    """A request that was understood and is not acted on; the client is told so."""

    problem: Problem


@frozen
class ClientFault:
    """The client sent what cannot be used."""

    problem: Problem
    ending: Ending | None = Ending.CLIENT_FAULT
    """How the session ends by it; ``None`` lets it live."""


@frozen
class ClientGone:
    """The client's connection is closed."""


@frozen
class ClientStalled:
    """What waits for a client that does not read has reached its bound."""


ClientMessage: TypeAlias = (
    ConfigureSession
    | UpdateSession
    | UserText
    | UserAudio
    | ToolResult
    | KeepAlive
    | UnsupportedRequest
    | ClientFault
    | ClientGone
    | ClientStalled
)


# --- messages from the upstream -------------------------------------------------------------------------------------


@frozen
class UpstreamReady:
    """The upstream's session exists (``session.created``)."""


@frozen
class UpstreamLost:
    """The upstream cannot be dialled, or its connection ended."""

    problem: Problem


@frozen
class UpstreamCongested:
    """The upstream's transport takes no more for now."""


@frozen
class UpstreamRelieved:
    """The upstream's transport takes data again."""


@frozen
class UpdateConfirmed:
    """A ``session.updated``; it carries no id, so that confirmations are matched in order."""


@frozen
class Refused:
    """An upstream ``error``; ``event_id`` names the request of ours that caused it, where the upstream says so."""

    event_id: str | None
    code: str | None
    message: str = field(default="", repr=False)
    param: str | None = None
    active_response: bool = False
    """The upstream says that a response is active; set by the translation, which knows the dialect's codes."""


@frozen
class ItemConfirmed:
    """The upstream has a conversation item; servers may say so more than once."""

    item_id: str


@frozen
class SpeechStarted:
    """The upstream heard the user begin to speak."""

    item_id: str


@frozen
class SpeechStopped:
    """The upstream heard the user stop."""

    item_id: str


@frozen
class SpeechCommitted:
    """The user's speech has become an item of the conversation; an answer is due."""

    item_id: str


@frozen
class UserTranscribed:
    """What the user said, in writing; may come before, during or after the answer to it."""

    item_id: str
    text: str = field(repr=False)


@frozen
class TranscriptionFailed:
    """What the user said could not be written down."""

    item_id: str
    code: str | None = None


@frozen
class ResponseStarted:
    """A response exists. ``tag`` is the event id that our request carried, where it was ours and was echoed."""

    response_id: str
    tag: str | None = None
    in_conversation: bool = True


@frozen
class AgentTextStarted:
    """The first text or transcript of a response; later ones need not be reported."""

    response_id: str


@frozen
class AgentAudioChunk:
    """A piece of the agent's speech, in session audio."""

    response_id: str
    item_id: str
    pcm: bytes = field(repr=False)


@frozen
class AgentAudioSegmentEnded:
    """``output_audio.done``: one item's audio is complete. It does not end the response."""

    response_id: str


@frozen
class AgentTextEnded:
    """The complete text of one part of the agent's answer."""

    response_id: str
    item_id: str
    text: str = field(repr=False)


@frozen
class ToolCallCompleted:
    """A tool call whose arguments are complete; calls are announced together when their response ends."""

    response_id: str
    call: ToolCall


@frozen
class ResponseEnded:
    """``response.done``: the only event that ends a response."""

    response_id: str
    status: ResponseStatus
    reason: str | None = None
    """``status_details.reason`` or the error's code, such as ``turn_detected`` or ``server_error``."""
    calls: tuple[ToolCall, ...] = ()
    """The complete tool calls in the response's own list of its output."""
    tag: str | None = None
    """As in :class:`ResponseStarted`, for the case that the start was never seen."""
    in_conversation: bool = True


UpstreamMessage: TypeAlias = (
    UpstreamReady
    | UpstreamLost
    | UpstreamCongested
    | UpstreamRelieved
    | UpdateConfirmed
    | Refused
    | ItemConfirmed
    | SpeechStarted
    | SpeechStopped
    | SpeechCommitted
    | UserTranscribed
    | TranscriptionFailed
    | ResponseStarted
    | AgentTextStarted
    | AgentAudioChunk
    | AgentAudioSegmentEnded
    | AgentTextEnded
    | ToolCallCompleted
    | ResponseEnded
)


# --- messages from the session itself -------------------------------------------------------------------------------


@frozen
class DeadlinePassed:
    """A wait has come to its end."""

    deadline: Deadline


@frozen
class Shutdown:
    """The proxy is going away; the session ends now."""


Message: TypeAlias = ClientMessage | UpstreamMessage | DeadlinePassed | Shutdown


# --- effects for the client -----------------------------------------------------------------------------------------


@frozen
class SessionOpened:
    """The session exists."""

    session_id: str


@frozen
class SessionConfigured:
    """The upstream confirmed the settings, and the earlier conversation is in place."""


@frozen
class UpdateApplied:
    """The upstream confirmed an update."""

    kind: UpdateKind


@frozen
class UpdateNotApplied:
    """The upstream refused an update; the configuration is as it was before it."""

    kind: UpdateKind
    problem: Problem


@frozen
class ConversationLine:
    """A line of the conversation, complete."""

    role: Role
    text: str = field(repr=False)


@frozen
class UserSpeaking:
    """The user began to speak: stop playing what the agent said before."""


@frozen
class AgentThinking:
    """The model has begun to answer."""


@frozen
class AgentSpeaking:
    """The agent's speech begins. Seconds since the user's turn ended; the coordinator fills them in."""

    total_s: float = 0.0
    text_s: float = 0.0
    """Until the first text."""
    speech_s: float = 0.0
    """From the first text until the first audio."""


@frozen
class AgentAudio:
    """A piece of the agent's speech, in session audio."""

    pcm: bytes = field(repr=False)


@frozen
class AgentFinishedSpeaking:
    """The last byte of one spoken answer was sent."""


@frozen
class ToolCallsRequested:
    """All tool calls of one response; each is to be answered once."""

    calls: tuple[ToolCall, ...]


@frozen
class Warned:
    """Something was not done; the session goes on."""

    problem: Problem


@frozen
class Failed:
    """Something failed that the client must know as an error."""

    problem: Problem


ClientEffect: TypeAlias = (
    SessionOpened
    | SessionConfigured
    | UpdateApplied
    | UpdateNotApplied
    | ConversationLine
    | UserSpeaking
    | AgentThinking
    | AgentSpeaking
    | AgentAudio
    | AgentFinishedSpeaking
    | ToolCallsRequested
    | Warned
    | Failed
)


# --- effects for the upstream ---------------------------------------------------------------------------------------


@frozen
class SendUpdate:
    """Gated: ask the upstream to change from ``confirmed`` (``None`` before the first update) to ``config``."""

    event_id: str
    config: SessionConfig
    confirmed: SessionConfig | None


@frozen
class StartResponse:
    """Gated: ask for a response in the conversation. ``say`` asks for exactly these words and no tool call."""

    event_id: str
    say: str | None = None


@frozen
class AddLine:
    """Add a line to the conversation, under an item id of our choosing."""

    event_id: str
    item_id: str
    role: Role
    text: str = field(repr=False)


@frozen
class AddCall:
    """Add an earlier tool call to the conversation."""

    event_id: str
    item_id: str
    call: ToolCall


@frozen
class AddToolOutput:
    """Add the result of a tool call to the conversation."""

    event_id: str
    item_id: str
    call_id: str
    output: str = field(repr=False)


@frozen
class AppendAudio:
    """Send a piece of the user's speech."""

    pcm: bytes = field(repr=False)


@frozen
class CancelResponse:
    """Ask the upstream to stop a response; only ``response.done`` ends it."""

    event_id: str
    response_id: str


UpstreamEffect: TypeAlias = (
    SendUpdate | StartResponse | AddLine | AddCall | AddToolOutput | AppendAudio | CancelResponse
)


# --- effects for the session itself ---------------------------------------------------------------------------------


@frozen
class DialUpstream:
    """Connect to the upstream; ``model`` is what the client asked for, if it did."""

    model: str | None = None


@frozen
class Arm:
    """Start a wait anew, whether or not it was running."""

    deadline: Deadline


@frozen
class Disarm:
    """A wait is over; its deadline must not come."""

    deadline: Deadline


@frozen
class PauseClient:
    """Stop reading from the client until told otherwise."""


@frozen
class ResumeClient:
    """Read from the client again."""


@frozen
class Note:
    """A fact for the log and the metrics: a stable name, and values that hold no payload and no secret."""

    event: str
    detail: str = ""


@frozen
class EndSession:
    """Close both legs; the last effect of a session."""

    ending: Ending
    detail: str = ""


SessionEffect: TypeAlias = DialUpstream | Arm | Disarm | PauseClient | ResumeClient | Note | EndSession

Effect: TypeAlias = ClientEffect | UpstreamEffect | SessionEffect
