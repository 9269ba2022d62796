"""A client that was cut off: its session goes on, waits for it, and ends when it does not come back."""

import pytest
from attrs import evolve
from session_driver import CONFIG, Talk, call, passed

from turngate.session import messages as m
from turngate.session.machines import Phase, Presence
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Policy

LASTING = evolve(DEEPGRAM, absence=Absence.LASTS)
LOST = m.ClientGone(m.Loss.LOST)
RETURN = m.Deadline.CLIENT_RETURN


def lasting() -> Talk:
    """A session that serves, and that waits for its client."""
    return Talk(LASTING).serve()


def test_client_when_it_was_cut_off_is_waited_for_and_answered_meanwhile() -> None:
    """Nothing ends but the connection: the answer goes on, and is told to whoever keeps it."""
    talk = lasting().respond()
    lost = talk.tell(LOST)
    assert (None, [m.Arm(RETURN), m.Note("session.client_lost")]) == (lost.ending, list(lost.effects))
    talk.audio()
    told = talk.tell(m.AgentTextEnded("r1", "item_r1", "Good morning."))
    assert ["Good morning."] == [line.text for line in told.all(m.ConversationLine)]
    ended = talk.end()
    assert 1 == len(ended.all(m.AgentFinishedSpeaking))
    assert ["Good morning."] == talk.tell(m.SpeechPlayed(("item_r1",))).records
    talk.settle()


def test_client_when_it_is_back_is_welcomed_and_the_session_is_as_it_was() -> None:
    """One welcome with the same name, and the wait is over; a call that was open still is."""
    talk = lasting()
    talk.call_tools(call())
    before = talk.state
    talk.tell(LOST)
    back = talk.tell(m.ClientBack())
    assert [m.Disarm(RETURN), m.SessionOpened("s1")] == list(back.effects)
    assert before == talk.state
    assert 1 == len(talk.tell(m.ToolResult("call_1", "look_up", "42")).all(m.StartResponse))


def test_client_when_it_moves_over_is_welcomed_too() -> None:
    """Another connection may come while the old one seems to be open."""
    talk = lasting()
    assert 1 == len(talk.tell(m.ClientBack()).all(m.SessionOpened))
    assert Presence.HERE is talk.state.presence
    assert RETURN not in talk.judge.armed


def test_client_when_it_is_back_and_may_not_be_read_is_told_so() -> None:
    """The new connection is paused as the old one was, and read again when the upstream takes data."""
    talk = lasting()
    talk.tell(m.UpstreamCongested(), LOST)
    assert 1 == len(talk.tell(m.ClientBack()).all(m.PauseClient))
    assert 1 == len(talk.tell(m.UpstreamRelieved()).all(m.ResumeClient))


def test_client_when_it_does_not_come_back_in_time_ends_the_session() -> None:
    """As if it had left, and the log can tell the difference."""
    talk = lasting()
    talk.tell(LOST)
    assert m.EndSession(m.Ending.CLIENT_LEFT, "client_lost") == talk.tell(passed(RETURN)).effects[-1]


def test_client_when_it_is_away_is_not_idle() -> None:
    """The watchdog is for clients that are there."""
    talk = lasting()
    talk.tell(LOST)
    assert () == talk.tell(m.ClientIdle()).effects
    talk.tell(m.ClientBack())
    assert m.Ending.CLIENT_TIMEOUT is talk.tell(m.ClientIdle()).ending


def test_client_when_too_much_waits_for_it_ends_the_session() -> None:
    """With a cause of its own: who is away can do nothing about it."""
    talk = lasting()
    talk.tell(LOST)
    assert m.EndSession(m.Ending.CLIENT_STALLED, "missed_too_much") == talk.tell(m.ClientStalled()).effects[-1]


def test_client_when_it_is_cut_off_twice_is_waited_for_once() -> None:
    """A second report of the same loss says nothing new, and gives no more time."""
    talk = lasting()
    talk.tell(LOST)
    assert () == talk.tell(LOST).effects


def test_client_when_it_leaves_while_it_is_away_ends_the_session() -> None:
    """Whoever says that nobody comes back is believed."""
    talk = lasting()
    talk.tell(LOST)
    assert m.Ending.CLIENT_LEFT is talk.tell(m.ClientGone()).ending


def test_client_when_it_was_cut_off_before_its_settings_is_not_waited_for() -> None:
    """There is nothing to come back to."""
    assert m.Ending.CLIENT_LEFT is Talk(LASTING).tell(LOST).ending


@pytest.mark.parametrize("policy", [DEEPGRAM, COMPONENT], ids=["deepgram", "component"])
def test_client_when_sessions_do_not_last_ends_the_session_however_it_goes(policy: Policy) -> None:
    """By default nobody is waited for."""
    assert m.Ending.CLIENT_LEFT is Talk(policy).serve().tell(LOST).ending


def test_settings_when_they_are_confirmed_while_the_client_is_away_are_acknowledged() -> None:
    """The acknowledgement is told like all else, and the session serves when the client is back."""
    talk = Talk(LASTING)
    talk.tell(m.ConfigureSession(CONFIG), LOST, m.UpstreamReady())
    assert 1 == len(talk.tell(m.UpdateConfirmed()).all(m.SessionConfigured))
    talk.tell(m.ClientBack())
    assert Phase.SERVING is talk.state.phase
    assert 1 == len(talk.tell(m.UserText("hi")).all(m.StartResponse))


def test_text_of_a_state_holds_no_name_of_the_session() -> None:
    """Whoever has the name may come back in the client's place; a failure report may quote a state."""
    assert "s1" not in repr(Talk().state)
    assert "s1" not in repr(m.SessionOpened("s1"))
