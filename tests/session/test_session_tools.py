"""The ledger of tool calls: announced together, answered once each, and then one response."""

import pytest
from session_driver import COMPLETED, Talk, call, passed

from turngate.session import messages as m
from turngate.session.policy import Bounds
from turngate.session.tools import CANCELLED_OUTPUT, OVERDUE_OUTPUT


def test_calls_when_told_of_twice_are_announced_once() -> None:
    """A call that was complete before the response's end, and is in its list again, is one call."""
    talk = Talk().serve().respond()
    talk.tell(m.ToolCallCompleted("r1", call()), m.ToolCallCompleted("r1", call()))
    announced = talk.end(calls=(call(), call(2)))
    assert [m.ToolCallsRequested((call(), call(2)))] == announced.client
    assert m.Arm(m.Deadline.TOOL_RESULTS) in announced.effects
    assert () == talk.end(calls=(call(), call(2))).effects


def test_calls_when_complete_before_their_response_wait_for_its_end() -> None:
    """Nothing is announced before the response has ended, so that all its calls are announced together."""
    talk = Talk().serve().respond()
    assert [] == talk.tell(m.ToolCallCompleted("r1", call())).client


def test_calls_when_their_response_was_seen_to_end_only_are_announced() -> None:
    """The list at the end is enough."""
    talk = Talk().serve()
    create = talk.tell(m.UserText("hi")).one(m.StartResponse)
    ended = talk.tell(m.ResponseEnded("r1", COMPLETED, calls=(call(),), tag=create.event_id))
    assert [m.AgentThinking(), m.ToolCallsRequested((call(),))] == ended.client


@pytest.mark.parametrize("status", [s for s in m.ResponseStatus if s is not COMPLETED], ids=lambda s: s.value)
def test_calls_when_their_response_did_not_complete_are_closed_unasked(status: m.ResponseStatus) -> None:
    """The client is not asked for results of an answer that was cut off, and no call dangles."""
    talk = Talk().serve().respond()
    ended = talk.end(status=status, calls=(call(),))
    assert [m.AddToolOutput("tg_4", "tg_4", "call_1", CANCELLED_OUTPUT)] == ended.upstream
    assert [] == ended.all(m.ToolCallsRequested)


def test_result_when_it_is_the_last_makes_the_model_go_on() -> None:
    """One response follows the last result of a response's calls."""
    talk = Talk().serve()
    talk.call_tools(call())
    last = talk.tell(m.ToolResult("call_1", "look_up", "42"))
    assert [m.AddToolOutput("tg_4", "tg_4", "call_1", "42"), m.StartResponse("tg_5")] == last.upstream
    assert {m.Deadline.TOOL_RESULTS, m.Deadline.TOOL_PATIENCE} == {disarmed.deadline for disarmed in last.all(m.Disarm)}


def test_result_when_repeated_or_unknown_is_warned_of() -> None:
    """Each call is answered once, and only calls that were asked for."""
    talk = Talk().serve()
    talk.call_tools(call(1), call(2))
    talk.tell(m.ToolResult("call_1", "look_up", "42"))
    for wrong in (m.ToolResult("call_1", "look_up", "43"), m.ToolResult("call_9", "look_up", "44")):
        warned = talk.tell(wrong)
        assert [m.Cause.UNKNOWN_TOOL_RESULT] == warned.causes
        assert [] == warned.upstream


def test_result_when_without_an_id_is_matched_by_name() -> None:
    """A name stands for a call if exactly one open call has it."""
    talk = Talk().serve()
    talk.call_tools(call(1), call(2), call(3, "dial"))
    assert [m.Cause.UNKNOWN_TOOL_RESULT] == talk.tell(m.ToolResult(None, "look_up", "")).causes
    assert "call_3" == talk.tell(m.ToolResult(None, "dial", "ok")).one(m.AddToolOutput).call_id
    talk.tell(m.ToolResult("call_1", "look_up", "a"))
    assert "call_2" == talk.tell(m.ToolResult(None, "look_up", "b")).one(m.AddToolOutput).call_id


def test_results_when_overdue_are_replaced_and_told() -> None:
    """The model is told that no result came, and goes on; the client is warned; a late result is refused."""
    talk = Talk().serve()
    talk.call_tools(call(1), call(2, "dial"))
    talk.tell(m.ToolResult("call_1", "look_up", "42"))
    overdue = talk.tell(passed(m.Deadline.TOOL_RESULTS))
    assert [m.Cause.TOOL_TIMEOUT] == overdue.causes
    assert "dial" in overdue.one(m.Warned).problem.detail
    assert [m.AddToolOutput("tg_5", "tg_5", "call_2", OVERDUE_OUTPUT), m.StartResponse("tg_6")] == overdue.upstream
    assert [m.Cause.UNKNOWN_TOOL_RESULT] == talk.tell(m.ToolResult("call_2", "dial", "late")).causes


def test_turn_when_calls_are_open_waits_a_short_while_for_their_results() -> None:
    """The model answers better with the results: they come in time, and one response answers both."""
    talk = Talk().serve()
    talk.call_tools(call())
    waits = talk.tell(m.UserText("hurry"))
    assert [] == waits.all(m.StartResponse)
    assert m.Arm(m.Deadline.TOOL_PATIENCE) in waits.effects
    assert 1 == len(talk.tell(m.ToolResult("call_1", "look_up", "42")).all(m.StartResponse))
    talk.start("r2")
    assert [] == talk.end("r2").upstream
    talk.settle()


