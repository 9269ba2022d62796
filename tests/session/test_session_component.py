"""
What the component profile asks of the rules, beyond what all profiles have.

The numbers are those of its contract, as in ``tests/integration/test_component.py``.
"""

import pytest
from attrs import evolve
from session_driver import ACTIVE, COMPLETED, CONFIG, PCM, Talk, call, passed

from turngate.session import messages as m
from turngate.session.machines import Phase
from turngate.session.manual import FIRST_MS, MIN_MS, QUIET_MS
from turngate.session.policy import COMPONENT, Again

SPOKEN_TO = m.ConfigureSession(evolve(CONFIG, starter=m.Starter.UPSTREAM))
BY_PAUSE = m.ConfigureSession(evolve(CONFIG, turn_end=m.ByPause()))
OTHER = m.SessionConfig("be brief")
LOUD = b"\0\x40"
BYTES_A_MS = m.SESSION_RATE_HZ * 2 // 1000
FIRST_BYTES, MIN_BYTES, QUIET_BYTES = (ms * BYTES_A_MS for ms in (FIRST_MS, MIN_MS, QUIET_MS))
ASSISTANT = m.Role.ASSISTANT


def talking() -> Talk:
    """A session that serves, whose upstream answers speech by itself."""
    return Talk(COMPONENT).serve(SPOKEN_TO)


def committing() -> Talk:
    """A session that serves, in which the proxy commits."""
    return Talk(COMPONENT).serve(BY_PAUSE)


