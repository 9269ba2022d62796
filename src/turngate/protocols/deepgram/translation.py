"""
Client events to session messages, and what the session tells a client to server events.

Responsible for what each means in the words of the other side, and for saying what to do instead of a request that is
not supported. Must not know: whether a message is due, or what came before it; each is translated alone.

Comes from: :mod:`turngate.protocols.deepgram.codec` and the session's effects. Goes to: the session, and the codec.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from turngate.protocols.deepgram.client_events import (
    CustomToThinkProvider,
    ForceEndTurn,
    FunctionCallResponse,
    InjectAgentMessage,
    InjectUserMessage,
    KeepAlive,
    UpdateThinkLive,
)
from turngate.protocols.deepgram.codec import Malformed
from turngate.protocols.deepgram.codes import CODES
from turngate.protocols.deepgram.server_events import (
    AgentAudioDone,
    AgentStartedSpeaking,
    AgentThinking,
    ConversationText,
    ErrorEvent,
    FunctionCallRequest,
    ListenUpdated,
    PromptUpdated,
    RequestedCall,
    ServerEvent,
    SettingsApplied,
    SpeakUpdated,
    ThinkUpdated,
    UserStartedSpeaking,
    WarningEvent,
    Welcome,
)
from turngate.session import messages as session

Unsupported: TypeAlias = UpdateThinkLive | InjectAgentMessage | ForceEndTurn | CustomToThinkProvider

NOT_SUPPORTED: Final[Mapping[type[Unsupported], str]] = MappingProxyType(
    {
        UpdateThinkLive: "UpdateThink_Live is not supported; leave it out.",
        InjectAgentMessage: (
            "InjectAgentMessage is not supported. Set agent.greeting in Settings for the first line, or tell the "
            "model by UpdatePrompt what to say."
        ),
        ForceEndTurn: "ForceEndTurn is not supported. The user's turn ends by silence in the audio.",
        CustomToThinkProvider: "__customToThinkProvider is not supported; no model of your own is connected.",
    }
)
"""What the client is told about each type that has no effect here."""

NO_ARGUMENTS: Final = "{}"
"""What stands for the arguments of a call that has none; clients parse them as JSON."""


Translated: TypeAlias = InjectUserMessage | FunctionCallResponse | KeepAlive | Unsupported | Malformed
"""What means something by itself; ``settings.py`` and ``updates.py`` know the other messages."""


def to_session(event: Translated) -> session.ClientMessage:
    """What a client event means to the session."""
    match event:
        case InjectUserMessage():
            return session.UserText(event.content)
        case FunctionCallResponse():
            return session.ToolResult(event.id or None, event.name, event.content)
        case KeepAlive():
            return session.KeepAlive()
        case Malformed(problem):
            return session.ClientFault(problem, _ending(problem))
        case _:
            return session.UnsupportedRequest(
                session.Problem(session.Cause.UNSUPPORTED, NOT_SUPPORTED[type(event)]),
            )


def to_client(effect: session.Told) -> ServerEvent:
    """What the client is told."""
    match effect:
        case session.SessionOpened(session_id):
            return Welcome(session_id)
        case session.SessionConfigured():
            return SettingsApplied()
        case session.UpdateApplied(kind):
            return _acknowledgement(kind)
        case session.ConversationLine(role, text):
            return ConversationText(_role(role), text, "default")
        case session.UserSpeaking():
            return UserStartedSpeaking()
        case session.AgentThinking():
            return AgentThinking("")
        case session.AgentSpeaking(total_s, text_s, speech_s):
            return AgentStartedSpeaking(total_latency=total_s, ttt_latency=text_s, tts_latency=speech_s)
        case session.AgentFinishedSpeaking():
            return AgentAudioDone()
        case session.ToolCallsRequested(calls):
            return FunctionCallRequest([_requested(call) for call in calls])
        case session.Warned(problem) | session.UpdateNotApplied(_, problem):
            return WarningEvent(CODES[problem.cause].warning, problem.detail)
        case session.Failed(problem):
            return ErrorEvent(CODES[problem.cause].error, problem.detail)


def _ending(problem: session.Problem) -> session.Ending:
    if problem.cause is session.Cause.MESSAGE_TOO_LARGE:
        return session.Ending.CLIENT_TOO_LARGE
    return session.Ending.CLIENT_FAULT


def _role(role: session.Role) -> Literal["user", "assistant"]:
    match role:
        case session.Role.USER:
            return "user"
        case session.Role.ASSISTANT:
            return "assistant"


def _acknowledgement(kind: session.UpdateKind) -> ServerEvent:
    match kind:
        case session.UpdateKind.SETTINGS:
            return SettingsApplied()
        case session.UpdateKind.PROMPT:
            return PromptUpdated()
        case session.UpdateKind.THINK:
            return ThinkUpdated()
        case session.UpdateKind.SPEAK:
            return SpeakUpdated()
        case session.UpdateKind.LISTEN:
            return ListenUpdated()


def _requested(call: session.ToolCall) -> RequestedCall:
    return RequestedCall(call.call_id, call.name, call.arguments or NO_ARGUMENTS, client_side=True)
