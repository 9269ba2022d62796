"""The user's words come before the agent's answer to them, although they are written down in their own time."""

from session_driver import Talk, passed

from turngate.session import messages as m
from turngate.session.policy import Bounds

USER, AGENT = m.Role.USER, m.Role.ASSISTANT


def spoken(talk: Talk, item_id: str = "u1", response_id: str = "r1") -> Talk:
    """The user has said something, and the answer is active."""
    talk.tell(m.SpeechStarted(item_id), m.SpeechStopped(item_id), m.SpeechCommitted(item_id))
    talk.start(response_id)
    return talk


def test_lines_when_the_user_is_written_down_late_wait_for_it() -> None:
    """Audio does not wait, lines do."""
    talk = spoken(Talk().serve())
    assert 1 == len(talk.audio().all(m.AgentAudio))
    assert [] == talk.tell(m.AgentTextEnded("r1", "item_r1", "yes")).client
    told = talk.tell(m.UserTranscribed("u1", "is it?", ("en",)))
    assert [m.ConversationLine(USER, "is it?", ("en",)), m.ConversationLine(AGENT, "yes")] == told.client
    assert ["is it?"] == told.records
    assert m.Disarm(m.Deadline.TRANSCRIPT) in told.effects


def test_lines_when_the_user_is_not_written_down_in_time_go_without_it() -> None:
    """The wait is short; what comes too late is told when it comes."""
    talk = spoken(Talk().serve())
    talk.tell(m.AgentTextEnded("r1", "item_r1", "yes"))
    assert [m.ConversationLine(AGENT, "yes")] == talk.tell(passed(m.Deadline.TRANSCRIPT)).client
    assert [m.ConversationLine(USER, "is it?")] == talk.tell(m.UserTranscribed("u1", "is it?")).client


def test_lines_when_the_user_said_nothing_that_can_be_written_do_not_wait() -> None:
    """An empty transcript, or none at all, makes no line."""
    for unwritten in (m.UserTranscribed("u1", " "), m.TranscriptionFailed("u1")):
        talk = spoken(Talk().serve())
        talk.tell(m.AgentTextEnded("r1", "item_r1", "yes"))
        assert m.ConversationLine(AGENT, "yes") in talk.tell(unwritten).client


def test_lines_of_several_spoken_turns_keep_their_order() -> None:
    """By what was said first, not by what was written down first; each waits for its own time."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.SpeechStarted("u2"), m.SpeechCommitted("u2"))
    assert [] == talk.tell(m.UserTranscribed("u2", "two")).client
    assert [m.ConversationLine(USER, "one"), m.ConversationLine(USER, "two")] == talk.tell(
        m.UserTranscribed("u1", "one")
    ).client


def test_lines_when_the_first_place_is_given_up_the_next_has_its_own_wait() -> None:
    """Two turns that are never written down hold what follows for two waits at most."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.SpeechStarted("u2"), m.SpeechCommitted("u2"))
    talk.start()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "yes"))
    first = talk.tell(passed(m.Deadline.TRANSCRIPT))
    assert m.Arm(m.Deadline.TRANSCRIPT) in first.effects
    assert [] == first.client
    assert [m.ConversationLine(AGENT, "yes")] == talk.tell(passed(m.Deadline.TRANSCRIPT)).client


def test_lines_when_too_many_wait_are_told() -> None:
    """The queue is bounded, and nothing in it is lost."""
    talk = spoken(Talk(bounds=Bounds(lines=3)).serve())
    told = [talk.tell(m.AgentTextEnded("r1", f"i{n}", f"line {n}")).client for n in range(3)]
    assert [[], [], [m.ConversationLine(AGENT, f"line {n}") for n in range(3)]] == told


def test_lines_when_the_session_ends_are_told_first() -> None:
    """What was said is not lost with what was not written down."""
    talk = spoken(Talk().serve())
    talk.tell(m.AgentTextEnded("r1", "item_r1", "yes"))
    line, failed = talk.tell(m.Shutdown()).client
    assert m.ConversationLine(AGENT, "yes") == line
    assert isinstance(failed, m.Failed)
