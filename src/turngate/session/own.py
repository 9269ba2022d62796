"""
Answers that the upstream begins by itself when the user has spoken.

Responsible for telling such a response from one that nobody asked for, and for asking in its stead when none comes: the
turn is owed an answer either way.

Must not know: whether the gate is open.

Where the configuration leaves the beginning to the upstream, a spoken turn is expected to be answered by the next
response in the conversation that is not ours. While one is expected nothing is asked for, since it would be refused.
"""

from turngate.evolving import evolve
from turngate.session.due import owe
from turngate.session.messages import Arm, ByPause, Deadline, DeadlinePassed, Disarm, Note, Starter
from turngate.session.state import Draft, Due, DueKind, State


def owe_speech(draft: Draft, due: Due) -> None:
    """A spoken turn is owed an answer, by the upstream itself or by our asking for it."""
    if not upstream_starts(draft.state):
        owe(draft, due)
        return
    draft.state = evolve(draft.state, expected=(*draft.state.expected, due))
    draft.emit(Arm(Deadline.OWN_START))


def upstream_starts(state: State) -> bool:
    """Whether the upstream answers speech by itself; unconfigured it does, and one may that cannot be told not to."""
    config = state.confirmed
    if config is None or config.starter is Starter.UPSTREAM:
        return True
    return not state.capabilities.lets_us_start and not isinstance(config.turn_end, ByPause)


def taken_up(draft: Draft) -> tuple[Due, ...]:
    """What a response answers that is not ours: the spoken turns that wait for one."""
    state = draft.state
    if not upstream_starts(state):
        return ()
    if state.expected:
        draft.emit(Disarm(Deadline.OWN_START))
    spoken = tuple(due for due in state.due if due.kind is DueKind.SPEECH)
    rest = tuple(due for due in state.due if due.kind is not DueKind.SPEECH)
    draft.state = evolve(state, expected=(), due=rest)
    return (*spoken, *state.expected)


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream has not begun to answer: we ask for it."""
    expected = draft.state.expected
    draft.state = evolve(draft.state, expected=())
    draft.emit(Note("response.not_begun"))
    for due in expected:
        owe(draft, due)
