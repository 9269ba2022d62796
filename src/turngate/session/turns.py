"""
Turns: what the user says, what is owed for it, and what the client sees of the answer.

Responsible for written and spoken turns, for the floor, and for turning a response's output into what a client is told:
which audio it hears, which lines it reads, when the agent's speech begins and ends.

Must not know: whether the gate is open; an answer that is owed waits in ``State.due`` until the gate takes it.

Audio of a response that was active when the user began to speak is never sent to the client afterwards.
"""

from attrs import evolve

from turngate.session.due import owe
from turngate.session.gate import RESPONSE_HEARD, cancel, explained
from turngate.session.machines import FLOOR, Floor, Speech, follow
from turngate.session.messages import (
    AgentAudio,
    AgentAudioChunk,
    AgentAudioSegmentEnded,
    AgentFinishedSpeaking,
    AgentSpeaking,
    AgentTextEnded,
    AgentTextStarted,
    AgentThinking,
    AppendAudio,
    Arm,
    Cause,
    ConversationLine,
    Deadline,
    DeadlinePassed,
    Disarm,
    Note,
    Problem,
    Refused,
    ResponseEnded,
    ResponseStatus,
    Role,
    SpeechCommitted,
    SpeechStarted,
    TranscriptionFailed,
    UnsupportedRequest,
    UserAudio,
    UserSpeaking,
    UserText,
    UserTranscribed,
    Warned,
)
from turngate.session.state import Draft, Due, DueKind, Response, Voice

# --- what the user says ---------------------------------------------------------------------------------------------


def take_text(draft: Draft, said: UserText) -> None:
    """A written turn: an answer is owed, and it goes upstream right before that is asked for."""
    state, bounds = draft.state, draft.state.bounds
    chars = sum(len(due.text or "") for due in state.due) + len(said.text)
    if len(state.due) >= bounds.waiting_turns or chars > bounds.waiting_turn_chars:
        advice = "Too many turns wait for an answer; this one was not taken. Send it again later."
        draft.emit(Warned(Problem(Cause.TOO_MANY_WAITING, advice)))
        return
    draft.emit(ConversationLine(Role.USER, said.text))
    owe(draft, Due(DueKind.TEXT, draft.fresh_id(), text=said.text))


def text_refused(draft: Draft, refusal: Refused) -> bool:
    """Whether the refusal is of a written turn; then it is owed no (further) answer, and the client is told."""
    state = draft.state
    asked = state.sent_create.due if state.sent_create else ()
    owed = (*state.due, *asked, *(due for response in state.responses for due in response.due))
    if not any(due.kind is DueKind.TEXT and due.source == refusal.event_id for due in owed):
        return False
    draft.state = evolve(state, due=tuple(due for due in state.due if due.source != refusal.event_id))
    reason = explained(refusal, "The model has not read it; send another.")
    draft.emit(Warned(Problem(Cause.TEXT_REFUSED, f"The upstream refused the user's message{reason}")))
    return True


def take_audio(draft: Draft, audio: UserAudio) -> None:
    """Audio is not gated: the upstream listens at all times."""
    draft.emit(AppendAudio(audio.pcm))


def decline(draft: Draft, request: UnsupportedRequest) -> None:
    """Say that a request has no effect."""
    draft.emit(Warned(request.problem))


# --- the floor ------------------------------------------------------------------------------------------------------


def speech_started(draft: Draft, _: SpeechStarted) -> None:
    """The user speaks: no byte of what the agent was saying may follow."""
    draft.state = evolve(draft.state, floor=follow(FLOOR, draft.state.floor, Speech.STARTED))
    draft.emit(UserSpeaking(), Arm(Deadline.FLOOR))
    for response in draft.state.responses:
        mute(draft, response)


def mute(draft: Draft, response: Response) -> None:
    """The client hears no more of a response."""
    match response.voice:
        case Voice.SILENT:
            draft.replace(evolve(response, voice=Voice.UNHEARD))
        case Voice.SPEAKING:
            draft.replace(evolve(response, voice=Voice.CUT))
        case Voice.CUT | Voice.UNHEARD:
            pass


