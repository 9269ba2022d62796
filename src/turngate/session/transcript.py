"""
The lines of the conversation, in the order in which they were said.

Responsible for telling the client the user's words before the agent's answer to them, although the upstream writes the
user's speech down in its own time; for a bounded time, after which the others are told without it.

Must not know: who says what, or why.

A spoken turn keeps a place in the queue, and whatever is said after it waits behind. Nothing waits while no place is
kept, so that most lines pass straight through.
"""

from turngate.evolving import evolve
from turngate.session.messages import Arm, ConversationLine, Deadline, DeadlinePassed, Disarm, LineRecorded, Role
from turngate.session.state import Draft, Line


def say(draft: Draft, line: Line) -> None:
    """Tell the client a line, or keep a place for one, after all that was said before."""
    if not draft.state.lines and line.effect is None:
        draft.emit(Arm(Deadline.TRANSCRIPT))
    draft.state = evolve(draft.state, lines=(*draft.state.lines, line))
    if len(draft.state.lines) > draft.state.bounds.lines:
        tell_all(draft)
    tell_ready(draft)


def heard(draft: Draft, item_id: str, effect: ConversationLine | None) -> None:
    """What the user said has been written down (or will not be: ``None``); one that comes too late is told at once."""
    kept = any(line.item_id == item_id and line.effect is None for line in draft.state.lines)
    if not kept:
        if effect is not None:
            tell(draft, effect)
        return
    if effect is None:
        lines = tuple(line for line in draft.state.lines if line.item_id != item_id)
    else:
        lines = tuple(evolve(line, effect=effect) if line.item_id == item_id else line for line in draft.state.lines)
    draft.state = evolve(draft.state, lines=lines)
    tell_ready(draft)
    settle_wait(draft)


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """What was said after the user's speech waits no longer for it."""
    draft.state = evolve(draft.state, lines=draft.state.lines[1:])
    tell_ready(draft)
    if draft.state.lines:
        draft.emit(Arm(Deadline.TRANSCRIPT))


def tell_all(draft: Draft) -> None:
    """Tell everything that waits, for nothing more will be written down."""
    draft.state = evolve(draft.state, lines=tuple(line for line in draft.state.lines if line.effect is not None))
    tell_ready(draft)
    settle_wait(draft)


def settle_wait(draft: Draft) -> None:
    """The wait is for the first place that is kept; without one there is none."""
    draft.emit(Arm(Deadline.TRANSCRIPT) if draft.state.lines else Disarm(Deadline.TRANSCRIPT))


def tell_ready(draft: Draft) -> None:
    """Tell the lines at the head of the queue that are there."""
    ready = 0
    for line in draft.state.lines:
        if line.effect is None:
            break
        tell(draft, line.effect)
        ready += 1
    draft.state = evolve(draft.state, lines=draft.state.lines[ready:])


def tell(draft: Draft, line: ConversationLine) -> None:
    """Tell one line; the user's stands for good, the agent's is recorded when it was heard."""
    draft.emit(line)
    if line.role is Role.USER:
        draft.emit(LineRecorded(line.role, line.text, line.item_id))
