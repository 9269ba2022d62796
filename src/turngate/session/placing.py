"""
Written turns on their way into the conversation, for client protocols that promise to wait for it.

Responsible for asking for an answer only after the upstream has confirmed the turn's item, where the policy says so.

Must not know: whether the gate is open, when it is asked.
"""

from turngate.evolving import evolve
from turngate.session.messages import AddLine, Arm, Deadline, DeadlinePassed, Disarm, Note, Role
from turngate.session.policy import Placing
from turngate.session.state import Draft, Due


def placed(draft: Draft, due: tuple[Due, ...]) -> bool:
    """Whether all that is to be answered is in the conversation, as far as that matters; what is not is put there."""
    if draft.state.policy.placing is Placing.WITH_REQUEST:
        return True
    fresh = tuple(one for one in due if one.text is not None)
    for one in fresh:
        draft.emit(AddLine(one.source, one.source, Role.USER, one.text or ""))
    if fresh:
        draft.state = evolve(
            draft.state,
            due=tuple(evolve(one, text=None) if one in fresh else one for one in draft.state.due),
            placing=draft.state.placing | {one.source for one in fresh},
        )
        draft.emit(Arm(Deadline.PLACING))
    return not any(one.source in draft.state.placing for one in due)


def settled(draft: Draft, item_id: str | None) -> None:
    """The upstream has confirmed an item, or refused it."""
    if item_id not in draft.state.placing:
        return
    draft.state = evolve(draft.state, placing=draft.state.placing - {item_id})
    if not draft.state.placing:
        draft.emit(Disarm(Deadline.PLACING))


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream does not confirm items, or has lost one: the turn is not to be lost for it."""
    draft.state = evolve(draft.state, placing=frozenset())
    draft.emit(Note("upstream.item_unconfirmed"))
