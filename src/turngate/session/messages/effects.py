"""
What a session can ask for: of the client, of the upstream, and of itself.

Responsible for the words only; the actors in ``proxy/`` carry them out, in order.

Must not know: either wire protocol, JSON, sockets, actors, clocks.
"""

from typing import TypeAlias

from attrs import field, frozen

from turngate.session.messages.values import (
    Deadline,
    Ending,
    Endpoint,
    Latency,
    Problem,
    Role,
    SessionConfig,
    ToolCall,
    UpdateKind,
)

# --- for the client ---------------------------------------------------------------------------------------------------


@frozen
class SessionOpened:
    """The session exists; said to every connection of its client."""

    session_id: str = field(repr=False)


@frozen
class SessionConfigured:
    """The upstream confirmed the settings, and the earlier conversation is in place."""


@frozen
class UpdateApplied:
    """The upstream confirmed an update."""

    kind: UpdateKind


@frozen
class UpdateNotApplied:
    """The upstream refused an update, all of it or the part that the problem names; that part is as it was before."""

    kind: UpdateKind
    problem: Problem


@frozen
class ConversationLine:
    """A line of the conversation, complete."""

    role: Role
    text: str = field(repr=False)
    languages: tuple[str, ...] = ()
    """Of the user's speech, where known."""
    item_id: str = field(default="", eq=False)
    """What it is in the conversation; empty for a line that is not in it."""


@frozen
class LineRecorded:
    """A line as it stands in the conversation for good: of an interrupted one, what was heard, which may be nothing."""

    role: Role
    text: str = field(repr=False)
    item_id: str = field(default="", eq=False)


@frozen
class CallsRecorded:
    """Tool calls with their results, as they stand in the conversation for good."""

    calls: tuple[tuple[ToolCall, str], ...] = field(repr=False)
    ours: bool = False
    """Whether the proxy made them itself."""


@frozen
class UserSpeaking:
    """The user began to speak: stop playing what the agent said before."""


@frozen
class UserStopped:
    """The user stopped speaking. ``own`` is what the upstream says of it itself: a JSON object, as JSON text."""

    own: str = "{}"


@frozen
class UserHeard:
    """What the user said, as it is being written down: a further piece, or the whole."""

    item_id: str
    text: str = field(repr=False)
    is_whole: bool
    own: str = field(default="{}", repr=False)
    """As in :class:`UserStopped`."""


@frozen
class SettingsAcknowledged:
    """Settings came while a response was active, and are not applied, as the operator wants it."""


@frozen
class AgentThinking:
    """The model has begun to answer."""


@frozen
class AgentSpeaking:
    """The agent's speech begins; the coordinator fills in how long it took."""

    latency: Latency = field(factory=Latency)


@frozen
class AgentAudio:
    """A piece of the agent's speech, in session audio."""

    pcm: bytes = field(repr=False)
    item_id: str = ""


@frozen
class CutSpeech:
    """Send no more of the agent's speech that waits; what was sent will be heard. Answered by ``SpeechCut``."""


@frozen
class AgentFinishedSpeaking:
    """The last byte of one spoken answer was sent."""


@frozen
class ToolCallsRequested:
    """All tool calls of one response; each is to be answered once."""

    calls: tuple[ToolCall, ...]
    ours: frozenset[str] = frozenset()
    """The ids of those that the proxy makes itself, of which the client need only know."""


@frozen
class FunctionAnswered:
    """What a function that the proxy called has answered."""

    call: ToolCall
    output: str = field(repr=False)


@frozen
class ToolCallsCancelled:
    """These calls are no longer to be answered."""

    calls: tuple[ToolCall, ...]


@frozen
class LineRefused:
    """The agent does not say what the client asked it to say."""

    detail: str
    text: str | None = field(default=None, repr=False)
    """What it was asked to say."""


@frozen
class Warned:
    """Something was not done; the session goes on."""

    problem: Problem


@frozen
class Failed:
    """Something failed that the client must know as an error."""

    problem: Problem


Told: TypeAlias = (
    SessionOpened
    | SessionConfigured
    | UpdateApplied
    | UpdateNotApplied
    | ConversationLine
    | LineRecorded
    | CallsRecorded
    | UserSpeaking
    | UserStopped
    | UserHeard
    | SettingsAcknowledged
    | AgentThinking
    | AgentSpeaking
    | AgentFinishedSpeaking
    | ToolCallsRequested
    | FunctionAnswered
    | ToolCallsCancelled
    | LineRefused
    | Warned
    | Failed
)
"""What a client is told in words."""

ClientEffect: TypeAlias = Told | AgentAudio | CutSpeech


# --- for the upstream -------------------------------------------------------------------------------------------------


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
    after: str | None = None
    """The item behind which it stands; ``None`` is the end."""


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
class CommitAudio:
    """Take what the user has said so far for a whole turn."""

    event_id: str


@frozen
class TruncateItem:
    """Forget what of the agent's speech was not heard."""

    event_id: str
    item_id: str
    audio_end_ms: int


@frozen
class DeleteItem:
    """Forget a line of the agent."""

    event_id: str
    item_id: str


@frozen
class CancelResponse:
    """Ask the upstream to stop a response; only ``response.done`` ends it."""

    event_id: str
    response_id: str


UpstreamEffect: TypeAlias = (
    SendUpdate
    | StartResponse
    | AddLine
    | AddCall
    | AddToolOutput
    | AppendAudio
    | CommitAudio
    | TruncateItem
    | DeleteItem
    | CancelResponse
)


# --- for the session itself -------------------------------------------------------------------------------------------


@frozen
class DialUpstream:
    """
    Connect to the upstream, and let go of any connection that there is.

    ``model`` is what the client asked for, if it did.
    """

    model: str | None = None


@frozen
class DialNext:
    """Connect to the upstream a second time, beside the connection that serves."""

    model: str | None = None


@frozen
class MoveOver:
    """Let go of the connection that served; the second one serves from here, or will as soon as it is ready."""


@frozen
class Recall:
    """
    Say what was said and heard so far; answered at once, by ``Recalled``.

    ``owed`` has the spoken turns that have no answer, ``apart`` the written ones, which are added as they are answered.
    """

    owed: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()


@frozen
class CallFunction:
    """Call a function for the client; answered by ``FunctionDone``."""

    call: ToolCall
    endpoint: Endpoint


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


SessionEffect: TypeAlias = (
    DialUpstream
    | DialNext
    | MoveOver
    | Recall
    | CallFunction
    | Arm
    | Disarm
    | PauseClient
    | ResumeClient
    | Note
    | EndSession
)

Effect: TypeAlias = ClientEffect | UpstreamEffect | SessionEffect
