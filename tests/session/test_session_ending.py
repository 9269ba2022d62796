"""How a session ends: one way for all reasons, in every phase, and nothing after it."""

from collections.abc import Callable

import pytest
from attrs import evolve
from session_driver import CONFIG, Talk, call, passed

from turngate.session import messages as m
from turngate.session.machines import Phase
from turngate.session.policy import COMPONENT, DEEPGRAM, Length, Policy, Renewal

PROBLEM = m.Problem(m.Cause.UPSTREAM_CLOSED, "The upstream closed with 1011.")
LEAVING: dict[m.Message, tuple[m.Ending, list[m.Cause]]] = {
    m.ClientGone(): (m.Ending.CLIENT_LEFT, []),
    m.ClientStalled(): (m.Ending.CLIENT_STALLED, [m.Cause.CLIENT_STALLED]),
    m.ClientFault(m.Problem(m.Cause.UNPARSABLE, "Send JSON.")): (m.Ending.CLIENT_FAULT, [m.Cause.UNPARSABLE]),
    m.ClientFault(m.Problem(m.Cause.MESSAGE_TOO_LARGE, "Send less."), m.Ending.CLIENT_TOO_LARGE): (
        m.Ending.CLIENT_TOO_LARGE,
        [m.Cause.MESSAGE_TOO_LARGE],
    ),
    m.UpstreamLost(PROBLEM): (m.Ending.UPSTREAM_FAILED, [m.Cause.UPSTREAM_CLOSED]),
    m.Shutdown(): (m.Ending.GOING_AWAY, [m.Cause.GOING_AWAY]),
    m.Dismissed(): (m.Ending.DISMISSED, [m.Cause.DISMISSED]),
}


def awaiting(policy: Policy) -> Talk:
    """A session that awaits settings."""
    return Talk(policy)


def connecting(policy: Policy) -> Talk:
    """A session that awaits its upstream."""
    talk = Talk(policy)
    talk.tell(m.ConfigureSession(CONFIG))
    return talk


def configuring(policy: Policy) -> Talk:
    """A session whose settings are on their way."""
    talk = Talk(policy)
    talk.configure()
    return talk


def serving(policy: Policy) -> Talk:
    """A session in the middle of an answer."""
    return Talk(policy).serve().respond()


@pytest.mark.parametrize("policy", [DEEPGRAM, COMPONENT], ids=["deepgram", "component"])
@pytest.mark.parametrize("come_to", [awaiting, connecting, configuring, serving])
@pytest.mark.parametrize("message", LEAVING, ids=lambda message: type(message).__name__)
def test_session_when_a_leg_is_gone_ends_with_a_last_word(
    message: m.Message, come_to: Callable[[Policy], Talk], policy: Policy
) -> None:
    """In every phase the client is told why, both legs are closed, and nothing is done after that."""
    talk = come_to(evolve(policy, renewal=Renewal.OFF))
    ended = talk.tell(message)
    assert LEAVING[message] == (ended.ending, ended.causes)
    assert isinstance(ended.effects[-1], m.EndSession)
    assert Phase.ENDED is talk.state.phase
    again = talk.tell(m.ClientGone(), m.UpstreamLost(PROBLEM), m.UserText("hi"), m.UpdateConfirmed(), m.Shutdown())
    assert () == again.effects


def test_session_when_it_ends_notes_the_cause() -> None:
    """The end of a session carries the stable name of its cause, for the log."""
    assert m.EndSession(m.Ending.UPSTREAM_FAILED, "upstream_closed") == Talk().tell(m.UpstreamLost(PROBLEM)).effects[-1]


def test_client_fault_when_the_protocol_lets_it_live_is_an_error_only() -> None:
    """Some faults cost an error and nothing else."""
    problem = m.Problem(m.Cause.UNPARSABLE, "Send JSON.")
    talk = Talk().serve()
    assert (m.Failed(problem),) == talk.tell(m.ClientFault(problem, ending=None)).effects
    assert 1 == len(talk.tell(m.UserText("hi")).all(m.StartResponse))


