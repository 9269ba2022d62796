"""The gate: what is sent, what the answers to it mean, and what happens when there are none."""

import pytest
from attrs import evolve
from session_driver import ACTIVE, CANCELLED, CONFIG, Step, Talk, passed, prompt

from turngate.session import messages as m
from turngate.session.machines import Gate
from turngate.session.policy import DEEPGRAM, Bounds, Renewal

PROMPT = m.UpdateKind.PROMPT


# --- updates --------------------------------------------------------------------------------------------------------


def test_updates_when_they_waited_together_go_as_one_and_are_acknowledged_one_by_one() -> None:
    """Two updates make one request; after its one confirmation each has its own acknowledgement."""
    talk = Talk().serve().respond()
    talk.tell(prompt("one"), prompt("two"))
    assert "be kind\none\ntwo" == talk.end().one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(PROMPT), m.UpdateApplied(PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_updates_when_refused_together_are_tried_alone() -> None:
    """None suffers for another: of two, the one at fault is refused and the other applied."""
    talk = Talk().serve().respond()
    talk.tell(prompt("bad"), prompt("good"))
    talk.end()
    split = talk.refuse(m.SendUpdate)
    assert [] == split.client
    assert "be kind\nbad" == split.one(m.SendUpdate).config.instructions
    second = talk.refuse(m.SendUpdate)
    assert [m.Cause.UPDATE_REFUSED] == second.causes
    assert "be kind\ngood" == second.one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    assert "be kind\ngood" == talk.state.confirmed.instructions
    talk.settle()


def test_updates_of_every_kind_are_merged_in_their_order() -> None:
    """What replaces the prompt goes over what was added before, and what is added later stays."""
    talk = Talk().serve().respond()
    tool = m.ToolSpec("look_up")
    talk.tell(prompt("gone"))
    talk.tell(m.UpdateSession(m.UpdateKind.THINK, m.ReplaceThinking("new", (tool,), m.Effort.LOW)), prompt("and brief"))
    talk.tell(m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy")))
    talk.tell(m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking(speed=1.2)))
    talk.tell(m.UpdateSession(m.UpdateKind.LISTEN, m.ChangeHearing("de", ("Ada",), m.ByMeaning())))
    expected = m.SessionConfig(
        "new\nand brief", (tool,), "alloy", 1.2, "de", ("Ada",), turn_end=m.ByMeaning(), effort=m.Effort.LOW
    )
    assert expected == talk.end().one(m.SendUpdate).config
    applied = [effect.kind for effect in talk.tell(m.UpdateConfirmed()).all(m.UpdateApplied)]
    kind = m.UpdateKind
    assert [kind.PROMPT, kind.THINK, kind.PROMPT, kind.SPEAK, kind.SPEAK, kind.LISTEN] == applied
    talk.settle()


def refuse_voice(talk: Talk) -> Step:
    """The upstream says that the voice can no longer change."""
    return talk.tell(m.Refused(talk.last(m.SendUpdate).event_id, "cannot_update_voice", voice_locked=True))


def test_updates_when_the_voice_is_locked_apply_the_rest() -> None:
    """The client is told which part did not, once the other part is in force, and gets no acknowledgement."""
    talk = Talk().serve()
    talk.tell(m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy", 1.2)))
    rest = refuse_voice(talk).one(m.SendUpdate)
    assert (None, 1.2) == (rest.config.voice, rest.config.speed)
    (answer,) = talk.tell(m.UpdateConfirmed()).client
    assert isinstance(answer, m.UpdateNotApplied)
    assert "voice" in answer.problem.detail
    assert "cannot_update_voice" in answer.problem.detail
    talk.settle()


def test_updates_when_only_the_voice_was_asked_for_and_is_locked_are_not_applied() -> None:
    """Nothing is left to try."""
    talk = Talk().serve()
    talk.tell(m.UpdateSession(m.UpdateKind.SPEAK, m.ChangeSpeaking("alloy")))
    refused = refuse_voice(talk)
    assert [m.Cause.UPDATE_REFUSED] == refused.causes
    assert [] == refused.upstream
    talk.settle()


def test_updates_when_part_of_one_has_no_effect_say_so_at_once() -> None:
    """What the client asked for in vain does not depend on the upstream."""
    notice = m.Problem(m.Cause.SETTINGS_IGNORED, "think.provider.temperature")
    talk = Talk().serve().respond()
    told = talk.tell(m.UpdateSession(m.UpdateKind.THINK, m.ReplaceThinking("new"), (notice,)))
    assert [m.Warned(notice)] == told.client


def test_updates_when_an_answer_is_owed_too_go_first() -> None:
    """What was configured applies to what follows."""
    talk = Talk().serve().respond()
    talk.tell(m.UserText("two"), prompt("and brief"))
    assert ["SendUpdate"] == [type(effect).__name__ for effect in talk.end().upstream]
    sent = talk.tell(m.UpdateConfirmed()).upstream
    assert ["AddLine", "StartResponse"] == [type(effect).__name__ for effect in sent]


def test_updates_when_sent_say_what_was_confirmed_before() -> None:
    """An update carries the configuration to change from, so that what did not change need not be repeated."""
    talk = Talk().serve()
    sent = talk.tell(prompt("and brief")).one(m.SendUpdate)
    assert (CONFIG, "be kind\nand brief") == (sent.confirmed, sent.config.instructions)


def test_updates_when_refused_because_of_a_response_out_of_sight_are_tried_again_after_a_while() -> None:
    """The upstream says that a response is active of which nothing was heard: the update waits, and is sent again."""
    talk = Talk().serve()
    talk.tell(prompt("and brief"))
    blocked = talk.refuse(m.SendUpdate, ACTIVE)
    assert Gate.BLOCKED is talk.state.gate
    assert [] == blocked.client + blocked.upstream
    assert m.Arm(m.Deadline.RETRY) in blocked.effects
    assert 1 == len(talk.tell(passed(m.Deadline.RETRY)).all(m.SendUpdate))


@pytest.mark.parametrize("settings", [True, False], ids=["settings", "update"])
def test_updates_when_refused_every_time_are_given_up_with_an_answer(settings: bool) -> None:
    """After a few tries the client is told, and what came later is not held up."""
    talk = Talk(bounds=Bounds(tries=2))
    if settings:
        talk.configure()
    else:
        talk.serve().tell(prompt("and brief"))
    for _ in range(2):
        assert [] == talk.refuse(m.SendUpdate, ACTIVE).causes
        talk.tell(passed(m.Deadline.RETRY))
    causes = [m.Cause.SETTINGS_REFUSED] if settings else [m.Cause.UPDATE_REFUSED]
    assert causes == talk.refuse(m.SendUpdate, ACTIVE).causes


# --- creates --------------------------------------------------------------------------------------------------------


def test_creates_when_refused_by_an_error_without_an_id_because_a_response_is_active_are_tried_again() -> None:
    """The one exception: with one create outstanding nothing else can have caused such an error."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    talk.tell(m.Refused(None, ACTIVE, active_response=True))
    assert Gate.BLOCKED is talk.state.gate
    assert [m.StartResponse("tg_4")] == talk.tell(passed(m.Deadline.RETRY)).upstream


def test_creates_when_an_error_names_nothing_stay_outstanding() -> None:
    """An error without an id is noted, and frees nothing."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"), prompt("and brief"))
    assert (m.Note("upstream.error", "server_error"),) == talk.tell(m.Refused(None, "server_error")).effects
    assert Gate.STARTING is talk.state.gate