def test_turn_when_calls_stay_open_is_answered_without_them() -> None:
    """The results do not come in time: the user is answered, and the results when they come."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.UserText("hurry"))
    assert 1 == len(talk.tell(passed(m.Deadline.TOOL_PATIENCE)).all(m.StartResponse))
    talk.start("r2")
    assert [] == talk.tell(m.ToolResult("call_1", "look_up", "42")).all(m.StartResponse)
    assert 1 == len(talk.end("r2").all(m.StartResponse))
    talk.start("r3")
    talk.end("r3")
    talk.settle()


def test_result_when_the_user_has_barged_in_is_answered_with_the_users_turn() -> None:
    """A result that comes while the user speaks goes upstream; one response answers both when the turn is over."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.SpeechStarted("u1"))
    result = talk.tell(m.ToolResult("call_1", "look_up", "42"))
    assert ["AddToolOutput"] == [type(effect).__name__ for effect in result.upstream]
    assert 1 == len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse))
    talk.start("r2")
    assert [] == talk.end("r2").upstream
    talk.settle()


def test_calls_when_more_are_open_than_may_be_are_closed_and_told() -> None:
    """The rest are closed, the client is told, and the model goes on after those that were announced."""
    talk = Talk(bounds=Bounds(open_calls=1)).serve()
    ended = talk.call_tools(call(1), call(2))
    assert [m.ToolCallsRequested((call(1),))] == ended.all(m.ToolCallsRequested)
    assert ["call_2"] == [output.call_id for output in ended.all(m.AddToolOutput)]
    assert [m.Cause.TOO_MANY_WAITING] == ended.causes
    assert 1 == len(talk.tell(m.ToolResult("call_1", "look_up", "42")).all(m.StartResponse))


def test_calls_when_no_more_may_be_open_are_not_silent() -> None:
    """With no room at all the client is told that the answer ends here."""
    talk = Talk(bounds=Bounds(open_calls=1)).serve()
    talk.call_tools(call(1))
    talk.tell(m.ResponseStarted("r2"))
    assert [m.Cause.TOO_MANY_WAITING] == talk.end("r2", calls=(call(2),)).causes


# --- functions that the proxy calls ---------------------------------------------------------------------------------

ENDPOINT = m.Endpoint("https://example.org/clock")


def with_functions() -> Talk:
    """A session with one function that the proxy calls, and one that the client does."""
    tools = (m.ToolSpec("clock", endpoint=ENDPOINT), m.ToolSpec("look_up"))
    return Talk().serve(m.ConfigureSession(m.SessionConfig("be kind", tools)))


def test_function_when_it_has_an_endpoint_is_called_by_the_proxy() -> None:
    """The client is told of it as of one that it need not answer; the model goes on when it has answered."""
    talk = with_functions()
    ours = m.ToolCall("c1", "clock", "{}")
    called = talk.call_tools(ours)
    assert [m.ToolCallsRequested((ours,), frozenset({"c1"}))] == called.client
    assert [m.CallFunction(ours, ENDPOINT)] == called.all(m.CallFunction)
    done = talk.tell(m.FunctionDone("c1", "noon"))
    assert [m.FunctionAnswered(ours, "noon")] == done.client
    assert ["noon"] == [effect.output for effect in done.all(m.AddToolOutput)]
    assert m.CallsRecorded(((ours, "noon"),), ours=True) in done.effects
    assert 1 == len(done.all(m.StartResponse))
    assert () == talk.tell(m.FunctionDone("c1", "again")).effects


def test_function_when_it_cannot_be_called_is_answered_for_the_model_and_warned_of() -> None:
    """The conversation goes on; nothing that the other side wrote is passed on."""
    talk = with_functions()
    talk.call_tools(m.ToolCall("c1", "clock", "{}"))
    failed = talk.tell(m.FunctionDone("c1", failure="status 500"))
    assert [m.Cause.TOOL_FAILED] == failed.causes
    assert "status 500" in failed.one(m.Warned).problem.detail
    assert 1 == len(failed.all(m.StartResponse))


def test_function_when_others_are_the_clients_is_waited_for_with_them() -> None:
    """One response follows all results, whoever gives them; the client cannot answer for the proxy."""
    talk = with_functions()
    ours, theirs = m.ToolCall("c1", "clock", "{}"), m.ToolCall("c2", "look_up", "{}")
    talk.call_tools(ours, theirs)
    assert [m.Cause.UNKNOWN_TOOL_RESULT] == talk.tell(m.ToolResult("c1", "clock", "forged")).causes
    assert [] == talk.tell(m.ToolResult("c2", "look_up", "42")).all(m.StartResponse)
    assert 1 == len(talk.tell(m.FunctionDone("c1", "noon")).all(m.StartResponse))


def test_function_when_it_is_overdue_is_not_cancelled_at_the_client() -> None:
    """Only the calls that the client was asked for are taken back."""
    talk = with_functions()
    ours, theirs = m.ToolCall("c1", "clock", "{}"), m.ToolCall("c2", "look_up", "{}")
    talk.call_tools(ours, theirs)
    late = talk.tell(passed(m.Deadline.TOOL_RESULTS))
    assert [m.ToolCallsCancelled((theirs,))] == late.all(m.ToolCallsCancelled)
    assert () == talk.tell(m.FunctionDone("c1", "noon")).effects
