"""
Turns: what the user says, what is owed for it, and what the client sees of the answer.

Responsible for written and spoken turns, for the floor, and for turning a response's output into what a client is told:
which audio it hears, which lines it reads, when the agent's speech begins and ends.

Must not know: whether the gate is open; an answer that is owed waits in ``State.due`` until the gate takes it.

Audio of a response that was active when the user began to speak is never sent to the client afterwards.
"""

from turngate.evolving import evolve
from turngate.session import lines, speech
from turngate.session.due import owe
from turngate.session.gate import RESPONSE_HEARD, explained, problem_of
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
    CommitAudio,
    ConversationLine,
    Deadline,
    DeadlinePassed,
    Disarm,
    EndTurn,
    LineRecorded,
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
from turngate.session.own import owe_speech
from turngate.session.policy import Telling
from turngate.session.speech import heard_of, heard_part, keep, mute, stop, told
from turngate.session.state import Course, Draft, Due, DueKind, Finish, Line, Record, Response, Voice
from turngate.session.transcript import heard, say, tell

# --- what the user says ---------------------------------------------------------------------------------------------


def take_text(draft: Draft, said: UserText) -> None:
    """A written turn: an answer is owed, and it goes upstream right before that is asked for."""
    state, bounds = draft.state, draft.state.bounds
    chars = sum(len(due.text or "") for due in state.due) + len(said.text)
    if len(state.due) >= bounds.waiting_turns or chars > bounds.waiting_turn_chars:
        advice = "Too many turns wait for an answer; this one was not taken. Send it again later."
        draft.emit(Warned(Problem(Cause.TOO_MANY_WAITING, advice)))
        return
    item_id = draft.fresh_id()
    tell(draft, ConversationLine(Role.USER, said.text, item_id=item_id))
    owe(draft, Due(DueKind.TEXT, item_id, text=said.text))


def text_refused(draft: Draft, refusal: Refused) -> bool:
    """Whether the refusal is of a written turn; then it is owed no (further) answer, and the client is told."""
    state = draft.state
    asked = state.sent_create.due if state.sent_create else ()
    owed = (*state.due, *asked, *(due for response in state.responses for due in response.due))
    if not any(due.kind is DueKind.TEXT and due.source == refusal.event_id for due in owed):
        return False
    draft.state = evolve(state, due=tuple(due for due in state.due if due.source != refusal.event_id))
    reason = explained(refusal, "The model has not read it; send another.")
    draft.emit(Warned(problem_of(refusal, Cause.TEXT_REFUSED, f"The upstream refused the user's message{reason}")))
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


def speech_committed(draft: Draft, committed: SpeechCommitted) -> None:
    """The user has had their say, and is owed an answer."""
    if committed.item_id:
        if committed.item_id in draft.state.past:
            return
        draft.remember(committed.item_id)
    draft.state = evolve(draft.state, floor=follow(FLOOR, draft.state.floor, Speech.COMMITTED))
    draft.emit(Disarm(Deadline.FLOOR))
    commit_answered(draft)
    if draft.state.policy.telling is Telling.BRIEF:
        say(draft, Line(committed.item_id))
    owe_speech(draft, Due(DueKind.SPEECH, committed.item_id))


def commit_audio(draft: Draft) -> None:
    """Take what the user said for a turn; the upstream says that it is one, or refuses."""
    event_id = draft.fresh_id()
    draft.emit(CommitAudio(event_id), Arm(Deadline.COMMIT_ANSWER))
    draft.state = evolve(draft.state, manual=evolve(draft.state.manual, sent=event_id))


def commit_answered(draft: Draft) -> None:
    """No commit is outstanding."""
    draft.emit(Disarm(Deadline.COMMIT_ANSWER))
    draft.state = evolve(draft.state, manual=evolve(draft.state.manual, sent=""))


def commit_refused(draft: Draft, refusal: Refused) -> None:
    """There was nothing to commit, or it was not taken; what waits does so no longer for its sake."""
    if refusal.event_id is not None and refusal.event_id == draft.state.manual.sent:
        commit_answered(draft)


def end_turn(draft: Draft, _: EndTurn) -> None:
    """The client says that the user has finished; without a turn in progress that means nothing."""
    if draft.state.manual.sent:
        draft.emit(Note("turn.ended_already"))
    elif draft.state.floor is Floor.USER:
        commit_audio(draft)
    else:
        draft.emit(Note("turn.none_to_end"))


def floor_overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The end of the user's speech was never heard; what waits for it waits no longer."""
    if draft.state.floor is Floor.USER:
        draft.state = evolve(draft.state, floor=follow(FLOOR, draft.state.floor, Speech.OVERDUE))
        detail = "The end of the user's speech was not heard. If nothing was answered, say it again."
        draft.emit(Note("floor.overdue"), Warned(Problem(Cause.SPEECH_ENDLESS, detail)))


