"""
How a session outlives its upstream session: one that is lost, or may not be longer, is replaced.

Responsible for having another upstream session, and for restoring settings and conversation on it.

Must not know: what was said; that is recalled. When the gate is open; what is owed waits for it as always.

What the client sends meanwhile is held, as before the session serves, and taken up in its order when it serves again.
"""

from typing import Final

from turngate.evolving import evolve
from turngate.session import ending
from turngate.session.due import forgo
from turngate.session.ending import end, fail
from turngate.session.gate import signal, update_wait
from turngate.session.leaving import leave
from turngate.session.machines import FLOOR, Floor, Phase, Signal, Speech, follow
from turngate.session.manual import by_pause
from turngate.session.messages import (
    AddCall,
    Arm,
    BySilence,
    Cause,
    Deadline,
    DeadlinePassed,
    Ending,
    MoveOver,
    Note,
    Problem,
    Recall,
    Recalled,
    SendUpdate,
    SessionConfig,
    Sound,
    UpstreamLost,
    UserAudio,
    Warned,
)
from turngate.session.moving import move, try_later
from turngate.session.opening import dial, place, seed_settled, serve
from turngate.session.policy import Renewal
from turngate.session.state import (
    Draft,
    DueKind,
    Manual,
    Next,
    Restoring,
    SentUpdate,
    State,
    Upstream,
)

UNREPLACED: Final = frozenset({Cause.UPSTREAM_NONSENSE, Cause.UPSTREAM_REJECTED})
"""Losses for reasons that another session would not mend."""
CLOSING_MS: Final = 1000
"""How much silence lets an upstream hear that the user has finished."""
SILENCE: Final = {Sound.PCM: b"\0", Sound.PCMU: b"\xff", Sound.PCMA: b"\xd5"}

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


def upstream_overdue(draft: Draft, passed: DeadlinePassed) -> None:
    """The upstream was dialled and has no session for us yet; in mid-call that is one try of several."""
    if draft.state.phase is Phase.RENEWING:
        try_later(draft, Problem(Cause.UPSTREAM_UNREADY, "The upstream did not become ready in time; try again later."))
    else:
        ending.upstream_overdue(draft, passed)


def limit(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream session ends now, at a moment of our choosing rather than of its."""
    if draft.state.policy.renewal is Renewal.OFF:
        advice = "The model's session may not be longer; connect again to go on."
        end(draft, Ending.UPSTREAM_LIMIT, Problem(Cause.SESSION_LIMIT, advice))
        return
    replace(draft, Problem(Cause.SESSION_LIMIT, "The model's session may not be longer; connect again."))


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


def closing(state: State) -> bytes:
    """Silence behind what the user said, after which the upstream takes it for a turn."""
    config = state.confirmed or SessionConfig()
    silence_ms = (config.turn_end.silence_ms or 0) if isinstance(config.turn_end, BySilence) else 0
    duration_ms = max(CLOSING_MS, 2 * silence_ms)
    length = config.input_sound.bytes_per_s(state.capabilities.input_rate_hz) * duration_ms // 1000
    # whole samples
    return SILENCE[config.input_sound] * (length - length % 2)


def recalled(draft: Draft, what: Recalled) -> None:
    """Put the conversation in place: what came before the session, what was said, what is being heard, open calls."""
    if draft.state.restoring is Restoring.SETTINGS or draft.state.seeds:
        draft.emit(Note("upstream.recalled_again"))
        return
    forgo(draft, what.gone)
    if what.missed_s:
        detail = "The model did not hear what was said before its connection was found lost; say it again."
        draft.emit(Warned(Problem(Cause.TRANSCRIPTION_FAILED, detail)))
    state = draft.state
    texts = dict(what.texts)
    again = [UserAudio(pcm) for pcm in what.audio]
    if not by_pause(state) and (what.again if state.floor is Floor.FREE else state.manual.sent):
        # the upstream is to hear where the turn ends; that it began was heard already
        again.append(UserAudio(closing(state)))
        state = evolve(state, floor=follow(FLOOR, state.floor, Speech.STARTED))
    draft.state = evolve(
        state,
        # so that what is to be answered stands last
        due=tuple(
            evolve(one, text=texts.get(one.source, one.text)) for one in state.due if one.source not in what.again
        ),
        early=(*again, *state.early),
        manual=Manual(),
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
