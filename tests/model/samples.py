"""At least one message of every class, most of them out of place in any situation."""

from collections.abc import Mapping
from typing import Final

from turngate.session import messages as m

PROBLEM: Final = m.Problem(m.Cause.UNSUPPORTED, "leave it out")
CALL: Final = m.ToolCall("c90", "f", "{}")

SAMPLES: Final[Mapping[type[m.Message], tuple[m.Message, ...]]] = {
    m.ConfigureSession: (
        m.ConfigureSession(m.SessionConfig("other")),
        m.ConfigureSession(
            m.SessionConfig("other", tools=(m.ToolSpec("f"),)),
            greeting="hello",
            context=(m.ContextLine(m.Role.USER, "c"), m.ContextCall(CALL, "1")),
            notices=(PROBLEM,),
        ),
    ),
    m.UpdateSession: (
        m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions("p90")),
        m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions("p" * 300_000)),
        m.UpdateSession(m.UpdateKind.SETTINGS, m.ReplaceConfig(m.SessionConfig("other"))),
        m.UpdateSession(m.UpdateKind.THINK, m.ReplaceThinking("t", (m.ToolSpec("f"),)), (PROBLEM,)),
        m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy", 1.1)),
        m.UpdateSession(m.UpdateKind.LISTEN, m.ChangeHearing("de", ("word",), m.ByMeaning())),
    ),
    m.UserText: (m.UserText("t90"), m.UserText("")),
    m.UserAudio: (m.UserAudio(b"\0\0"), m.UserAudio(bytes(1000)), m.UserAudio(b"\0\x40" * 24_000)),
    m.AgentLine: (
        m.AgentLine("s90"),
        m.AgentLine("s90", m.Manner.QUEUED),
        m.AgentLine("s90", m.Manner.AT_ONCE),
        m.AgentLine(None, m.Manner.QUEUED),
        m.AgentLine("s" * 2_000_000),
    ),
    m.EndTurn: (m.EndTurn(),),
    m.SpeechPlayed: (m.SpeechPlayed(()), m.SpeechPlayed(("ir0", "ir90"))),
    m.SpeechCut: (m.SpeechCut(()), m.SpeechCut((m.Heard("ir0", 0, 100), m.Heard("ir90", 10, 100)))),
    m.ClientIdle: (m.ClientIdle(),),
    m.ToolResult: (
        m.ToolResult("c10", "f", "1"),
        m.ToolResult(None, "f", "1"),
        m.ToolResult("c90", "f", "1"),
        m.ToolResult(None, "g", ""),
    ),
    m.FunctionDone: (m.FunctionDone("c10", "1"), m.FunctionDone("c10", failure="timeout"), m.FunctionDone("c90", "1")),
    m.KeepAlive: (m.KeepAlive(),),
    m.UnsupportedRequest: (m.UnsupportedRequest(PROBLEM),),
    m.ClientFault: (m.ClientFault(PROBLEM), m.ClientFault(PROBLEM, ending=None)),
    m.ClientGone: (m.ClientGone(), m.ClientGone(m.Loss.LOST)),
    m.ClientBack: (m.ClientBack(),),
    m.ClientStalled: (m.ClientStalled(),),
    m.UpstreamReady: (m.UpstreamReady(),),
    m.UpstreamLost: (m.UpstreamLost(PROBLEM),),
    m.NextReady: (m.NextReady(),),
    m.NextLost: (m.NextLost(PROBLEM),),
    m.Recalled: (
        m.Recalled(),
        m.Recalled((m.ContextLine(m.Role.USER, "c"), m.ContextCall(CALL, "1")), (b"\0\0",), frozenset({"u1"})),
    ),
    m.UpstreamCongested: (m.UpstreamCongested(),),
    m.UpstreamRelieved: (m.UpstreamRelieved(),),
    m.UpdateConfirmed: (m.UpdateConfirmed(),),
    m.Refused: (
        m.Refused(None, "server_error"),
        m.Refused(None, "idle_timeout", "nobody speaks"),
        m.Refused(None, "conversation_already_has_active_response", active_response=True),
        m.Refused("tg_1", "invalid_value", param="session.voice"),
        m.Refused("tg_2", None),
        m.Refused("tg_3", "conversation_already_has_active_response", active_response=True),
        m.Refused("no id of ours", "invalid_value", active_response=True),
    ),
    m.ItemConfirmed: (m.ItemConfirmed("tg_2"), m.ItemConfirmed("no item of ours")),
    m.SpeechStarted: (m.SpeechStarted("u90"),),
    m.SpeechStopped: (m.SpeechStopped("u90"),),
    m.SpeechCommitted: (m.SpeechCommitted("u90"),),
    m.UserPartlyTranscribed: (m.UserPartlyTranscribed("u90", "s"),),
    m.UserTranscribed: (m.UserTranscribed("u90", "so"), m.UserTranscribed("u90", " ")),
    m.TranscriptionFailed: (m.TranscriptionFailed("u90"),),
    m.ResponseStarted: (
        m.ResponseStarted("r0"),
        m.ResponseStarted("r90"),
        m.ResponseStarted("r90", "tg_2"),
        m.ResponseStarted("r90", "no tag of ours"),
        m.ResponseStarted("o90", in_conversation=False),
    ),
    m.AgentTextStarted: (m.AgentTextStarted("r0"), m.AgentTextStarted("r90")),
    m.AgentAudioChunk: (m.AgentAudioChunk("r0", "ir0", b"\0\0"), m.AgentAudioChunk("r90", "ir90", b"\0\0")),
    m.AgentAudioSegmentEnded: (m.AgentAudioSegmentEnded("r0"), m.AgentAudioSegmentEnded("r90")),
    m.AgentTextEnded: (
        *(m.AgentTextEnded("r0", "ir0", "yes", kind) for kind in m.TextKind),
        m.AgentTextEnded("r90", "ir90", "yes", m.TextKind.LAST),
        m.AgentTextEnded("r90", "ir90", "yes"),
    ),
    m.AgentItemEnded: (m.AgentItemEnded("r0", "ir0", "yes"), m.AgentItemEnded("r90", "ir90", "")),
    m.ToolCallCompleted: (m.ToolCallCompleted("r0", CALL), m.ToolCallCompleted("r90", CALL)),
    m.ResponseEnded: (
        *(m.ResponseEnded("r0", status) for status in m.ResponseStatus),
        *(m.ResponseEnded("r0", status, calls=(CALL, CALL)) for status in m.ResponseStatus),
        m.ResponseEnded("r90", m.ResponseStatus.COMPLETED, tag="tg_2", calls=(CALL,)),
        m.ResponseEnded("r90", m.ResponseStatus.FAILED, "server_error"),
        m.ResponseEnded("r0", m.ResponseStatus.COMPLETED, texts=(("ir0", "yes"), ("ir0b", "no"))),
        m.ResponseEnded("o90", m.ResponseStatus.COMPLETED, in_conversation=False),
    ),
    m.DeadlinePassed: tuple(m.DeadlinePassed(deadline) for deadline in m.Deadline),
    m.Drain: (m.Drain(),),
    m.Dismissed: (m.Dismissed(),),
    m.UsedUp: (m.UsedUp(m.Cap.SESSION_MINUTES), m.UsedUp(m.Cap.DAY_TOKENS)),
    m.Shutdown: (m.Shutdown(),),
}
