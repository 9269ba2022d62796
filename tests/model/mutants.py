"""
Planted bugs: each makes one plausible mistake in the real rules, and names the promises whose breach may give it away.

The first twelve are counterexamples that exhaustive search has found in designs of this kind; the others are mistakes
that this code invites.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import pytest
from attrs import frozen

from turngate.evolving import evolve
from turngate.session import (
    answers,
    detail,
    due,
    ending,
    gate,
    leaving,
    manual,
    moving,
    opening,
    presence,
    renewal,
    rules,
    speech,
    tools,
    turns,
    unheard,
)
from turngate.session import messages as m
from turngate.session.machines import Contact, Floor, Gate, Phase, Presence, Signal
from turngate.session.state import Draft, Due, OpenCall, Response, SentCreate, State, Voice

Plant: TypeAlias = Callable[[pytest.MonkeyPatch], None]


@frozen
class Mutant:
    """A planted bug, and the promises of which a breach may give it away."""

    name: str
    promises: tuple[str, ...]
    plant: Plant
    near: str = ""
    """How the names of the plans begin that are likely to find it."""


def rule(patch: pytest.MonkeyPatch, message: type, function: Callable[[Draft, Any], None]) -> None:
    """Put another rule in a row of the table, in every phase that had one."""
    row = {p: (r if r is rules.ignore else function) for p, r in rules.RULES[message].items()}
    patch.setattr(rules, "RULES", {**rules.RULES, message: row})


def flat_flag(patch: pytest.MonkeyPatch) -> None:
    """Errors are ignored; only a response's end frees the gate."""
    rule(patch, m.Refused, rules.ignore)


def blame(patch: pytest.MonkeyPatch) -> None:
    """An error about nothing is taken for the refusal of our create."""
    real = answers.refused

    def refused(draft: Draft, refusal: m.Refused) -> None:
        sent = draft.state.sent_create
        if refusal.event_id is None and sent is not None:
            answers.create_refused(draft, sent, refusal)
        else:
            real(draft, refusal)

    rule(patch, m.Refused, refused)


def drain_cuts(patch: pytest.MonkeyPatch) -> None:
    """A proxy that will go away ends calls in the middle of a turn."""
    rule(patch, m.Drain, ending.shut_down)


def drain_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A session that is to leave stays."""
    rule(patch, m.Drain, rules.ignore)


def more_than_may_be_used(patch: pytest.MonkeyPatch) -> None:
    """What waits for the answer that used up the last is asked for before the session ends."""
    patch.setattr(ending, "is_due", lambda _state: False)


def cap_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A session that has used up what it may goes on."""
    rule(patch, m.UsedUp, rules.ignore)


def cap_cuts_late(patch: pytest.MonkeyPatch) -> None:
    """Time that is used up waits for the end of the answer."""
    patch.setattr(ending, "is_due", lambda state: not state.responses and state.phase is not Phase.ENDED)


def any_created(patch: pytest.MonkeyPatch) -> None:
    """Any response that starts is taken for ours."""
    real = answers.response_started

    def response_started(draft: Draft, started: m.ResponseStarted) -> None:
        sent = draft.state.sent_create
        real(draft, evolve(started, tag=sent.event_id) if sent else started)

    rule(patch, m.ResponseStarted, response_started)


def audio_done_frees(patch: pytest.MonkeyPatch) -> None:
    """The end of an item's audio is taken for the end of the response."""

    def segment_ended(draft: Draft, done: m.AgentAudioSegmentEnded) -> None:
        answers.response_ended(draft, m.ResponseEnded(done.response_id, m.ResponseStatus.COMPLETED))

    rule(patch, m.AgentAudioSegmentEnded, segment_ended)


def cancel_frees(patch: pytest.MonkeyPatch) -> None:
    """A cancel that was sent is taken for the end of the response."""
    real = gate.cancel

    def cancel(draft: Draft, response: Response) -> None:
        real(draft, response)
        answers.response_ended(draft, m.ResponseEnded(response.response_id, m.ResponseStatus.CANCELLED))

    patch.setattr(answers, "cancel", cancel)
    patch.setattr(speech, "cancel", cancel)


