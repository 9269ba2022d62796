"""A session moves to another upstream session: before a limit, and for a voice that came too late."""

import pytest
from attrs import evolve
from session_driver import CONFIG, Step, Talk, conversation, passed, prompt, talked

from turngate.session import messages as m
from turngate.session.machines import Phase
from turngate.session.policy import COMPONENT, DEEPGRAM, Bounds, LateVoice, Length, Renewal
from turngate.session.state import Upstream

LIMITED = evolve(DEEPGRAM, length=Length.LIMITED)
RENEWS = evolve(DEEPGRAM, late_voice=LateVoice.RENEWS)
BY_PAUSE = m.ConfigureSession(evolve(CONFIG, turn_end=m.ByPause()))
LINES = [(m.Role.USER, "hi"), (m.Role.ASSISTANT, "hello")]
NOT_HAD = m.NextLost(m.Problem(m.Cause.UPSTREAM_UNREACHABLE, "no"))


# --- a limit --------------------------------------------------------------------------------------------------------


def test_session_when_a_limit_comes_near_moves_at_once_if_nothing_is_under_way() -> None:
    """It connects beside, moves, restores; the client is told nothing."""
    talk = talked(Talk(LIMITED).serve())
    near = talk.tell(passed(m.Deadline.LIMIT_NEAR))
    assert [m.DialNext()] == near.all(m.DialNext)
    moved = talk.tell(m.NextReady())
    assert 1 == len(moved.all(m.MoveOver))
    assert CONFIG == moved.one(m.SendUpdate).config
    assert LINES == conversation(talk.tell(m.UpdateConfirmed()))
    talk.confirm_items()
    assert Phase.SERVING is talk.state.phase
    assert m.Deadline.LIMIT_NEAR in talk.judge.armed
    assert m.Deadline.LIMIT not in talk.judge.armed
    assert [] == near.client + moved.client


def test_session_when_a_limit_comes_near_moves_when_the_agent_was_heard() -> None:
    """Not while a response is active, and not while it is being played."""
    talk = Talk(LIMITED).serve().respond()
    talk.audio()
    talk.tell(passed(m.Deadline.LIMIT_NEAR))
    assert [] == talk.tell(m.NextReady()).all(m.MoveOver)
    assert [] == talk.end().all(m.MoveOver)
    assert 1 == len(talk.tell(m.SpeechPlayed(("item_r1",))).all(m.MoveOver))


def test_session_when_the_limit_is_reached_moves_whatever_is_under_way() -> None:
    """What is being said is reported as cut."""
    talk = Talk(LIMITED).serve().respond()
    talk.audio()
    talk.tell(passed(m.Deadline.LIMIT_NEAR), m.NextReady())
    moved = talk.tell(passed(m.Deadline.LIMIT))
    assert [m.Cause.ANSWER_CUT] == moved.causes
    assert 1 == len(moved.all(m.MoveOver))


def test_session_when_no_other_upstream_can_be_had_tries_again_until_the_limit() -> None:
    """The one that serves goes on serving; at the limit it is as good as lost."""
    talk = Talk(LIMITED).serve()
    talk.tell(passed(m.Deadline.LIMIT_NEAR))
    assert [] == talk.tell(NOT_HAD).client
    assert [m.DialNext()] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialNext)
    assert [m.DialNext()] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialNext)
    assert 1 == len(talk.tell(passed(m.Deadline.LIMIT)).all(m.MoveOver))
    assert Upstream.DIALLING is talk.state.upstream
    # the word that it is ready may have crossed the move
    talk.tell(m.NextReady())
    assert Upstream.READY is talk.state.upstream


def test_session_when_the_other_upstream_fails_as_it_moves_is_tried_again_later() -> None:
    """The word that it cannot be had may have crossed the move."""
    talk = Talk(LIMITED).serve()
    talk.tell(passed(m.Deadline.LIMIT_NEAR))
    talk.lose()
    lost = talk.tell(NOT_HAD)
    assert ([m.Cause.UPSTREAM_UNREACHABLE], None) == (lost.causes, lost.ending)
    assert [m.DialUpstream()] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialUpstream)


