"""How a session begins, and what waits until it serves."""

import pytest
from attrs import evolve
from session_driver import CONFIG, PCM, Talk, call, passed, prompt

from turngate.session import messages as m
from turngate.session.machines import Phase
from turngate.session.policy import COMPONENT, DEEPGRAM, Bounds, Policy, Renewal

LINE = m.ContextLine(m.Role.USER, "I am Ada.")
CONTEXT = m.ConfigureSession(CONFIG, context=(LINE, m.ContextCall(call(), "42")))


# --- settings -------------------------------------------------------------------------------------------------------


def test_session_when_it_begins_welcomes_and_awaits_settings() -> None:
    """The first word is the welcome; an idle stranger costs no upstream connection, and not for long a place here."""
    assert [m.SessionOpened("s1"), m.Arm(m.Deadline.SETTINGS)] == Talk().effects
    assert [m.SessionOpened("s1"), m.DialUpstream(), m.Arm(m.Deadline.UPSTREAM_READY)] == Talk(COMPONENT).effects


def test_settings_when_they_come_dial_the_upstream() -> None:
    """The upstream is dialled with the model that the client asked for."""
    dialled = Talk().tell(m.ConfigureSession(CONFIG, model="m1"))
    assert m.DialUpstream("m1") == dialled.one(m.DialUpstream)
    assert [m.Disarm(m.Deadline.SETTINGS)] == dialled.all(m.Disarm)
    assert [] == dialled.upstream


def test_settings_when_the_upstream_is_ready_are_sent_and_acknowledged_when_confirmed() -> None:
    """The settings are the first thing that goes upstream; the client hears of them when they are in force."""
    talk = Talk()
    assert [m.SendUpdate("tg_1", CONFIG, None)] == talk.configure().upstream
    assert [m.SessionConfigured()] == talk.tell(m.UpdateConfirmed()).client


def test_settings_when_some_have_no_effect_are_warned_of() -> None:
    """The client learns which of its settings do nothing here, after the acknowledgement."""
    talk = Talk()
    talk.configure(
        m.ConfigureSession(CONFIG, notices=(m.Problem(m.Cause.SETTINGS_IGNORED, "agent.think.temperature"),))
    )
    configured, warned = talk.tell(m.UpdateConfirmed()).client
    assert m.SessionConfigured() == configured
    assert isinstance(warned, m.Warned)
    assert m.Cause.SETTINGS_IGNORED is warned.problem.cause
    assert "agent.think.temperature" in warned.problem.detail


def test_settings_when_refused_end_a_deepgram_session() -> None:
    """The error names the upstream's code and the field, and never the upstream's own words."""
    talk = Talk()
    talk.configure()
    refused = talk.tell(m.Refused("tg_1", "invalid_value", "secret words", "session.voice"))
    assert m.Ending.CLIENT_FAULT is refused.ending
    assert m.Cause.SETTINGS_REFUSED is refused.one(m.Failed).problem.cause
    assert "invalid_value, field session.voice" in refused.one(m.Failed).problem.detail
    assert "secret words" not in refused.one(m.Failed).problem.detail


def test_settings_when_identical_are_acknowledged_again_and_not_sent_again() -> None:
    """Settings that are in force already are acknowledged at once, even while a response is active."""
    talk = Talk(COMPONENT).serve().respond()
    again = talk.tell(m.ConfigureSession(CONFIG))
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == again.client
    assert [] == again.upstream
    assert [] == talk.end().upstream
    talk.settle()


def test_settings_when_identical_behind_an_update_are_sent() -> None:
    """Settings that undo an update which waits, or is outstanding, are a change like any other."""
    talk = Talk(COMPONENT).serve()
    talk.tell(prompt("and brief"))
    assert () == talk.tell(m.ConfigureSession(CONFIG)).effects
    assert [CONFIG] == [update.config for update in talk.tell(m.UpdateConfirmed()).all(m.SendUpdate)]
    assert [m.UpdateApplied(m.UpdateKind.SETTINGS)] == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


