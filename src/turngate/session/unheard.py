"""
How long what the user said may go without an answer, whatever the single waits on the way to it come to.

Responsible for one wait over all of it: from the turn to the first that the client is told of an answer. When it has
passed, the client is told so and the turn is owed nothing more.

Must not know: why there was no answer; each wait on the way has its own deadline and its own rule.
"""

from turngate.evolving import evolve
from turngate.session import speech
from turngate.session.due import USERS
from turngate.session.machines import Phase
from turngate.session.messages import Arm, Cause, Deadline, DeadlinePassed, Disarm, Note, Problem, Warned
from turngate.session.state import Course, Draft, Due, Response, State, Voice


def is_unheard(response: Response) -> bool:
    """Whether nobody can know yet that a response answers anything."""
    return response.voice is Voice.SILENT and not (response.written or response.calls)


def waiting(state: State) -> tuple[Due, ...]:
    """The turns of the user of whose answer nothing was heard, those first that were asked for."""
    active = (due for response in state.responses if is_unheard(response) for due in response.due)
    asked = state.sent_create.due if state.sent_create else ()
    return tuple(due for due in (*active, *asked, *state.expected, *state.due) if due.kind in USERS)


def watch(draft: Draft) -> None:
    """Wait for an answer to one turn at a time: as long as that waits, and then for that of another."""
    state = draft.state
    sources = [due.source for due in waiting(state)]
    longest = sources[0] if sources else None
    if state.phase is Phase.ENDED or state.longest in sources or state.longest == longest:
        return
    draft.state = evolve(state, longest=longest)
    draft.emit(Disarm(Deadline.TURN) if longest is None else Arm(Deadline.TURN))


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """Nothing was heard of an answer to what the user said; it is owed none any more."""
    state = draft.state
    if not waiting(state):
        return
    draft.state = evolve(state, due=others(state.due), expected=(), longest=None)
    if state.sent_create is not None and len(rest := others(state.sent_create.due)) < len(state.sent_create.due):
        course = state.sent_create.course if rest else Course.CANCELLING
        draft.state = evolve(draft.state, sent_create=evolve(state.sent_create, due=rest, course=course))
    for response in state.responses:
        if is_unheard(response) and len(rest := others(response.due)) < len(response.due):
            draft.replace(evolve(response, due=rest))
            if not rest:
                speech.stop(draft, response.response_id)
    detail = "The model did not answer what the user said in time, and will not; say it again."
    draft.emit(Note("turn.overdue"), Disarm(Deadline.OWN_START), Warned(Problem(Cause.UPSTREAM_SILENT, detail)))


def others(dues: tuple[Due, ...]) -> tuple[Due, ...]:
    """What is owed to others than the user."""
    return tuple(due for due in dues if due.kind not in USERS)
