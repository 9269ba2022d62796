from typing import get_args

import pytest

from turngate.protocols.deepgram import Malformed, ServerEvent, client_events, server_events, to_client, to_session
from turngate.protocols.deepgram.settings_tree import PastCall, ThinkLive, ThinkLiveProvider
from turngate.protocols.deepgram.translation import NOT_SUPPORTED, Unsupported
from turngate.protocols.deepgram.updates import Update
from turngate.session import messages as session

WARNED = session.Problem(session.Cause.TOOL_TIMEOUT, "Answer sooner.")
CALLS = (session.ToolCall("call_1", "now", ""), session.ToolCall("call_2", "add", '{"a":1}'))

TAKEN: list[tuple[client_events.LaterEvent, session.ClientMessage]] = [
    (client_events.InjectUserMessage("Hello"), session.UserText("Hello")),
    (client_events.FunctionCallResponse("now", "noon", "call_1"), session.ToolResult("call_1", "now", "noon")),
    (client_events.FunctionCallResponse("now", "noon"), session.ToolResult(None, "now", "noon")),
    (client_events.FunctionCallResponse("now", "noon", ""), session.ToolResult(None, "now", "noon")),
    (client_events.InjectAgentMessage("Hello"), session.AgentLine("Hello")),
    (client_events.InjectAgentMessage("Hello", behavior="default"), session.AgentLine("Hello")),
    (
        client_events.InjectAgentMessage("Hello", behavior="queue"),
        session.AgentLine("Hello", session.Manner.QUEUED),
    ),
    (
        client_events.InjectAgentMessage("Hello", behavior="interrupt"),
        session.AgentLine("Hello", session.Manner.AT_ONCE),
    ),
    (client_events.InjectAgentMessage(is_dynamic=True), session.AgentLine(None)),
    (client_events.ForceEndTurn(), session.EndTurn()),
    (client_events.KeepAlive(), session.KeepAlive()),
]

REFUSED: list[client_events.LaterEvent] = [
    client_events.UpdateThinkLive(ThinkLive(ThinkLiveProvider())),
    client_events.CustomToThinkProvider("x"),
]

TOLD: list[tuple[session.Told, ServerEvent]] = [
    (session.SessionOpened("s1"), server_events.Welcome("s1")),
    (session.SessionConfigured(), server_events.SettingsApplied()),
    (session.UpdateApplied(session.UpdateKind.PROMPT), server_events.PromptUpdated()),
    (session.UpdateApplied(session.UpdateKind.SETTINGS), server_events.SettingsApplied()),
    (session.UpdateApplied(session.UpdateKind.THINK), server_events.ThinkUpdated()),
    (session.UpdateApplied(session.UpdateKind.SPEAK), server_events.SpeakUpdated()),
    (session.UpdateApplied(session.UpdateKind.LISTEN), server_events.ListenUpdated()),
    (
        session.UpdateNotApplied(session.UpdateKind.PROMPT, session.Problem(session.Cause.UPDATE_REFUSED, "Shorten.")),
        server_events.WarningEvent("INVALID_UPDATE", "Shorten."),
    ),
    (
        session.ConversationLine(session.Role.USER, "Hello"),
        server_events.ConversationText("user", "Hello", "default"),
    ),
    (
        session.ConversationLine(session.Role.ASSISTANT, "Hi"),
        server_events.ConversationText("assistant", "Hi", "default"),
    ),
    (session.UserSpeaking(), server_events.UserStartedSpeaking()),
    (session.AgentThinking(), server_events.AgentThinking("")),
    (session.AgentFinishedSpeaking(), server_events.AgentAudioDone()),
    (
        session.ToolCallsRequested(CALLS),
        server_events.FunctionCallRequest(
            [
                server_events.RequestedCall("call_1", "now", "{}", client_side=True),
                server_events.RequestedCall("call_2", "add", '{"a":1}', client_side=True),
            ]
        ),
    ),
    (
        session.ConversationLine(session.Role.USER, "Hallo", ("de",)),
        server_events.ConversationText("user", "Hallo", "default", languages=["de"]),
    ),
    (session.LineRecorded(session.Role.ASSISTANT, "Hi"), server_events.History("assistant", "Hi")),
    (
        session.CallsRecorded(((CALLS[0], "noon"),)),
        server_events.History(
            function_calls=[PastCall("call_1", "now", client_side=True, arguments="{}", response="noon")]
        ),
    ),
    (
        session.ToolCallsCancelled(CALLS),
        server_events.FunctionCallCancelled(
            [server_events.CancelledCall("call_1", "now"), server_events.CancelledCall("call_2", "add")]
        ),
    ),
    (session.FunctionAnswered(CALLS[0], "noon"), server_events.FunctionResult("now", "noon", "call_1")),
    (
        session.CallsRecorded(((CALLS[1], "3"),), ours=True),
        server_events.History(
            function_calls=[PastCall("call_2", "add", client_side=False, arguments='{"a":1}', response="3")]
        ),
    ),
    (
        session.ToolCallsRequested(CALLS[:1], frozenset({"call_1"})),
        server_events.FunctionCallRequest([server_events.RequestedCall("call_1", "now", "{}", client_side=False)]),
    ),
    (session.LineRefused("Later."), server_events.InjectionRefused("Later.")),
    (session.SettingsAcknowledged(), server_events.SettingsApplied()),
    (session.Warned(WARNED), server_events.WarningEvent("FUNCTION_CALL_TIMEOUT", "Answer sooner.")),
    (
        session.Failed(session.Problem(session.Cause.SETTINGS_INVALID, "Correct.")),
        server_events.ErrorEvent("INVALID_SETTINGS", "Correct."),
    ),
]