def out_of_band_frees(patch: pytest.MonkeyPatch) -> None:
    """The end of a response outside the conversation is taken for the end of the one in it."""
    real = answers.response_ended

    def response_ended(draft: Draft, ended: m.ResponseEnded) -> None:
        if not ended.in_conversation and draft.state.responses:
            active = draft.state.responses[0].response_id
            real(draft, evolve(ended, response_id=active, in_conversation=True))
        else:
            real(draft, ended)

    rule(patch, m.ResponseEnded, response_ended)


def update_ungated(patch: pytest.MonkeyPatch) -> None:
    """An update goes out whatever is active."""
    real = opening.take_update

    def take_update(draft: Draft, update: m.UpdateSession) -> None:
        if draft.state.gate is Gate.RESPONDING and isinstance(update.change, m.AppendInstructions):
            draft.emit(m.SendUpdate(draft.fresh_id(), m.SessionConfig(update.change.text), None))
        real(draft, update)

    rule(patch, m.UpdateSession, take_update)


def retry_repeats_item(patch: pytest.MonkeyPatch) -> None:
    """A create that is tried again brings its item again."""
    real = answers.create_refused

    def create_refused(draft: Draft, sent: SentCreate, refusal: m.Refused) -> None:
        real(draft, sent, refusal)
        if draft.state.due:
            item_id = draft.fresh_id()
            draft.emit(m.AddLine(item_id, item_id, m.Role.USER, "t1"))

    patch.setattr(answers, "create_refused", create_refused)


def no_watchdog(patch: pytest.MonkeyPatch) -> None:
    """A create waits for its answer without a deadline."""
    real = Draft.emit

    def emit(self: Draft, *effects: m.Effect) -> None:
        real(self, *(e for e in effects if e != m.Arm(m.Deadline.CREATE_ANSWER)))

    patch.setattr(Draft, "emit", emit)


def acknowledged_early(patch: pytest.MonkeyPatch) -> None:
    """An update is acknowledged when it is taken."""
    real = opening.take_update

    def take_update(draft: Draft, update: m.UpdateSession) -> None:
        real(draft, update)
        draft.emit(m.UpdateApplied(update.kind))

    rule(patch, m.UpdateSession, take_update)


def second_settings_answered(patch: pytest.MonkeyPatch) -> None:
    """Repeated settings are acknowledged and thrown away."""

    def settings_again(draft: Draft, _: m.ConfigureSession) -> None:
        draft.emit(m.SessionConfigured())

    patch.setattr(
        rules,
        "RULES",
        {**rules.RULES, m.ConfigureSession: rules.row(opening.accept_settings, *[settings_again] * 4)},
    )


def client_left_open(patch: pytest.MonkeyPatch) -> None:
    """The session goes on without an upstream."""
    rule(patch, m.UpstreamLost, rules.ignore)


def barge_in_unheard(patch: pytest.MonkeyPatch) -> None:
    """Audio of an interrupted response still goes to the client."""
    patch.setattr(turns, "mute", lambda draft, response: None)


def refused_turn_lost(patch: pytest.MonkeyPatch) -> None:
    """A create that was refused because of an active response is forgotten."""

    def create_refused(draft: Draft, sent: SentCreate, refusal: m.Refused) -> None:
        draft.state = evolve(draft.state, sent_create=None)
        draft.emit(m.Disarm(m.Deadline.CREATE_ANSWER))
        gate.signal(draft, Signal.REFUSED_AS_ACTIVE if refusal.active_response else Signal.CREATE_REFUSED)
        if draft.state.gate is Gate.BLOCKED:
            draft.emit(m.Arm(m.Deadline.RETRY))

    patch.setattr(answers, "create_refused", create_refused)


def merged_acknowledged_once(patch: pytest.MonkeyPatch) -> None:
    """Updates that went out as one are acknowledged as one."""
    real = answers.update_confirmed

    def update_confirmed(draft: Draft, confirmed: m.UpdateConfirmed) -> None:
        real(draft, confirmed)
        acks = [e for e in draft.effects if isinstance(e, m.UpdateApplied)]
        for ack in acks[1:]:
            draft.effects.remove(ack)

    rule(patch, m.UpdateConfirmed, update_confirmed)


def speaks_over_user(patch: pytest.MonkeyPatch) -> None:
    """A response is asked for while the user speaks."""
    real = due.answerable

    def answerable(state: State) -> tuple[Due, ...]:
        return real(evolve(state, floor=Floor.FREE))

    patch.setattr(answers, "answerable", answerable)


