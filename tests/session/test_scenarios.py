"""
What the proxy was made for, and the faults that it was made to be rid of.

The numbers are those of the faults of the system that Turngate replaces; each was reproduced there.
"""

import pytest
from session_driver import ACTIVE, COMPLETED, CONFIG, PCM, Talk, call, passed, prompt

from turngate.session import messages as m
from turngate.session.machines import Gate, Phase
from turngate.session.policy import COMPONENT

OTHER = m.SessionConfig("be brief")


# --- the race -------------------------------------------------------------------------------------------------------


def test_settings_when_a_response_is_active_wait_for_its_end() -> None:
    """The client sends Settings while a response is active: they go upstream when it has ended, and not before."""
    talk = Talk(COMPONENT).serve().respond()
    assert [] == talk.tell(m.ConfigureSession(OTHER)).upstream
    assert [] == talk.tell(m.AgentTextStarted("r1"), m.AgentTextEnded("r1", "i1", "yes")).upstream
    assert [] == talk.audio().upstream
    assert [] == talk.tell(m.AgentAudioSegmentEnded("r1")).upstream
    ended = talk.end()
    assert [m.SendUpdate("tg_4", OTHER, CONFIG)] == ended.upstream
    assert [] == ended.all(m.UpdateApplied)
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_settings_when_a_response_is_outstanding_wait_for_its_end() -> None:
    """The same holds from the moment at which a response was asked for."""
    talk = Talk(COMPONENT).serve()
    talk.tell(m.UserText("hi"))
    talk.confirm_items()
    assert [] == talk.tell(m.ConfigureSession(OTHER)).upstream
    assert [] == talk.start().upstream
    assert [OTHER] == [update.config for update in talk.end().all(m.SendUpdate)]


def test_first_settings_when_the_upstream_speaks_already_wait_for_its_end() -> None:
    """The first Settings come while a response of the upstream's own is active: they too wait."""
    talk = Talk(COMPONENT)
    talk.tell(m.UpstreamReady(), m.ResponseStarted("r1"))
    assert [] == talk.tell(m.ConfigureSession(CONFIG)).upstream
    assert [m.SendUpdate("tg_1", CONFIG, None)] == talk.end().upstream
    assert [m.SessionConfigured()] == talk.tell(m.UpdateConfirmed()).client


@pytest.mark.row(34)
def test_settings_when_sent_again_in_the_deepgram_profile_are_refused() -> None:
    """A second Settings is an error there, and nothing goes upstream."""
    refused = Talk().serve().respond().tell(m.ConfigureSession(OTHER))
    assert [] == refused.upstream
    assert [m.Cause.ALREADY_CONFIGURED] == refused.causes
    assert m.Ending.CLIENT_FAULT is refused.ending


@pytest.mark.row(35)
def test_settings_when_sent_again_before_they_are_applied_are_refused() -> None:
    """There is one answer in all: the error, and no acknowledgement after it."""
    talk = Talk()
    talk.configure()
    refused = talk.tell(m.ConfigureSession(OTHER))
    assert [] == refused.upstream
    assert [m.Cause.ALREADY_CONFIGURED] == refused.causes
    assert m.Ending.CLIENT_FAULT is refused.ending
    assert [] == talk.tell(m.UpdateConfirmed()).client


def test_updates_when_a_response_is_active_wait_for_its_end() -> None:
    """An update of the prompt waits in the same way, in any profile."""
    talk = Talk().serve().respond()
    assert () == talk.tell(prompt("and brief")).effects
    assert "be kind\nand brief" == talk.end().one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_updates_when_the_upstream_crosses_with_a_response_are_tried_again() -> None:
    """A response of the upstream's own crosses our update, which is refused: it is sent again after that response."""
    talk = Talk().serve()
    talk.tell(prompt("and brief"), m.ResponseStarted("r1"))
    assert Gate.UPDATING_CROSSED is talk.state.gate
    assert [] == talk.refuse(m.SendUpdate, ACTIVE).client
    assert "be kind\nand brief" == talk.end().one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


# --- the faults -----------------------------------------------------------------------------------------------------


def test_b01_user_text_when_a_response_is_active_is_answered_after_it() -> None:
    """The client sees it echoed at once; it goes upstream when the response has ended, right before its answer."""
    talk = Talk().serve().respond("one")
    told = talk.tell(m.UserText("two"))
    assert [m.ConversationLine(m.Role.USER, "two")] == told.client
    assert [] == told.upstream
    assert [m.AddLine("tg_4", "tg_4", m.Role.USER, "two"), m.StartResponse("tg_5")] == talk.end().upstream
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_b01_user_text_when_the_upstream_started_by_itself_is_answered_after_it() -> None:
    """A create that is refused because the upstream had begun by itself is sent again, and not shown to the client."""
    talk = Talk().serve()
    talk.tell(m.UserText("one"), m.ResponseStarted("r1"))
    assert [] == talk.refuse(m.StartResponse, ACTIVE).client
    again = talk.end()
    assert 1 == len(again.all(m.StartResponse))
    assert [] == again.all(m.AddLine)
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_b02_settings_when_sent_again_are_applied() -> None:
    """The second Settings reach the upstream, and are acknowledged when it has confirmed them."""
    talk = Talk(COMPONENT).serve()
    again = talk.tell(m.ConfigureSession(OTHER))
    assert [m.SendUpdate("tg_2", OTHER, CONFIG)] == again.upstream
    assert [] == again.client
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client


