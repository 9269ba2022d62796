"""What the user said has an answer in time, or the client is told that it has none."""

import pytest
from attrs import evolve
from session_driver import CONFIG, PCM, Step, Talk, call, passed

from turngate.session import messages as m

TURN = m.Deadline.TURN
OWN = m.ConfigureSession(evolve(CONFIG, starter=m.Starter.UPSTREAM))


def overdue(talk: Talk) -> Step:
    """The answer does not come; afterwards nothing waits for it any more."""
    assert TURN in talk.judge.armed
    told = talk.tell(passed(TURN))
    assert [m.Cause.UPSTREAM_SILENT] == told.causes
    assert TURN not in talk.judge.armed
    return told


def test_turn_when_its_response_says_nothing_is_given_up_in_the_end() -> None:
    """The response goes on being silent by sending events of no content: it is cancelled."""
    talk = Talk().serve().respond("hi")
    assert 1 == len(overdue(talk).all(m.CancelResponse))
    talk.end(status=m.ResponseStatus.CANCELLED)
    talk.settle()


def test_turn_when_nobody_names_it_is_given_up_in_the_end_too() -> None:
    """Where the upstream is to answer by itself and does not, nothing else tells the client."""
    talk = Talk().serve(OWN)
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted(""))
    overdue(talk)
    talk.settle()


def test_turn_when_it_waits_behind_another_response_is_given_up_alone() -> None:
    """What else is under way goes on."""
    talk = Talk().serve()
    talk.tell(m.ResponseStarted("r1"), m.UserText("hi"))
    talk.audio("r1")
    assert [] == overdue(talk).upstream
    assert [] == talk.end("r1").all(m.StartResponse)
    talk.settle()


def test_turn_when_its_request_is_on_its_way_is_not_answered_any_more() -> None:
    """The response that starts all the same is stopped."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    overdue(talk)
    assert 1 == len(talk.start().all(m.CancelResponse))
    talk.end(status=m.ResponseStatus.CANCELLED)
    talk.settle()


def test_turn_when_the_upstream_was_to_begin_the_answer_is_given_up() -> None:
    """It is not asked for in its stead either."""
    talk = Talk().serve(OWN)
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    overdue(talk)
    assert [] == talk.tell(passed(m.Deadline.OWN_START)).all(m.StartResponse)
    talk.settle()


@pytest.mark.parametrize("what", ["speech", "writing", "a call"])
def test_turn_when_something_is_heard_of_its_answer_waits_no_longer(what: str) -> None:
    """What follows has waits of its own."""
    talk = Talk().serve().respond("hi")
    assert TURN in talk.judge.armed
    match what:
        case "speech":
            talk.audio()
        case "writing":
            talk.tell(m.AgentTextEnded("r1", "item_r1", "hello"))
        case _:
            talk.tell(m.ToolCallCompleted("r1", call()))
    assert TURN not in talk.judge.armed


def test_turn_when_another_is_answered_before_it_has_its_own_time() -> None:
    """The wait begins anew; a turn that comes while one waits does not prolong that."""
    talk = Talk().serve().respond("hi")
    assert m.Arm(TURN) not in talk.tell(m.UserText("and now")).effects
    talk.audio()
    assert m.Arm(TURN) in talk.effects[-10:]
    assert TURN in talk.judge.armed
