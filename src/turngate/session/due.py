"""
What is owed: turns, tool results and greetings that wait for an answer.

Responsible for the queue of answers due, for which of them one response may serve, and for the short while in which a
waiting turn of the user gives way to open tool calls (the model answers better with their results).

Must not know: whether the gate is open, or what a turn says.
"""

from typing import Final

from turngate.evolving import evolve
from turngate.session.machines import Floor
from turngate.session.messages import Arm, Cause, Deadline, DeadlinePassed, Problem, Warned
from turngate.session.state import Draft, Due, DueKind, Patience, State

USERS: Final = frozenset({DueKind.TEXT, DueKind.SPEECH})
"""What the user has said, which gives way to the results of tools for a while."""


def owe(draft: Draft, due: Due) -> None:
    """An answer is due; it is asked for as soon as the gate and the floor allow."""
    draft.state = evolve(draft.state, due=(*draft.state.due, due))
    user_waits(draft)


def answerable(state: State) -> tuple[Due, ...]:
    """What one response may answer now: all that waits, except that a recital stands alone and keeps its place."""
    if state.floor is Floor.USER or state.expected:
        return ()
    users_wait = bool(state.calls) and state.patience is not Patience.OVER
    ready = [due for due in state.due if due.kind not in USERS or not users_wait]
    if ready and ready[0].say is not None:
        return (ready[0],)
    shared = []
    for due in ready:
        if due.say is not None:
            break
        shared.append(due)
    return tuple(shared)


def forgo(draft: Draft, gone: frozenset[str]) -> None:
    """Neither the words nor the sound of these turns are there any more, so that nothing could be answered."""
    kept = tuple(due for due in draft.state.due if due.source not in gone or due.text is not None)
    if len(kept) == len(draft.state.due):
        return
    draft.state = evolve(draft.state, due=kept)
    detail = (
        "What the user said last was lost with the connection to the model, and will not be answered; say it again."
    )
    draft.emit(Warned(Problem(Cause.TRANSCRIPTION_FAILED, detail)))


def user_waits(draft: Draft) -> None:
    """Start the short while for which a waiting turn of the user gives way to open calls."""
    state = draft.state
    waiting = any(due.kind in USERS for due in state.due)
    if state.calls and waiting and state.patience is Patience.UNTRIED:
        draft.state = evolve(state, patience=Patience.WAITING)
        draft.emit(Arm(Deadline.TOOL_PATIENCE))


def patience_over(draft: Draft, _: DeadlinePassed) -> None:
    """The user waits no longer for the results."""
    if draft.state.patience is Patience.WAITING:
        draft.state = evolve(draft.state, patience=Patience.OVER)
