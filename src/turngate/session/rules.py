"""
The rules of a session: one table from what happened to what follows, and ``step``.

Responsible for the whole of what a session decides. Everything else carries.

Must not know: sockets, actors, clocks, either wire protocol. It raises only for a fault of its own; a bad peer is an
effect.

The rules, in a page
--------------------
1. A gated send (``session.update``, or ``response.create`` into the conversation) goes out only while the gate is open:
   no response is active and no gated send is outstanding. Audio, items and cancels pass at any time.
2. A send is outstanding until its own answer: a confirmation in order, the start (or the end) of the response that
   carries its tag, or a refusal that names its id. A response is active from its start to its ``response.done``.
3. Updates that wait are merged into one and acknowledged one by one when the upstream has confirmed it. If the merged
   one is refused, each is tried alone, so that none suffers for another. Updates go before answers.
4. Every turn of the user, every last result of a response's tool calls, and the greeting owe an answer. Turns that
   wait may share one. While the user speaks none is asked for.
5. A send that is refused because a response is active is tried again: when that response ends or, if it is out of
   sight, after a while; and after a few tries the client is told.
6. Every wait has a deadline, and every deadline a rule in this table.
7. An upstream session that is lost, or may not be longer, is replaced: settings and conversation are restored, what
   was not answered is asked again, what was heard in part is reported as cut. What the client sends meanwhile waits.
8. A client that was cut off is waited for, where the policy says so. Meanwhile the session goes on as if it were there.
9. A session that has used up what it may asks for nothing more, and ends: in the middle of an answer where it is time
   that was used up, else with the answer that is active.
10. A session that is to leave ends when nobody speaks and nothing is under way, and not in the middle of a turn.

How to read the table
---------------------
A row says what a message does in each phase; after any message :func:`settle` sends what may now be sent. An ended
session does nothing. The named machines stand in ``machines.py``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from turngate.evolving import evolve
from turngate.session import (
    answers,
    detail,
    due,
    ending,
    lines,
    manual,
    moving,
    opening,
    own,
    placing,
    presence,
    renewal,
    speech,
    tools,
    transcript,
    turns,
    unheard,
)
from turngate.session.machines import Phase
from turngate.session.messages import (
    AgentAudioChunk,
    AgentAudioSegmentEnded,
    AgentItemEnded,
    AgentLine,
    AgentTextEnded,
    AgentTextStarted,
    ClientBack,
    ClientFault,
    ClientGone,
    ClientIdle,
    ClientStalled,
    ConfigureSession,
    Deadline,
    DeadlinePassed,
    Dismissed,
    Drain,
    Effect,
    EndTurn,
    FunctionDone,
    ItemConfirmed,
    KeepAlive,
    Message,
    NextLost,
    NextReady,
    Recalled,
    Refused,
    ResponseEnded,
    ResponseStarted,
    SessionOpened,
    Shutdown,
    SpeechCommitted,
    SpeechCut,
    SpeechPlayed,
    SpeechStarted,
    SpeechStopped,
    ToolCallCompleted,
    ToolResult,
    TranscriptionFailed,
    UnsupportedRequest,
    UpdateConfirmed,
    UpdateSession,
    UpstreamCongested,
    UpstreamLost,
    UpstreamReady,
    UpstreamRelieved,
    UsedUp,
    UserAudio,
    UserPartlyTranscribed,
    UserText,
    UserTranscribed,
)
from turngate.session.state import Draft, Pause, State, Stay

Rule: TypeAlias = Callable[[Draft, Any], None]
Row: TypeAlias = Mapping[Phase, Rule]


def ignore(_draft: Draft, _message: Message) -> None:
    """Nothing follows."""


def deadline_passed(draft: Draft, passed: DeadlinePassed) -> None:
    """A wait has ended: its own rule says what follows."""
    DEADLINES[passed.deadline](draft, passed)


def row(awaiting_settings: Rule, connecting: Rule, configuring: Rule, serving: Rule, renewing: Rule) -> Row:
    """A row of the table; in an ended session nothing follows from anything."""
    return {
        Phase.AWAITING_SETTINGS: awaiting_settings,
        Phase.CONNECTING: connecting,
        Phase.CONFIGURING: configuring,
        Phase.SERVING: serving,
        Phase.RENEWING: renewing,
        Phase.ENDED: ignore,
    }


def always(rule: Rule) -> Row:
    """A row that is the same in every phase before the end."""
    return row(rule, rule, rule, rule, rule)


# fmt: off
_no = ignore
RULES: Final[Mapping[type[Message], Row]] = {
    #                           awaiting settings        connecting              configuring             serving                 renewing
    ConfigureSession: row(
        opening.accept_settings, opening.settings_again, opening.settings_again, opening.settings_again, opening.settings_again
    ),
    UpdateSession: row(opening.too_early, opening.hold, opening.hold, opening.take_update, opening.hold),
    UserText: row(opening.too_early, opening.hold, opening.hold, turns.take_text, opening.hold),
    UserAudio: row(opening.too_early, opening.hold, opening.hold, manual.take_audio, opening.hold),
    ToolResult: row(opening.too_early, opening.hold, opening.hold, detail.take_result, opening.hold),
    UnsupportedRequest: row(opening.too_early, opening.hold, opening.hold, turns.decline, opening.hold),
    AgentLine: row(opening.too_early, opening.hold, opening.hold, lines.take_line, opening.hold),
    EndTurn: row(opening.too_early, _no, _no, turns.end_turn, opening.hold),
    KeepAlive: row(opening.too_early, _no, _no, _no, _no),
    ClientFault: always(ending.client_fault),
    ClientStalled: always(presence.client_stalled),
    ClientIdle: always(presence.client_idle),
    SpeechPlayed: row(_no, _no, _no, speech.played, speech.played),
    SpeechCut: row(_no, _no, _no, speech.cut, speech.cut),
    ClientGone: row(manual.client_gone, presence.client_gone, presence.client_gone, presence.client_gone, presence.client_gone),
    ClientBack: always(presence.client_back),
    Drain: row(ending.shut_down, ending.shut_down, ending.shut_down, ending.leave_soon, ending.leave_soon),
    Dismissed: always(ending.dismissed),
    UsedUp: always(ending.used_up),
    Shutdown: always(ending.shut_down),
    UpstreamReady: always(opening.upstream_ready),
    UpstreamLost: always(renewal.upstream_lost),
    NextReady: row(_no, _no, _no, moving.next_ready, moving.next_ready),
    NextLost: row(_no, _no, _no, moving.next_lost, moving.next_lost),
    UpstreamCongested: always(opening.upstream_congested),
    UpstreamRelieved: always(opening.upstream_relieved),
    UpdateConfirmed: always(answers.update_confirmed),
    Refused: always(answers.refused),
    ItemConfirmed: always(opening.item_confirmed),
    ResponseStarted: always(answers.response_started),
    ResponseEnded: always(answers.response_ended),
    SpeechStarted: row(_no, _no, _no, turns.speech_started, _no),
    SpeechStopped: row(_no, _no, _no, detail.speech_stopped, _no),
    SpeechCommitted: row(_no, _no, _no, turns.speech_committed, _no),
    UserPartlyTranscribed: row(_no, _no, _no, detail.partly_transcribed, _no),
    UserTranscribed: row(_no, _no, _no, detail.transcribed, _no),
    TranscriptionFailed: row(_no, _no, _no, turns.transcription_failed, _no),
    AgentTextStarted: row(_no, _no, _no, answers.output_goes_on, _no),
    AgentTextEnded: always(answers.text_ended),
    AgentItemEnded: row(_no, _no, _no, detail.item_ended, _no),
    AgentAudioChunk: row(_no, _no, _no, answers.output_goes_on, _no),
    AgentAudioSegmentEnded: row(_no, _no, _no, answers.segment_ended, _no),
    ToolCallCompleted: row(_no, _no, _no, answers.call_completed, _no),
    FunctionDone: row(_no, _no, _no, tools.function_done, opening.hold),
    Recalled: row(_no, _no, _no, _no, renewal.recalled),
    DeadlinePassed: always(deadline_passed),
}

DEADLINES: Final[Mapping[Deadline, Rule]] = {
    Deadline.SETTINGS: ending.settings_overdue,
    Deadline.UPSTREAM_READY: renewal.upstream_overdue,
    Deadline.UPDATE_ANSWER: renewal.unanswered,
    Deadline.UPDATE_SILENCE: answers.update_unopposed,
    Deadline.ITEMS_ANSWER: renewal.items_overdue,
    Deadline.CREATE_ANSWER: renewal.unanswered,
    Deadline.RETRY: answers.retry,
    Deadline.RESPONSE_SILENCE: answers.response_silent,
    Deadline.OUTPUT_END: answers.output_over,
    Deadline.CANCEL_ANSWER: answers.cancel_overdue,
    Deadline.TOOL_RESULTS: tools.overdue,
    Deadline.TOOL_PATIENCE: due.patience_over,
    Deadline.FLOOR: turns.floor_overdue,
    Deadline.TURN: unheard.overdue,
    Deadline.TRANSCRIPT: transcript.overdue,
    Deadline.OWN_START: own.overdue,
    Deadline.PLACING: placing.overdue,
    Deadline.COMMIT_PAUSE: manual.paused,
    Deadline.COMMIT_CAP: manual.capped,
    Deadline.COMMIT_LATEST: manual.latest,
    Deadline.COMMIT_ANSWER: renewal.unanswered,
    Deadline.UPSTREAM_FLOW: renewal.stalled,
    Deadline.LIMIT_NEAR: moving.limit_near,
    Deadline.LIMIT: renewal.limit,
    Deadline.NEXT_TRY: moving.next_try,
    Deadline.STEADY: renewal.steady,
    Deadline.CLIENT_RETURN: presence.overdue,
}
# fmt: on


def begin(state: State) -> tuple[State, tuple[Effect, ...]]:
    """The first state of a session that a client has opened, and what follows from it."""
    draft = Draft(state)
    draft.emit(SessionOpened(state.session_id))
    opening.client_connected(draft)
    settle(draft)
    return draft.state, tuple(draft.effects)


def step(state: State, message: Message) -> tuple[State, tuple[Effect, ...]]:
    """
    What follows from one message.

    Returns the new state and the effects to carry out, in order. It raises only for a fault of the rules; the state
    given is never changed. A step whose effects hold ``EndSession`` is the last that does anything.
    """
    draft = Draft(state)
    RULES[type(message)][state.phase](draft, message)
    if draft.state is not state:
        # else nothing follows from it that has not followed before: it was settled when it came about
        settle(draft)
    return draft.state, tuple(draft.effects)


def settle(draft: Draft) -> None:
    """Do what follows from the state alone: take up what came early, then send what may be sent."""
    if draft.state.used_up is not None and ending.is_due(draft.state):
        ending.cap_reached(draft, draft.state.used_up)
        return
    if draft.state.used_up is not None:
        # what waits for the active response waits for nothing more
        return
    while draft.state.phase is Phase.SERVING and draft.state.early:
        first, *rest = draft.state.early
        draft.state = evolve(draft.state, early=tuple(rest))
        RULES[type(first)][Phase.SERVING](draft, first)
        answers.release(draft)
    if draft.state.phase is Phase.SERVING and (draft.state.early_count or Pause.EARLY in draft.state.paused):
        draft.state = evolve(draft.state, early_bytes=0, early_count=0)
        opening.resume(draft, Pause.EARLY)
    if draft.state.phase is Phase.SERVING:
        manual.catch_up(draft)
    if draft.state.phase in (Phase.CONFIGURING, Phase.SERVING, Phase.RENEWING):
        if draft.state.stay is Stay.STAYS:
            moving.move_in_time(draft)
        answers.release(draft)
    unheard.watch(draft)
    if draft.state.stay is Stay.LEAVES and moving.is_boundary(draft.state):
        ending.shut_down(draft, Drain())
