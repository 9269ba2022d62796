"""A session outlives its upstream session: what is asked again, what is reported as cut, and what is restored."""

import pytest
from attrs import evolve
from session_driver import CONFIG, PCM, Step, Talk, call, conversation, passed, prompt, talked

from turngate.session import messages as m
from turngate.session.machines import Floor, Phase
from turngate.session.memory import MAX_CHARS
from turngate.session.policy import DEEPGRAM, Bounds, Length

LIMITED = evolve(DEEPGRAM, length=Length.LIMITED)
LINES = [(m.Role.USER, "hi"), (m.Role.ASSISTANT, "hello")]
WORDS = (m.ConversationLine, m.Warned)


# --- what becomes of what was under way -----------------------------------------------------------------------------


def test_upstream_when_lost_is_dialled_again_and_the_client_told_nothing() -> None:
    """Settings and conversation are restored; what the client sees of it is nothing."""
    talk = talked(Talk().serve())
    lost = talk.lose()
    assert [m.DialUpstream()] == lost.all(m.DialUpstream)
    restored = talk.tell(m.UpstreamReady())
    assert (CONFIG, None) == (restored.one(m.SendUpdate).config, restored.one(m.SendUpdate).confirmed)
    placed = talk.tell(m.UpdateConfirmed())
    assert LINES == conversation(placed)
    assert Phase.RENEWING is talk.state.phase
    assert Phase.SERVING is (talk.confirm_items() and talk.state.phase)
    assert [] == lost.client + restored.client + placed.client
    talk.settle()


def test_turn_when_its_request_was_lost_is_asked_again_once() -> None:
    """The turn stands in the restored conversation, and one response is asked for."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    talk.lose()
    again = talk.renew()
    assert [(m.Role.USER, "hi")] == conversation(again)
    assert 1 == len(again.all(m.StartResponse))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_turn_when_nobody_heard_of_its_answer_is_asked_again() -> None:
    """A response that had begun in silence is as good as none."""
    talk = Talk().serve().respond("hi")
    assert [] == talk.lose().causes
    assert 1 == len(talk.renew().all(m.StartResponse))


def test_answer_when_it_was_heard_in_part_is_reported_as_cut_and_not_asked_for_again() -> None:
    """The client is told by name, and that the agent's speech has ended."""
    talk = Talk().serve().respond("hi")
    talk.audio()
    lost = talk.lose()
    assert [m.Cause.ANSWER_CUT] == lost.causes
    assert 1 == len(lost.all(m.AgentFinishedSpeaking))
    assert [] == talk.renew().all(m.StartResponse)
    talk.settle()


def test_answer_when_it_had_made_calls_is_asked_for_again() -> None:
    """Calls that were not announced are made by nobody, whatever was said before them."""
    talk = Talk().serve().respond("hi")
    talk.audio()
    talk.tell(m.ToolCallCompleted("r1", call()))
    assert [] == talk.lose().causes
    assert 1 == len(talk.renew().all(m.StartResponse))


def test_answer_when_the_user_cut_it_off_is_neither_reported_nor_asked_for_again() -> None:
    """The user wanted no more of it."""
    talk = Talk().serve().respond("hi")
    talk.audio()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCut((m.Heard("item_r1", 0, 100),)))
    talk.tell(m.SpeechCommitted("u1"), m.UserTranscribed("u1", "stop"))
    assert [] == talk.lose().causes
    assert 1 == len(talk.renew().all(m.StartResponse))


def test_greeting_when_it_was_not_heard_is_said_on_the_other_upstream() -> None:
    """It is owed like any turn."""
    talk = Talk().serve(m.ConfigureSession(CONFIG, greeting="welcome"))
    talk.lose()
    assert "welcome" == talk.renew().one(m.StartResponse).say


def test_update_when_its_answer_was_lost_is_sent_again_and_acknowledged_once() -> None:
    """Behind the restored settings, as a change to them."""
    talk = Talk().serve()
    talk.tell(prompt("more"))
    assert [] == talk.lose().client
    again = talk.renew()
    (restoring, update) = again.all(m.SendUpdate)
    assert (CONFIG, CONFIG) == (restoring.config, update.confirmed)
    assert "be kind\nmore" == update.config.instructions
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client