def test_session_when_a_limit_comes_near_before_it_serves_connects_beside_when_it_does() -> None:
    """A second connection would be of no use before."""
    talk = Talk(evolve(COMPONENT, length=Length.LIMITED))
    talk.tell(m.UpstreamReady())
    assert [] == talk.tell(passed(m.Deadline.LIMIT_NEAR)).all(m.DialNext)
    talk.tell(m.ConfigureSession(CONFIG), m.UpdateConfirmed())
    assert [m.DialNext()] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialNext)


def test_session_when_a_commit_is_outstanding_does_not_move() -> None:
    """What was committed would be said a second time."""
    talk = Talk(LIMITED).serve(BY_PAUSE)
    talk.tell(m.UserAudio(b"\0\x40" * 24_000), passed(m.Deadline.LIMIT_NEAR), m.NextReady())
    committed = talk.tell(passed(m.Deadline.COMMIT_PAUSE))
    assert (1, []) == (len(committed.all(m.CommitAudio)), committed.all(m.MoveOver))
    refusal = m.Refused(committed.one(m.CommitAudio).event_id, "input_audio_buffer_commit_empty")
    assert 1 == len(talk.tell(refusal).all(m.MoveOver))


def test_upstream_when_lost_while_another_stands_ready_is_replaced_by_that() -> None:
    """Nothing is dialled."""
    talk = Talk(LIMITED).serve().respond()
    talk.tell(passed(m.Deadline.LIMIT_NEAR), m.NextReady())
    lost = talk.lose()
    assert [] == lost.all(m.DialUpstream)
    assert 1 == len(lost.all(m.MoveOver))
    assert CONFIG == lost.one(m.SendUpdate).config


def test_session_when_it_is_not_to_be_renewed_warns_and_ends() -> None:
    """By the protocol's codes for it."""
    talk = Talk(evolve(LIMITED, renewal=Renewal.OFF)).serve()
    assert [m.Cause.SESSION_LIMIT_NEAR] == talk.tell(passed(m.Deadline.LIMIT_NEAR)).causes
    ended = talk.tell(passed(m.Deadline.LIMIT))
    assert ([m.Cause.SESSION_LIMIT], m.Ending.UPSTREAM_LIMIT) == (ended.causes, ended.ending)


# --- a late voice ---------------------------------------------------------------------------------------------------

SPEAK = m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("ash", 1.2))
LOCKED = "cannot_update_voice"


def locked(talk: Talk) -> Step:
    """The upstream refuses another voice."""
    return talk.tell(m.Refused(talk.last(m.SendUpdate).event_id, LOCKED, voice_locked=True))


