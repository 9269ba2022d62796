"""
What can happen in a session: messages from the client, from the upstream, and from the session itself.

Responsible for the words only; what follows from any of them stands in :mod:`turngate.session.rules`.

Must not know: either wire protocol, JSON, sockets, actors, clocks.
"""

from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from turngate.session.messages.values import (
    Cap,
    Change,
    ContextEntry,
    Deadline,
    Ending,
    Heard,
    Loss,
    Manner,
    Problem,
    ResponseStatus,
    SessionConfig,
    ToolCall,
    UpdateKind,
    Usage,
)

# --- from the client --------------------------------------------------------------------------------------------------


@frozen
class ConfigureSession:
    """Configure the session; the first thing that a client asks for."""

    config: SessionConfig
    greeting: str = ""
    context: tuple[ContextEntry, ...] = ()
    model: str | None = None
    notices: tuple[Problem, ...] = ()
    """What of the settings has no effect here, or another one than was asked for."""


@frozen
class UpdateSession:
    """Change the configuration of a running session."""

    kind: UpdateKind
    change: Change
    notices: tuple[Problem, ...] = ()
    """As in :class:`ConfigureSession`."""
    greeting: str = ""
    """What the agent says first, where these are the first settings of a session that serves already."""


@frozen
class UserText:
    """The user said this, in writing; an answer is due."""

    text: str


@frozen
class UserAudio:
    """A piece of the user's speech, in session audio."""

    pcm: bytes = field(repr=False)


@frozen
class AgentLine:
    """The agent is to say this; without ``text``, something of its own."""

    text: str | None
    manner: Manner = Manner.WHEN_SILENT


@frozen
class EndTurn:
    """The user's turn is over, although nobody has heard it end."""


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

    loss: Loss = Loss.LEFT


@frozen
class ClientBack:
    """The client has another connection, in the place of one that was lost or that it gives up for this one."""


@frozen
class ClientStalled:
    """What waits for a client that does not read has reached its bound."""


@frozen
class ClientIdle:
    """The client has sent nothing for longer than it may."""


@frozen
class SpeechPlayed:
    """The client can have heard all of what it was told so far of these items."""

    item_ids: tuple[str, ...]


@frozen
class SpeechCut:
    """
    The client hears no more of the agent's speech; the answer to ``UserSpeaking`` and ``CutSpeech``.

    ``heard`` has the items of which it was told and that were not reported as played; what it does not name was played.
    """

    heard: tuple[Heard, ...] = ()


ClientMessage: TypeAlias = (
    ConfigureSession
    | UpdateSession
    | UserText
    | UserAudio
    | AgentLine
    | EndTurn
    | ToolResult
    | KeepAlive
    | UnsupportedRequest
    | ClientFault
    | ClientGone
    | ClientBack
    | ClientStalled
    | ClientIdle
    | SpeechPlayed
    | SpeechCut
)


# --- from the upstream ------------------------------------------------------------------------------------------------


@frozen
class UpstreamReady:
    """The upstream's session exists (``session.created``)."""


@frozen
class UpstreamLost:
    """The upstream cannot be dialled, or its connection ended."""

    problem: Problem


@frozen
class NextReady:
    """The upstream session to which this one is to move exists."""


@frozen
class NextLost:
    """The upstream session to which this one is to move cannot be had, or was lost before the move."""

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
    voice_locked: bool = False
    """The upstream says that the voice can no longer change; set by the translation too."""


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
    own: str = "{}"
    """What the upstream says of it beyond the protocol: a JSON object, as JSON text."""


@frozen
class SpeechCommitted:
    """The user's speech has become an item of the conversation; an answer is due."""

    item_id: str


@frozen
class UserPartlyTranscribed:
    """A further piece of what the user said, in writing."""

    item_id: str
    piece: str = field(repr=False)
    own: str = field(default="{}", repr=False)
    """As in :class:`SpeechStopped`."""


@frozen
class UserTranscribed:
    """What the user said, in writing; may come before, during or after the answer to it."""

    item_id: str
    text: str = field(repr=False)
    languages: tuple[str, ...] = ()
    """The languages that were heard, where the upstream says so."""
    own: str = field(default="{}", repr=False)
    """As in :class:`SpeechStopped`."""


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


class TextKind(Enum):
    """What a text of the agent is."""

    SPOKEN = "the transcript of its speech"
    WRITTEN = "written, and not spoken"
    LAST = "written, by an upstream that says no other end of the response"


@frozen
class AgentTextEnded:
    """The complete text of one part of the agent's answer."""

    response_id: str
    item_id: str
    text: str = field(repr=False)
    kind: TextKind = TextKind.SPOKEN


@frozen
class AgentItemEnded:
    """A message of the agent's answer is complete, with the text of all its parts."""

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
    items: tuple[str, ...] = ()
    """The ids of the messages in the response's own list of its output."""
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The messages in the response's own list of its output: the id and the text of each."""
    usage: Usage = field(factory=Usage, eq=False)


UpstreamMessage: TypeAlias = (
    UpstreamReady
    | UpstreamLost
    | NextReady
    | NextLost
    | UpstreamCongested
    | UpstreamRelieved
    | UpdateConfirmed
    | Refused
    | ItemConfirmed
    | SpeechStarted
    | SpeechStopped
    | SpeechCommitted
    | UserPartlyTranscribed
    | UserTranscribed
    | TranscriptionFailed
    | ResponseStarted
    | AgentTextStarted
    | AgentAudioChunk
    | AgentAudioSegmentEnded
    | AgentTextEnded
    | AgentItemEnded
    | ToolCallCompleted
    | ResponseEnded
)


# --- from the session itself ------------------------------------------------------------------------------------------


@frozen
class DeadlinePassed:
    """A wait has come to its end."""

    deadline: Deadline


@frozen
class Recalled:
    """
    What was said and heard so far; the answer to ``Recall``.

    ``audio`` is what the upstream session that was lost had not made into words: pieces of session audio, the oldest
    first. ``again`` has the spoken turns that are in it whole, and so not among the entries; ``texts`` has the written
    turns that were to be kept apart, each with its words. ``gone`` has the turns of which neither is kept any more.
    ``missed_s`` is how much loud audio came after the last that the upstream said, and is not kept.
    """

    entries: tuple[ContextEntry, ...] = field(default=(), repr=False)
    audio: tuple[bytes, ...] = field(default=(), repr=False)
    again: frozenset[str] = frozenset()
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    gone: frozenset[str] = frozenset()
    missed_s: float = 0.0


@frozen
class FunctionDone:
    """A function that the proxy called has answered, or could not be called (``failure``, a short reason)."""

    call_id: str
    output: str | None = field(default=None, repr=False)
    failure: str = ""


@frozen
class Drain:
    """The proxy will go away; the session ends when nobody speaks and nothing is under way."""


@frozen
class Dismissed:
    """The operator ends this session, now."""


@frozen
class UsedUp:
    """
    What the operator lets be used is used up: nothing more is asked of the upstream, and the session ends.

    Where it was used up by an answer, this comes before the end of that answer does.
    """

    cap: Cap


@frozen
class Shutdown:
    """The proxy is going away; the session ends now."""


Message: TypeAlias = (
    ClientMessage | UpstreamMessage | DeadlinePassed | Recalled | FunctionDone | Drain | Dismissed | UsedUp | Shutdown
)
