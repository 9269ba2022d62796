"""
Client events to session messages, and what the session tells a client to server events.

Responsible for what each means in the words of the other side, and for saying what to do instead of a request that is
not supported. Must not know: whether a message is due, or what came before it; each is translated alone.

Comes from: :mod:`turngate.protocols.deepgram.codec` and the session's effects. Goes to: the session, and the codec.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import msgspec

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
    CancelledCall,
    ConversationText,
    ErrorEvent,
    FunctionCallCancelled,
    FunctionCallRequest,
    FunctionResult,
    History,
    InjectionRefused,
    LatencyReport,
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
from turngate.protocols.deepgram.settings_tree import PastCall
from turngate.session import messages as session

Unsupported: TypeAlias = UpdateThinkLive | CustomToThinkProvider

NOT_SUPPORTED: Final[Mapping[type[Unsupported], str]] = MappingProxyType(
    {
        UpdateThinkLive: "UpdateThink_Live is not supported; leave it out.",
        CustomToThinkProvider: "__customToThinkProvider is not supported; no model of your own is connected.",
    }
)
"""What the client is told about each type that has no effect here."""

NO_ARGUMENTS: Final = "{}"
"""What stands for the arguments of a call that has none; clients parse them as JSON."""


MANNERS: Final[Mapping[str | None, session.Manner]] = MappingProxyType(
    {
        None: session.Manner.WHEN_SILENT,
        "default": session.Manner.WHEN_SILENT,
        "queue": session.Manner.QUEUED,
        "interrupt": session.Manner.AT_ONCE,
    }
)

Translated: TypeAlias = (
    InjectUserMessage | InjectAgentMessage | ForceEndTurn | FunctionCallResponse | KeepAlive | Unsupported | Malformed
)
"""What means something by itself; ``settings.py`` and ``updates.py`` know the other messages."""


def to_session(event: Translated) -> session.ClientMessage:
    """What a client event means to the session."""
    match event:
        case InjectUserMessage():
            return session.UserText(event.content)
        case InjectAgentMessage():
            return _agent_line(event)
        case ForceEndTurn():
            return session.EndTurn()
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


def _agent_line(event: InjectAgentMessage) -> session.ClientMessage:
    if event.behavior not in MANNERS:
        allowed = ", ".join(name for name in MANNERS if name)
        return _not_taken(f"$.behavior must be one of {allowed}.")
    if event.is_dynamic:
        return session.AgentLine(None, MANNERS[event.behavior])
    if not (event.message or "").strip():
        return _not_taken("$.message must be the words to say, or $.is_dynamic must be true.")
    return session.AgentLine(event.message, MANNERS[event.behavior])


def _not_taken(detail: str) -> session.UnsupportedRequest:
    return session.UnsupportedRequest(session.Problem(session.Cause.UPDATE_INVALID, f"InjectAgentMessage: {detail}"))


def to_client(effect: session.Told) -> tuple[ServerEvent, ...]:
    """What the client is told, in one message or two; nothing where this protocol has no word for it."""
    if isinstance(effect, session.AgentSpeaking):
        latency = effect.latency
        return _started(latency), _report(latency)
    event = _one(effect)
    return () if event is None else (event,)


def _one(effect: session.Told) -> ServerEvent | None:
    match effect:
        case session.SessionOpened(session_id):
            return Welcome(session_id)
        case session.SessionConfigured() | session.SettingsAcknowledged():
            return SettingsApplied()
        case session.UpdateApplied(kind):
            return _acknowledgement(kind)
        case session.ConversationLine(role, text, languages):
            return ConversationText(_role(role), text, "default", languages=list(languages) or None)
        case session.LineRecorded(text=""):
            return None
        case session.LineRecorded(role, text):
            return History(role=_role(role), content=text)
        case session.CallsRecorded(calls, ours):
            return History(function_calls=[_past(call, output, ours=ours) for call, output in calls])
        case session.UserSpeaking():
            return UserStartedSpeaking()
        case session.UserStopped() | session.UserHeard():
            return None
        case session.AgentThinking():
            return AgentThinking("")
        case session.AgentSpeaking(latency):
            return _started(latency)
        case session.AgentFinishedSpeaking():
            return AgentAudioDone()
        case session.ToolCallsRequested(calls, ours):
            return FunctionCallRequest([_requested(call, ours=call.call_id in ours) for call in calls])
        case session.FunctionAnswered(call, output):
            return FunctionResult(call.name, output, call.call_id)
        case session.ToolCallsCancelled(calls):
            return FunctionCallCancelled([CancelledCall(call.call_id, call.name) for call in calls])
        case session.LineRefused(detail):
            return InjectionRefused(detail)
        case session.Warned(problem) | session.UpdateNotApplied(_, problem):
            return WarningEvent(CODES[problem.cause].warning, problem.detail)
        case session.Failed(problem):
            return ErrorEvent(CODES[problem.cause].error, problem.detail)


def hinted(event: ServerEvent, hints: tuple[str, ...]) -> ServerEvent:
    """A line of the user with the languages that the client expects; every other event as it is."""
    if isinstance(event, ConversationText) and event.role == "user":
        return msgspec.structs.replace(event, languages_hinted=list(hints))
    return event


def _started(latency: session.Latency) -> AgentStartedSpeaking:
    """The beginning of speech; the protocol requires all three figures, and 0.0 stands for what is not known."""
    return AgentStartedSpeaking(
        total_latency=latency.total_s or 0.0, ttt_latency=latency.text_s or 0.0, tts_latency=latency.speech_s or 0.0
    )


def _report(latency: session.Latency) -> LatencyReport:
    """The same in full; what is not known is left out. The upstream does not tell of its thinking."""
    first_s = [one for one in (latency.text_s, latency.tool_s) if one is not None]
    return LatencyReport(
        stt_latency=latency.transcript_s,
        ttt_token_latency=min(first_s) if first_s else None,
        ttt_text_latency=latency.text_s,
        ttt_tool_latency=latency.tool_s,
        tts_latency=latency.speech_s,
        total_latency=latency.total_s,
    )


def _past(call: session.ToolCall, output: str, *, ours: bool) -> PastCall:
    arguments = call.arguments or NO_ARGUMENTS
    return PastCall(call.call_id, call.name, client_side=not ours, arguments=arguments, response=output)


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


def _requested(call: session.ToolCall, *, ours: bool) -> RequestedCall:
    return RequestedCall(call.call_id, call.name, call.arguments or NO_ARGUMENTS, client_side=not ours)