# --- the earlier conversation ---------------------------------------------------------------------------------------


def test_context_when_settings_are_confirmed_is_added_before_they_are_acknowledged() -> None:
    """Every item of the earlier conversation is confirmed before the client hears that the session is configured."""
    talk = Talk()
    talk.configure(CONTEXT)
    seeded = talk.tell(m.UpdateConfirmed())
    assert [
        m.AddLine("tg_2", "tg_2", m.Role.USER, "I am Ada."),
        m.AddCall("tg_3", "tg_3", call()),
        m.AddToolOutput("tg_4", "tg_4", "call_1", "42"),
    ] == seeded.upstream
    assert [] == seeded.client
    assert m.Arm(m.Deadline.ITEMS_ANSWER) in seeded.effects
    assert [] == talk.tell(m.ItemConfirmed("tg_4"), m.ItemConfirmed("tg_2"), m.ItemConfirmed("tg_2")).client
    confirmed = talk.tell(m.ItemConfirmed("tg_3"))
    assert (m.Disarm(m.Deadline.ITEMS_ANSWER), m.SessionConfigured()) == confirmed.effects


@pytest.mark.parametrize("policy", [DEEPGRAM, COMPONENT], ids=["deepgram", "component"])
def test_context_when_an_item_is_refused_ends_the_session(policy: Policy) -> None:
    """A conversation with a hole in it is not begun."""
    talk = Talk(policy)
    talk.configure(CONTEXT)
    talk.tell(m.UpdateConfirmed(), m.ItemConfirmed("tg_2"))
    refused = talk.tell(m.Refused("tg_3", "invalid_value"))
    assert [m.Cause.SETTINGS_REFUSED] == refused.causes
    assert m.Ending.CLIENT_FAULT is refused.ending


def test_greeting_when_the_session_serves_is_written_then_spoken() -> None:
    """The greeting is acknowledged settings first, then its line, then a response that speaks exactly these words."""
    talk = Talk()
    talk.configure(m.ConfigureSession(CONFIG, greeting="Hello."))
    served = talk.tell(m.UpdateConfirmed())
    assert [m.SessionConfigured()] == served.client
    assert [m.StartResponse("tg_2", say="Hello.")] == served.upstream
    assert [] == talk.start().client
    line = m.ConversationLine(m.Role.ASSISTANT, "Hello.")
    assert [line, m.AgentSpeaking(), m.AgentAudio(PCM, "item_r1")] == talk.audio().client
    assert [] == talk.tell(m.AgentTextEnded("r1", "i1", "Hello.")).client
    assert [m.AgentFinishedSpeaking()] == talk.end().client


def test_greeting_when_the_user_wrote_early_comes_first_and_alone() -> None:
    """What the user wrote before the session served is answered after the greeting, by a response of its own."""
    talk = Talk()
    talk.configure(m.ConfigureSession(CONFIG, greeting="Hello."))
    talk.tell(m.UserText("hi"))
    assert ["Hello."] == [create.say for create in talk.tell(m.UpdateConfirmed()).all(m.StartResponse)]
    talk.start()
    assert [None] == [create.say for create in talk.end().all(m.StartResponse)]


def test_response_when_before_the_session_serves_holds_the_gate_and_nothing_else() -> None:
    """A response of the upstream's own before the client has its settings is never heard of; its calls are not made."""
    talk = Talk()
    talk.configure(CONTEXT)
    started = talk.tell(m.ResponseStarted("r1"), m.AgentAudioChunk("r1", "i1", PCM), m.ResponseStarted("r2"))
    ended = talk.tell(m.ResponseEnded("r1", m.ResponseStatus.COMPLETED, calls=(call(9),)))
    assert [] == started.client + started.upstream + ended.client + ended.upstream
    talk.tell(m.UpdateConfirmed())
    assert [m.SessionConfigured()] == talk.confirm_items().client
    talk.tell(m.UserText("hi"))
    assert [] == talk.audio("r2").client
    assert 1 == len(talk.end("r2").all(m.StartResponse))