def calls_announced_twice(patch: pytest.MonkeyPatch) -> None:
    """A repeated end of a response announces its calls again."""
    real = tools.response_ended

    def response_ended(draft: Draft, response: Response, ended: m.ResponseEnded) -> None:
        real(draft, response, ended)
        if ended.calls:
            draft.emit(m.ToolCallsRequested(ended.calls))

    patch.setattr(tools, "response_ended", response_ended)


def result_forwarded_twice(patch: pytest.MonkeyPatch) -> None:
    """A repeated tool result goes upstream again."""

    def take_result(draft: Draft, result: m.ToolResult) -> None:
        if result.call_id is not None:
            call = m.ToolCall(result.call_id, result.name, "")
            tools.close_open(draft, OpenCall(call, "r0"), result.output)

    rule(patch, m.ToolResult, take_result)


def first_result_continues(patch: pytest.MonkeyPatch) -> None:
    """The first of several results asks for the response."""
    real = tools.close_open

    def close_open(draft: Draft, open_call: OpenCall, output: str) -> None:
        real(draft, open_call, output)
        if draft.state.calls:
            draft.emit(m.StartResponse(draft.fresh_id()))

    patch.setattr(tools, "close_open", close_open)


def impatience_never_comes(patch: pytest.MonkeyPatch) -> None:
    """A user's turn waits for open tool calls for ever."""
    patch.setattr(tools, "overdue", rules.ignore)
    patch.setattr(rules, "DEADLINES", {**rules.DEADLINES, m.Deadline.TOOL_RESULTS: rules.ignore})


def stale_gate_after_retry(patch: pytest.MonkeyPatch) -> None:
    """The next try of a refused send is forgotten."""
    patch.setattr(rules, "DEADLINES", {**rules.DEADLINES, m.Deadline.RETRY: rules.ignore})


def lost_start_ignored(patch: pytest.MonkeyPatch) -> None:
    """Repeated starts of a response that has ended make it active again."""
    real = Draft.remember

    def remember(self: Draft, identifier: str) -> None:
        if not identifier.startswith("r"):
            real(self, identifier)

    patch.setattr(Draft, "remember", remember)


def end_unspoken(patch: pytest.MonkeyPatch) -> None:
    """The end of speech is told although none was heard."""
    real = turns.response_ended

    def response_ended(draft: Draft, response: Response, ended: m.ResponseEnded) -> None:
        draft.emit(m.AgentFinishedSpeaking())
        real(draft, response, ended)

    patch.setattr(turns, "response_ended", response_ended)


def talks_after_error(patch: pytest.MonkeyPatch) -> None:
    """Something is still said after the end."""
    real = ending.end

    def end(draft: Draft, how: m.Ending, problem: m.Problem | None = None) -> None:
        real(draft, how, problem)
        draft.emit(m.Note("late"))

    patch.setattr(ending, "end", end)


def commits_over_responses(patch: pytest.MonkeyPatch) -> None:
    """Audio is committed while a response is active."""
    patch.setattr(manual, "is_free", lambda _: True)


def commits_too_little(patch: pytest.MonkeyPatch) -> None:
    """What is too short is not padded."""
    patch.setattr(manual, "threshold", lambda _: 2)


def own_answer_never_asked_for(patch: pytest.MonkeyPatch) -> None:
    """The upstream is trusted to answer speech by itself, whether it does or not."""
    patch.setattr(rules, "DEADLINES", {**rules.DEADLINES, m.Deadline.OWN_START: rules.ignore})


def own_answer_is_nobodys(patch: pytest.MonkeyPatch) -> None:
    """What the upstream is to answer is forgotten as soon as any response of ours starts."""
    real = gate.create_answered

    def create_answered(draft: Draft) -> None:
        real(draft)
        draft.state = evolve(draft.state, expected=())
        draft.emit(m.Disarm(m.Deadline.OWN_START))

    patch.setattr(answers, "create_answered", create_answered)


