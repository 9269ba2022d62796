"""
What becomes of what was under way when an upstream session is lost or left.

Responsible for what is asked again, what is reported as cut, and what waits for the next upstream session.

Must not know: why the upstream session is left, or how another one is had.
"""

from typing import Final

from turngate.evolving import evolve
from turngate.session import transcript
from turngate.session.ending import reach
from turngate.session.gate import signal
from turngate.session.machines import Milestone, Phase, Signal
from turngate.session.manual import by_pause
from turngate.session.messages import (
    AgentFinishedSpeaking,
    Cause,
    Deadline,
    Disarm,
    Problem,
    Warned,
)
from turngate.session.opening import first_update, resume
from turngate.session.state import (
    Course,
    Draft,
    Due,
    Finish,
    Manual,
    Pause,
    Response,
    Restoring,
    State,
    Term,
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
        term=Term.AMPLE,
        due=(*owed, *state.expected, *draft.state.due),
        expected=(),
        responses=(),
        restoring=Restoring.SETTINGS,
        seeds=frozenset(),
        placing=frozenset(),
        # an end of the turn that was asked for is asked for again
        manual=Manual(sent="" if by_pause(state) else state.manual.sent),
        tries=0,
        copies=tuple((spoken.item_id, "") for spoken in state.playing),
        # there is no item any more that could be put right
        records=tuple(evolve(record, said_otherwise=False) for record in state.records),
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
    detail = "The answer was cut off: the connection to the model was lost. Ask again for what was not written."
    draft.emit(Warned(Problem(Cause.ANSWER_CUT, detail)))
    return ()