def test_updates_when_an_error_names_nothing_stay_outstanding() -> None:
    """The exception is one for creates alone: an update is answered by its own id only."""
    talk = Talk().serve()
    talk.tell(prompt("and brief"))
    talk.tell(m.Refused(None, ACTIVE, active_response=True))
    assert Gate.UPDATING is talk.state.gate


def test_creates_when_refused_every_time_are_given_up_with_a_warning() -> None:
    """After a few tries the client is told that the turn has no answer; the next turn has one."""
    talk = Talk(bounds=Bounds(tries=2)).serve()
    talk.tell(m.UserText("hi"))
    for _ in range(2):
        assert [] == talk.refuse(m.StartResponse, ACTIVE).causes
        talk.tell(passed(m.Deadline.RETRY))
    assert [m.Cause.RESPONSE_REFUSED] == talk.refuse(m.StartResponse, ACTIVE).causes
    talk.tell(m.UserText("still there?"))
    assert 1 == len(talk.tell(passed(m.Deadline.RETRY)).all(m.StartResponse))


def test_creates_when_blocked_go_out_at_the_end_of_the_response_out_of_sight() -> None:
    """The end of a response whose start was never heard opens the gate at once."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    talk.refuse(m.StartResponse, ACTIVE)
    opened = talk.end("unseen")
    assert m.Disarm(m.Deadline.RETRY) in opened.effects
    assert 1 == len(opened.all(m.StartResponse))


def test_creates_when_blocked_wait_for_a_response_that_comes_into_sight() -> None:
    """The response in the way is heard to start after all: its end is waited for."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"))
    talk.refuse(m.StartResponse, ACTIVE)
    assert m.Disarm(m.Deadline.RETRY) in talk.tell(m.ResponseStarted("r9")).effects
    assert Gate.RESPONDING is talk.state.gate
    assert 1 == len(talk.end("r9").all(m.StartResponse))