def speech_committed(draft: Draft, committed: SpeechCommitted) -> None:
    """The user has had their say, and is owed an answer."""
    if committed.item_id in draft.state.past:
        return
    draft.remember(committed.item_id)
    draft.state = evolve(draft.state, floor=follow(FLOOR, draft.state.floor, Speech.COMMITTED))
    draft.emit(Disarm(Deadline.FLOOR))
    owe(draft, Due(DueKind.SPEECH, committed.item_id))


def floor_overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The end of the user's speech was never heard; what waits for it waits no longer."""
    if draft.state.floor is Floor.USER:
        draft.state = evolve(draft.state, floor=follow(FLOOR, draft.state.floor, Speech.OVERDUE))
        draft.emit(Note("floor.overdue"))


def user_transcribed(draft: Draft, said: UserTranscribed) -> None:
    """What the user said, in writing."""
    if said.text.strip():
        draft.emit(ConversationLine(Role.USER, said.text.strip()))


def transcription_failed(draft: Draft, failed: TranscriptionFailed) -> None:
    """The model heard the user all the same; only the line is missing."""
    detail = f"What the user said could not be written down ({failed.code or 'no code'}); the answer is not affected."
    draft.emit(Warned(Problem(Cause.TRANSCRIPTION_FAILED, detail)))


# --- what the client sees of an answer ------------------------------------------------------------------------------


def response_started(draft: Draft, response: Response) -> None:
    """Tell that the model thinks; but a response of ours that starts into the user's speech is taken back."""
    if draft.state.floor is Floor.USER and response.due:
        owed, silent = response.due, evolve(response, due=(), voice=Voice.UNHEARD)
        draft.replace(silent)
        cancel(draft, silent)
        draft.state = evolve(draft.state, due=(*owed, *draft.state.due))
    elif not response.is_recital:
        draft.emit(AgentThinking())


def agent_audio(draft: Draft, chunk: AgentAudioChunk) -> None:
    """Speech that the client is to hear."""
    response = draft.state.response(chunk.response_id)
    if response is None:
        draft.emit(Note("audio.of_no_response"))
        return
    match response.voice:
        case Voice.SILENT:
            draft.replace(evolve(response, voice=Voice.SPEAKING))
            draft.emit(AgentSpeaking(), AgentAudio(chunk.pcm), RESPONSE_HEARD)
        case Voice.SPEAKING:
            draft.emit(AgentAudio(chunk.pcm), RESPONSE_HEARD)
        case Voice.CUT | Voice.UNHEARD:
            draft.emit(RESPONSE_HEARD)


def agent_heard(draft: Draft, message: AgentTextStarted | AgentAudioSegmentEnded) -> None:
    """The response lives. Neither its first text nor the end of one item's audio says more than that."""
    if draft.state.response(message.response_id) is not None:
        draft.emit(RESPONSE_HEARD)


def agent_text(draft: Draft, line: AgentTextEnded) -> None:
    """A line of the agent, once for each item; what was cut off before it was heard was never said."""
    response = draft.state.response(line.response_id)
    if response is None or line.item_id in response.written:
        return
    draft.emit(RESPONSE_HEARD)
    if response.is_recital or response.voice is Voice.UNHEARD or not line.text.strip():
        return
    draft.replace(evolve(response, written=(*response.written, line.item_id)))
    draft.emit(ConversationLine(Role.ASSISTANT, line.text))


def response_ended(draft: Draft, response: Response, ended: ResponseEnded) -> None:
    """Close the agent's speech, and say what went wrong."""
    if response.voice is Voice.SPEAKING:
        draft.emit(AgentFinishedSpeaking())
    match ended.status:
        case ResponseStatus.FAILED:
            detail = f"The model failed to answer ({ended.reason or 'no reason given'}); ask again."
            draft.emit(Warned(Problem(Cause.RESPONSE_FAILED, detail)))
        case ResponseStatus.INCOMPLETE:
            detail = f"The model's answer was cut short ({ended.reason or 'no reason given'})."
            draft.emit(Warned(Problem(Cause.RESPONSE_INCOMPLETE, detail)))
        case ResponseStatus.COMPLETED | ResponseStatus.CANCELLED:
            pass