def test_unanswered_requests_when_they_are_overdue_lose_the_upstream_session_only() -> None:
    """A lost acknowledgement costs no turn."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    assert [m.DialUpstream()] == talk.tell(passed(m.Deadline.CREATE_ANSWER)).all(m.DialUpstream)
    assert 1 == len(talk.renew().all(m.StartResponse))


# --- speech ---------------------------------------------------------------------------------------------------------


def spoken(talk: Talk) -> Talk:
    """The user has said something that was committed."""
    talk.tell(m.UserAudio(b"a" * 10), m.SpeechStarted("u1"), m.UserAudio(b"b" * 10), m.SpeechCommitted("u1"))
    return talk


def test_spoken_turn_when_it_was_written_down_is_restored_in_words() -> None:
    """Its sound is not sent again."""
    talk = spoken(Talk().serve())
    talk.tell(m.UserTranscribed("u1", "hello there"))
    talk.lose()
    again = talk.renew()
    assert [(m.Role.USER, "hello there")] == conversation(again)
    assert [] == again.all(m.AppendAudio)
    assert 1 == len(again.all(m.StartResponse))


def test_spoken_turn_when_it_was_not_written_down_is_sent_again_as_sound() -> None:
    """The upstream finds the turn in it anew, and only then an answer is asked for."""
    talk = spoken(Talk().serve())
    talk.lose()
    again = talk.renew()
    said, silence = [effect.pcm for effect in again.all(m.AppendAudio)]
    assert (b"a" * 10 + b"b" * 10, bytes(48_000)) == (said, silence)
    assert [] == again.all(m.StartResponse)
    talk.tell(m.SpeechStarted("u2"))
    assert 1 == len(talk.tell(m.SpeechCommitted("u2")).all(m.StartResponse))
    talk.tell(m.UserTranscribed("u2", "hello there"))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_spoken_turn_when_it_was_answered_and_not_written_down_is_reported() -> None:
    """The answer was heard, so that the turn is not asked again; but its words will never come."""
    talk = spoken(Talk().serve())
    talk.start()
    talk.audio()
    assert {m.Cause.ANSWER_CUT, m.Cause.TRANSCRIPTION_FAILED} == set(talk.lose().causes)
    assert [] == talk.renew().all(m.AppendAudio)


def test_user_when_they_speak_while_the_upstream_is_lost_keep_the_floor() -> None:
    """What they said so far is sent again, then what they say meanwhile; and the client may end the turn."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(b"a" * 10), m.SpeechStarted("u1"), m.UserAudio(b"b" * 10))
    talk.lose()
    held = talk.tell(m.UserAudio(b"c" * 10), m.EndTurn())
    assert [] == held.upstream
    again = talk.renew()
    assert [b"a" * 10 + b"b" * 10, b"c" * 10] == [effect.pcm for effect in again.all(m.AppendAudio)]
    assert isinstance(again.upstream[-1], m.CommitAudio)
    assert Floor.USER is talk.state.floor
    assert m.Deadline.FLOOR in talk.judge.armed


def test_commit_when_unanswered_is_made_again_on_another_upstream_session() -> None:
    """The sound is sent again, and committed when it pauses again."""
    talk = Talk().serve(m.ConfigureSession(evolve(CONFIG, turn_end=m.ByPause())))
    loud = b"\0\x40" * 24_000
    talk.tell(m.UserAudio(loud))
    assert 1 == len(talk.tell(passed(m.Deadline.COMMIT_PAUSE)).all(m.CommitAudio))
    assert [m.DialUpstream()] == talk.tell(passed(m.Deadline.COMMIT_ANSWER)).all(m.DialUpstream)
    assert [loud] == [effect.pcm for effect in talk.renew().all(m.AppendAudio)]
    assert 1 == len(talk.tell(passed(m.Deadline.COMMIT_PAUSE)).all(m.CommitAudio))
    assert 1 == len(talk.tell(m.SpeechCommitted("u1")).all(m.StartResponse))


@pytest.mark.parametrize("answer", ["confirmed", "refused"])
def test_commit_when_answered_is_waited_for_no_longer(answer: str) -> None:
    """By the turn that came of it, or by an error that names it."""
    talk = Talk().serve()
    talk.tell(m.SpeechStarted("u1"), m.EndTurn())
    assert m.Deadline.COMMIT_ANSWER in talk.judge.armed
    if answer == "refused":
        talk.refuse(m.CommitAudio)
    else:
        talk.tell(m.SpeechCommitted("u1"))
    assert m.Deadline.COMMIT_ANSWER not in talk.judge.armed


# --- what is held, heard and open meanwhile -------------------------------------------------------------------------