# --- responses ------------------------------------------------------------------------------------------------------


def test_response_when_foreign_does_not_answer_our_create() -> None:
    """Only the response that carries our tag answers our create; another's start and end leave it outstanding."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"), prompt("and brief"), m.ResponseStarted("r9"))
    assert Gate.STARTING_CROSSED is talk.state.gate
    assert [] == talk.end("r9").upstream
    assert Gate.STARTING is talk.state.gate
    talk.start()
    assert 1 == len(talk.end().all(m.SendUpdate))


def test_response_when_its_start_was_lost_ends_by_its_tag() -> None:
    """The end of a response that carries our tag answers the create as well."""
    talk = Talk().serve()
    create = talk.tell(m.UserText("hi"), prompt("and brief")).one(m.StartResponse)
    ended = talk.tell(m.ResponseEnded("r1", m.ResponseStatus.COMPLETED, tag=create.event_id))
    assert 1 == len(ended.all(m.SendUpdate))
    talk.tell(m.ResponseStarted("r1", create.event_id))
    assert Gate.UPDATING is talk.state.gate


def test_response_when_outside_the_conversation_moves_nothing() -> None:
    """Responses outside the conversation neither close the gate nor open it."""
    talk = Talk().serve()
    talk.tell(m.ResponseStarted("o1", in_conversation=False))
    assert Gate.OPEN is talk.state.gate
    talk.respond()
    talk.tell(m.ResponseEnded("o1", m.ResponseStatus.COMPLETED, in_conversation=False))
    assert Gate.RESPONDING is talk.state.gate


def test_response_when_everything_but_its_end_has_come_is_active() -> None:
    """Only ``response.done`` ends a response: no end of audio, no end of text, no cancel of ours, no speech."""
    talk = Talk().serve().respond()
    talk.tell(
        m.AgentAudioSegmentEnded("r1"),
        m.AgentTextEnded("r1", "i1", "yes"),
        passed(m.Deadline.RESPONSE_SILENCE),
        m.SpeechStarted("u1"),
        m.SpeechCommitted("u1"),
    )
    assert [] == talk.tell(prompt("and brief")).upstream
    assert 1 == len(talk.end(status=CANCELLED).all(m.SendUpdate))


def test_cancel_when_nothing_was_active_is_harmless() -> None:
    """A cancel that crosses the end of its response is refused, which frees nothing and tells nobody."""
    talk = Talk().serve().respond()
    talk.tell(passed(m.Deadline.RESPONSE_SILENCE))
    cancel = talk.last(m.CancelResponse)
    talk.end()
    talk.tell(m.UserText("two"))
    refused = talk.tell(m.Refused(cancel.event_id, "response_cancel_not_active"))
    assert (m.Note("upstream.error", "response_cancel_not_active"),) == refused.effects
    assert Gate.STARTING is talk.state.gate


# --- silence --------------------------------------------------------------------------------------------------------


def test_response_when_silent_is_cancelled_once_and_the_client_told() -> None:
    """A response that says nothing for too long is cancelled; if its end comes, the session goes on."""
    talk = Talk().serve().respond()
    silent = talk.tell(passed(m.Deadline.RESPONSE_SILENCE))
    assert [m.CancelResponse("tg_4", "r1")] == silent.upstream
    assert [m.Cause.UPSTREAM_SILENT] == silent.causes
    assert m.Arm(m.Deadline.CANCEL_ANSWER) in silent.effects
    assert m.Disarm(m.Deadline.CANCEL_ANSWER) in talk.end(status=CANCELLED).effects
    assert Gate.OPEN is talk.state.gate
    talk.settle()


@pytest.mark.parametrize("renewal", Renewal)
def test_response_when_cancelled_and_still_silent_ends_the_upstream_session(renewal: Renewal) -> None:
    """A cancelled response that does not end leaves nothing to wait for; its loss was told when it was cancelled."""
    talk = Talk(evolve(DEEPGRAM, renewal=renewal)).serve().respond()
    assert [m.Cause.UPSTREAM_SILENT] == talk.tell(passed(m.Deadline.RESPONSE_SILENCE)).causes
    failed = talk.tell(passed(m.Deadline.CANCEL_ANSWER))
    if renewal is Renewal.OFF:
        assert [m.Cause.UPSTREAM_SILENT] == failed.causes
        assert m.Ending.UPSTREAM_FAILED is failed.ending
    else:
        assert [] == failed.causes
        assert [m.DialUpstream()] == failed.all(m.DialUpstream)
        assert [] == talk.renew().all(m.StartResponse)


def test_response_when_a_cancelled_one_beside_it_has_ended_is_not_cut_short() -> None:
    """The wait for the end of a cancelled response ends with that response, whatever else is active."""
    talk = Talk().serve()
    talk.tell(m.UserText("hi"), m.SpeechStarted("u1"))
    talk.start()
    assert m.Deadline.CANCEL_ANSWER in talk.judge.armed
    talk.tell(m.ResponseStarted("r2"))
    talk.end(status=CANCELLED)
    assert m.Deadline.CANCEL_ANSWER not in talk.judge.armed
    assert m.Deadline.RESPONSE_SILENCE in talk.judge.armed


@pytest.mark.parametrize(
    "message",
    [
        m.AgentTextStarted("r1"),
        m.AgentTextEnded("r1", "i1", "yes"),
        m.AgentTextEnded("r1", "i2", ""),
        m.AgentAudioChunk("r1", "i1", b"\0\0"),
        m.AgentAudioSegmentEnded("r1"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_response_when_anything_is_heard_of_it_is_waited_for_anew(message: m.UpstreamMessage) -> None:
    """Every event of a response starts its silence anew, also when the client is to hear nothing of it."""
    talk = Talk().serve().respond()
    assert m.Arm(m.Deadline.RESPONSE_SILENCE) in talk.tell(message).effects
    talk.tell(m.SpeechStarted("u1"))
    again = m.AgentAudioChunk("r1", "i1", b"\0\0") if isinstance(message, m.AgentTextEnded) else message
    assert m.Arm(m.Deadline.RESPONSE_SILENCE) in talk.tell(again).effects


@pytest.mark.parametrize("deadline", [m.Deadline.UPDATE_ANSWER, m.Deadline.CREATE_ANSWER, m.Deadline.ITEMS_ANSWER])
def test_upstream_when_it_does_not_answer_ends_the_session(deadline: m.Deadline) -> None:
    """Without these answers nothing more can be sent: the client is told, and the session ends."""
    talk = Talk(evolve(DEEPGRAM, renewal=Renewal.OFF))
    talk.configure(m.ConfigureSession(CONFIG, context=(m.ContextLine(m.Role.USER, "I am Ada."),)))
    if deadline is not m.Deadline.UPDATE_ANSWER:
        talk.tell(m.UpdateConfirmed())
    if deadline is m.Deadline.CREATE_ANSWER:
        talk.confirm_items()
        talk.tell(m.UserText("hi"))
    assert deadline in talk.judge.armed
    failed = talk.tell(passed(deadline))
    assert [m.Cause.UPSTREAM_SILENT] == failed.causes
    assert m.Ending.UPSTREAM_FAILED is failed.ending
    assert deadline.value in failed.one(m.Failed).problem.detail
