"""
How a session outlives its upstream session: one that is lost is replaced, one that may not be longer is left in time.

Responsible for what is asked again and what is reported as cut, for restoring settings and conversation on another
upstream session, and for choosing the moment to move to one before a limit.

Must not know: what was said; that is recalled. When the gate is open; what is owed waits for it as always.

What the client sends meanwhile is held, as before the session serves, and taken up in its order when it serves again.
A move before a limit connects first and leaves the old connection when nobody speaks and nothing is under way; at the
limit it leaves in any case.
"""

from typing import Final

from attrs import evolve

from turngate.session import ending, transcript
from turngate.session.ending import end, fail, reach
from turngate.session.gate import signal, update_wait
from turngate.session.machines import Floor, Gate, Milestone, Phase, Signal
from turngate.session.messages import (
    AddCall,
    AgentFinishedSpeaking,
    Arm,
    Cause,
    Deadline,
    DeadlinePassed,
    DialNext,
    Disarm,
    Ending,
    MoveOver,
    NextLost,
    NextReady,
    Note,
    Problem,
    Recall,
    Recalled,
    SendUpdate,
    UpdateNotApplied,
    UpstreamLost,
    UpstreamReady,
    UserAudio,
    Warned,
)
from turngate.session.opening import dial, first_update, place, resume, seed_settled, serve, upstream_ready
from turngate.session.policy import Length, Renewal
from turngate.session.state import (
    Course,
    Draft,
    Due,
    DueKind,
    Finish,
    Manual,
    Next,
    Pause,
    Response,
    Restoring,
    SentUpdate,
    State,
    Upstream,
    Voice,
    WaitingUpdate,
)

OF_THE_UPSTREAM: Final = (
    Deadline.UPDATE_ANSWER,
    Deadline.UPDATE_SILENCE,
    Deadline.ITEMS_ANSWER,
    Deadline.CREATE_ANSWER,
    Deadline.RETRY,
    Deadline.RESPONSE_SILENCE,
    Deadline.OUTPUT_END,
    Deadline.CANCEL_ANSWER,
    Deadline.FLOOR,
    Deadline.OWN_START,
    Deadline.PLACING,
    Deadline.COMMIT_PAUSE,
    Deadline.COMMIT_CAP,
    Deadline.COMMIT_LATEST,
    Deadline.COMMIT_ANSWER,
    Deadline.UPSTREAM_FLOW,
    Deadline.LIMIT_NEAR,
    Deadline.LIMIT,
    Deadline.NEXT_TRY,
    Deadline.STEADY,
)
"""Waits that end with the upstream session for which they are."""

UNREPLACED: Final = frozenset({Cause.UPSTREAM_NONSENSE, Cause.UPSTREAM_REJECTED})
"""Losses for reasons that another session would not mend."""

# --- an upstream session that is lost -------------------------------------------------------------------------------


def upstream_lost(draft: Draft, lost: UpstreamLost) -> None:
    """What the model knew of the session is gone with its connection: another one is told, if there may be one."""
    state = draft.state
    if state.policy.renewal is Renewal.OFF or lost.problem.cause in UNREPLACED:
        fail(draft, lost.problem)
    elif state.upstream is Upstream.READY:
        replace(draft, lost.problem)
    elif state.phase is Phase.RENEWING:
        try_later(draft, lost.problem)
    else:
        fail(draft, lost.problem)


def unanswered(draft: Draft, passed: DeadlinePassed) -> None:
    """The upstream owes an answer without which nothing more can be sent: this upstream session cannot go on."""
    give_up(draft, Problem(Cause.UPSTREAM_SILENT, f"The upstream did not send {passed.deadline.value} in time."))