def test_b03_tool_results_when_a_response_is_active_are_answered_after_it() -> None:
    """A result that comes while a response is active goes upstream at once; the model goes on after that response."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.ResponseStarted("r2"))
    assert [m.AddToolOutput("tg_4", "tg_4", "call_1", "42")] == talk.tell(m.ToolResult("call_1", "", "42")).upstream
    assert [m.StartResponse("tg_5")] == talk.end("r2").upstream
    talk.start("r3")
    talk.end("r3")
    talk.settle()


def test_b04_tool_calls_when_several_are_announced_together_and_answered_by_one_response() -> None:
    """All calls of a response come in one message; the model goes on once, after the last result."""
    talk = Talk().serve()
    calls = (call(1), call(2))
    assert [m.ToolCallsRequested(calls)] == talk.call_tools(*calls).client
    assert [] == talk.tell(m.ToolResult("call_2", "", "b")).all(m.StartResponse)
    last = talk.tell(m.ToolResult("call_1", "", "a"))
    assert [m.AddToolOutput("tg_5", "tg_5", "call_1", "a"), m.StartResponse("tg_6")] == last.upstream
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_b05_settings_when_refused_can_be_corrected() -> None:
    """Refused Settings are an error; corrected ones are sent, and what waited meanwhile is taken up."""
    talk = Talk(COMPONENT)
    talk.configure()
    talk.tell(m.UserText("hi"))
    refused = talk.refuse(m.SendUpdate)
    assert [m.Cause.SETTINGS_REFUSED] == refused.causes
    assert refused.ending is None
    assert [m.SendUpdate("tg_2", OTHER, None)] == talk.tell(m.ConfigureSession(OTHER)).upstream
    served = talk.tell(m.UpdateConfirmed())
    assert [m.SessionConfigured(), m.ConversationLine(m.Role.USER, "hi")] == served.client
    assert [m.AddLine("tg_3", "tg_3", m.Role.USER, "hi")] == served.upstream
    assert [m.StartResponse("tg_4")] == talk.confirm_items().upstream


def test_b05_settings_when_corrected_before_the_refusal_are_taken_next() -> None:
    """Settings that were sent before the first were refused count as their correction."""
    talk = Talk(COMPONENT)
    talk.configure()
    talk.tell(m.ConfigureSession(OTHER))
    assert [m.SendUpdate("tg_2", OTHER, None)] == talk.refuse(m.SendUpdate).upstream
    assert [m.SessionConfigured()] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_b08_tool_results_when_before_settings_do_not_block_them() -> None:
    """A result that nobody asked for waits for the session like anything else, and is then refused."""
    talk = Talk(COMPONENT)
    talk.tell(m.UpstreamReady())
    assert [] == talk.tell(m.ToolResult("call_1", "", "42")).upstream
    assert [m.SendUpdate("tg_1", CONFIG, None)] == talk.tell(m.ConfigureSession(CONFIG)).upstream
    served = talk.tell(m.UpdateConfirmed())
    assert [] == served.upstream
    assert [m.Cause.UNKNOWN_TOOL_RESULT] == served.causes


def test_b09_user_texts_when_quick_are_each_added_once_and_answered() -> None:
    """Two quick messages are two items, each right before the create that answers it; other items change nothing."""
    talk = Talk().serve()
    first = talk.tell(m.UserText("one"))
    assert [m.AddLine("tg_2", "tg_2", m.Role.USER, "one"), m.StartResponse("tg_3")] == first.upstream
    assert [] == talk.tell(m.UserText("two")).upstream
    assert () == talk.tell(m.ItemConfirmed("item_of_the_assistant"), m.ItemConfirmed("tg_2")).effects
    talk.start()
    assert [m.AddLine("tg_4", "tg_4", m.Role.USER, "two"), m.StartResponse("tg_5")] == talk.end().upstream
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_b10_tool_results_when_nobody_asked_delay_nothing() -> None:
    """The client is warned; the next turn has one response, at once."""
    talk = Talk().serve()
    unasked = talk.tell(m.ToolResult("call_1", "", "42"))
    assert [m.Cause.UNKNOWN_TOOL_RESULT] == unasked.causes
    assert [] == unasked.upstream
    assert 1 == len(talk.tell(m.UserText("hi")).all(m.StartResponse))
    talk.start()
    assert [] == talk.end().upstream
    talk.settle()


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_b11_creates_when_refused_leave_the_gate_open(code: str) -> None:
    """A refused create has no response and so no end of one: the client is warned, and the session goes on."""
    talk = Talk().serve()
    talk.tell(m.UserText("one"))
    assert [m.Cause.RESPONSE_REFUSED] == talk.refuse(m.StartResponse, code).causes
    assert Gate.OPEN is talk.state.gate
    assert 1 == len(talk.tell(prompt("and brief")).all(m.SendUpdate))
    talk.tell(m.UpdateConfirmed())
    assert 1 == len(talk.tell(m.UserText("two")).all(m.StartResponse))


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (m.ResponseStatus.FAILED, m.Cause.RESPONSE_FAILED),
        (m.ResponseStatus.INCOMPLETE, m.Cause.RESPONSE_INCOMPLETE),
    ],
)
def test_b12_responses_when_they_fail_are_reported(status: m.ResponseStatus, cause: m.Cause) -> None:
    """A response that failed or was cut short is told to the client, with the upstream's reason."""
    talk = Talk().serve().respond()
    ended = talk.tell(m.ResponseEnded("r1", status, "max_output_tokens"))
    assert [cause] == ended.causes
    assert "max_output_tokens" in ended.one(m.Warned).problem.detail
    talk.settle()


