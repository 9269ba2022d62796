"""
What a client is told in detail, where its protocol asks for it.

Responsible for every piece of the user's speech, for the beginning and the end of whatever the agent puts out (spoken,
written, or a call), for its lines as their items are complete, and for the upstream's errors.

Must not know: how any of it is worded. Where the policy is to be brief each rule hands on to ``turns.py`` or
``tools.py``, which decide what of it is heard at all.

A line is known from several events: its own text, its item, and the response's list. The item is the best of them and
comes last but one, so that a text is held until its item has come, or the response has ended.
"""

from typing import Final

from turngate.evolving import evolve
from turngate.session import tools, turns
from turngate.session.gate import RESPONSE_HEARD
from turngate.session.messages import (
    AgentAudioSegmentEnded,
    AgentFinishedSpeaking,
    AgentItemEnded,
    AgentSpeaking,
    AgentTextEnded,
    AgentTextStarted,
    AgentThinking,
    Cause,
    Failed,
    Problem,
    Refused,
    ResponseEnded,
    ResponseStatus,
    SpeechStopped,
    TextKind,
    ToolResult,
    UserHeard,
    UserPartlyTranscribed,
    UserStopped,
    UserTranscribed,
)
from turngate.session.policy import Telling
from turngate.session.state import Draft, Finish, Response, Voice

LATER: Final = frozenset({"idle_timeout"})
"""Codes of errors that are told after the text of the response that is active."""
HARMLESS: Final = frozenset({"response_cancel_not_active"})
"""Codes of errors that only say that something crossed on the wire."""


def is_detailed(draft: Draft) -> bool:
    """Whether this client is told in detail."""
    return draft.state.policy.telling is Telling.DETAILED


# --- the user's speech ----------------------------------------------------------------------------------------------


def speech_stopped(draft: Draft, stopped: SpeechStopped) -> None:
    """The user stopped speaking; whether the turn is over is said by its commit."""
    if is_detailed(draft):
        draft.emit(UserStopped(stopped.own))


def partly_transcribed(draft: Draft, said: UserPartlyTranscribed) -> None:
    """A further piece of what the user said."""
    if is_detailed(draft):
        draft.emit(UserHeard(said.item_id, said.piece, is_whole=False, own=said.own))


def transcribed(draft: Draft, said: UserTranscribed) -> None:
    """All of what the user said: as the last of its pieces, or as a line."""
    turns.known_by_words(draft, said.item_id)
    if is_detailed(draft):
        draft.emit(UserHeard(said.item_id, said.text.strip(), is_whole=True, own=said.own))
    else:
        turns.user_transcribed(draft, said)


# --- the agent's output ---------------------------------------------------------------------------------------------


def text_started(draft: Draft, started: AgentTextStarted) -> None:
    """The response lives; in detail its first text is the beginning of its output."""
    turns.agent_heard(draft, started)
    if is_detailed(draft):
        announce(draft, started.response_id)


def segment_ended(draft: Draft, ended: AgentAudioSegmentEnded) -> None:
    """One item's audio is complete; in detail that is the end of the agent's speech."""
    turns.agent_heard(draft, ended)
    if is_detailed(draft):
        finish(draft, ended.response_id)


def text_ended(draft: Draft, line: AgentTextEnded) -> None:
    """A text of the agent is complete; in detail it waits for its item, and ends an output that is written."""
    if not is_detailed(draft):
        turns.agent_text(draft, line)
        return
    announce(draft, line.response_id)
    if line.kind is not TextKind.SPOKEN:
        finish(draft, line.response_id)
    response = draft.state.response(line.response_id)
    if response is not None:
        draft.replace(evolve(response, held=(*response.held, line)))
        draft.emit(RESPONSE_HEARD)


def item_ended(draft: Draft, item: AgentItemEnded) -> None:
    """A message of the agent is complete: in detail its line is told, in the words of the item itself."""
    response = draft.state.response(item.response_id)
    if response is None:
        return
    draft.emit(RESPONSE_HEARD)
    if is_detailed(draft):
        tell(draft, response, item.item_id, item.text)
    elif item.text.strip():
        # does nothing where the text came by itself, as it should
        turns.agent_text(draft, AgentTextEnded(response.response_id, item.item_id, item.text))


def tell(draft: Draft, response: Response, item_id: str, text: str) -> None:
    """Tell the line of an item, in these words or else in those that were held."""
    held = tuple(line for line in response.held if line.item_id == item_id)
    words = text if text.strip() else "\n".join(line.text for line in held)
    draft.replace(evolve(response, held=tuple(line for line in response.held if line.item_id != item_id)))
    if words.strip():
        turns.agent_text(draft, AgentTextEnded(response.response_id, item_id, words))


def announce(draft: Draft, response_id: str) -> None:
    """Tell that the agent's output begins, once; that of given words begins with their sound."""
    response = draft.state.response(response_id)
    if response is not None and response.voice is Voice.SILENT and response.words is None:
        draft.replace(evolve(response, voice=Voice.SPEAKING))
        draft.emit(AgentSpeaking())


def finish(draft: Draft, response_id: str) -> None:
    """Tell that the agent's output has ended, once."""
    response = draft.state.response(response_id)
    if response is not None and response.voice is Voice.SPEAKING and response.finish is Finish.UNTOLD:
        draft.replace(evolve(response, finish=Finish.TOLD))
        draft.emit(AgentFinishedSpeaking())


def closing(draft: Draft, response: Response, ended: ResponseEnded) -> Response:
    """Tell all that a response was still to tell, before it is gone; gives the response as it is then."""
    if not is_detailed(draft):
        return response
    response_id = response.response_id
    finish(draft, response_id)
    for item_id, text in (*((line.item_id, "") for line in response.held), *ended.texts):
        tell(draft, draft.state.response(response_id) or response, item_id, text)
    calls = (*response.calls, *ended.calls)
    if calls and response.voice is Voice.SILENT and ended.status is ResponseStatus.COMPLETED:
        draft.emit(AgentSpeaking())
    if draft.state.later is not None and len(draft.state.responses) == 1:
        draft.emit(Failed(draft.state.later))
        draft.state = evolve(draft.state, later=None)
    return draft.state.response(response_id) or response


# --- the rest -------------------------------------------------------------------------------------------------------


def take_result(draft: Draft, result: ToolResult) -> None:
    """The client answers a call; in detail it is told at once that the model has it."""
    before = draft.state.calls
    tools.take_result(draft, result)
    if is_detailed(draft) and draft.state.calls != before:
        draft.emit(AgentThinking())


def upstream_error(draft: Draft, refusal: Refused) -> None:
    """
    An error about nothing that waits for an answer: in detail the client is told, but never that a response is active.

    What we did for the conversation's order (a cancel, a cut) is not its affair when it is refused; a commit is.
    """
    if not is_detailed(draft) or refusal.active_response or refusal.code in HARMLESS:
        return
    if refusal.event_id is not None and refusal.event_id != draft.state.manual.sent:
        return
    words = "The upstream reports an error; the session goes on."
    problem = Problem(Cause.UPSTREAM_ERROR, words, refusal.code, refusal.message)
    if refusal.code in LATER and draft.state.responses:
        draft.state = evolve(draft.state, later=problem)
    else:
        draft.emit(Failed(problem))
