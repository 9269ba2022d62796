"""
How a session moves from its upstream session to another that was connected beside it.

Responsible for the second connection, for the moment to move to it, and for the updates that only another upstream
session takes.

Must not know: how the other upstream session is told what was said.

A move connects first, and leaves the old connection when nobody speaks and nothing is under way. A voice that comes too
late waits for it, and so does every later update that would otherwise be undone by it.
"""

from turngate.evolving import evolve
from turngate.session.ending import fail
from turngate.session.leaving import leave
from turngate.session.machines import Floor, Gate, Phase
from turngate.session.manual import MIN_MS, size
from turngate.session.messages import (
    Arm,
    Cause,
    Deadline,
    DeadlinePassed,
    DialNext,
    Disarm,
    MoveOver,
    NextLost,
    NextReady,
    Note,
    Problem,
    UpdateKind,
    UpstreamReady,
    Warned,
)
from turngate.session.opening import dial, not_applied, upstream_ready
from turngate.session.policy import Length, Renewal
from turngate.session.state import Draft, Late, Next, State, Term, Upstream, WaitingUpdate

# --- an upstream session that cannot be had ---------------------------------------------------------------------------


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


# --- the second connection ------------------------------------------------------------------------------------------


def limit_near(draft: Draft, _: DeadlinePassed) -> None:
    """There is time to move at leisure, or to tell the client that it will end."""
    draft.emit(Arm(Deadline.LIMIT))
    if draft.state.policy.renewal is Renewal.ON:
        draft.state = evolve(draft.state, term=Term.NEAR)
        dial_next(draft)
        return
    advice = "The session ends in a few minutes, for the model's may not be longer; connect again before."
    draft.emit(Warned(Problem(Cause.SESSION_LIMIT_NEAR, advice)))


def dial_next(draft: Draft) -> None:
    """Connect a second time, beside the connection that serves; one that does not serve yet needs none yet."""
    if draft.state.phase not in (Phase.SERVING, Phase.RENEWING):
        draft.state = evolve(draft.state, next=Next.AWAITED)
        draft.emit(Arm(Deadline.NEXT_TRY))
    elif draft.state.upstream is Upstream.READY and draft.state.next in (Next.NONE, Next.AWAITED):
        draft.state = evolve(draft.state, next=Next.DIALLING)
        draft.emit(DialNext(draft.state.settings.model if draft.state.settings else None), Arm(Deadline.NEXT_TRY))


def next_try(draft: Draft, _: DeadlinePassed) -> None:
    """Another try to connect, a second time or at all; the one before may not have come to anything."""
    if draft.state.upstream is Upstream.AWAITED:
        dial(draft)
        return
    if draft.state.next is Next.DIALLING:
        next_lost(draft, NextLost(Problem(Cause.UPSTREAM_UNREADY, "The upstream did not become ready in time.")))
    if draft.state.next is Next.AWAITED:
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
            draft.emit(Note("upstream.next_lost", lost.problem.cause.name.lower()))
            draft.state = evolve(draft.state, next=Next.NONE)
            if draft.state.term is Term.NEAR:
                draft.state = evolve(draft.state, next=Next.AWAITED)
                draft.emit(Arm(Deadline.NEXT_TRY))
            give_back(draft)
        case _ if draft.state.upstream is Upstream.DIALLING:
            try_later(draft, lost.problem)
        case _:
            draft.emit(Note("upstream.next_lost", lost.problem.cause.name.lower()))


# --- updates that come too late for an upstream session -------------------------------------------------------------


def park(draft: Draft, one: WaitingUpdate) -> None:
    """Another voice comes too late for this upstream session: it waits for the next, which is asked for."""
    draft.state = evolve(draft.state, parked=(*draft.state.parked, evolve(one, late=Late.YES)))
    dial_next(draft)


def keep_order(draft: Draft) -> None:
    """What a parked update would undo later waits behind it."""
    parked = list(draft.state.parked)
    rest: list[WaitingUpdate] = []
    for one in draft.state.updates:
        (parked if any(clash(one, other) for other in parked) else rest).append(one)
    draft.state = evolve(draft.state, parked=tuple(parked), updates=tuple(rest))


def clash(one: WaitingUpdate, other: WaitingUpdate) -> bool:
    """Whether it matters which of two updates is applied last."""
    kinds = {one.update.kind, other.update.kind}
    return len(kinds) == 1 or UpdateKind.SETTINGS in kinds


def give_back(draft: Draft) -> None:
    """No other upstream session could be had: what came too late is refused, and what waited behind it is not."""
    parked = draft.state.parked
    behind = tuple(one for one in parked if one.late is Late.NO)
    draft.state = evolve(draft.state, parked=(), updates=(*behind, *draft.state.updates))
    advice = "The voice can change no more, and no other session could be had; nothing of the update is applied."
    for one in parked:
        if one.late is Late.YES:
            not_applied(draft, one, Problem(Cause.UPDATE_REFUSED, advice))


# --- the move -------------------------------------------------------------------------------------------------------


def is_boundary(state: State) -> bool:
    """Whether nobody speaks, nobody waits, and nothing is under way, so that a move is noticed by nobody."""
    under_way = (state.due, state.expected, state.updates, state.placing, state.calls, state.lines, state.playing)
    return (
        state.phase is Phase.SERVING
        and state.gate is Gate.OPEN
        and state.floor is Floor.FREE
        and not state.manual.sent
        # less than the upstream takes is no turn, and is sent again after the move
        and state.manual.waiting_bytes < size(state, MIN_MS)
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
