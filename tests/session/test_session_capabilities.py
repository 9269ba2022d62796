"""Upstreams that leave something out: each gap has its own small rule, and every promise is kept."""

import pytest
from session_driver import ACTIVE, CANCELLED, PCM, Talk, call, passed, prompt

from turngate.session import messages as m
from turngate.session.capabilities import Capabilities, SecondCreate
from turngate.session.invariants import Judge, PromiseBrokenError
from turngate.session.manual import FIRST_MS

HEARD = m.Heard("item_r1", 500, 1000)
BY_PAUSE = m.ConfigureSession(m.SessionConfig("be kind", turn_end=m.ByPause()))


def talk_with(**otherwise: object) -> Talk:
    """A session that serves, with an upstream that is otherwise."""
    talk = Talk(capabilities=Capabilities(**otherwise))
    talk.configure()
    talk.tell(m.UpdateConfirmed())
    return talk


def written(response_id: str = "r1", text: str = "one two three four") -> m.AgentTextEnded:
    """The transcript of a response's only item."""
    return m.AgentTextEnded(response_id, f"item_{response_id}", text)


# --- no confirmations of updates --------------------------------------------------------------------------------------


def test_update_when_never_confirmed_is_applied_after_a_silence() -> None:
    """The client is told as soon as a refusal would have come, and no sooner; nothing goes out until then."""
    talk = Talk(capabilities=Capabilities(acks_update=False))
    assert [m.Deadline.UPDATE_SILENCE] == [arm.deadline for arm in talk.configure().all(m.Arm)][-1:]
    assert talk.tell(m.UserText("hi")).upstream == []
    step = talk.tell(passed(m.Deadline.UPDATE_SILENCE))
    assert step.one(m.SessionConfigured)
    assert len(step.all(m.StartResponse)) == 1


def test_update_when_confirmed_all_the_same_is_applied_at_once() -> None:
    """A confirmation is better than a silence; a second one says nothing."""
    talk = talk_with(acks_update=False)
    talk.tell(prompt("more"))
    step = talk.tell(m.UpdateConfirmed())
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == step.client
    assert m.Deadline.UPDATE_SILENCE not in talk.judge.armed
    assert talk.tell(m.UpdateConfirmed()).client == []


def test_update_when_refused_within_the_silence_is_not_applied() -> None:
    """The refusal comes in time, and is the truth."""
    talk = talk_with(acks_update=False)
    talk.tell(prompt("more"))
    assert [m.Cause.UPDATE_REFUSED] == talk.refuse(m.SendUpdate).causes
    assert m.Deadline.UPDATE_SILENCE not in talk.judge.armed
    talk.settle()


# --- no tags ----------------------------------------------------------------------------------------------------------


def test_response_when_no_tags_are_echoed_answers_what_was_asked() -> None:
    """The next response is ours: what it was asked for is answered, once."""
    talk = talk_with(echoes_metadata=False)
    talk.tell(m.UserText("hi"))
    talk.tell(m.ResponseStarted("r1"))
    assert talk.state.sent_create is None
    assert talk.end().all(m.StartResponse) == []
    talk.settle()


def test_response_when_tags_are_echoed_and_it_has_none_is_not_ours() -> None:
    """An upstream that does echo them leaves one out for a reason."""
    talk = talk_with()
    talk.tell(m.UserText("hi"), m.ResponseStarted("r1"))
    assert talk.state.sent_create is not None


def test_create_when_refused_after_a_response_was_taken_for_its_own_is_tried_again() -> None:
    """The response was another's: the turn is owed its answer still."""
    talk = talk_with(echoes_metadata=False)
    talk.tell(m.UserText("hi"), m.ResponseStarted("r1"))
    assert talk.refuse(m.StartResponse, ACTIVE).causes == []
    assert len(talk.end().all(m.StartResponse)) == 1


# --- no ends of responses ---------------------------------------------------------------------------------------------


def test_response_when_its_end_is_never_told_ends_with_its_output() -> None:
    """What is complete may be all; a short while later it was, and the gate opens."""
    talk = talk_with(sends_response_done=False)
    talk.respond()
    talk.audio()
    talk.tell(prompt("more"), m.AgentAudioSegmentEnded("r1"), written())
    step = talk.tell(passed(m.Deadline.OUTPUT_END))
    assert len(step.all(m.AgentFinishedSpeaking)) == 1
    assert len(step.all(m.SendUpdate)) == 1
    assert m.Deadline.RESPONSE_SILENCE not in talk.judge.armed