def say(talk: Talk, length: int, sample: bytes = PCM) -> None:
    """The client sends so many bytes of audio."""
    talk.tell(m.UserAudio(sample * (length // 2)))


def sent_again(talk: Talk) -> tuple[bytes, frozenset[str]]:
    """The sound and the turns that another upstream session would hear again, where no turn is owed an answer."""
    recalled = talk.memory.recall(m.Recall(frozenset(), frozenset()))
    return b"".join(recalled.audio), recalled.again


# --- readiness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ready", [(m.UpstreamReady(),), ()], ids=["created first", "updated at once"])
def test_a03_session_when_an_update_is_confirmed_unasked_serves_without_settings(ready: tuple[m.Message, ...]) -> None:
    """What came early goes upstream; nobody is told that settings are applied which nobody sent."""
    talk = Talk(COMPONENT)
    talk.tell(m.UserAudio(PCM), *ready)
    confirmed = talk.tell(m.UpdateConfirmed())
    assert Phase.SERVING is talk.state.phase
    assert [m.AppendAudio(PCM)] == confirmed.upstream
    assert [] == confirmed.client
    talk.settle()


def test_a03_settings_when_the_session_serves_already_are_sent_whole_and_greet() -> None:
    """The first settings are an update of which nothing was confirmed before; their greeting comes once."""
    talk = Talk(COMPONENT)
    talk.tell(m.UpstreamReady(), m.UpdateConfirmed())
    assert [m.SendUpdate("tg_1", CONFIG, None)] == talk.tell(m.ConfigureSession(CONFIG, greeting="Hello.")).upstream
    applied = talk.tell(m.UpdateConfirmed())
    assert [
        m.UpdateApplied(m.UpdateKind.SETTINGS),
        m.ConversationLine(ASSISTANT, "Hello."),
        m.AgentFinishedSpeaking(),
    ] == applied.client
    talk.tell(m.ConfigureSession(OTHER, greeting="Hello again."))
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_a03_settings_when_refused_by_a_session_that_serves_are_followed_by_the_first_again() -> None:
    """The corrected ones greet, as the first ones would have."""
    talk = Talk(COMPONENT)
    talk.tell(m.UpstreamReady(), m.UpdateConfirmed(), m.ConfigureSession(CONFIG, greeting="Hello."))
    assert [m.Cause.UPDATE_REFUSED] == talk.refuse(m.SendUpdate).causes
    talk.tell(m.ConfigureSession(OTHER, greeting="Hello."))
    assert m.ConversationLine(ASSISTANT, "Hello.") in talk.tell(m.UpdateConfirmed()).client


def test_a03_settings_when_they_came_first_are_not_confirmed_by_what_nobody_asked_for() -> None:
    """A confirmation before our update says that the upstream is there, and no more (B16)."""
    talk = Talk(COMPONENT)
    talk.tell(m.ConfigureSession(CONFIG))
    confirmed = talk.tell(m.UpdateConfirmed())
    assert [m.SendUpdate("tg_1", CONFIG, None)] == confirmed.upstream
    assert [] == confirmed.client
    assert [m.SessionConfigured()] == talk.tell(m.UpdateConfirmed()).client


# --- settings -------------------------------------------------------------------------------------------------------


def test_a11_greeting_when_written_never_goes_upstream() -> None:
    """The settings are acknowledged, then comes its line, then the end of what the agent says."""
    talk = Talk(COMPONENT)
    talk.configure(m.ConfigureSession(CONFIG, greeting="Hello."))
    served = talk.tell(m.UpdateConfirmed())
    assert [] == served.upstream
    assert [
        m.SessionConfigured(),
        m.ConversationLine(ASSISTANT, "Hello."),
        m.AgentFinishedSpeaking(),
    ] == served.client


def test_a11b_settings_when_only_acknowledged_change_nothing() -> None:
    """The operator's choice: while a response is active or asked for; else they are applied all the same."""
    talk = Talk(evolve(COMPONENT, repeated_settings=Again.ACKNOWLEDGED)).serve().respond()
    acknowledged = talk.tell(m.ConfigureSession(OTHER))
    assert [m.SettingsAcknowledged()] == acknowledged.client
    assert [] == acknowledged.upstream + talk.end().upstream
    assert [OTHER] == [update.config for update in talk.tell(m.ConfigureSession(OTHER)).all(m.SendUpdate)]
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


# --- answers that the upstream begins -------------------------------------------------------------------------------


def test_a08_speech_when_the_upstream_answers_by_itself_is_not_asked_for() -> None:
    """The response that starts is the answer."""
    talk = talking()
    talk.tell(m.SpeechStarted("u1"))
    assert [] == talk.tell(m.SpeechCommitted("u1")).upstream
    started = talk.tell(m.ResponseStarted("r1"))
    assert [m.Disarm(m.Deadline.OWN_START)] == started.all(m.Disarm)
    assert [] == talk.end().upstream
    talk.settle()


def test_a08_speech_when_the_upstream_does_not_answer_is_asked_for() -> None:
    """Nothing is lost where it forgot to, or could not."""
    talk = talking()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    assert 1 == len(talk.tell(passed(m.Deadline.OWN_START)).all(m.StartResponse))
    talk.start()
    talk.end()
    talk.settle()


def test_a08_b01_text_when_the_upstream_is_about_to_answer_speech_waits_for_that() -> None:
    """No request is made that would be refused; the text is answered after the speech."""
    talk = talking()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"))
    assert [] == talk.tell(m.UserText("hi")).upstream
    talk.tell(m.ResponseStarted("r1"))
    talk.end()
    assert 1 == len(talk.confirm_items().all(m.StartResponse))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_a08_b01_text_when_the_upstream_answers_speech_meanwhile_is_asked_for_again() -> None:
    """The refused request is not shown, and not lost."""
    talk = talking()
    talk.tell(m.UserText("hi"))
    talk.confirm_items()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.ResponseStarted("r1"))
    assert [] == talk.refuse(m.StartResponse, ACTIVE).client
    assert 1 == len(talk.end().all(m.StartResponse))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_a08_speech_when_asked_for_and_answered_by_the_upstream_too_is_answered_once() -> None:
    """A late start takes up what has not been asked for yet."""
    talk = talking()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCommitted("u1"), m.SpeechStarted("u2"))
    talk.tell(passed(m.Deadline.OWN_START), m.SpeechCommitted("u2"), m.ResponseStarted("r1"))
    assert [] == talk.end().upstream
    talk.settle()


# --- manual commit --------------------------------------------------------------------------------------------------


def test_a12_audio_when_it_pauses_is_committed_and_answered() -> None:
    """The commit follows the pause; the answer is asked for when the upstream has made a turn of it."""
    talk = committing()
    say(talk, FIRST_BYTES)
    assert [m.CommitAudio("tg_2")] == talk.tell(passed(m.Deadline.COMMIT_PAUSE)).upstream
    assert [m.StartResponse("tg_3")] == talk.tell(m.SpeechCommitted("u1")).upstream
    talk.start()
    talk.end()
    talk.settle()


def test_a12_audio_when_it_goes_on_is_committed_after_the_cap() -> None:
    """As soon as there is enough the cap begins; at its end quiet audio is committed."""
    talk = committing()
    talk.tell(m.UserAudio(bytes(FIRST_BYTES - 2)))
    assert m.Arm(m.Deadline.COMMIT_CAP) not in talk.effects
    talk.tell(m.UserAudio(bytes(2)))
    assert m.Arm(m.Deadline.COMMIT_CAP) in talk.effects
    assert [m.CommitAudio("tg_2")] == talk.tell(passed(m.Deadline.COMMIT_CAP)).upstream


def test_a12_b25_speech_when_it_goes_on_is_not_cut() -> None:
    """At the cap somebody speaks: the commit waits for a quiet moment, though not for ever."""
    talk = committing()
    say(talk, FIRST_BYTES, LOUD)
    assert [] == talk.tell(passed(m.Deadline.COMMIT_CAP)).upstream
    say(talk, QUIET_BYTES - 2)
    assert [] == [effect for effect in talk.effects if isinstance(effect, m.CommitAudio)]
    assert [m.CommitAudio("tg_2")] == talk.tell(m.UserAudio(PCM)).all(m.CommitAudio)
    say(talk, MIN_BYTES, LOUD)
    talk.tell(passed(m.Deadline.COMMIT_CAP))
    assert 1 == len(talk.tell(passed(m.Deadline.COMMIT_LATEST)).all(m.CommitAudio))


def test_a13_first_commit_needs_a_second_and_later_ones_a_tenth() -> None:
    """Below that nothing is committed by the cap."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE))
    talk.effects.clear()
    say(talk, MIN_BYTES - 2)
    assert m.Arm(m.Deadline.COMMIT_CAP) not in talk.effects
    say(talk, 2)
    assert m.Arm(m.Deadline.COMMIT_CAP) in talk.effects


def test_a13_b25_first_utterance_when_shorter_than_a_second_is_padded_and_committed() -> None:
    """Silence makes up the rest; what is shorter than the upstream takes is no utterance, and is kept."""
    talk = committing()
    say(talk, MIN_BYTES - 2)
    assert [] == talk.tell(passed(m.Deadline.COMMIT_PAUSE)).upstream
    say(talk, 2)
    committed = talk.tell(passed(m.Deadline.COMMIT_PAUSE)).upstream
    assert [m.AppendAudio(bytes(FIRST_BYTES - MIN_BYTES)), m.CommitAudio("tg_2")] == committed


@pytest.mark.parametrize("heard", [m.UserTranscribed("u1", "so"), m.TranscriptionFailed("u1", "inaudible")])
def test_commit_when_its_answer_is_lost_is_known_by_what_was_said(heard: m.Message) -> None:
    """What is written down is a turn, and no reason to give the upstream up; its own word for it may still come."""
    talk = committing()
    say(talk, FIRST_BYTES, LOUD)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE))
    known = talk.tell(heard)
    assert m.Disarm(m.Deadline.COMMIT_ANSWER) in known.effects
    assert 1 == len(known.all(m.StartResponse))
    assert (b"", frozenset()) == sent_again(talk)
    assert [] == talk.tell(m.SpeechCommitted("u1"), heard).upstream
    talk.start()
    talk.end()
    talk.settle()


def test_commit_when_an_earlier_turn_is_written_down_is_still_awaited() -> None:
    """The upstream writes down in its own time."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE), m.SpeechCommitted("u1"))
    talk.start()
    talk.end()
    say(talk, MIN_BYTES, LOUD)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE))
    assert [] == talk.tell(m.UserTranscribed("u1", "so")).upstream
    assert m.Deadline.COMMIT_ANSWER in talk.judge.armed
    assert (LOUD * (MIN_BYTES // 2), frozenset()) == sent_again(talk)


def test_a14_commits_when_a_response_is_active_are_made_at_its_end() -> None:
    """A tail that is too short is padded to what the upstream takes."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE), m.SpeechCommitted("u1"))
    talk.start()
    say(talk, 20 * BYTES_A_MS)
    assert [] == talk.tell(passed(m.Deadline.COMMIT_PAUSE)).upstream
    padding = m.AppendAudio(bytes(MIN_BYTES - 20 * BYTES_A_MS))
    assert [padding, m.CommitAudio("tg_4")] == talk.end().upstream


def test_a14_commits_when_a_response_was_asked_for_wait_too() -> None:
    """From the request on, and also when the cap is reached meanwhile."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE), m.SpeechCommitted("u1"))
    say(talk, MIN_BYTES)
    assert [] == talk.tell(passed(m.Deadline.COMMIT_CAP)).upstream
    talk.start()
    assert [m.CommitAudio("tg_4")] == talk.end().upstream


@pytest.mark.parametrize("spoken", [2, MIN_BYTES, FIRST_BYTES])
def test_a15_audio_when_the_client_leaves_is_committed_and_answered(spoken: int) -> None:
    """Padded, committed, asked for, at once; then the session ends."""
    talk = committing()
    say(talk, spoken)
    left = talk.tell(m.ClientGone())
    padding = [m.AppendAudio(bytes(FIRST_BYTES - spoken))] if spoken < FIRST_BYTES else []
    assert [*padding, m.CommitAudio("tg_2"), m.StartResponse("tg_3")] == left.upstream
    assert m.Ending.CLIENT_LEFT is left.ending


def test_a15_client_when_it_leaves_with_nothing_said_leaves_nothing() -> None:
    """No commit without audio, and none while a response is active."""
    assert [] == committing().tell(m.ClientGone()).upstream
    talk = committing().respond()
    say(talk, FIRST_BYTES)
    assert [] == talk.tell(m.ClientGone()).upstream


def test_text_when_it_was_read_to_its_end_stands_but_is_not_followed_by_sound() -> None:
    """The user began to speak in between: what was told stays told, and nothing of that response is heard."""
    talk = Talk(COMPONENT)
    talk.tell(m.UpstreamReady(), m.ConfigureSession(CONFIG), m.UpdateConfirmed())
    talk.respond()
    talk.tell(m.AgentTextEnded("r1", "i1", "hello", m.TextKind.WRITTEN), m.SpeechStarted("u1"))
    assert [] == talk.audio().all(m.AgentAudio)
    talk.end()
    assert [] == [item.item_id for item in talk.effects if isinstance(item, m.DeleteItem)]


def test_a15_client_when_it_leaves_as_the_upstream_hears_speech_is_not_answered_into_it() -> None:
    """An upstream that was told to find no turns found the beginning of one all the same."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(m.SpeechStarted("u1"))
    assert [m.CommitAudio("tg_2")] == talk.tell(m.ClientGone()).upstream


def test_a16_commits_when_the_upstream_finds_turns_are_never_made() -> None:
    """Not even of audio that came before it began to."""
    talk = committing()
    say(talk, FIRST_BYTES)
    talk.tell(m.ConfigureSession(CONFIG), m.UpdateConfirmed())
    assert [] == talk.tell(passed(m.Deadline.COMMIT_PAUSE)).upstream
    say(talk, FIRST_BYTES)
    assert [] == talk.tell(m.ClientGone()).upstream


# --- turns ----------------------------------------------------------------------------------------------------------


def test_a17_text_when_its_item_is_confirmed_is_answered() -> None:
    """The echo comes at once; only the turn's own item counts, and once."""
    talk = Talk(COMPONENT).serve()
    written = talk.tell(m.UserText("hi"))
    assert [m.ConversationLine(m.Role.USER, "hi")] == written.client
    assert [m.AddLine("tg_2", "tg_2", m.Role.USER, "hi")] == written.upstream
    assert [] == talk.tell(m.ItemConfirmed("item_of_the_assistant")).upstream
    assert [m.StartResponse("tg_3")] == talk.tell(m.ItemConfirmed("tg_2")).upstream
    assert [] == talk.tell(m.ItemConfirmed("tg_2"), m.ItemConfirmed("tg_2")).upstream


def test_a17_b09_texts_when_quick_are_both_waited_for() -> None:
    """Two quick turns are two items and one answer, after both were confirmed."""
    talk = Talk(COMPONENT).serve()
    talk.tell(m.UserText("one"), m.UserText("two"))
    assert [] == talk.tell(m.ItemConfirmed("tg_3")).upstream
    assert 1 == len(talk.tell(m.ItemConfirmed("tg_2")).all(m.StartResponse))
    talk.start()
    assert [] == talk.end().upstream
    talk.settle()


def test_a17_text_when_its_item_is_refused_is_owed_nothing() -> None:
    """The client is told, and other turns do not wait for it."""
    talk = Talk(COMPONENT).serve()
    talk.tell(m.UserText("one"), m.UserText("two"), m.ItemConfirmed("tg_3"))
    refused = talk.tell(m.Refused("tg_2", "invalid_value", "no"))
    assert [m.Cause.TEXT_REFUSED] == refused.causes
    assert ("invalid_value", "no") == (refused.one(m.Warned).problem.code, refused.one(m.Warned).problem.words)
    assert 1 == len(refused.all(m.StartResponse))


def test_a17_text_when_its_item_is_never_confirmed_is_answered_all_the_same() -> None:
    """A server that says nothing of items costs a wait, not the turn."""
    talk = Talk(COMPONENT).serve()
    talk.tell(m.UserText("hi"))
    assert 1 == len(talk.tell(passed(m.Deadline.PLACING)).all(m.StartResponse))


# --- output ---------------------------------------------------------------------------------------------------------


def test_a18_response_when_its_upstream_says_no_other_end_ends_with_its_text() -> None:
    """The gate is open again; a ``response.done`` that comes all the same is a duplicate."""
    talk = Talk(COMPONENT).serve().respond()
    talk.tell(m.UserText("again"))
    talk.tell(m.AgentTextEnded("r1", "i1", "yes", m.TextKind.LAST))
    assert 1 == len(talk.confirm_items().all(m.StartResponse))
    talk.start("r2")
    assert () == talk.end("r1").effects


def test_a18_response_when_only_its_sound_has_ended_is_active() -> None:
    """Neither the end of its audio nor of its transcript lets anything through."""
    talk = Talk(COMPONENT).serve().respond()
    talk.tell(m.ConfigureSession(OTHER))
    talk.audio()
    texts = (m.AgentTextEnded("r1", "i1", "yes"), m.AgentTextEnded("r1", "i1", "yes", m.TextKind.WRITTEN))
    assert [] == talk.tell(m.AgentAudioSegmentEnded("r1"), *texts).upstream
    assert 1 == len(talk.end().all(m.SendUpdate))


def test_a19_output_when_it_is_spoken_ends_with_its_sound() -> None:
    """It begins with its first text, and ends once, before its line and before its response has ended."""
    talk = Talk(COMPONENT).serve().respond()
    assert [m.AgentSpeaking()] == talk.tell(m.AgentTextStarted("r1")).client
    assert [m.AgentAudio(PCM, "item_r1")] == talk.audio().client
    assert [] == talk.tell(m.AgentTextEnded("r1", "item_r1", "yes")).client
    assert [m.AgentFinishedSpeaking()] == talk.tell(m.AgentAudioSegmentEnded("r1")).client
    assert [m.ConversationLine(ASSISTANT, "yes")] == talk.tell(m.AgentItemEnded("r1", "item_r1", "yes")).client
    assert [] == talk.end().client


def test_a19_output_when_it_is_written_ends_with_its_text() -> None:
    """Beginning, end, line: each once, though nothing but the whole text came."""
    talk = Talk(COMPONENT).serve().respond()
    written = talk.tell(m.AgentTextEnded("r1", "i1", "yes", m.TextKind.WRITTEN))
    assert [m.AgentSpeaking(), m.AgentFinishedSpeaking()] == written.client
    assert [m.ConversationLine(ASSISTANT, "yes")] == talk.end().client


def test_a19_output_when_it_is_a_call_begins_before_the_call() -> None:
    """And there is nothing of which the end could be told."""
    told = Talk(COMPONENT).serve().call_tools(call()).client
    assert [m.AgentSpeaking(), m.ToolCallsRequested((call(),))] == told


def test_a19_b14_output_when_its_end_was_not_heard_ends_with_its_response() -> None:
    """The end comes before the line, once."""
    talk = Talk(COMPONENT).serve().respond()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", "yes"))
    assert [m.AgentFinishedSpeaking(), m.ConversationLine(ASSISTANT, "yes")] == talk.end().client


def test_b13_output_when_the_user_speaks_into_it_has_no_end() -> None:
    """What was cut off was not spoken to its end."""
    talk = talking().respond()
    talk.audio()
    assert [m.UserSpeaking()] == talk.tell(m.SpeechStarted("u1")).client
    assert [] == talk.audio().client + talk.tell(m.AgentAudioSegmentEnded("r1")).client + talk.end().client


def test_b13_output_when_it_was_read_to_its_end_stays() -> None:
    """The user speaks after a written answer and before its response has ended: nothing of it is taken back."""
    talk = talking().respond()
    talk.tell(m.AgentTextEnded("r1", "i1", "yes", m.TextKind.WRITTEN), m.AgentItemEnded("r1", "i1", "yes"))
    talk.tell(m.SpeechStarted("u1"))
    ended = talk.tell(m.ResponseEnded("r1", m.ResponseStatus.CANCELLED, items=("i1",)))
    assert [] == ended.all(m.DeleteItem)
    assert ["yes"] == lines(talk)


def lines(talk: Talk) -> list[str]:
    """What the client has read of the agent."""
    return [e.text for e in talk.effects if isinstance(e, m.ConversationLine) and e.role is ASSISTANT]


def test_a20_lines_are_those_of_the_item() -> None:
    """Its own words win over those of its parts, which were held for it."""
    talk = Talk(COMPONENT).serve().respond()
    talk.tell(m.AgentTextEnded("r1", "i1", "par"), m.AgentTextEnded("r1", "i1", "tial"))
    talk.tell(m.AgentItemEnded("r1", "i1", "the whole"), m.AgentTextEnded("r1", "i1", "partial"))
    talk.tell(m.ResponseEnded("r1", COMPLETED, texts=(("i1", "once more"),)))
    assert ["the whole"] == lines(talk)


def test_a20_b14_lines_are_told_at_the_end_where_their_item_never_came() -> None:
    """From the texts of each item, and where there are none from the response's own list; two items are two lines."""
    talk = Talk(COMPONENT).serve().respond()
    talk.tell(
        m.AgentTextEnded("r1", "i1", "one"), m.AgentTextEnded("r1", "i1", "two"), m.AgentItemEnded("r1", "i0", "")
    )
    talk.tell(m.ResponseEnded("r1", COMPLETED, texts=(("i1", "other"), ("i2", "three"))))
    assert ["one\ntwo", "three"] == lines(talk)


def test_a23_result_when_it_comes_is_answered_at_once() -> None:
    """The client is told that the model thinks before the model does; of a result that nobody waits for it is not."""
    talk = Talk(COMPONENT).serve()
    talk.call_tools(call())
    assert [m.AgentThinking()] == talk.tell(m.ToolResult("call_1", "", "42")).client
    assert [] == [e for e in talk.tell(m.ToolResult("call_1", "", "42")).client if isinstance(e, m.AgentThinking)]


def test_a24_speech_is_told_piece_by_piece() -> None:
    """The end of the utterance, the pieces of its transcript and the whole, each as it comes."""
    talk = talking()
    talk.tell(m.SpeechStarted("u1"))
    assert [m.UserStopped('{"channel":[1]}')] == talk.tell(m.SpeechStopped("u1", '{"channel":[1]}')).client
    talk.tell(m.SpeechCommitted("u1"))
    assert [m.UserHeard("u1", "What ", is_whole=False)] == talk.tell(m.UserPartlyTranscribed("u1", "What ")).client
    assert [m.UserHeard("u1", "What?", is_whole=True)] == talk.tell(m.UserTranscribed("u1", " What? ")).client


# --- errors ---------------------------------------------------------------------------------------------------------


def test_a25_errors_of_the_upstream_are_told() -> None:
    """With the upstream's code and words; the session goes on."""
    talk = Talk(COMPONENT).serve()
    told = talk.tell(m.Refused(None, "server_error", "Oops."))
    problem = told.one(m.Failed).problem
    assert (m.Cause.UPSTREAM_ERROR, "server_error", "Oops.") == (problem.cause, problem.code, problem.words)
    assert told.ending is None


def test_a25_error_of_the_idle_time_out_waits_for_the_text_of_the_response() -> None:
    """It comes after the line; without a response at once."""
    talk = Talk(COMPONENT).serve().respond()
    assert [] == talk.tell(m.Refused(None, "idle_timeout")).client
    talk.tell(m.AgentTextEnded("r1", "i1", "yes", m.TextKind.WRITTEN))
    line, error = talk.end().client
    assert m.ConversationLine(ASSISTANT, "yes") == line
    assert isinstance(error, m.Failed)
    assert 1 == len(talk.tell(m.Refused(None, "idle_timeout")).all(m.Failed))


def test_a25_errors_about_our_own_housekeeping_are_not_told() -> None:
    """A refused cut of the conversation means nothing to the client; a refused commit is a turn that is lost."""
    talk = committing()
    assert [] == talk.tell(m.Refused("tg_77", "item_not_found")).client
    say(talk, FIRST_BYTES)
    talk.tell(passed(m.Deadline.COMMIT_PAUSE))
    assert [m.Cause.UPSTREAM_ERROR] == talk.refuse(m.CommitAudio, "input_audio_buffer_commit_empty").causes


@pytest.mark.parametrize("code", [ACTIVE, "response_cancel_not_active"])
def test_a25_errors_that_only_cross_are_never_told(code: str) -> None:
    """Neither that a response is active, nor that there was none to cancel."""
    talk = Talk(COMPONENT).serve()
    assert [] == talk.tell(m.Refused(None, code, active_response=code == ACTIVE)).client


def test_a25_create_when_refused_for_an_active_response_to_the_last_does_not_show_it() -> None:
    """The client learns that the turn has no answer, and nothing of the upstream's code."""
    talk = Talk(COMPONENT).serve()
    talk.tell(m.UserText("hi"))
    talk.confirm_items()
    for _ in range(talk.state.bounds.tries):
        talk.refuse(m.StartResponse, ACTIVE)
        talk.tell(passed(m.Deadline.RETRY))
    (problem,) = [warned.problem for warned in talk.refuse(m.StartResponse, ACTIVE).all(m.Warned)]
    assert (m.Cause.RESPONSE_REFUSED, None) == (problem.cause, problem.code)