def user_transcribed(draft: Draft, said: UserTranscribed) -> None:
    """What the user said, in writing."""
    text = said.text.strip()
    heard(draft, said.item_id, ConversationLine(Role.USER, text, said.languages) if text else None)


def transcription_failed(draft: Draft, failed: TranscriptionFailed) -> None:
    """The model heard the user all the same; only the line is missing."""
    heard(draft, failed.item_id, None)
    detail = f"What the user said could not be written down ({failed.code or 'no code'}); the answer is not affected."
    draft.emit(Warned(Problem(Cause.TRANSCRIPTION_FAILED, detail)))


# --- what the client sees of an answer ------------------------------------------------------------------------------


def response_started(draft: Draft, response: Response, course: Course) -> None:
    """
    Tell that the model thinks; but a response that is not wanted any more is taken back.

    That is one whose request was withdrawn (``course``), or one of ours that starts into the user's speech.
    """
    if course is Course.CANCELLING or (draft.state.floor is Floor.USER and response.due):
        owed = response.due
        draft.replace(evolve(response, due=()))
        stop(draft, response.response_id)
        draft.state = evolve(draft.state, due=(*owed, *draft.state.due))
    elif response.words is None:
        draft.emit(AgentThinking())


def agent_audio(draft: Draft, chunk: AgentAudioChunk) -> None:
    """Speech that the client is to hear."""
    response = draft.state.response(chunk.response_id)
    if response is None:
        draft.emit(Note("audio.of_no_response"))
        return
    # a piece that names no item goes on where the one before it was
    item_id = chunk.item_id or next(reversed(response.told), "")
    match response.voice:
        case Voice.SILENT:
            lines.begun(draft, response, item_id)
            told(draft, evolve(response, voice=Voice.SPEAKING), item_id)
            draft.emit(AgentSpeaking(), AgentAudio(chunk.pcm, item_id), RESPONSE_HEARD)
        case Voice.SPEAKING:
            if item_id not in response.told:
                told(draft, response, item_id)
            draft.emit(AgentAudio(chunk.pcm, item_id), RESPONSE_HEARD)
        case Voice.CUT | Voice.UNHEARD | Voice.READ:
            draft.emit(RESPONSE_HEARD)


def agent_heard(draft: Draft, message: AgentTextStarted | AgentAudioSegmentEnded) -> None:
    """The response lives. Neither its first text nor the end of one item's audio says more than that."""
    if draft.state.response(message.response_id) is not None:
        draft.emit(RESPONSE_HEARD)


def agent_text(draft: Draft, line: AgentTextEnded) -> None:
    """A line of the agent, once for each item: as much of it as was not cut off."""
    response = draft.state.response(line.response_id)
    if response is None or line.item_id in response.written:
        return
    draft.emit(RESPONSE_HEARD)
    draft.replace(evolve(response, written=(*response.written, line.item_id)))
    if response.words is not None:
        lines.recited(draft, response, line.item_id, line.text)
        return
    text = spoken_part(response, line).strip()
    if response.voice is Voice.CUT:
        heard_of(draft, line.response_id, line.item_id, text)
    if text:
        say(draft, Line(line.item_id, ConversationLine(Role.ASSISTANT, text, item_id=line.item_id)))
        if response.voice is Voice.CUT:
            draft.emit(LineRecorded(Role.ASSISTANT, text, line.item_id))
        else:
            keep(draft, Record(line.item_id, text))


def spoken_part(response: Response, line: AgentTextEnded) -> str:
    """What the client can have heard of a line: what was cut off before it was heard was never said."""
    match response.voice:
        case Voice.SILENT | Voice.SPEAKING | Voice.READ:
            return line.text
        case Voice.UNHEARD:
            return ""
        case Voice.CUT:
            part = next((part for part in response.cut if part.item_id == line.item_id), None)
            if part is not None:
                return heard_part(line.text, part)
            return line.text if line.item_id in response.told else ""


def response_ended(draft: Draft, response: Response, ended: ResponseEnded) -> None:
    """Close the agent's speech, and say what went wrong."""
    if response.voice is Voice.SPEAKING and response.finish is Finish.UNTOLD:
        draft.emit(AgentFinishedSpeaking())
    lines.response_ended(draft, response, ended.status)
    speech.response_ended(draft, response, ended)
    match ended.status:
        case ResponseStatus.FAILED:
            detail = f"The model failed to answer ({ended.reason or 'no reason given'}); ask again."
            draft.emit(Warned(Problem(Cause.RESPONSE_FAILED, detail, ended.reason)))
        case ResponseStatus.INCOMPLETE:
            detail = f"The model's answer was cut short ({ended.reason or 'no reason given'})."
            draft.emit(Warned(Problem(Cause.RESPONSE_INCOMPLETE, detail)))
        case ResponseStatus.COMPLETED | ResponseStatus.CANCELLED:
            pass