def test_client_when_it_sends_meanwhile_is_held_and_taken_up_in_order() -> None:
    """As before a session serves."""
    talk = Talk().serve()
    talk.lose()
    assert [] == talk.tell(m.UserText("one"), prompt("p"), m.UserAudio(PCM)).client
    talk.renew()
    assert ["one"] == [line.text for line in talk.effects if isinstance(line, m.ConversationLine)]
    assert [PCM] == [effect.pcm for effect in talk.effects if isinstance(effect, m.AppendAudio)]
    talk.start()
    assert "be kind\np" == talk.end().one(m.SendUpdate).config.instructions


def test_tool_calls_when_open_stay_open_and_their_results_go_to_the_other_upstream() -> None:
    """The call stands in the restored conversation, and its result behind it."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.lose()
    assert [] == talk.tell(m.ToolResult("call_1", "look_up", "42")).upstream
    restored = talk.restore()
    assert [call()] == [effect.call for effect in restored.all(m.AddCall)]
    assert [] == restored.all(m.AddToolOutput)
    serving = talk.confirm_items()
    assert ("call_1", "42") == (serving.one(m.AddToolOutput).call_id, serving.one(m.AddToolOutput).output)
    assert 1 == len(serving.all(m.StartResponse))


def test_tool_calls_when_answered_before_are_restored_with_their_results() -> None:
    """Call and result, in one place."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.ToolResult("call_1", "look_up", "42"))
    talk.lose()
    restored = talk.restore()
    assert [call()] == [effect.call for effect in restored.all(m.AddCall)]
    assert ["42"] == [effect.output for effect in restored.all(m.AddToolOutput)]


def test_tool_results_when_overdue_meanwhile_are_overdue_later() -> None:
    """There is no upstream to be told that they did not come."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.lose()
    assert (m.Arm(m.Deadline.TOOL_RESULTS),) == talk.tell(passed(m.Deadline.TOOL_RESULTS)).effects


def test_speech_when_cut_off_after_its_upstream_was_lost_is_cut_in_the_restored_conversation() -> None:
    """What was restored as a line is replaced by what was heard of it."""
    talk = Talk().serve().respond("hi")
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "one two three four"))
    talk.end()
    talk.lose()
    copy = talk.restore().all(m.AddLine)[-1]
    assert "one two three four" == copy.text
    talk.confirm_items()
    talk.tell(m.SpeechStarted("u1"))
    cut = talk.tell(m.SpeechCut((m.Heard("item_r1", 500, 1000),)))
    assert ("one two", copy.item_id) == (cut.one(m.AddLine).text, cut.one(m.AddLine).after)
    assert copy.item_id == cut.one(m.DeleteItem).item_id
    assert ["one two"] == cut.records


def test_context_of_the_settings_when_restored_comes_first() -> None:
    """What was said before the session, then what was said in it."""
    talk = Talk()
    talk.configure(m.ConfigureSession(CONFIG, context=(m.ContextLine(m.Role.USER, "I am Ada."),)))
    talk.tell(m.UpdateConfirmed())
    talk.confirm_items()
    talked(talk)
    talk.lose()
    assert [(m.Role.USER, "I am Ada."), *LINES] == conversation(talk.restore())


def test_entry_when_refused_is_missing_and_the_session_goes_on() -> None:
    """Better than no conversation."""
    talk = talked(Talk().serve())
    talk.lose()
    first, second = talk.restore().all(m.AddLine)
    talk.tell(m.Refused(first.event_id, "invalid_value"), m.ItemConfirmed(second.item_id))
    assert Phase.SERVING is talk.state.phase


def test_entries_when_not_confirmed_in_time_are_waited_for_no_longer() -> None:
    """The conversation goes on."""
    talk = talked(Talk().serve())
    talk.lose()
    talk.restore()
    talk.tell(passed(m.Deadline.ITEMS_ANSWER))
    assert Phase.SERVING is talk.state.phase


def test_settings_when_no_longer_taken_end_the_session() -> None:
    """What was in force is refused by the other upstream session: there is nothing to go on with."""
    talk = Talk().serve()
    talk.lose()
    talk.tell(m.UpstreamReady())
    assert m.Ending.UPSTREAM_FAILED is talk.refuse(m.SendUpdate).ending


# --- how often ------------------------------------------------------------------------------------------------------


def test_upstream_when_lost_too_often_ends_the_session() -> None:
    """A bounded number of times, with no answer completed between."""
    talk = Talk(bounds=Bounds(losses=2)).serve()
    for _ in range(2):
        assert talk.lose().ending is None
        talk.renew()
    assert m.Ending.UPSTREAM_FAILED is talk.lose().ending


@pytest.mark.parametrize("way", ["an answer", "time"])
def test_losses_when_the_upstream_stands_count_no_longer(way: str) -> None:
    """An answer that was completed proves it, and so does a while without another loss."""
    talk = Talk(bounds=Bounds(losses=1)).serve()
    talk.lose()
    talk.renew()
    if way == "time":
        talk.tell(passed(m.Deadline.STEADY))
    else:
        talk.respond()
        talk.end()
    assert talk.lose().ending is None


@pytest.mark.parametrize("how", ["cannot be had", "has no session in time"])
def test_upstream_when_it_cannot_be_had_in_mid_call_is_tried_again_later(how: str) -> None:
    """An outage passes; the client is told each time, and a bounded number of tries later the session ends."""
    talk = Talk(bounds=Bounds(losses=2)).serve()
    talk.tell(m.UserText("hi"))
    talk.lose()

    def fail() -> Step:
        if how == "cannot be had":
            return talk.lose(m.Cause.UPSTREAM_UNREACHABLE)
        return talk.tell(passed(m.Deadline.UPSTREAM_READY))

    waiting = fail()
    assert ([m.Cause.UPSTREAM_UNREACHABLE], None) == (waiting.causes, waiting.ending)
    assert [m.DialUpstream()] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialUpstream)
    assert m.Ending.UPSTREAM_FAILED is fail().ending


def test_upstream_when_it_is_had_after_an_outage_answers_what_was_owed() -> None:
    """The turn from before it is asked for once."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    talk.lose()
    talk.lose(m.Cause.UPSTREAM_UNREACHABLE)
    talk.tell(passed(m.Deadline.NEXT_TRY))
    assert 1 == len(talk.renew().all(m.StartResponse))