def test_response_when_more_output_comes_has_not_ended() -> None:
    """A second item is no second response."""
    talk = talk_with(sends_response_done=False)
    talk.respond()
    talk.audio()
    talk.tell(m.AgentAudioSegmentEnded("r1"))
    assert m.Deadline.OUTPUT_END in talk.judge.armed
    assert talk.tell(m.AgentAudioChunk("r1", "second", PCM)).all(m.AgentAudio)
    assert m.Deadline.OUTPUT_END not in talk.judge.armed


def test_calls_when_the_end_is_never_told_are_announced_together() -> None:
    """All that came before the silence is one request."""
    talk = talk_with(sends_response_done=False)
    talk.respond()
    talk.tell(m.ToolCallCompleted("r1", call(1)), m.ToolCallCompleted("r1", call(2)))
    step = talk.tell(passed(m.Deadline.OUTPUT_END))
    assert (call(1), call(2)) == step.one(m.ToolCallsRequested).calls
    talk.tell(m.ToolResult("call_1", "look_up", "1"), m.ToolResult("call_2", "look_up", "2"))
    assert talk.last(m.StartResponse).event_id == talk.state.sent_create.event_id


def test_cancelled_response_when_its_end_is_never_told_ends_in_time() -> None:
    """The session goes on where another would be lost."""
    talk = talk_with(sends_response_done=False)
    talk.respond()
    talk.tell(passed(m.Deadline.RESPONSE_SILENCE))
    step = talk.tell(passed(m.Deadline.CANCEL_ANSWER))
    assert step.ending is None
    assert talk.state.responses == ()


def test_cancelled_response_when_its_end_should_be_told_and_is_not_loses_the_upstream_session() -> None:
    """An upstream that says so otherwise is broken: another takes its place."""
    talk = talk_with()
    talk.respond()
    talk.tell(passed(m.Deadline.RESPONSE_SILENCE))
    assert [m.DialUpstream()] == talk.tell(passed(m.Deadline.CANCEL_ANSWER)).all(m.DialUpstream)


# --- no cuts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("knows", ["before the cut", "after the cut"])
def test_interrupted_item_when_it_cannot_be_cut_is_replaced_by_what_was_heard(knows: str) -> None:
    """Its words that were heard stand where it stood, whenever they are known."""
    talk = talk_with(truncates=False)
    talk.respond()
    talk.audio()
    cut = (m.SpeechStarted("u1"), m.SpeechCut((HEARD,)))
    talk.tell(*((written(), *cut) if knows == "before the cut" else (*cut, written())))
    step = talk.end(status=CANCELLED)
    added = step.one(m.AddLine)
    assert (m.Role.ASSISTANT, "one two", "item_r1") == (added.role, added.text, added.after)
    assert "item_r1" == step.one(m.DeleteItem).item_id
    talk.tell(m.SpeechCommitted("u1"))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_interrupted_item_when_its_response_is_over_is_replaced_too() -> None:
    """What was made long before it is heard is put right as well."""
    talk = talk_with(truncates=False)
    talk.respond()
    talk.audio()
    talk.tell(written())
    talk.end()
    step = talk.tell(m.SpeechStarted("u1"), m.SpeechCut((HEARD,)))
    assert "one two" == step.one(m.AddLine).text
    assert "item_r1" == step.one(m.DeleteItem).item_id


def test_interrupted_item_when_nobody_wrote_it_down_stays() -> None:
    """An answer of which part was heard is not forgotten as if it had never been."""
    talk = talk_with(truncates=False)
    talk.respond()
    talk.audio()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCut((HEARD,)))
    step = talk.end(status=CANCELLED)
    assert step.upstream == []
    assert ["speech.left_untrimmed"] == [note.event for note in step.all(m.Note)]


def test_interrupted_speech_when_nobody_said_whose_it_is_stays() -> None:
    """There is no item to name."""
    talk = talk_with(truncates=False)
    talk.respond()
    talk.tell(m.AgentAudioChunk("", "", PCM), m.SpeechStarted("u1"), m.SpeechCut((m.Heard("", 0, 100),)))
    assert talk.end(status=CANCELLED).all(m.DeleteItem) == [m.DeleteItem("tg_4", "item_r1")]


def test_interrupted_item_when_it_can_be_cut_is() -> None:
    """The API's own way is the best."""
    talk = talk_with()
    talk.respond()
    talk.audio()
    talk.tell(written(), m.SpeechStarted("u1"), m.SpeechCut((HEARD,)))
    step = talk.end(status=CANCELLED)
    assert 500 == step.one(m.TruncateItem).audio_end_ms
    assert step.all(m.AddLine) == []


