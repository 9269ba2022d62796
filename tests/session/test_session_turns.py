"""Turns: the floor, what the client hears and reads of an answer, and what it does not."""

import pytest
from session_driver import ACTIVE, CANCELLED, PCM, Talk, passed, prompt

from turngate.session import messages as m
from turngate.session.machines import Floor
from turngate.session.policy import Bounds

# --- written turns --------------------------------------------------------------------------------------------------


def test_turns_when_they_waited_together_share_one_response() -> None:
    """Turns that wait for a response go upstream together, in order, and are answered together."""
    talk = Talk().serve().respond("one")
    talk.tell(m.UserText("two"), m.UserText("three"))
    *lines, create = talk.end().upstream
    assert ["two", "three"] == [line.text for line in lines if isinstance(line, m.AddLine)]
    assert isinstance(create, m.StartResponse)
    talk.start("r2")
    assert [] == talk.end("r2").upstream
    talk.settle()


def test_turn_when_its_item_is_refused_is_warned_of() -> None:
    """The upstream refuses the user's message, with whose answer it was asked for: the client is told."""
    talk = Talk().serve()
    talk.tell(m.UserText("one"))
    refused = talk.refuse(m.AddLine)
    assert [m.Cause.TEXT_REFUSED] == refused.causes
    assert "invalid_value" in refused.one(m.Warned).problem.detail
    talk.start()
    assert [] == talk.end().upstream


def test_turn_when_its_item_and_then_its_answer_are_refused_is_not_tried_again() -> None:
    """A turn that is not in the conversation is owed nothing, so that nothing is asked for on its behalf."""
    talk = Talk().serve()
    talk.tell(m.UserText("one"))
    line = talk.last(m.AddLine)
    talk.refuse(m.StartResponse, ACTIVE)
    talk.tell(m.Refused(line.event_id, "invalid_value"))
    assert [] == talk.tell(passed(m.Deadline.RETRY)).upstream
    talk.settle()


def test_turn_when_its_answer_is_tried_again_is_added_once() -> None:
    """The item is in the conversation already when its answer is asked for once more."""
    talk = Talk().serve()
    talk.tell(m.UserText("one"))
    talk.refuse(m.StartResponse, ACTIVE)
    assert [m.StartResponse("tg_4")] == talk.tell(passed(m.Deadline.RETRY)).upstream


def test_turns_when_too_long_together_are_not_taken() -> None:
    """What waits to be answered is bounded by its characters too."""
    talk = Talk(bounds=Bounds(waiting_turn_chars=5)).serve().respond("one")
    talk.tell(m.UserText("abc"))
    assert [m.Cause.TOO_MANY_WAITING] == talk.tell(m.UserText("def")).causes
    assert [m.ConversationLine(m.Role.USER, "de")] == talk.tell(m.UserText("de")).client


def test_turn_when_its_item_is_refused_after_its_answer_began_is_warned_of() -> None:
    """The refusal comes late, as it does from an upstream that answers first: the client is told all the same."""
    talk = Talk().serve().respond("one")
    assert [m.Cause.TEXT_REFUSED] == talk.refuse(m.AddLine).causes


# --- the floor ------------------------------------------------------------------------------------------------------


def test_floor_when_the_user_has_it_holds_answers_back() -> None:
    """While the user speaks no response is asked for; updates are sent all the same."""
    talk = Talk().serve()
    assert [m.UserSpeaking()] == talk.tell(m.SpeechStarted("u1")).client
    assert [] == talk.tell(m.UserText("hi")).all(m.StartResponse)
    assert 1 == len(talk.tell(prompt("and brief")).all(m.SendUpdate))
    talk.tell(m.UpdateConfirmed())
    assert 1 == len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse))


def test_floor_when_speech_never_ends_is_free_after_a_while() -> None:
    """What waits for the end of the user's speech waits no longer than its deadline."""
    talk = Talk().serve()
    assert m.Arm(m.Deadline.FLOOR) in talk.tell(m.SpeechStarted("u1")).effects
    talk.tell(m.UserText("hi"))
    overdue = talk.tell(passed(m.Deadline.FLOOR))
    assert m.Note("floor.overdue") in overdue.effects
    assert [m.Cause.SPEECH_ENDLESS] == overdue.causes
    assert 1 == len(overdue.all(m.StartResponse))
    assert Floor.FREE is talk.state.floor


def test_speech_when_committed_is_answered_once() -> None:
    """A turn is owed one answer, however often the upstream says that it was committed."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"))
    committed = talk.tell(m.SpeechStopped("u1"), m.SpeechCommitted("u1"))
    assert m.Disarm(m.Deadline.FLOOR) in committed.effects
    assert 1 == len(committed.all(m.StartResponse))
    talk.tell(m.SpeechCommitted("u1"))
    talk.start()
    assert [] == talk.end().upstream


def test_speech_when_nobody_names_it_is_answered_once_for_each_turn() -> None:
    """A name that is missing makes no turn the same as another; each has a deadline."""
    talk = Talk().serve()
    for response_id in ("r1", "r2"):
        asked = talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted(""))
        assert 1 == len(asked.all(m.StartResponse))
        assert m.Arm(m.Deadline.TURN) in asked.effects
        talk.start(response_id)
        talk.audio(response_id)
        assert [] == talk.end(response_id).upstream
    talk.settle()


def test_response_when_it_starts_into_the_users_speech_is_taken_back_and_its_turn_answered() -> None:
    """Our create was on its way when the user began to speak: it is cancelled unheard, and the turn answered later."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"), m.SpeechStarted("u1"))
    taken_back = talk.start()
    assert [m.CancelResponse("tg_4", "r1")] == taken_back.upstream
    assert [] == taken_back.client
    assert [] == talk.audio().client
    ended = talk.end(status=CANCELLED)
    assert [] == ended.client
    assert [m.DeleteItem("tg_5", "item_r1")] == ended.upstream
    assert 1 == len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_barge_in_when_the_agent_is_heard_mutes_it() -> None:
    """Not one byte of an answer follows when the user has spoken into it, and no end of speech either."""
    talk = Talk().serve().respond()
    talk.audio()
    assert [m.UserSpeaking()] == talk.tell(m.SpeechStarted("u1")).client
    assert [] == talk.audio().client
    assert [] == talk.end(status=CANCELLED).client


