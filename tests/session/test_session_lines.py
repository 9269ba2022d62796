"""Lines that the agent is given to say: when they are, when they are not, and what the conversation holds of them."""

import pytest
from session_driver import ACTIVE, CANCELLED, CONFIG, Talk

from turngate.session import messages as m
from turngate.session.policy import Bounds

LINE = "Are you still there?"
AT_ONCE, QUEUED = m.Manner.AT_ONCE, m.Manner.QUEUED


def test_line_when_nobody_speaks_is_said_word_for_word() -> None:
    """The client reads exactly these words when they begin to be heard, once."""
    talk = Talk().serve()
    (create,) = talk.tell(m.AgentLine(LINE)).upstream
    assert isinstance(create, m.StartResponse)
    assert create.say == LINE
    assert [] == talk.start().client
    line, speaking, _ = talk.audio().client
    assert m.ConversationLine(m.Role.ASSISTANT, LINE) == line
    assert isinstance(speaking, m.AgentSpeaking)
    assert [] == talk.tell(m.AgentTextEnded("r1", "item_r1", LINE)).client
    assert [m.AgentFinishedSpeaking()] == talk.end().client
    assert [LINE] == talk.tell(m.SpeechPlayed(("item_r1",))).records
    talk.settle()


@pytest.mark.parametrize("manner", [m.Manner.WHEN_SILENT, QUEUED])
def test_line_when_the_user_speaks_is_refused(manner: m.Manner) -> None:
    """With words that say when to send it."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"))
    refused = talk.tell(m.AgentLine(LINE, manner))
    assert "user" in refused.one(m.LineRefused).detail
    assert [] == refused.upstream


@pytest.mark.parametrize("situation", ["active", "asked for", "still played"])
def test_line_when_the_agent_speaks_is_refused_or_waits(situation: str) -> None:
    """By default it is refused; queued it comes after."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    if situation != "asked for":
        talk.start()
        talk.audio()
    if situation == "still played":
        talk.end()
    assert "agent" in talk.tell(m.AgentLine(LINE)).one(m.LineRefused).detail
    said = talk.tell(m.AgentLine(LINE, QUEUED)).all(m.StartResponse)
    if situation == "asked for":
        talk.start()
    if situation != "still played":
        assert [] == said
        said = talk.end().all(m.StartResponse)
    assert [LINE] == [create.say for create in said]


def test_line_that_cuts_in_takes_the_place_of_what_is_being_said() -> None:
    """The answer is stopped and its rest not sent; what was sent will be heard, and that is what the record says."""
    talk = Talk().serve().respond()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "one two three four"))
    cut = talk.tell(m.AgentLine(LINE, AT_ONCE))
    assert [m.CutSpeech()] == cut.client
    assert ["r1"] == [cancel.response_id for cancel in cut.all(m.CancelResponse)]
    assert ["one two"] == talk.tell(m.SpeechCut((m.Heard("item_r1", 500, 1000),))).records
    assert [] == talk.audio().client
    ended = talk.end(status=CANCELLED)
    assert [LINE] == [create.say for create in ended.all(m.StartResponse)]
    assert 1 == len(ended.all(m.TruncateItem))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_line_that_cuts_in_before_the_answer_began_loses_no_turn() -> None:
    """Nothing of the answer was heard, so that it is still owed, after the line."""
    for started in (True, False):
        talk = Talk().serve()
        talk.tell(m.UserText("hi"))
        if started:
            talk.start()
        talk.tell(m.AgentLine(LINE, AT_ONCE))
        if not started:
            taken_back = talk.start()
            assert ["r1"] == [cancel.response_id for cancel in taken_back.all(m.CancelResponse)]
            assert [] == taken_back.client
        assert [LINE] == [create.say for create in talk.end(status=CANCELLED).all(m.StartResponse)]
        talk.start("r2")
        assert [None] == [create.say for create in talk.end("r2").all(m.StartResponse)]
        talk.start("r3")
        talk.end("r3")
        talk.settle()


def test_line_that_cuts_in_on_a_request_that_is_refused_loses_no_turn() -> None:
    """Whatever the reason: the turn is asked for anew after the line, and nobody is told that it was not."""
    for code in ("server_error", ACTIVE):
        talk = Talk().serve()
        talk.tell(m.UserText("hi"), m.AgentLine(LINE, AT_ONCE))
        refused = talk.refuse(m.StartResponse, code)
        assert [] == refused.causes
        if code == ACTIVE:
            refused = talk.tell(m.DeadlinePassed(m.Deadline.RETRY))
        assert [LINE] == [create.say for create in refused.all(m.StartResponse)]