# --- what comes too early -------------------------------------------------------------------------------------------

TOO_EARLY = [m.UserText("hi"), m.UserAudio(PCM), prompt("p"), m.ToolResult("c", "f", ""), m.KeepAlive()]


@pytest.mark.parametrize("message", TOO_EARLY, ids=lambda message: type(message).__name__)
def test_message_when_before_settings_ends_a_deepgram_session(message: m.ClientMessage) -> None:
    """Settings come first there."""
    refused = Talk().tell(message)
    assert [m.Cause.NOT_CONFIGURED] == refused.causes
    assert m.Ending.CLIENT_FAULT is refused.ending


@pytest.mark.parametrize("message", TOO_EARLY, ids=lambda message: type(message).__name__)
def test_message_when_before_settings_waits_in_a_component_session(message: m.ClientMessage) -> None:
    """Nothing is an error there, and nothing goes upstream before the settings."""
    assert () == Talk(COMPONENT).tell(message).effects


@pytest.mark.row(20)
def test_early_bytes_when_over_the_bound_pause_the_client_until_the_session_serves() -> None:
    """A client that sends too much too early is not read until there is somewhere for it to go."""
    talk = Talk(COMPONENT, Bounds(early_bytes=10))
    assert () == talk.tell(m.UserAudio(bytes(10))).effects
    assert (m.PauseClient(),) == talk.tell(m.UserAudio(bytes(2))).effects
    assert () == talk.tell(m.UserAudio(bytes(2))).effects
    talk.configure()
    assert 1 == len(talk.tell(m.UpdateConfirmed()).all(m.ResumeClient))


@pytest.mark.row(20)
def test_early_messages_when_over_the_bound_pause_the_client_until_the_session_serves() -> None:
    """The same holds for their number, even if they weigh nothing."""
    talk = Talk(COMPONENT, Bounds(early_messages=2))
    talk.tell(m.UserText(""), m.UserText(""))
    assert (m.PauseClient(),) == talk.tell(m.UserText("")).effects
    talk.configure()
    assert 1 == len(talk.tell(m.UpdateConfirmed()).all(m.ResumeClient))


@pytest.mark.parametrize("bounds", [Bounds(early_bytes=10), Bounds(early_messages=1)], ids=["bytes", "messages"])
def test_early_messages_when_a_client_cannot_be_paused_end_the_session(bounds: Bounds) -> None:
    """A client that goes on although it is not read any more is sent away."""
    talk = Talk(COMPONENT, bounds)
    flood = talk.tell(*[m.UserAudio(bytes(10))] * 5)
    assert [m.Cause.TOO_MANY_WAITING] == flood.causes
    assert m.Ending.CLIENT_FAULT is flood.ending


def test_early_messages_when_audio_is_recalled_are_counted_without_it() -> None:
    """What is sent again for the client is not its own doing."""
    talk = Talk(bounds=Bounds(early_messages=3)).serve().respond()
    talk.end()
    talk.tell(m.SpeechStarted("u1"), m.UserAudio(bytes(48_000 * 60)))
    talk.lose()
    talk.tell(m.UserAudio(PCM))
    talk.tell(m.UpstreamReady(), m.UpdateConfirmed(), m.UserText("hello"))
    talk.lose()
    assert [] == talk.tell(m.UserAudio(PCM)).all(m.PauseClient)
    assert [m.PauseClient()] == talk.tell(m.UserAudio(PCM)).all(m.PauseClient)
    assert [m.ResumeClient()] == talk.renew().all(m.ResumeClient)
    talk.lose()
    assert [] == talk.tell(*[m.UserAudio(PCM)] * 3).all(m.PauseClient)