def test_upstream_when_it_refuses_the_connection_in_mid_call_ends_the_session() -> None:
    """Another try would fare no better."""
    talk = Talk().serve()
    talk.lose()
    assert m.Ending.UPSTREAM_FAILED is talk.lose(m.Cause.UPSTREAM_REJECTED).ending


def test_upstream_when_it_speaks_nonsense_is_not_replaced() -> None:
    """Another one would."""
    assert m.Ending.UPSTREAM_FAILED is Talk().serve().lose(m.Cause.UPSTREAM_NONSENSE).ending


def test_settings_when_their_upstream_is_lost_go_to_another() -> None:
    """Before the session serves too, whether or not they were confirmed."""
    talk = Talk()
    settings = m.ConfigureSession(CONFIG, context=(m.ContextLine(m.Role.USER, "I am Ada."),))
    talk.configure(settings)
    talk.tell(m.UpdateConfirmed())
    assert talk.lose().ending is None
    again = talk.tell(m.UpstreamReady()).one(m.SendUpdate)
    assert (CONFIG, None) == (again.config, again.confirmed)
    talk.tell(m.UpdateConfirmed())
    assert [m.SessionConfigured()] == talk.confirm_items().client


def test_turn_when_the_client_ended_it_is_closed_on_the_other_upstream() -> None:
    """Its end is not in its sound, so that silence follows it; should it not be heard all the same, that has an end."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.EndTurn(), m.SpeechCommitted("u1"))
    talk.lose()
    sent = [one.pcm for one in talk.renew().all(m.AppendAudio)]
    assert [PCM, bytes(48_000)] == [sent[0], sent[-1]]
    assert (Floor.USER, True) == (talk.state.floor, m.Deadline.FLOOR in talk.judge.armed)
    assert 1 == len(talk.tell(m.SpeechStarted("u2"), m.SpeechCommitted("u2")).all(m.StartResponse))


def test_turn_when_its_end_was_asked_for_and_not_heard_is_closed_on_the_other_upstream() -> None:
    """The same, with its end on the way when the connection was lost."""
    talk = Talk().serve(m.ConfigureSession(evolve(CONFIG, input_sound=m.Sound.PCMU)))
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.EndTurn())
    talk.lose()
    assert [PCM, b"\xff" * 8_000] == [one.pcm for one in talk.renew().all(m.AppendAudio)]


def test_turn_when_it_is_ended_twice_meanwhile_is_committed_once() -> None:
    """The second would find nothing to commit."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"))
    talk.lose()
    talk.tell(m.EndTurn(), m.EndTurn())
    assert 1 == len(talk.renew().all(m.CommitAudio))


def test_turn_when_a_response_of_nobodys_starts_meanwhile_is_still_answered() -> None:
    """A response that nobody hears answers nothing."""
    talk = Talk().serve(m.ConfigureSession(evolve(CONFIG, starter=m.Starter.UPSTREAM)))
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.UserTranscribed("u1", "hi"))
    talk.lose()
    talk.restore()
    talk.tell(m.ResponseStarted("r1"), m.ResponseEnded("r1", m.ResponseStatus.COMPLETED))
    assert 1 == len(talk.confirm_items().all(m.StartResponse))