def test_judge_when_an_upstream_is_asked_to_cut_that_cannot_says_so() -> None:
    """The onlooker knows what the upstream can do."""
    judge = Judge(Capabilities(truncates=False)).see(None, (m.SessionOpened("s"),))
    with pytest.raises(PromiseBrokenError, match="D4"):
        judge.see(m.KeepAlive(), (m.TruncateItem("e", "i", 1),))


# --- answers that the upstream begins -------------------------------------------------------------------------------


def test_spoken_turn_when_the_upstream_cannot_leave_it_to_us_is_waited_for() -> None:
    """Nothing is asked for that would come by itself; if nothing comes, it is."""
    talk = talk_with(lets_us_start=False)
    assert talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1")).all(m.StartResponse) == []
    talk.tell(m.ResponseStarted("r1"))
    assert talk.end().all(m.StartResponse) == []
    talk.tell(m.SpeechStarted("u2"), m.SpeechCommitted("u2"))
    assert len(talk.tell(passed(m.Deadline.OWN_START)).all(m.StartResponse)) == 1


def test_spoken_turn_when_we_find_the_turns_is_asked_for_in_any_case() -> None:
    """Where the upstream detects no turns it begins no answers."""
    talk = Talk(capabilities=Capabilities(lets_us_start=False)).serve(BY_PAUSE)
    assert len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse)) == 1


# --- a second request that ends the first -----------------------------------------------------------------------------


def test_response_when_another_supersedes_it_has_ended() -> None:
    """Its end may never be told: the gate opens with the end of the other, which answers for both."""
    talk = talk_with(second_create=SecondCreate.SUPERSEDES)
    talk.respond()
    talk.tell(prompt("more"), m.ResponseStarted("r2"))
    assert ["r2"] == [response.response_id for response in talk.state.responses]
    assert ["a written turn of the user"] == [due.kind.value for due in talk.state.responses[0].due]
    assert talk.end("r1").upstream == []
    assert len(talk.end("r2").all(m.SendUpdate)) == 1


# --- the rest -----------------------------------------------------------------------------------------------------


def test_output_when_it_names_no_response_is_that_of_the_only_one() -> None:
    """Some servers leave the id out; with one response there is no doubt."""
    talk = talk_with()
    talk.respond()
    assert talk.tell(m.AgentAudioChunk("", "i", PCM)).all(m.AgentAudio)
    lines = talk.tell(m.AgentTextEnded("", "i", "yes")).all(m.ConversationLine)
    assert ["yes"] == [line.text for line in lines]
    talk.end()
    assert talk.tell(m.AgentAudioChunk("", "i", PCM)).client == []


def test_line_when_only_its_item_has_the_words_is_told_once() -> None:
    """The transcript may be left out, or come too."""
    talk = talk_with()
    talk.respond()
    talk.audio()
    item = m.AgentItemEnded("r1", "item_r1", "yes")
    lines = talk.tell(item, written(text="yes"), item).all(m.ConversationLine)
    assert ["yes"] == [line.text for line in lines]


def test_commit_when_the_upstream_takes_another_rate_counts_in_it() -> None:
    """A second of audio is a second at any rate."""
    talk = Talk(capabilities=Capabilities(input_rate_hz=16_000)).serve(BY_PAUSE)
    talk.tell(m.UserAudio(bytes(FIRST_MS * 32)))
    assert talk.tell(passed(m.Deadline.COMMIT_PAUSE)).all(m.AppendAudio) == []
    assert talk.last(m.CommitAudio)


def test_calls_when_the_last_text_of_their_response_ends_it_are_announced() -> None:
    """Some upstreams never say that a response has ended; this text does."""
    talk = Talk(capabilities=Capabilities(sends_response_done=False)).serve().respond()
    talk.tell(m.ToolCallCompleted("r1", call()))
    ended = talk.tell(m.AgentTextEnded("r1", "i1", "hello", m.TextKind.LAST))
    assert [call()] == list(ended.one(m.ToolCallsRequested).calls)


def test_text_when_no_end_of_its_response_is_told_is_recorded_when_that_is_over() -> None:
    """It was told, and so it stands in the conversation for good."""
    talk = Talk(capabilities=Capabilities(sends_response_done=False)).serve().respond()
    talk.tell(m.AgentTextEnded("r1", "i1", "hello", m.TextKind.WRITTEN))
    assert ["hello"] == talk.tell(passed(m.Deadline.OUTPUT_END)).records