def test_barge_in_when_the_agent_was_not_heard_yet_leaves_no_line() -> None:
    """What was cut off before it was heard was never said."""
    talk = Talk().serve().respond()
    talk.tell(m.SpeechStarted("u1"))
    assert [] == talk.tell(m.AgentTextEnded("r1", "i1", "As I was saying")).client


def test_barge_in_when_the_agent_was_heard_in_part_leaves_that_part_of_its_line() -> None:
    """What was heard was said, in whole words."""
    talk = Talk().serve().respond()
    talk.audio()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCut((m.Heard("item_r1", 600, 1000),)))
    cut = talk.tell(m.AgentTextEnded("r1", "item_r1", "As I was saying to you"))
    assert [m.ConversationLine(m.Role.ASSISTANT, "As I was")] == cut.client
    assert ["As I was"] == cut.records


# --- what the client sees of an answer ------------------------------------------------------------------------------


def test_answer_when_it_is_spoken_is_told_in_order() -> None:
    """Thinking, speaking, audio, line, end of speech: each once, the audio unchanged."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    assert [m.AgentThinking()] == talk.start().client
    assert [m.AgentSpeaking(), m.AgentAudio(b"\1\0", "item_r1")] == talk.audio(pcm=b"\1\0").client
    assert [m.AgentAudio(b"\2\0", "item_r1")] == talk.audio(pcm=b"\2\0").client
    assert [] == talk.tell(m.AgentTextStarted("r1"), m.AgentAudioSegmentEnded("r1")).client
    assert [m.ConversationLine(m.Role.ASSISTANT, "yes")] == talk.tell(m.AgentTextEnded("r1", "i1", "yes")).client
    assert [m.AgentFinishedSpeaking()] == talk.end().client


def test_answer_when_it_is_written_only_has_no_end_of_speech() -> None:
    """Nothing is said about speech that was never heard."""
    talk = Talk().serve().respond()
    assert [m.ConversationLine(m.Role.ASSISTANT, "yes")] == talk.tell(m.AgentTextEnded("r1", "i1", "yes")).client
    assert [] == talk.end().client


def test_lines_when_an_item_is_told_of_twice_come_once() -> None:
    """One line for each item; two items of one answer are two lines; blank ones are none."""
    talk = Talk().serve().respond()
    lines = talk.tell(
        m.AgentTextEnded("r1", "i1", "one"),
        m.AgentTextEnded("r1", "i1", "one"),
        m.AgentTextEnded("r1", "i2", "two"),
        m.AgentTextEnded("r1", "i3", " "),
    ).client
    assert ["one", "two"] == [line.text for line in lines if isinstance(line, m.ConversationLine)]


@pytest.mark.parametrize(
    "late", [m.AgentAudioChunk("r1", "i1", PCM), m.AgentTextEnded("r1", "i1", "yes"), m.AgentTextStarted("r1")]
)
def test_output_when_its_response_has_ended_is_dropped(late: m.UpstreamMessage) -> None:
    """Audio and text that come after the end of their response belong to nothing."""
    talk = Talk().serve().respond()
    talk.end()
    assert [] == talk.tell(late).client


def test_user_transcript_when_it_comes_is_a_line_of_the_user() -> None:
    """What the user said is told in writing whenever it comes, also after the answer to it; blank ones are not."""
    talk = Talk().serve().respond()
    talk.end()
    said = talk.tell(m.UserTranscribed("u1", " so \n"), m.UserTranscribed("u2", " "))
    assert [m.ConversationLine(m.Role.USER, "so")] == said.client


def test_user_transcript_when_it_failed_is_warned_of() -> None:
    """Only the line is missing, and the client knows why."""
    assert [m.Cause.TRANSCRIPTION_FAILED] == Talk().serve().tell(m.TranscriptionFailed("u1", "audio_noise")).causes


def test_audio_when_a_response_is_active_passes() -> None:
    """Audio of the user is not gated."""
    assert [m.AppendAudio(PCM)] == Talk().serve().respond().tell(m.UserAudio(PCM)).upstream


def test_unsupported_request_when_it_comes_is_warned_of() -> None:
    """A request that has no effect is told so, and the session goes on."""
    problem = m.Problem(m.Cause.UNSUPPORTED, "Leave it out.")
    assert (m.Warned(problem),) == Talk().serve().tell(m.UnsupportedRequest(problem)).effects