@pytest.mark.parametrize(("event", "message"), TAKEN)
def test_an_event_that_is_supported_becomes_its_message(
    event: client_events.LaterEvent, message: session.ClientMessage
) -> None:
    """Each supported client event means one thing to the session."""
    assert message == to_session(event)


@pytest.mark.parametrize("event", REFUSED, ids=lambda event: type(event).__name__)
def test_an_event_that_is_not_supported_is_answered_with_what_to_do(event: client_events.LaterEvent) -> None:
    """The client is told by the type's own name that it has no effect, and the session goes on."""
    refused = to_session(event)
    assert isinstance(refused, session.UnsupportedRequest)
    assert refused.problem.cause is session.Cause.UNSUPPORTED
    assert refused.problem.detail.startswith(f"{event.__struct_config__.tag} is not supported")


def test_each_later_event_is_translated_or_answered() -> None:
    """No type of client event is left without an answer."""
    assert set(get_args(Unsupported)) == set(NOT_SUPPORTED)
    translated = {type(event) for event, _ in TAKEN} | {type(event) for event in REFUSED} | set(get_args(Update))
    assert set(get_args(client_events.LaterEvent)) == translated


@pytest.mark.parametrize(
    ("cause", "ending"),
    [
        (session.Cause.UNPARSABLE, session.Ending.CLIENT_FAULT),
        (session.Cause.MESSAGE_TOO_LARGE, session.Ending.CLIENT_TOO_LARGE),
    ],
)
def test_what_is_malformed_ends_the_session(cause: session.Cause, ending: session.Ending) -> None:
    """A message that is none is the client's fault, and how the session ends tells which."""
    problem = session.Problem(cause, "Send JSON.")
    assert session.ClientFault(problem, ending) == to_session(Malformed(problem))


OTHERS = {session.UserStopped, session.UserHeard}


@pytest.mark.parametrize(("effect", "told"), TOLD)
def test_the_client_is_told_each_effect(effect: session.Told, told: ServerEvent) -> None:
    """Each effect is one message to the client."""
    assert (told,) == to_client(effect)


def test_the_beginning_of_speech_is_told_with_and_without_what_is_not_known() -> None:
    """The older message requires its three figures; the report leaves out what nobody has measured."""
    whole = session.AgentSpeaking(session.Latency(1.5, 0.5, 1.0, tool_s=0.25, transcript_s=0.125))
    assert to_client(whole) == (
        server_events.AgentStartedSpeaking(total_latency=1.5, tts_latency=1.0, ttt_latency=0.5),
        server_events.LatencyReport(
            stt_latency=0.125,
            ttt_token_latency=0.25,
            ttt_text_latency=0.5,
            ttt_tool_latency=0.25,
            tts_latency=1.0,
            total_latency=1.5,
        ),
    )
    assert to_client(session.AgentSpeaking()) == (
        server_events.AgentStartedSpeaking(total_latency=0.0, tts_latency=0.0, ttt_latency=0.0),
        server_events.LatencyReport(),
    )


@pytest.mark.parametrize(
    ("event", "path"),
    [
        (client_events.InjectAgentMessage("Hello", behavior="shout"), "$.behavior"),
        (client_events.InjectAgentMessage(" "), "$.message"),
        (client_events.InjectAgentMessage(), "$.message"),
    ],
)
def test_a_line_that_cannot_be_said_is_not_taken(event: client_events.InjectAgentMessage, path: str) -> None:
    """The client is told which field and what it may be."""
    refused = to_session(event)
    assert isinstance(refused, session.UnsupportedRequest)
    assert path in refused.problem.detail


def test_each_effect_for_the_client_has_an_example() -> None:
    """No effect is left out of the examples; the beginning of speech is more than one message."""
    assert set(get_args(session.Told)) - {session.AgentSpeaking, *OTHERS} == {type(effect) for effect, _ in TOLD}


def test_what_only_other_protocols_tell_is_not_told() -> None:
    """Deepgram has no word for the end of an utterance, nor for its pieces."""
    assert () == to_client(session.UserStopped())
    assert () == to_client(session.UserHeard("item_1", "hi", is_whole=True))


@pytest.mark.parametrize("cause", session.Cause)
def test_every_cause_can_be_told_as_error_and_as_warning(cause: session.Cause) -> None:
    """Whatever fails, the client gets a code and a description."""
    problem = session.Problem(cause, "detail")
    (failed,), (warned,) = to_client(session.Failed(problem)), to_client(session.Warned(problem))
    assert isinstance(failed, server_events.ErrorEvent)
    assert isinstance(warned, server_events.WarningEvent)
    assert (failed.code.isupper(), warned.code.isupper()) == (True, True)