def test_line_that_cuts_in_while_the_user_speaks_waits_for_them() -> None:
    """It is never refused; it is the next thing that is said."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"))
    assert [] == talk.tell(m.AgentLine(LINE, AT_ONCE)).upstream
    assert [LINE] == [create.say for create in talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse)]


def test_line_of_the_agents_own_is_asked_for_like_an_answer() -> None:
    """Nothing is prescribed, so that its words come from the model."""
    talk = Talk().serve()
    assert [None] == [create.say for create in talk.tell(m.AgentLine(None)).all(m.StartResponse)]
    assert [m.AgentThinking()] == talk.start().client


def test_line_when_the_model_puts_it_differently_stands_in_the_conversation_as_given() -> None:
    """What the model made of it is replaced, in its place, when it was heard to its end."""
    talk = Talk().serve()
    talk.tell(m.AgentLine(LINE))
    talk.start()
    talk.audio()
    assert [] == talk.tell(m.AgentTextEnded("r1", "item_r1", "Hello? Anybody?")).client
    assert [] == talk.end().upstream
    added, deleted = talk.tell(m.SpeechPlayed(("item_r1",))).upstream
    assert isinstance(added, m.AddLine)
    assert (m.Role.ASSISTANT, LINE, "item_r1") == (added.role, added.text, added.after)
    assert isinstance(deleted, m.DeleteItem)
    assert "item_r1" == deleted.item_id


@pytest.mark.parametrize("said", ["are you still there", "ARE YOU STILL THERE!", "Are you, still, there?"])
def test_line_when_only_its_spelling_differs_is_left_alone(said: str) -> None:
    """Case and punctuation are not heard."""
    talk = Talk().serve()
    talk.tell(m.AgentLine(LINE))
    talk.start()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", said))
    talk.end()
    assert [] == talk.tell(m.SpeechPlayed(("item_r1",))).upstream


def test_line_when_it_is_cut_off_is_on_record_as_far_as_it_was_heard() -> None:
    """In the words that were given."""
    talk = Talk().serve()
    talk.tell(m.AgentLine(LINE))
    talk.start()
    talk.audio()
    talk.tell(m.SpeechStarted("u1"))
    assert ["Are you"] == talk.tell(m.SpeechCut((m.Heard("item_r1", 500, 1000),))).records


def test_line_when_the_model_answers_without_a_sound_is_read() -> None:
    """A line that was finished was said, if only in writing."""
    talk = Talk().serve()
    talk.tell(m.AgentLine(LINE))
    talk.start()
    assert [m.ConversationLine(m.Role.ASSISTANT, LINE)] == talk.end().client


def test_lines_when_too_many_wait_are_refused() -> None:
    """Bounded by number and by characters, like turns."""
    for bounds in (Bounds(waiting_turns=1), Bounds(waiting_turn_chars=25)):
        talk = Talk(bounds=bounds).serve().respond()
        assert [] == talk.tell(m.AgentLine(LINE, QUEUED)).client
        assert 1 == len(talk.tell(m.AgentLine(LINE, QUEUED)).all(m.LineRefused))


def test_line_when_before_the_session_serves_waits() -> None:
    """Like a turn of the user's."""
    talk = Talk()
    talk.configure(m.ConfigureSession(CONFIG))
    assert [] == talk.tell(m.AgentLine(LINE)).client
    assert [LINE] == [create.say for create in talk.tell(m.UpdateConfirmed()).all(m.StartResponse)]


def test_end_of_turn_when_the_user_speaks_takes_what_was_said() -> None:
    """The upstream answers with a committed turn, as if the user had fallen silent; else it means nothing."""
    talk = Talk().serve()
    assert [] == talk.tell(m.EndTurn()).client + talk.tell(m.EndTurn()).upstream
    talk.tell(m.SpeechStarted("u1"))
    assert 1 == len(talk.tell(m.EndTurn()).all(m.CommitAudio))
    assert [] == talk.tell(m.Refused(talk.last(m.CommitAudio).event_id, "input_audio_buffer_commit_empty")).client
    assert 1 == len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse))


@pytest.mark.row(57)
def test_client_when_it_sends_nothing_for_too_long_is_let_go() -> None:
    """With words that say what to send."""
    talk = Talk().serve()
    gone = talk.tell(m.ClientIdle())
    assert [m.Cause.CLIENT_IDLE] == gone.causes
    assert m.Ending.CLIENT_TIMEOUT is gone.ending