def test_b15_what_comes_early_when_the_session_serves_keeps_its_order() -> None:
    """What came before the session served goes upstream in its order; a turn that must wait for an answer waits."""
    talk = Talk(COMPONENT)
    talk.tell(m.UserAudio(b"\1\0"), m.UserText("one"), m.UserAudio(b"\2\0"), m.ConfigureSession(CONFIG))
    talk.tell(m.UserText("two"), m.UserAudio(b"\3\0"), m.UpstreamReady(), m.UserAudio(b"\4\0"))
    assert [
        m.AppendAudio(b"\1\0"),
        m.AddLine("tg_2", "tg_2", m.Role.USER, "one"),
        m.AppendAudio(b"\2\0"),
        m.AddLine("tg_3", "tg_3", m.Role.USER, "two"),
        m.AppendAudio(b"\3\0"),
        m.AppendAudio(b"\4\0"),
    ] == talk.tell(m.UpdateConfirmed()).upstream
    assert [m.StartResponse("tg_4")] == talk.confirm_items().upstream
    talk.start()
    assert [] == talk.end().upstream
    talk.settle()


def test_b16_confirmations_when_nobody_asked_acknowledge_nothing() -> None:
    """Each acknowledgement answers one update that the upstream has confirmed; further confirmations say nothing."""
    talk = Talk(COMPONENT).serve()
    assert [] == talk.tell(m.UpdateConfirmed()).client
    talk.tell(prompt("and brief"))
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    assert [] == talk.tell(m.UpdateConfirmed()).client


def test_b16_settings_when_sent_twice_early_are_acknowledged_after_their_confirmations() -> None:
    """A second Settings before the first were confirmed is acknowledged by a confirmation of its own."""
    talk = Talk(COMPONENT)
    talk.configure()
    assert () == talk.tell(m.ConfigureSession(OTHER)).effects
    served = talk.tell(m.UpdateConfirmed())
    assert [m.SessionConfigured()] == served.client
    assert [m.SendUpdate("tg_2", OTHER, CONFIG)] == served.upstream
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client


# --- a whole conversation -------------------------------------------------------------------------------------------


def test_a_conversation_when_all_goes_well() -> None:
    """Settings, greeting, speech, an answer with a tool call, its result, and the end: all in order."""
    talk = Talk()
    talk.configure(m.ConfigureSession(CONFIG, greeting="Hello."))
    talk.tell(m.UpdateConfirmed())
    talk.start("greeting")
    talk.audio("greeting")
    assert [m.AgentFinishedSpeaking()] == talk.end("greeting").client
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechStopped("u1"), m.SpeechCommitted("u1"))
    talk.start("r1")
    talk.tell(m.UserTranscribed("u1", "What time is it?"), m.ToolCallCompleted("r1", call()))
    assert [m.ToolCallsRequested((call(),))] == talk.end("r1", COMPLETED, (call(),)).client
    talk.tell(m.ToolResult("call_1", "look_up", "noon"))
    talk.start("r2")
    assert [m.AgentSpeaking(), m.AgentAudio(PCM, "item_r2")] == talk.audio("r2").client
    talk.tell(m.AgentTextEnded("r2", "i2", "It is noon."))
    assert [m.AgentFinishedSpeaking()] == talk.end("r2").client
    talk.settle()
    assert m.Ending.CLIENT_LEFT is talk.tell(m.ClientGone()).ending
    assert Phase.ENDED is talk.state.phase
    assert () == talk.tell(m.UserText("anyone?"), passed(m.Deadline.FLOOR)).effects