def stalled(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream took nothing for too long."""
    give_up(draft, Problem(Cause.UPSTREAM_STALLED, "The upstream takes no more audio; try again later."))


def give_up(draft: Draft, problem: Problem) -> None:
    """The upstream session is there, and of no use."""
    if draft.state.policy.renewal is Renewal.OFF or draft.state.phase is Phase.CONFIGURING:
        # whoever waits for the beginning is not to wait for several
        fail(draft, problem)
    else:
        replace(draft, problem)


def replace(draft: Draft, problem: Problem) -> None:
    """Give up the upstream session and have another, unless too many were lost in a row."""
    if draft.state.losses >= draft.state.bounds.losses:
        fail(draft, problem)
        return
    draft.state = evolve(draft.state, losses=draft.state.losses + 1)
    draft.emit(Note("upstream.lost", problem.cause.name.lower()))
    leave(draft)
    match draft.state.next:
        case Next.READY:
            move(draft)
        case Next.DIALLING:
            draft.state = evolve(draft.state, next=Next.NONE, upstream=Upstream.DIALLING)
            draft.emit(MoveOver(), Arm(Deadline.UPSTREAM_READY))
        case Next.NONE | Next.AWAITED:
            draft.state = evolve(draft.state, next=Next.NONE)
            dial(draft)


def try_later(draft: Draft, problem: Problem) -> None:
    """In mid-call an upstream that cannot be had is waited for: an outage passes, and a call that ended does not."""
    if draft.state.losses >= draft.state.bounds.losses:
        fail(draft, problem)
        return
    draft.state = evolve(draft.state, losses=draft.state.losses + 1, upstream=Upstream.AWAITED)
    detail = "The model cannot be reached at the moment. What is sent waits; another try is made shortly."
    draft.emit(
        Note("upstream.awaited", problem.cause.name.lower()),
        Disarm(Deadline.UPSTREAM_READY),
        Arm(Deadline.NEXT_TRY),
        Warned(Problem(Cause.UPSTREAM_UNREACHABLE, detail)),
    )


def upstream_overdue(draft: Draft, passed: DeadlinePassed) -> None:
    """The upstream was dialled and has no session for us yet; in mid-call that is one try of several."""
    if draft.state.phase is Phase.RENEWING:
        try_later(draft, Problem(Cause.UPSTREAM_UNREADY, "The upstream did not become ready in time; try again later."))
    else:
        ending.upstream_overdue(draft, passed)


def leave(draft: Draft) -> None:
    """Nothing is outstanding or active any more; what was to be answered and was not is owed again."""
    state = draft.state
    draft.emit(*(Disarm(deadline) for deadline in OF_THE_UPSTREAM))
    asked = state.sent_create.due if state.sent_create and state.sent_create.course is Course.RUNNING else ()
    owed = (*asked, *(due for response in state.responses for due in cut_off(draft, response)))
    unwritten(draft, frozenset(due.source for due in (*owed, *state.expected, *state.due)))
    draft.state = evolve(
        draft.state,
        sent_create=None,
        sent_update=None,
        confirmed=None if state.phase is Phase.CONFIGURING else state.confirmed,
        updates=waiting(state),
        parked=(),
        due=(*owed, *state.expected, *draft.state.due),
        expected=(),
        responses=(),
        restoring=Restoring.SETTINGS,
        seeds=frozenset(),
        placing=frozenset(),
        manual=Manual(),
        tries=0,
        copies=tuple((spoken.item_id, "") for spoken in state.playing),
    )
    for response in state.responses:
        draft.remember(response.response_id)
    signal(draft, Signal.UPSTREAM_GONE)
    transcript.tell_all(draft)
    resume(draft, Pause.UPSTREAM)
    if draft.state.phase in (Phase.CONFIGURING, Phase.SERVING, Phase.RENEWING):
        reach(draft, Milestone.UPSTREAM_GONE)


def waiting(state: State) -> tuple[WaitingUpdate, ...]:
    """The updates that are to be sent, those that were on their way again."""
    if state.phase is Phase.CONFIGURING and state.settings is not None:
        return (first_update(state.settings),)
    return (*state.parked, *(state.sent_update.carries if state.sent_update else ()), *state.updates)


def unwritten(draft: Draft, owed: frozenset[str]) -> None:
    """What the user said before an answer that was heard is not written down any more."""
    if any(line.effect is None and line.item_id not in owed for line in draft.state.lines):
        detail = "What the user said was not written down: the connection to the model was lost. It was answered."
        draft.emit(Warned(Problem(Cause.TRANSCRIPTION_FAILED, detail)))


def cut_off(draft: Draft, response: Response) -> tuple[Due, ...]:
    """A response comes to no end: one that was heard is reported as cut, what nobody heard of is owed again."""
    if response.voice is Voice.SPEAKING and response.finish is Finish.UNTOLD:
        draft.emit(AgentFinishedSpeaking())
    if response.voice in (Voice.CUT, Voice.UNHEARD) or response.course is Course.CANCELLING:
        return ()
    if response.calls or not (response.told or response.written or response.voice is Voice.SPEAKING):
        return response.due
    detail = "The answer was cut off: the connection to the model was lost. What follows knows of it; ask again."
    draft.emit(Warned(Problem(Cause.ANSWER_CUT, detail)))
    return ()


def steady(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream session has stood for a while: those that were lost before count no longer."""
    draft.state = evolve(draft.state, losses=0)


# --- restoring ------------------------------------------------------------------------------------------------------


def restore(draft: Draft) -> None:
    """Configure the upstream session as the one before it was."""
    config = draft.state.confirmed
    if config is None:
        configured(draft)
        return
    event_id = draft.fresh_id()
    draft.state = evolve(draft.state, sent_update=SentUpdate(event_id, config, ()))
    signal(draft, Signal.UPDATE_SENT)
    draft.emit(SendUpdate(event_id, config, None), Arm(update_wait(draft.state)))


def configured(draft: Draft) -> None:
    """The settings are in force; now the conversation is restored."""
    draft.state = evolve(draft.state, restoring=Restoring.CONVERSATION)
    due = draft.state.due
    spoken, written = (
        frozenset(one.source for one in due if one.kind is kind) for kind in (DueKind.SPEECH, DueKind.TEXT)
    )
    draft.emit(Recall(spoken, written))


def recalled(draft: Draft, what: Recalled) -> None:
    """Put the conversation in place: what came before the session, what was said, what is being heard, open calls."""
    state = draft.state
    if state.restoring is Restoring.SETTINGS or state.seeds:
        draft.emit(Note("upstream.recalled_again"))
        return
    texts = dict(what.texts)
    draft.state = evolve(
        state,
        # so that what is to be answered stands last
        due=tuple(
            evolve(one, text=texts.get(one.source, one.text)) for one in state.due if one.source not in what.again
        ),
        early=(*(UserAudio(pcm) for pcm in what.audio), *state.early),
    )
    placed = place(draft, (*(state.settings.context if state.settings else ()), *what.entries))
    seeds, copies = [], dict(state.copies)
    copies |= {record.item_id: placed[record.item_id] for record in state.records if record.item_id in placed}
    for open_call in state.calls:
        seeds.append(draft.fresh_id())
        draft.emit(AddCall(seeds[-1], seeds[-1], open_call.call))
    draft.state = evolve(
        draft.state,
        seeds=draft.state.seeds.union(seeds),
        copies=tuple(copies.items()),
        # what stands in the conversation now are the words that were given
        records=tuple(evolve(record, said_otherwise=False) for record in state.records),
    )
    if draft.state.seeds:
        draft.emit(Arm(Deadline.ITEMS_ANSWER))
    else:
        serve(draft)


def item_refused(draft: Draft, item_id: str) -> None:
    """One entry of the conversation is missing from now on; better than no conversation."""
    draft.emit(Note("upstream.item_refused"))
    seed_settled(draft, item_id)


def items_overdue(draft: Draft, passed: DeadlinePassed) -> None:
    """Some entries were not confirmed: a conversation that goes on does without, one that begins does not."""
    if draft.state.phase is not Phase.RENEWING:
        unanswered(draft, passed)
        return
    draft.state = evolve(draft.state, seeds=frozenset())
    draft.emit(Note("upstream.item_unconfirmed"))
    serve(draft)


# --- an upstream session that may not be longer ---------------------------------------------------------------------


def limit_near(draft: Draft, _: DeadlinePassed) -> None:
    """There is time to move at leisure, or to tell the client that it will end."""
    draft.emit(Arm(Deadline.LIMIT))
    if draft.state.policy.renewal is Renewal.ON:
        dial_next(draft)
        return
    advice = "The session ends in a few minutes, for the model's may not be longer; connect again before."
    draft.emit(Warned(Problem(Cause.SESSION_LIMIT_NEAR, advice)))


def dial_next(draft: Draft) -> None:
    """Connect a second time, beside the connection that serves."""
    if draft.state.upstream is Upstream.READY and draft.state.next in (Next.NONE, Next.AWAITED):
        draft.state = evolve(draft.state, next=Next.DIALLING)
        draft.emit(DialNext(draft.state.settings.model if draft.state.settings else None), Arm(Deadline.NEXT_TRY))


def next_try(draft: Draft, _: DeadlinePassed) -> None:
    """Another try to connect, a second time or at all; the one before may not have come to anything."""
    if draft.state.upstream is Upstream.AWAITED:
        dial(draft)
        return
    if draft.state.next is Next.DIALLING:
        next_lost(draft, NextLost(Problem(Cause.UPSTREAM_UNREADY, "The upstream did not become ready in time.")))
    dial_next(draft)


def next_ready(draft: Draft, _: NextReady) -> None:
    """There is a second upstream session; the move follows when nothing is under way (``settle``)."""
    match draft.state.next:
        case Next.DIALLING:
            draft.state = evolve(draft.state, next=Next.READY)
            draft.emit(Disarm(Deadline.NEXT_TRY))
        case _ if draft.state.upstream is Upstream.DIALLING:
            # the other was lost before this could be said
            upstream_ready(draft, UpstreamReady())
        case _:
            draft.emit(Note("upstream.ready_again"))


def next_lost(draft: Draft, lost: NextLost) -> None:
    """There is no second upstream session; the first still serves, and what was to wait for the move is not applied."""
    match draft.state.next:
        case Next.DIALLING | Next.READY:
            parked = draft.state.parked
            draft.state = evolve(draft.state, next=Next.AWAITED, parked=())
            draft.emit(Note("upstream.next_lost", lost.problem.cause.name.lower()), Arm(Deadline.NEXT_TRY))
            advice = (
                "The voice can change no more, and no other session could be had; nothing of the update is applied."
            )
            for one in parked:
                draft.emit(UpdateNotApplied(one.update.kind, Problem(Cause.UPDATE_REFUSED, advice)))
        case _ if draft.state.upstream is Upstream.DIALLING:
            fail(draft, lost.problem)
        case _:
            draft.emit(Note("upstream.next_lost", lost.problem.cause.name.lower()))


def park(draft: Draft, one: WaitingUpdate) -> None:
    """Another voice comes too late for this upstream session: it waits for the next, which is asked for."""
    draft.state = evolve(draft.state, parked=(*draft.state.parked, one))
    dial_next(draft)


def is_boundary(state: State) -> bool:
    """Whether nobody speaks, nobody waits, and nothing is under way, so that a move is noticed by nobody."""
    under_way = (state.due, state.expected, state.updates, state.placing, state.calls, state.lines, state.playing)
    return (
        state.phase is Phase.SERVING
        and state.gate is Gate.OPEN
        and state.floor is Floor.FREE
        and not state.manual.waiting_bytes
        and not any(under_way)
    )


def move_in_time(draft: Draft) -> None:
    """Move to the second upstream session, if there is one and this is the moment."""
    if draft.state.next is Next.READY and is_boundary(draft.state):
        leave(draft)
        move(draft)


def move(draft: Draft) -> None:
    """The second upstream session takes the place of the first."""
    draft.state = evolve(draft.state, next=Next.NONE, upstream=Upstream.READY)
    draft.emit(MoveOver(), Note("upstream.moved"))
    if draft.state.policy.length is Length.LIMITED:
        draft.emit(Arm(Deadline.LIMIT_NEAR))


def limit(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream session ends now, at a moment of our choosing rather than of its."""
    if draft.state.policy.renewal is Renewal.OFF:
        advice = "The model's session may not be longer; connect again to go on."
        end(draft, Ending.UPSTREAM_LIMIT, Problem(Cause.SESSION_LIMIT, advice))
        return
    replace(draft, Problem(Cause.SESSION_LIMIT, "The model's session may not be longer; connect again."))
