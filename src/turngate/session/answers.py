"""
What the upstream's answers mean: confirmations, refusals, and responses that start and end.

Responsible for matching each answer to what was sent, and for handing it on: settings to ``opening.py``, turns to
``turns.py``, tool calls to ``tools.py``.

Must not know: how an answer looked on the wire.

Refusals are matched by the event id that they name. One without an id is matched only if it says that a response is
active while exactly one create is outstanding, since nothing else can have caused it then.
"""

from turngate.evolving import evolve
from turngate.session import detail, moving, opening, own, placing, renewal, tools, turns
from turngate.session.capabilities import SecondCreate
from turngate.session.due import answerable
from turngate.session.ending import fail
from turngate.session.gate import (
    RESPONSE_HEARD,
    cancel,
    create_answered,
    explained,
    problem_of,
    send_create,
    send_update,
    signal,
    try_again,
    update_wait,
)
from turngate.session.machines import Gate, Phase, Signal
from turngate.session.messages import (
    KEEP,
    AgentAudioChunk,
    AgentAudioSegmentEnded,
    AgentTextEnded,
    AgentTextStarted,
    Arm,
    Cause,
    ChangeSpeaking,
    Deadline,
    DeadlinePassed,
    Disarm,
    Note,
    Problem,
    Refused,
    ResponseEnded,
    ResponseStarted,
    ResponseStatus,
    TextKind,
    ToolCallCompleted,
    UpdateApplied,
    UpdateConfirmed,
    UpdateKind,
    UpdateNotApplied,
    Warned,
)
from turngate.session.policy import LateVoice
from turngate.session.state import (
    Course,
    Draft,
    Due,
    Response,
    Restoring,
    SentCreate,
    SentUpdate,
    State,
    Upstream,
    Voice,
    WaitingUpdate,
)


def release(draft: Draft) -> None:
    """Send what waits, if the gate is open: updates first, so that what was configured applies to what follows."""
    state = draft.state
    if state.gate is not Gate.OPEN or state.upstream is not Upstream.READY:
        return
    moving.keep_order(draft)
    state = draft.state
    if state.phase is Phase.RENEWING:
        if state.restoring is Restoring.SETTINGS:
            renewal.restore(draft)
    elif state.updates:
        send_update(draft)
    elif state.phase is Phase.SERVING and (due := answerable(state)) and placing.placed(draft, due):
        send_create(draft, due)


# --- answers to updates ---------------------------------------------------------------------------------------------


def update_confirmed(draft: Draft, _: UpdateConfirmed) -> None:
    """The outstanding update is in force: acknowledge each that it carried. Unasked confirmations say nothing."""
    sent = draft.state.sent_update
    if sent is None:
        draft.emit(Note("upstream.unasked_confirmation"))
        opening.confirmed_unasked(draft)
        return
    draft.state = evolve(draft.state, sent_update=None, confirmed=sent.config, tries=0)
    signal(draft, Signal.UPDATE_ANSWERED)
    draft.emit(Disarm(update_wait(draft.state)))
    if draft.state.phase is Phase.RENEWING:
        renewal.configured(draft)
    for one in sent.carries:
        if draft.state.phase is Phase.CONFIGURING and one.update.kind is UpdateKind.SETTINGS:
            opening.settings_confirmed(draft)
        elif one.lacks is not None:
            draft.emit(UpdateNotApplied(one.update.kind, one.lacks))
        else:
            draft.emit(UpdateApplied(one.update.kind))
            opening.greet(draft, one.update.greeting)