def test_voice_when_it_comes_late_is_taken_by_another_upstream_session() -> None:
    """It waits for the move, is sent behind what is restored, and is acknowledged then."""
    talk = talked(Talk(RENEWS).serve())
    talk.tell(SPEAK)
    parked = locked(talk)
    assert ([m.DialNext()], []) == (parked.all(m.DialNext), parked.client)
    talk.tell(m.NextReady(), m.UpdateConfirmed())
    update = talk.confirm_items().one(m.SendUpdate)
    assert ("ash", 1.2) == (update.config.voice, update.config.speed)
    assert [m.UpdateApplied(m.UpdateKind.SPEAK)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_voice_when_no_other_upstream_session_can_be_had_is_not_applied() -> None:
    """The client is told, and the session goes on as it was."""
    talk = talked(Talk(RENEWS).serve())
    talk.tell(SPEAK)
    locked(talk)
    told = talk.tell(NOT_HAD)
    assert [m.Cause.UPDATE_REFUSED] == told.causes
    assert Phase.SERVING is talk.state.phase


@pytest.mark.parametrize("profile", [RENEWS, evolve(LIMITED, late_voice=LateVoice.RENEWS)])
def test_voice_when_no_other_upstream_session_can_be_had_is_not_asked_for_one_again(profile) -> None:
    """There is nothing left to move for."""
    talk = Talk(profile).serve()
    talk.tell(SPEAK)
    locked(talk)
    assert m.Arm(m.Deadline.NEXT_TRY) not in talk.tell(NOT_HAD).effects
    assert [] == talk.tell(passed(m.Deadline.NEXT_TRY)).all(m.DialNext)


def test_voice_when_it_waits_is_followed_by_the_voice_that_came_later() -> None:
    """Each is acknowledged when it is in force, and the last one wins."""
    talk = Talk(RENEWS).serve(m.ConfigureSession(evolve(CONFIG, voice="alloy")))
    talk.tell(SPEAK)
    locked(talk)
    back = talk.tell(m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy", 1.0)))
    assert [] == back.all(m.SendUpdate)
    talk.tell(m.NextReady(), m.UpdateConfirmed())
    assert "alloy" == talk.last(m.SendUpdate).config.voice
    assert [m.UpdateApplied(m.UpdateKind.SPEAK)] * 2 == talk.tell(m.UpdateConfirmed()).client


def test_voice_when_it_waits_keeps_nothing_waiting_that_it_does_not_touch() -> None:
    """Another prompt applies at once."""
    talk = Talk(RENEWS).serve()
    talk.tell(SPEAK)
    locked(talk)
    assert 1 == len(talk.tell(prompt("more")).all(m.SendUpdate))
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client


def test_settings_when_older_ones_wait_are_applied_after_them() -> None:
    """And those that waited behind a voice that is refused in the end are not refused with it."""
    talk = Talk(evolve(COMPONENT, late_voice=LateVoice.RENEWS))
    talk.tell(m.UpstreamReady())
    talk.tell(m.ConfigureSession(evolve(CONFIG, voice="alloy")), m.UpdateConfirmed())
    talk.tell(m.ConfigureSession(evolve(CONFIG, instructions="old", voice="ash")))
    locked(talk)
    assert [] == talk.tell(m.ConfigureSession(evolve(CONFIG, instructions="new", voice="alloy"))).upstream
    refused = talk.tell(NOT_HAD)
    assert [m.Cause.UPDATE_REFUSED] == refused.causes
    assert "new" == refused.one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client


def test_settings_when_the_first_of_all_come_too_late_are_followed_by_first_ones() -> None:
    """Those that follow a refusal are greeted for."""
    talk = Talk(evolve(COMPONENT, late_voice=LateVoice.RENEWS))
    talk.tell(m.UpstreamReady(), m.UpdateConfirmed())
    talk.tell(m.ConfigureSession(evolve(CONFIG, voice="ash"), greeting="hello"))
    locked(talk)
    talk.tell(NOT_HAD, m.ConfigureSession(CONFIG, greeting="hello"))
    assert 1 == len(talk.tell(m.UpdateConfirmed()).all(m.ConversationLine))


def test_voices_when_many_wait_are_bounded() -> None:
    """What waits for another upstream session counts as what waits for this one."""
    talk = Talk(RENEWS, Bounds(waiting_updates=2)).serve()
    talk.tell(SPEAK)
    locked(talk)
    told = talk.tell(SPEAK, SPEAK, SPEAK)
    assert [m.Cause.TOO_MANY_WAITING] * 2 == told.causes
    assert 2 == len(talk.state.parked)


def test_voice_when_a_little_audio_is_left_over_is_not_kept_waiting() -> None:
    """Less than the upstream takes is no turn; it is sent again behind the move."""
    talk = Talk(RENEWS).serve(BY_PAUSE)
    talk.tell(m.UserAudio(b"\0\x40" * 1_000), passed(m.Deadline.COMMIT_PAUSE), SPEAK)
    locked(talk)
    assert 1 == len(talk.tell(m.NextReady()).all(m.MoveOver))
    talk.tell(m.UpdateConfirmed())
    assert [2_000] == [len(sent.pcm) for sent in talk.confirm_items().all(m.AppendAudio)] or talk.state.early == ()
