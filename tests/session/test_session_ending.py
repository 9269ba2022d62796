"""How a session ends: one way for all reasons, in every phase, and nothing after it."""

from collections.abc import Callable

import pytest
from attrs import evolve
from session_driver import CONFIG, Talk, call, passed, prompt

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


# --- what may be used is used up ------------------------------------------------------------------------------------

MINUTES = {m.Cap.SESSION_MINUTES: m.Cause.LENGTH_USED_UP, m.Cap.DAY_MINUTES: m.Cause.USED_UP}
AMOUNTS = [cap for cap in m.Cap if cap not in MINUTES]


@pytest.mark.row(48)
@pytest.mark.parametrize("come_to", [awaiting, connecting, configuring, serving])
@pytest.mark.parametrize("cap", MINUTES)
def test_session_when_its_time_is_used_up_ends_at_once(cap: m.Cap, come_to: Callable[[Policy], Talk]) -> None:
    """Also in the middle of an answer; the log names the cap."""
    ended = come_to(DEEPGRAM).tell(m.UsedUp(cap))
    assert (m.EndSession(m.Ending.USED_UP, cap.name.lower()), [MINUTES[cap]]) == (ended.effects[-1], ended.causes)


@pytest.mark.row(48)
@pytest.mark.parametrize("cap", AMOUNTS)
def test_session_when_its_tokens_are_used_up_ends_with_the_answer_that_used_them(cap: m.Cap) -> None:
    """That is paid for; what waits behind it is asked for no more, in this step or before."""
    talk = Talk().serve().respond()
    talk.tell(m.UserText("and?"))
    assert () == talk.tell(m.UsedUp(cap), prompt("be brief")).effects
    ended = talk.end()
    assert (m.EndSession(m.Ending.USED_UP, cap.name.lower()), [m.Cause.USED_UP]) == (ended.effects[-1], ended.causes)
    assert not ended.all(m.StartResponse)


@pytest.mark.parametrize("cap", AMOUNTS)
def test_session_when_its_tokens_are_used_up_and_nothing_is_said_ends_at_once(cap: m.Cap) -> None:
    """As where another session of the same key has used them up."""
    assert m.Ending.USED_UP is Talk().serve().tell(m.UsedUp(cap)).ending


def test_session_when_more_is_used_up_names_what_was_first() -> None:
    """The session ends once, for one reason."""
    talk = Talk().serve().respond()
    talk.tell(m.UsedUp(m.Cap.DAY_COST), m.UsedUp(m.Cap.DAY_TOKENS))
    assert m.EndSession(m.Ending.USED_UP, "day_cost") == talk.end().effects[-1]


@pytest.mark.parametrize("cap", m.Cap)
def test_session_when_it_is_used_up_tells_the_client_what_and_what_to_do(cap: m.Cap) -> None:
    """Connecting again is of use at once, or tomorrow."""
    (failed,) = Talk().serve().tell(m.UsedUp(cap)).all(m.Failed)
    assert cap.value in failed.problem.detail
    assert ("after midnight UTC" in failed.problem.detail) is cap.is_of_a_day


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