def update_unopposed(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream confirms no update, and has not refused this one: nobody can know more of it than that."""
    update_confirmed(draft, UpdateConfirmed())


def update_refused(draft: Draft, sent: SentUpdate, refusal: Refused) -> None:
    """Nothing of the outstanding update is in force: try again, try its parts alone, or say that it was refused."""
    draft.state = evolve(draft.state, sent_update=None)
    draft.emit(Disarm(update_wait(draft.state)))
    if refusal.active_response:
        signal(draft, Signal.REFUSED_AS_ACTIVE)
        if try_again(draft):
            draft.state = evolve(draft.state, updates=(*sent.carries, *draft.state.updates))
            return
    else:
        signal(draft, Signal.UPDATE_ANSWERED)
        if len(sent.carries) > 1:
            alone = tuple(WaitingUpdate(one.update, alone=True) for one in sent.carries)
            draft.state = evolve(draft.state, updates=(*alone, *draft.state.updates))
            return
    if draft.state.phase is Phase.RENEWING:
        words = "The upstream takes the settings no more that it took before; connect again."
        fail(draft, problem_of(refusal, Cause.UPSTREAM_ERROR, words))
    for one in sent.carries:
        if draft.state.phase is Phase.CONFIGURING and one.update.kind is UpdateKind.SETTINGS:
            opening.settings_refused(draft, refusal)
        elif refusal.voice_locked and draft.state.policy.late_voice is LateVoice.RENEWS:
            moving.park(draft, one)
        elif (rest := without_voice(one, refusal)) is not None:
            draft.state = evolve(draft.state, updates=(rest, *draft.state.updates))
        else:
            reason = explained(refusal, "The session goes on as it was; send the update again with other values.")
            words = f"The {one.update.kind.value} update was refused{reason}"
            opening.not_applied(draft, one, problem_of(refusal, Cause.UPDATE_REFUSED, words))


def without_voice(one: WaitingUpdate, refusal: Refused) -> WaitingUpdate | None:
    """What is left of an update whose voice came too late, if anything is: what can apply does."""
    match one.update.change:
        case ChangeSpeaking(voice, speed) if refusal.voice_locked and KEEP not in (voice, speed):
            reason = explained(refusal, "The rest of the update is in force; choose the voice in Settings.")
            lacks = problem_of(refusal, Cause.UPDATE_REFUSED, f"The voice was not changed{reason}")
            return WaitingUpdate(evolve(one.update, change=ChangeSpeaking(KEEP, speed)), alone=True, lacks=lacks)
        case _:
            return None


# --- answers to creates ---------------------------------------------------------------------------------------------


def create_refused(draft: Draft, sent: SentCreate, refusal: Refused) -> None:
    """There will be no response to the outstanding create, and so no end of one: try again, or say so."""
    draft.state = evolve(draft.state, sent_create=None)
    draft.emit(Disarm(Deadline.CREATE_ANSWER))
    if refusal.active_response:
        signal(draft, Signal.REFUSED_AS_ACTIVE)
        if try_again(draft):
            draft.state = evolve(draft.state, due=(*sent.due, *draft.state.due))
            return
    else:
        signal(draft, Signal.CREATE_REFUSED)
    if sent.course is Course.CANCELLING:
        return
    reason = explained(refusal, "The turn has no answer; ask again.")
    draft.emit(Warned(problem_of(refusal, Cause.RESPONSE_REFUSED, f"The upstream refused to answer{reason}")))


def retry(draft: Draft, _: DeadlinePassed) -> None:
    """Try again, although the response that is in the way was never seen."""
    if draft.state.gate is Gate.BLOCKED:
        signal(draft, Signal.RETRY_DUE)


def refused(draft: Draft, refusal: Refused) -> None:
    """Match an upstream error to the request of ours that caused it."""
    update, create = draft.state.sent_update, draft.state.sent_create
    if update is not None and refusal.event_id == update.event_id:
        update_refused(draft, update, refusal)
    elif create is not None and (
        refusal.event_id == create.event_id or (refusal.event_id is None and refusal.active_response)
    ):
        create_refused(draft, create, refusal)
    elif refusal.event_id is not None and anothers(draft, refusal):
        draft.emit(Note("response.not_ours"))
    elif refusal.event_id is not None and refusal.event_id in draft.state.seeds:
        if draft.state.phase is Phase.RENEWING:
            renewal.item_refused(draft, refusal.event_id)
            return
        opening.settings_refused(draft, refusal)
    elif refusal.event_id is not None and turns.text_refused(draft, refusal):
        placing.settled(draft, refusal.event_id)
    else:
        draft.emit(Note("upstream.error", refusal.code or "no code"))
        detail.upstream_error(draft, refusal)
        turns.commit_refused(draft, refusal)


# --- responses ------------------------------------------------------------------------------------------------------


def response_started(draft: Draft, started: ResponseStarted) -> None:
    """A response is active from here, whoever asked for it; before the session serves it is nobody's to hear."""
    state = draft.state
    if not started.in_conversation or started.response_id in state.past or state.response(started.response_id):
        draft.emit(Note("upstream.response_ignored"))
        return
    due: tuple[Due, ...] = ()
    course, presumed = Course.RUNNING, ""
    shared = superseded(draft)
    sent = state.sent_create
    if sent is not None and (started.tag == sent.event_id or is_ours(state, started)):
        due, course = sent.due, sent.course
        presumed = sent.event_id if started.tag is None else ""
        create_answered(draft)
    else:
        if draft.state.gate is Gate.BLOCKED:
            draft.emit(Disarm(Deadline.RETRY))
        signal(draft, Signal.RESPONSE_STARTED)
        due = own.taken_up(draft) if state.phase is Phase.SERVING else ()
    serving = draft.state.phase is Phase.SERVING
    voice = Voice.SILENT if serving else Voice.UNHEARD
    response = Response(started.response_id, (*shared, *due), voice, presumed=presumed)
    draft.state = evolve(draft.state, responses=(*draft.state.responses, response))
    draft.emit(RESPONSE_HEARD)
    if serving:
        turns.response_started(draft, response, course)


def is_ours(state: State, started: ResponseStarted) -> bool:
    """Whether the response is taken to answer our create without saying so, since this upstream never does."""
    return not state.capabilities.echoes_metadata and started.tag is None


def anothers(draft: Draft, refusal: Refused) -> bool:
    """Whether a response that was taken to be ours is not, for our create is refused: what that asked for is due."""
    for response in draft.state.responses:
        if response.presumed and response.presumed == refusal.event_id:
            draft.replace(evolve(response, due=own.taken_up(draft), presumed=""))
            draft.state = evolve(draft.state, due=(*response.due, *draft.state.due))
            return True
    return False


def superseded(draft: Draft) -> tuple[Due, ...]:
    """Where a new response ends the others, they have ended; gives the turns that it answers in their stead."""
    if draft.state.capabilities.second_create is not SecondCreate.SUPERSEDES:
        return ()
    shared: list[Due] = []
    for other in draft.state.responses:
        if other.voice is Voice.SILENT and other.words is None:
            shared += other.due
        elif other.voice is Voice.SILENT:
            draft.state = evolve(draft.state, due=(*other.due, *draft.state.due))
        response_ended(draft, ResponseEnded(other.response_id, ResponseStatus.CANCELLED))
    return tuple(shared)


def response_ended(draft: Draft, ended: ResponseEnded) -> None:
    """A response has ended, whatever its status; nothing else ends one."""
    if not ended.in_conversation or ended.response_id in draft.state.past:
        return
    response = draft.state.response(ended.response_id)
    sent = draft.state.sent_create
    if sent is not None and ended.tag == sent.event_id:
        # the end answers the create as well: the start was lost, or came without the tag
        if response is None:
            response_started(draft, ResponseStarted(ended.response_id, ended.tag))
        else:
            create_answered(draft)
            draft.replace(evolve(response, due=sent.due))
        response = draft.state.response(ended.response_id)
    draft.remember(ended.response_id)
    if response is None:
        if draft.state.gate is Gate.BLOCKED:
            draft.emit(Disarm(Deadline.RETRY))
            signal(draft, Signal.UNSEEN_RESPONSE_ENDED)
        return
    if response.due and ended.status is ResponseStatus.COMPLETED:
        draft.state = evolve(draft.state, losses=0)
    if draft.state.phase is Phase.SERVING:
        response = detail.closing(draft, response, ended)
    rest = tuple(r for r in draft.state.responses if r is not response)
    draft.state = evolve(draft.state, responses=rest)
    if not rest:
        signal(draft, Signal.LAST_RESPONSE_ENDED)
        draft.emit(Disarm(Deadline.RESPONSE_SILENCE), Disarm(Deadline.CANCEL_ANSWER))
        if not draft.state.capabilities.sends_response_done:
            draft.emit(Disarm(Deadline.OUTPUT_END))
    elif all(other.course is Course.RUNNING for other in rest):
        draft.emit(Disarm(Deadline.CANCEL_ANSWER))
    if draft.state.phase is Phase.SERVING:
        turns.response_ended(draft, response, ended)
        tools.response_ended(draft, response, ended)


def text_ended(draft: Draft, line: AgentTextEnded) -> None:
    """A text of the agent is complete; with some upstreams a written one is the end of its response."""
    if draft.state.phase is Phase.SERVING:
        detail.text_ended(draft, line)
    response = draft.state.response(line.response_id)
    if line.kind is TextKind.LAST and response is not None:
        ended = ResponseEnded(response.response_id, ResponseStatus.COMPLETED, items=(line.item_id,))
        response_ended(draft, ended)
    else:
        near_end(draft)


def segment_ended(draft: Draft, ended: AgentAudioSegmentEnded) -> None:
    """One item's audio is complete; it may be the last of its response."""
    detail.segment_ended(draft, ended)
    near_end(draft)


def call_completed(draft: Draft, completed: ToolCallCompleted) -> None:
    """A call is complete; it may be the last output of its response."""
    tools.call_completed(draft, completed)
    near_end(draft)


def output_goes_on(draft: Draft, output: AgentAudioChunk | AgentTextStarted) -> None:
    """A piece of an answer: its response is not over, whatever was complete before."""
    match output:
        case AgentAudioChunk():
            turns.agent_audio(draft, output)
        case AgentTextStarted():
            detail.text_started(draft, output)
    if not draft.state.capabilities.sends_response_done:
        draft.emit(Disarm(Deadline.OUTPUT_END))


def near_end(draft: Draft) -> None:
    """Where no end of a response is told, what may be its last output is followed by a short wait for more."""
    if not draft.state.capabilities.sends_response_done and draft.state.responses:
        draft.emit(Arm(Deadline.OUTPUT_END))


def output_over(draft: Draft, _: DeadlinePassed) -> None:
    """No more output came: the responses have ended of which the upstream never says so."""
    for response in draft.state.responses:
        response_ended(draft, ResponseEnded(response.response_id, ResponseStatus.COMPLETED, items=outputs(response)))


def outputs(response: Response) -> tuple[str, ...]:
    """The items of a response of which something came."""
    return tuple(dict.fromkeys((*response.told, *response.written)))


def cancel_overdue(draft: Draft, passed: DeadlinePassed) -> None:
    """A cancelled response has not ended; where its end is never told, it has."""
    if draft.state.capabilities.sends_response_done:
        renewal.unanswered(draft, passed)
        return
    for response in draft.state.responses:
        if response.course is Course.CANCELLING:
            cancelled = ResponseEnded(response.response_id, ResponseStatus.CANCELLED, items=outputs(response))
            response_ended(draft, cancelled)


def response_silent(draft: Draft, _: DeadlinePassed) -> None:
    """Nothing was heard of the active responses for too long: cancel them, and give them a last while to end."""
    for response in draft.state.responses:
        cancel(draft, response)
    draft.emit(
        Note("response.silent"),
        Arm(Deadline.CANCEL_ANSWER),
        Warned(Problem(Cause.UPSTREAM_SILENT, "The model fell silent in the middle of an answer, which is cancelled.")),
    )