@pytest.mark.parametrize(
    ("come_to", "deadline", "ending", "cause"),
    [
        (awaiting, m.Deadline.SETTINGS, m.Ending.CLIENT_TIMEOUT, m.Cause.SETTINGS_TIMEOUT),
        (connecting, m.Deadline.UPSTREAM_READY, m.Ending.UPSTREAM_FAILED, m.Cause.UPSTREAM_UNREADY),
        (configuring, m.Deadline.UPDATE_ANSWER, m.Ending.UPSTREAM_FAILED, m.Cause.UPSTREAM_SILENT),
    ],
)
def test_session_when_its_beginning_takes_too_long_ends(
    come_to: Callable[[Policy], Talk], deadline: m.Deadline, ending: m.Ending, cause: m.Cause
) -> None:
    """Every wait on the way to a session that serves has an end, and a cause that the client is told."""
    talk = come_to(DEEPGRAM)
    assert deadline in talk.judge.armed
    ended = talk.tell(passed(deadline))
    assert (ending, [cause]) == (ended.ending, ended.causes)


# --- a proxy that will go away ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("come_to", [awaiting, connecting, configuring])
def test_drain_when_the_session_does_not_serve_yet_ends_it_at_once(come_to: Callable[[Policy], Talk]) -> None:
    """There is no call to cut off, and the client can begin it elsewhere."""
    ended = come_to(DEEPGRAM).tell(m.Drain())
    assert (m.Ending.GOING_AWAY, [m.Cause.GOING_AWAY]) == (ended.ending, ended.causes)


@pytest.mark.row(91)
def test_drain_when_nothing_is_under_way_ends_the_session_at_once() -> None:
    """Between two turns nobody notices more than that the connection is another one."""
    talk = Talk().serve()
    assert talk.tell(m.Drain()).ending is m.Ending.GOING_AWAY


@pytest.mark.row(91)
def test_drain_when_an_answer_is_under_way_ends_the_session_when_it_was_heard() -> None:
    """Not when the response has ended: the client is still playing it."""
    talk = Talk().serve().respond()
    talk.audio()
    assert not talk.tell(m.Drain()).effects
    assert talk.end().ending is None
    assert talk.tell(m.SpeechPlayed(("item_r1",))).ending is m.Ending.GOING_AWAY


def test_drain_when_the_user_speaks_lets_the_turn_be_answered() -> None:
    """What was begun is finished, and what is said meanwhile is taken."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"), m.Drain(), m.SpeechStopped("u1"), m.SpeechCommitted("u1"))
    talk.start()
    talk.tell(m.UserTranscribed("u1", "hi"))
    assert talk.end().ending is m.Ending.GOING_AWAY


def test_drain_when_calls_are_open_waits_for_their_answer() -> None:
    """A tool call is a turn that is under way."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.Drain(), m.ToolResult("call_1", "look_up", "42"))
    talk.start("r2")
    assert talk.end("r2").ending is m.Ending.GOING_AWAY


def test_drain_when_the_upstream_session_is_being_replaced_waits_for_what_is_owed() -> None:
    """The turn that was lost with it is answered first."""
    talk = Talk().serve().respond()
    talk.lose()
    assert talk.tell(m.Drain()).ending is None
    talk.renew()
    talk.start("r2")
    assert talk.end("r2").ending is m.Ending.GOING_AWAY


def test_drain_when_a_move_is_due_ends_the_session_instead() -> None:
    """Nobody needs another upstream session for a call that is over."""
    talk = Talk(evolve(DEEPGRAM, length=Length.LIMITED)).serve().respond()
    talk.tell(passed(m.Deadline.LIMIT_NEAR), m.NextReady(), m.Drain())
    ended = talk.end()
    assert m.Ending.GOING_AWAY is ended.ending
    assert not ended.all(m.MoveOver)