def test_speech_when_it_is_heard_to_its_end_meanwhile_touches_no_item_of_the_lost_upstream() -> None:
    """The line stands in the restored conversation as it was given."""
    talk = Talk().serve(m.ConfigureSession(CONFIG, greeting="welcome"))
    talk.start()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "something else"))
    talk.end()
    talk.lose()
    talk.tell(m.UpstreamReady())
    assert [] == talk.tell(m.SpeechPlayed(("item_r1",))).upstream


def test_turn_when_tools_are_open_on_the_other_upstream_gives_way_to_them_for_a_while() -> None:
    """And only for a while."""
    talk = Talk().serve()
    talk.call_tools(call())
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.UserTranscribed("u1", "hi"))
    talk.lose()
    talk.renew()
    assert m.Deadline.TOOL_PATIENCE in talk.judge.armed


# --- turns of which nothing is kept ---------------------------------------------------------------------------------


def test_spoken_turn_when_it_came_in_one_piece_is_sent_again() -> None:
    """All of the piece, and nothing is asked before the upstream finds the turn in it."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(b"\1\0" * 72_000), m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    talk.lose()
    again = talk.renew()
    assert 144_000 == sum(effect.pcm.count(1) * 2 for effect in again.all(m.AppendAudio))
    assert [] == again.all(m.StartResponse) + again.causes


@pytest.mark.parametrize("lost", [[m.SpeechStarted("u1"), m.SpeechCommitted("u1")], [m.UserText("x" * MAX_CHARS)]])
def test_turn_when_neither_its_words_nor_its_sound_are_kept_is_reported_and_not_answered(lost: list[m.Message]) -> None:
    """Another that waits beside it is answered."""
    talk = Talk().serve()
    talk.tell(*lost)
    talk.confirm_items()
    talk.start()
    talk.tell(m.UserText("last"))
    talk.lose()
    again = talk.renew()
    assert [m.Cause.TRANSCRIPTION_FAILED] == again.causes
    assert [(m.Role.USER, "last")] == conversation(again)
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_written_turn_when_it_was_not_sent_yet_is_not_lost() -> None:
    """However long it is, and however much was said since."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.UserText("x" * MAX_CHARS), m.UserText("last"))
    talk.lose()
    assert [] == talk.renew().causes
    answered = talk.tell(m.SpeechCommitted("u2"))
    assert [MAX_CHARS, 4] == [len(text) for _, text in conversation(answered)]
    assert 1 == len(answered.all(m.StartResponse))


# --- lines of which it is known before they are told how much was heard ---------------------------------------------


def test_answer_when_it_was_heard_before_the_users_words_came_is_restored_once_and_behind_them() -> None:
    """The line waits for the words, and the client has played it by then."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    talk.start()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "hello"))
    talk.end()
    talk.tell(m.SpeechPlayed(("item_r1",)), m.UserTranscribed("u1", "hi"))
    talk.lose()
    assert [(m.Role.USER, "hi"), (m.Role.ASSISTANT, "hello")] == conversation(talk.restore())


@pytest.mark.parametrize(("heard_ms", "words"), [(500, ["one two"]), (0, [])])
def test_answer_when_it_was_cut_before_the_users_words_came_is_restored_as_it_was_heard(
    heard_ms: int, words: list[str]
) -> None:
    """And not at all where nothing of it was heard."""
    talk = Talk().serve()
    talk.tell(m.UserAudio(PCM), m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    talk.start()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "one two three four"), m.SpeechStarted("u2"))
    talk.tell(m.SpeechCut((m.Heard("item_r1", heard_ms, 1000),)))
    talk.end(status=m.ResponseStatus.CANCELLED)
    talk.tell(m.UserTranscribed("u1", "hi"), m.SpeechCommitted("u2"), m.UserTranscribed("u2", "stop"))
    talk.lose()
    assert words == [text for role, text in conversation(talk.restore()) if role is m.Role.ASSISTANT]


def test_speech_when_the_upstream_was_dead_before_it_was_lost_is_reported() -> None:
    """Nobody else knows that it was lost."""
    talk = Talk().serve()
    for _ in range(100):
        talk.tell(m.UserAudio(b"\0\x40" * 480))
    talk.lose()
    assert [m.Cause.TRANSCRIPTION_FAILED] == talk.renew().causes
