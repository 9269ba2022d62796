"""
The gate: what may be sent while no response is active, and what is outstanding.

Responsible for the two gated sends (``session.update`` and ``response.create``) and for the cancel. The promise of the
whole proxy is kept here: nothing gated is sent unless the gate is open. What the answers mean stands in ``answers.py``.

Must not know: what a turn says, what a tool returns, how a client is told.
"""

from typing import Final

from attrs import asdict

from turngate.evolving import evolve
from turngate.session.machines import GATE, Gate, Signal, follow
from turngate.session.messages import (
    KEEP,
    AddLine,
    AppendInstructions,
    Arm,
    CancelResponse,
    Cause,
    Change,
    ChangeHearing,
    ChangeSpeaking,
    Deadline,
    Disarm,
    Note,
    Problem,
    Refused,
    ReplaceConfig,
    ReplaceThinking,
    Role,
    SendUpdate,
    SessionConfig,
    StartResponse,
)
from turngate.session.state import Course, Draft, Due, Response, SentCreate, SentUpdate, State

RESPONSE_HEARD: Final = Arm(Deadline.RESPONSE_SILENCE)
"""Every event of an active response starts its silence anew."""


def signal(draft: Draft, what: Signal) -> None:
    """Move the gate."""
    draft.state = evolve(draft.state, gate=follow(GATE, draft.state.gate, what))


def send_update(draft: Draft) -> None:
    """Send all waiting updates as one, or the first by itself where it is to be tried alone."""
    waiting = draft.state.updates
    count = 1 if waiting[0].alone else next((i for i, w in enumerate(waiting) if w.alone), len(waiting))
    carries = waiting[:count]
    confirmed = draft.state.confirmed
    config = confirmed or SessionConfig()
    for one in carries:
        config = changed(config, one.update.change)
    event_id = draft.fresh_id()
    draft.state = evolve(draft.state, updates=waiting[count:], sent_update=SentUpdate(event_id, config, carries))
    signal(draft, Signal.UPDATE_SENT)
    draft.emit(SendUpdate(event_id, config, confirmed), Arm(update_wait(draft.state)))


def update_wait(state: State) -> Deadline:
    """What ends the wait for an answer to an update; where none is to come, it is not waited for long."""
    return Deadline.UPDATE_ANSWER if state.capabilities.acks_update else Deadline.UPDATE_SILENCE


def changed(config: SessionConfig, change: Change) -> SessionConfig:
    """The configuration after one change."""
    match change:
        case ReplaceConfig(new):
            return new
        case AppendInstructions(text):
            return evolve(config, instructions=f"{config.instructions}\n{text}" if config.instructions else text)
        case ReplaceThinking(instructions, tools, effort):
            return evolve(config, instructions=instructions, tools=tools, effort=effort)
        case ChangeSpeaking() | ChangeHearing():
            named = asdict(change, recurse=False)
            return evolve(config, **{name: value for name, value in named.items() if value is not KEEP})


def send_create(draft: Draft, due: tuple[Due, ...]) -> None:
    """Ask for one response to everything in ``due``, right after what it is to answer."""
    for one in due:
        if one.text is not None:
            draft.emit(AddLine(one.source, one.source, Role.USER, one.text))
    event_id = draft.fresh_id()
    rest = tuple(d for d in draft.state.due if d not in due)
    placed = tuple(evolve(one, text=None) for one in due)
    draft.state = evolve(draft.state, due=rest, sent_create=SentCreate(event_id, placed))
    signal(draft, Signal.CREATE_SENT)
    draft.emit(StartResponse(event_id, due[0].say), Arm(Deadline.CREATE_ANSWER))


def create_answered(draft: Draft) -> None:
    """Our create has become a response."""
    draft.state = evolve(draft.state, sent_create=None, tries=0)
    signal(draft, Signal.OUR_RESPONSE_STARTED)
    draft.emit(Disarm(Deadline.CREATE_ANSWER))


def cancel(draft: Draft, response: Response) -> None:
    """Ask the upstream to stop a response, once; it stays active until its end is heard."""
    if response.course is Course.CANCELLING:
        return
    draft.replace(evolve(response, course=Course.CANCELLING))
    draft.emit(CancelResponse(draft.fresh_id(), response.response_id), Arm(Deadline.CANCEL_ANSWER))


def try_again(draft: Draft) -> bool:
    """Whether a send that was refused because of an active response may be tried once more."""
    draft.state = evolve(draft.state, tries=draft.state.tries + 1)
    draft.emit(Note("gate.refused_as_active"))
    if draft.state.gate is Gate.BLOCKED:
        draft.emit(Arm(Deadline.RETRY))
    if draft.state.tries <= draft.state.bounds.tries:
        return True
    draft.state = evolve(draft.state, tries=0)
    return False


def explained(refusal: Refused, advice: str) -> str:
    """The end of a sentence about a refusal: the upstream's code and field, never its own words, and what to do."""
    where = f", field {refusal.param}" if refusal.param else ""
    return f" ({refusal.code or 'no code'}{where}). {advice}"


def problem_of(refusal: Refused, cause: Cause, detail: str) -> Problem:
    """What a client is told of a refusal; that a response is active is nobody's affair but ours."""
    if refusal.active_response:
        return Problem(cause, detail)
    return Problem(cause, detail, refusal.code, refusal.message)


def is_idle(state: State) -> bool:
    """Whether nothing gated is outstanding and no response is active; the gate is open or blocked exactly then."""
    return state.sent_update is None and state.sent_create is None and not state.responses
