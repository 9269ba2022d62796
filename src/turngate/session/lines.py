"""
Lines that the agent is given to say: the greeting, and those that the client asks for.

Responsible for whether and when a line is said, for telling the client its exact words, and for the conversation to
hold them, whatever the model made of them.

Must not know: how the upstream is brought to say given words.
"""

from turngate.evolving import evolve
from turngate.session.due import owe
from turngate.session.machines import Floor
from turngate.session.messages import (
    AgentLine,
    ConversationLine,
    CutSpeech,
    LineRecorded,
    LineRefused,
    Manner,
    ResponseStatus,
    Role,
)
from turngate.session.speech import keep, stop
from turngate.session.state import Course, Draft, Due, DueKind, Line, Record, Response, State, Voice
from turngate.session.transcript import say, tell

USER_SPEAKS = "The user is speaking; send the line when they have finished."
AGENT_SPEAKS = "The agent is speaking or about to; send the line when it has finished, or with another behavior."


def take_line(draft: Draft, line: AgentLine) -> None:
    """The client asks for a line: it is refused, waits for its turn, or takes the place of what is being said."""
    state, bounds = draft.state, draft.state.bounds
    chars = sum(len(due.say or due.text or "") for due in state.due) + len(line.text or "")
    if len(state.due) >= bounds.waiting_turns or chars > bounds.waiting_turn_chars:
        draft.emit(LineRefused("Too many lines and turns wait; send it again later.", line.text))
    elif line.manner is not Manner.AT_ONCE and state.floor is Floor.USER:
        draft.emit(LineRefused(USER_SPEAKS, line.text))
    elif line.manner is Manner.WHEN_SILENT and is_agents_turn(state):
        draft.emit(LineRefused(AGENT_SPEAKS, line.text))
    else:
        due = Due(DueKind.LINE, draft.fresh_id(), say=line.text)
        if line.manner is Manner.AT_ONCE:
            interrupt(draft)
            draft.state = evolve(draft.state, due=(due, *draft.state.due))
        else:
            owe(draft, due)


def is_agents_turn(state: State) -> bool:
    """Whether the agent is heard, or will be without anything more said."""
    return bool(state.responses or state.playing or state.due or state.expected or state.sent_create)


def interrupt(draft: Draft) -> None:
    """Stop what the agent is saying; a turn whose answer nobody has heard of yet is answered afterwards."""
    owed: list[Due] = []
    for response in draft.state.responses:
        if response.voice in (Voice.SILENT, Voice.UNHEARD):
            owed += response.due
            draft.replace(evolve(response, due=()))
        stop(draft, response.response_id)
    sent = draft.state.sent_create
    if sent is not None:
        owed += sent.due
        draft.state = evolve(draft.state, sent_create=evolve(sent, due=(), course=Course.CANCELLING))
    draft.state = evolve(draft.state, due=(*owed, *draft.state.due))
    if draft.state.playing:
        draft.emit(CutSpeech())


def begun(draft: Draft, response: Response, item_id: str) -> None:
    """Given words begin to be heard: the client reads them, word for word."""
    if response.words is not None:
        say(draft, Line(item_id, ConversationLine(Role.ASSISTANT, response.words, item_id=item_id)))
        keep(draft, Record(item_id, response.words))


def recited(draft: Draft, response: Response, item_id: str, text: str) -> None:
    """What the model made of given words; where it is not what was given, the conversation is put right later."""
    if response.words is None or is_same(text, response.words):
        return
    records = (
        evolve(record, said_otherwise=True) if record.item_id == item_id else record for record in draft.state.records
    )
    draft.state = evolve(draft.state, records=tuple(records))


def is_same(said: str, given: str) -> bool:
    """Whether words were said as given, but for case and punctuation."""
    return letters(said) == letters(given)


def letters(text: str) -> str:
    """What of a text is heard."""
    return "".join(character for character in text.casefold() if character.isalnum())


def response_ended(draft: Draft, response: Response, status: ResponseStatus) -> None:
    """Given words that the model finished without a sound are read at least."""
    if response.voice is Voice.SILENT and response.words is not None and status is ResponseStatus.COMPLETED:
        tell(draft, ConversationLine(Role.ASSISTANT, response.words))
        draft.emit(LineRecorded(Role.ASSISTANT, response.words))