def unconfirmed_turn_waits_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A written turn whose item is never confirmed is never answered."""
    patch.setattr(rules, "DEADLINES", {**rules.DEADLINES, m.Deadline.PLACING: rules.ignore})


def end_told_twice(patch: pytest.MonkeyPatch) -> None:
    """The end of the output is told with its sound, and again with its response."""

    def finish(draft: Draft, response_id: str) -> None:
        response = draft.state.response(response_id)
        if response is not None and response.voice is Voice.SPEAKING:
            draft.emit(m.AgentFinishedSpeaking())

    patch.setattr(detail, "finish", finish)


def unasked_confirmation_acknowledges(patch: pytest.MonkeyPatch) -> None:
    """A confirmation that nobody asked for is taken for that of settings which nobody sent."""
    real = opening.confirmed_unasked

    def confirmed_unasked(draft: Draft) -> None:
        real(draft)
        draft.emit(m.SessionConfigured())

    patch.setattr(opening, "confirmed_unasked", confirmed_unasked)


def lost_turn_forgotten(patch: pytest.MonkeyPatch) -> None:
    """What a lost response was to answer is not owed again."""
    patch.setattr(leaving, "cut_off", lambda _draft, _response: ())


def heard_answer_asked_again(patch: pytest.MonkeyPatch) -> None:
    """Every response that is lost is asked for again."""
    patch.setattr(leaving, "cut_off", lambda _draft, response: response.due)


def sound_before_conversation(patch: pytest.MonkeyPatch) -> None:
    """What the user says is passed on before the conversation was restored."""
    row = {**rules.RULES[m.UserAudio], Phase.RENEWING: manual.take_audio}
    patch.setattr(rules, "RULES", {**rules.RULES, m.UserAudio: row})


def settings_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Another upstream session is left as it is by default."""
    real = renewal.restore

    def restore(draft: Draft) -> None:
        draft.state = evolve(draft.state, confirmed=m.SessionConfig())
        real(draft)

    patch.setattr(renewal, "restore", restore)


def lost_update_forgotten(patch: pytest.MonkeyPatch) -> None:
    """An update whose answer was lost is not sent again."""
    patch.setattr(leaving, "waiting", lambda state: state.updates)


def moves_over_an_answer(patch: pytest.MonkeyPatch) -> None:
    """The moment to move is any at which the session serves."""
    patch.setattr(moving, "is_boundary", lambda state: state.phase is Phase.SERVING)
    patch.setattr(moving, "leave", lambda draft: None)


def late_voice_overtakes(patch: pytest.MonkeyPatch) -> None:
    """What came after an update that waits for another upstream session is undone by it."""
    patch.setattr(moving, "keep_order", lambda _draft: None)


def given_up_and_asked_for(patch: pytest.MonkeyPatch) -> None:
    """A turn whose time is over is asked for all the same."""
    patch.setattr(unheard, "others", lambda dues: dues)


def lost_client_waited_for_ever(patch: pytest.MonkeyPatch) -> None:
    """A client that was cut off is waited for without an end."""

    def client_gone(draft: Draft, gone: m.ClientGone) -> None:
        if gone.loss is m.Loss.LOST and draft.state.presence is Presence.HERE:
            presence.move(draft, Contact.LOST)
        elif gone.loss is m.Loss.LEFT:
            manual.client_gone(draft, gone)

    rule(patch, m.ClientGone, client_gone)


def farewell_taken_for_loss(patch: pytest.MonkeyPatch) -> None:
    """A client that has left is waited for."""
    real = presence.client_gone
    rule(patch, m.ClientGone, lambda draft, _: real(draft, m.ClientGone(m.Loss.LOST)))


def wait_goes_on_after_return(patch: pytest.MonkeyPatch) -> None:
    """The wait for a client is not ended by its return."""

    def client_back(draft: Draft, _: m.ClientBack) -> None:
        presence.move(draft, Contact.BACK)
        draft.emit(m.SessionOpened(draft.state.session_id))

    rule(patch, m.ClientBack, client_back)


def return_unwelcomed(patch: pytest.MonkeyPatch) -> None:
    """A new connection is taken for the old one."""
    real = presence.client_back

    def client_back(draft: Draft, back: m.ClientBack) -> None:
        if draft.state.presence is Presence.AWAY:
            real(draft, back)

    rule(patch, m.ClientBack, client_back)


def absence_taken_for_idleness(patch: pytest.MonkeyPatch) -> None:
    """The watchdog for clients that send nothing runs while there is nobody to send."""
    rule(patch, m.ClientIdle, ending.client_idle)


def expiry_forgotten(patch: pytest.MonkeyPatch) -> None:
    """When a client has not come back in time, nothing follows."""
    patch.setattr(rules, "DEADLINES", {**rules.DEADLINES, m.Deadline.CLIENT_RETURN: rules.ignore})