def test_client_when_paused_for_two_reasons_is_read_when_both_are_gone() -> None:
    """The client is told once to wait and once to go on."""
    talk = Talk(COMPONENT, Bounds(early_bytes=1))
    paused = talk.tell(m.UserAudio(PCM), m.UpstreamCongested())
    assert [m.PauseClient()] == paused.all(m.PauseClient)
    talk.configure()
    assert [] == talk.tell(m.UpdateConfirmed()).all(m.ResumeClient)
    assert (m.Disarm(m.Deadline.UPSTREAM_FLOW), m.ResumeClient()) == talk.tell(m.UpstreamRelieved()).effects


# --- bounds of a session that serves --------------------------------------------------------------------------------


def test_updates_when_too_many_wait_are_not_taken() -> None:
    """Beyond the bound an update is answered at once, as not applied; those that wait are applied all the same."""
    talk = Talk(bounds=Bounds(waiting_updates=2)).serve().respond()
    talk.tell(prompt("one"), prompt("two"))
    refused = talk.tell(prompt("three"))
    assert m.UpdateKind.PROMPT is refused.one(m.UpdateNotApplied).kind
    assert [m.Cause.TOO_MANY_WAITING] == refused.causes
    assert "be kind\none\ntwo" == talk.end().one(m.SendUpdate).config.instructions
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] * 2 == talk.tell(m.UpdateConfirmed()).client
    talk.settle()


def test_updates_when_too_long_together_are_not_taken() -> None:
    """The bound is one of characters too."""
    talk = Talk(bounds=Bounds(waiting_update_chars=5)).serve().respond()
    assert () == talk.tell(prompt("abc")).effects
    assert [m.Cause.TOO_MANY_WAITING] == talk.tell(prompt("def")).causes
    assert () == talk.tell(prompt("de")).effects


def test_turns_when_too_many_wait_beside_updates_are_not_taken() -> None:
    """A turn that is not taken is warned of, is no item of the conversation, and costs no update its answer."""
    talk = Talk(bounds=Bounds(waiting_turns=1)).serve().respond()
    talk.tell(prompt("one"), m.UserText("two"))
    refused = talk.tell(m.UserText("three"))
    assert [m.Cause.TOO_MANY_WAITING] == refused.causes
    assert [] == refused.upstream
    talk.end()
    assert [m.UpdateApplied(m.UpdateKind.PROMPT)] == talk.tell(m.UpdateConfirmed()).client
    talk.start("r2")
    talk.end("r2")
    talk.settle()


# --- flow -----------------------------------------------------------------------------------------------------------


def test_client_when_the_upstream_is_congested_is_not_read() -> None:
    """The wait for the upstream to take data again has an end, and with it that upstream session has."""
    talk = Talk().serve()
    assert (m.PauseClient(), m.Arm(m.Deadline.UPSTREAM_FLOW)) == talk.tell(m.UpstreamCongested()).effects
    stalled = talk.tell(passed(m.Deadline.UPSTREAM_FLOW))
    assert [m.DialUpstream()] == stalled.all(m.DialUpstream)
    assert [m.ResumeClient()] == stalled.all(m.ResumeClient)


def test_session_when_the_upstream_is_stalled_and_not_to_be_replaced_ends() -> None:
    """The client is told the cause."""
    talk = Talk(evolve(DEEPGRAM, renewal=Renewal.OFF)).serve()
    talk.tell(m.UpstreamCongested())
    stalled = talk.tell(passed(m.Deadline.UPSTREAM_FLOW))
    assert [m.Cause.UPSTREAM_STALLED] == stalled.causes
    assert m.Ending.UPSTREAM_FAILED is stalled.ending


def test_upstream_when_ready_again_changes_nothing() -> None:
    """A readiness that is told twice is noted."""
    talk = Talk().serve()
    assert (m.Note("upstream.ready_again"),) == talk.tell(m.UpstreamReady()).effects
    assert Phase.SERVING is talk.state.phase