MUTANTS: Final = (
    Mutant("A flat flag", ("W1",), flat_flag),
    Mutant("B blame", ("W1",), blame),
    Mutant("C any created", ("W1",), any_created),
    Mutant("D audio.done frees", ("W1", "D3"), audio_done_frees),
    Mutant("E cancel sent frees", ("W1", "G1"), cancel_frees),
    Mutant("F out-of-band done frees", ("D3", "W1"), out_of_band_frees, near="responses of the upstream's own"),
    Mutant("G update not gated", ("G1",), update_ungated),
    Mutant("H retry repeats the item", ("I1",), retry_repeats_item),
    Mutant("I no watchdog", ("W1",), no_watchdog),
    Mutant("J acknowledged before session.updated", ("A2",), acknowledged_early),
    Mutant("K second Settings answered", ("A1", "L3"), second_settings_answered, near="settings twice"),
    Mutant("L upstream close leaves the client open", ("C1",), client_left_open),
    Mutant("barge-in not heard", ("D2",), barge_in_unheard),
    Mutant("refused turn lost", ("L3",), refused_turn_lost),
    Mutant("merged updates acknowledged once", ("A2",), merged_acknowledged_once, near="turns and updates"),
    Mutant("speaks over the user", ("F2",), speaks_over_user),
    Mutant("calls announced twice", ("F1",), calls_announced_twice),
    Mutant("result forwarded twice", ("F1",), result_forwarded_twice),
    Mutant("first result continues", ("G1", "I4"), first_result_continues),
    Mutant("tool deadline ignored", ("W1",), impatience_never_comes),
    Mutant("retry forgotten", ("L3",), stale_gate_after_retry),
    Mutant("ended response active again", ("W1",), lost_start_ignored, near="duplicates"),
    Mutant("lost turn forgotten", ("L3", "I2"), lost_turn_forgotten, near="lost when crossed"),
    Mutant("heard answer asked for again", ("I4",), heard_answer_asked_again, near="lost when crossed"),
    Mutant("sound before the conversation", ("R1",), sound_before_conversation, near="lost at all"),
    Mutant("settings forgotten", ("R1",), settings_forgotten, near="lost"),
    Mutant("lost update forgotten", ("L3", "A2"), lost_update_forgotten, near="lost with functions"),
    Mutant("late voice overtakes", ("A2",), late_voice_overtakes, near="a late voice"),
    Mutant("given up and asked for", ("I1", "I4"), given_up_and_asked_for, near="turns that wait"),
    Mutant("moves over an answer", ("G1", "L3", "I4", "C1", "W1"), moves_over_an_answer, near="a limit"),
    Mutant("end of speech unspoken", ("D3",), end_unspoken),
    Mutant("talks after the end", ("A3",), talks_after_error, near="lost answers"),
    Mutant("lost client waited for for ever", ("C1",), lost_client_waited_for_ever, "clients"),
    Mutant("farewell taken for loss", ("C1",), farewell_taken_for_loss, "clients"),
    Mutant("wait goes on after return", ("C1",), wait_goes_on_after_return, "clients"),
    Mutant("return unwelcomed", ("P1",), return_unwelcomed, "clients"),
    Mutant("absence taken for idleness", ("P1",), absence_taken_for_idleness, "clients"),
    Mutant("expiry forgotten", ("C1",), expiry_forgotten, "clients"),
    Mutant("commits over responses", ("M1",), commits_over_responses, "component"),
    Mutant("commits too little", ("M1",), commits_too_little, "component"),
    Mutant("own answer never asked for", ("L3", "I2"), own_answer_never_asked_for, "component"),
    Mutant("own answer is nobody's", ("L3", "I2", "W1"), own_answer_is_nobodys, "component"),
    Mutant("unconfirmed turn waits for ever", ("L3", "I2"), unconfirmed_turn_waits_for_ever, "component"),
    Mutant("drain cuts a turn", ("C2",), drain_cuts, "drained"),
    Mutant("more than may be used", ("C3",), more_than_may_be_used, "used up"),
    Mutant("cap is forgotten", ("C3",), cap_forgotten, "used up"),
    Mutant("cap of time waits", ("C3",), cap_cuts_late, "used up"),
    Mutant("drain is forgotten", ("C2",), drain_forgotten, "drained"),
    Mutant("end told twice", ("D3",), end_told_twice, "component"),
    Mutant("unasked confirmation acknowledges", ("A1",), unasked_confirmation_acknowledges, "component"),
)
