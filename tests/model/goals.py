"""
What must happen sometimes: situations without which a walk proves nothing.

Each goal looks at one move: the world before, the name of the move, the world after.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from worlds import World

from turngate.session import messages as m
from turngate.session.machines import Floor, Gate, Phase
from turngate.session.policy import LateVoice
from turngate.session.state import Commit, DueKind, Late, Next, Upstream, Voice

Goal: TypeAlias = Callable[[World, str, World], bool]


def warned(after: World, cause: m.Cause) -> bool:
    """Whether the client was just warned of this."""
    return any(
        isinstance(effect, m.Warned | m.UpdateNotApplied) and effect.problem.cause is cause for effect in after.done
    )


def hears(after: World, kind: type[m.Message]) -> bool:
    """Whether the rules just took a message of this kind."""
    return isinstance(after.heard, kind)


def waits(world: World) -> bool:
    """Whether something gated waits."""
    return bool(world.state.due or world.state.updates)


def foreign_start(after: World) -> bool:
    """Whether a response that we did not ask for was just heard to start."""
    return isinstance(after.heard, m.ResponseStarted) and after.heard.tag is None and after.heard.in_conversation


def sends(after: World, kind: type[m.Effect]) -> int:
    """How many effects of a kind the last step had."""
    return sum(isinstance(effect, kind) for effect in after.done)


def closed_in(phase: Phase) -> Goal:
    """The upstream closes in this phase."""
    return lambda before, _, after: hears(after, m.UpstreamLost) and before.state.phase is phase


def closed_while(gate: Gate) -> Goal:
    """The upstream closes while the gate is in this state."""
    return lambda before, _, after: hears(after, m.UpstreamLost) and before.state.gate is gate


def overdue(deadline: m.Deadline) -> Goal:
    """A wait comes to its end."""
    passed = m.DeadlinePassed(deadline)
    return lambda _, __, after: after.heard == passed


def left_in(phase: Phase) -> Goal:
    """The client leaves in this phase."""
    return lambda before, _, after: hears(after, m.ClientGone) and before.state.phase is phase


GOALS: Final[Mapping[str, Goal]] = {
    "a foreign response starts while something waits for the gate": lambda before, _, after: (
        foreign_start(after) and waits(before)
    ),
    "a foreign response starts while our create is on the wire": lambda before, name, _: (
        name == "response of its own" and any(isinstance(c, m.StartResponse) for c in before.up)
    ),
    "a foreign response starts while our update is on the wire": lambda before, name, _: (
        name == "response of its own" and any(isinstance(c, m.SendUpdate) for c in before.up)
    ),
    "a create is answered with an error": lambda before, _, after: (
        hears(after, m.Refused) and before.state.sent_create is not None and after.state.sent_create is None
    ),
    "a create is refused because a response is active": lambda _, __, after: (
        isinstance(after.heard, m.Refused)
        and after.heard.active_response
        and m.Note("gate.refused_as_active") in after.done
    ),
    "a create is refused by an error that names nothing": lambda before, _, after: (
        isinstance(after.heard, m.Refused)
        and after.heard.event_id is None
        and before.state.sent_create is not None
        and after.state.sent_create is None
    ),
    "an error names nothing while a create is outstanding": lambda before, _, after: (
        hears(after, m.Refused) and before.state.sent_create is not None and before.state == after.state
    ),
    "a response ends before our create is answered": lambda before, _, after: (
        isinstance(after.heard, m.ResponseEnded)
        and before.state.sent_create is not None
        and before.state.sent_create == after.state.sent_create
        and before.state.response(after.heard.response_id) is not None
    ),
    "a response ends whose start was lost": lambda before, _, after: (
        isinstance(after.heard, m.ResponseEnded)
        and before.state.sent_create is not None
        and before.state.sent_create.event_id == after.heard.tag
    ),
    "a response ends twice": lambda before, _, after: (
        isinstance(after.heard, m.ResponseEnded) and after.heard.response_id in before.judge.ended
    ),
    "a response starts again after its end": lambda before, _, after: (
        isinstance(after.heard, m.ResponseStarted) and after.heard.response_id in before.judge.ended
    ),
    "two responses are active as far as we know": lambda _, __, after: len(after.state.responses) > 1,
    "a cancel crosses the end of its response": lambda _, name, __: name == "cancel nothing",
    "a response falls silent and is cancelled": lambda _, __, after: (
        after.heard == m.DeadlinePassed(m.Deadline.RESPONSE_SILENCE) and sends(after, m.CancelResponse) > 0
    ),
    "a cancelled response never ends": lambda _, __, after: (
        after.heard == m.DeadlinePassed(m.Deadline.CANCEL_ANSWER) and after.judge.over
    ),
    "a response fails": lambda _, __, after: warned(after, m.Cause.RESPONSE_FAILED),
    "a response is cut short": lambda _, __, after: warned(after, m.Cause.RESPONSE_INCOMPLETE),
    "a response comes without our tag": lambda _, name, __: name == "strip tag",
    "a response outside the conversation ends while one in it is active": lambda before, _, after: (
        isinstance(after.heard, m.ResponseEnded) and not after.heard.in_conversation and bool(before.state.responses)
    ),
    "the user writes while a response is active": lambda before, _, after: (
        hears(after, m.UserText) and bool(before.state.responses)
    ),
    "an update comes while a response is active": lambda before, _, after: (
        hears(after, m.UpdateSession) and bool(before.state.responses) and bool(after.state.updates)
    ),
    "two updates go as one": lambda _, __, after: (
        after.state.sent_update is not None and len(after.state.sent_update.carries) > 1
    ),
    "two updates are acknowledged by one confirmation": lambda _, __, after: (
        hears(after, m.UpdateConfirmed) and sends(after, m.UpdateApplied) > 1
    ),
    "a merged update is split after its refusal": lambda before, _, after: (
        hears(after, m.Refused) and any(w.alone for w in after.state.updates) and before.state.sent_update is not None
    ),
    "of two merged updates one is refused and one applied": lambda before, _, after: (
        hears(after, m.UpdateConfirmed)
        and before.state.sent_update is not None
        and any(one.alone for one in before.state.sent_update.carries[:1])
    ),
    "an update is refused": lambda _, __, after: warned(after, m.Cause.UPDATE_REFUSED),
    "an update is confirmed that nobody sent": lambda before, _, after: (
        hears(after, m.UpdateConfirmed) and before.state.sent_update is None
    ),
    "the gate is crossed while updating": lambda _, __, after: after.state.gate is Gate.UPDATING_CROSSED,
    "the gate is crossed while starting": lambda _, __, after: after.state.gate is Gate.STARTING_CROSSED,
    "the gate is blocked": lambda _, __, after: after.state.gate is Gate.BLOCKED,
    "a refused send is tried again": lambda before, _, after: (
        after.heard == m.DeadlinePassed(m.Deadline.RETRY)
        and before.state.gate is Gate.BLOCKED
        and sends(after, m.StartResponse) + sends(after, m.SendUpdate) == 1
    ),
    "a refused create is given up after its tries": lambda _, __, after: (
        isinstance(after.heard, m.Refused) and after.heard.active_response and warned(after, m.Cause.RESPONSE_REFUSED)
    ),
    "a refused update is given up after its tries": lambda _, __, after: (
        isinstance(after.heard, m.Refused) and after.heard.active_response and warned(after, m.Cause.UPDATE_REFUSED)
    ),
    "a message of the user is refused": lambda _, __, after: warned(after, m.Cause.TEXT_REFUSED),
    "our response starts into the user's speech": lambda before, _, after: (
        isinstance(after.heard, m.ResponseStarted)
        and before.state.floor is Floor.USER
        and sends(after, m.CancelResponse) > 0
    ),
    "the user speaks into what is being heard": lambda before, _, after: (
        hears(after, m.SpeechStarted) and any(r.voice is Voice.SPEAKING for r in before.state.responses)
    ),
    "audio comes of a response that was cut off": lambda before, _, after: (
        isinstance(after.heard, m.AgentAudioChunk)
        and before.state.response(after.heard.response_id) is not None
        and not sends(after, m.AgentAudio)
    ),
    "the user's speech never ends": lambda before, _, after: (
        after.heard == m.DeadlinePassed(m.Deadline.FLOOR) and before.state.floor is Floor.USER
    ),
    "a transcript comes after the answer to it has ended": lambda before, _, after: (
        hears(after, m.UserTranscribed) and bool(before.judge.ended) and not before.judge.active
    ),
    "two calls are announced as one": lambda _, __, after: any(
        isinstance(e, m.ToolCallsRequested) and len(e.calls) > 1 for e in after.done
    ),
    "calls of a response that was cut off are closed": lambda _, __, after: (
        hears(after, m.ResponseEnded) and sends(after, m.AddToolOutput) > 0 and not sends(after, m.ToolCallsRequested)
    ),
    "a tool result comes while the user speaks": lambda before, _, after: (
        hears(after, m.ToolResult) and before.state.floor is Floor.USER and sends(after, m.AddToolOutput) > 0
    ),
    "a tool result comes that nobody waits for": lambda _, __, after: warned(after, m.Cause.UNKNOWN_TOOL_RESULT),
    "a tool result comes without an id": lambda _, __, after: (
        isinstance(after.heard, m.ToolResult) and after.heard.call_id is None and sends(after, m.AddToolOutput) > 0
    ),
    "tool results do not come in time": lambda _, __, after: warned(after, m.Cause.TOOL_TIMEOUT),
    "a turn is answered although calls are open": lambda before, _, after: (
        after.heard == m.DeadlinePassed(m.Deadline.TOOL_PATIENCE) and sends(after, m.StartResponse) > 0
    ),
    "more calls come than may be open": lambda before, _, after: (
        isinstance(after.heard, m.ResponseEnded)
        and after.heard.status is m.ResponseStatus.COMPLETED
        and sends(after, m.AddToolOutput) > 0
    ),
    "more turns wait than may": lambda _, __, after: (
        hears(after, m.UserText) and warned(after, m.Cause.TOO_MANY_WAITING)
    ),
    "more updates wait than may": lambda _, __, after: (
        hears(after, m.UpdateSession) and warned(after, m.Cause.TOO_MANY_WAITING)
    ),
    "settings come twice and are refused": lambda before, _, after: (
        hears(after, m.ConfigureSession) and before.state.phase is Phase.SERVING and after.judge.over
    ),
    "settings come twice and are an update": lambda before, _, after: (
        hears(after, m.ConfigureSession)
        and before.state.phase is Phase.SERVING
        and bool(after.state.updates or after.state.sent_update)
    ),
    "settings come again while a response is active": lambda before, _, after: (
        hears(after, m.ConfigureSession) and bool(before.state.responses) and bool(after.state.updates)
    ),
    "settings come again that are in force": lambda _, __, after: (
        hears(after, m.ConfigureSession) and sends(after, m.UpdateApplied) > 0
    ),
    "settings are refused and corrected": lambda before, _, after: (
        before.state.phase is not Phase.AWAITING_SETTINGS
        and any(isinstance(e, m.Failed) for e in after.done)
        and after.state.phase is Phase.CONFIGURING
    ),
    "settings come that are only acknowledged": lambda _, __, after: sends(after, m.SettingsAcknowledged) > 0,
    "a session serves without settings": lambda before, _, after: (
        before.state.phase is Phase.AWAITING_SETTINGS and after.state.phase is Phase.SERVING
    ),
    "the first settings come into a session that serves": lambda before, _, after: (
        hears(after, m.ConfigureSession) and before.state.settings is None and after.state.phase is Phase.SERVING
    ),
    "speech is answered by a response of the upstream's own": lambda before, _, after: (
        foreign_start(after) and bool(before.state.expected) and not after.state.expected
    ),
    "speech is asked for that the upstream did not answer": lambda before, _, after: (
        after.heard == m.DeadlinePassed(m.Deadline.OWN_START) and sends(after, m.StartResponse) > 0
    ),
    "speech that is owed already is answered by the upstream after all": lambda before, _, after: (
        foreign_start(after) and any(due.kind is DueKind.SPEECH for due in before.state.due) and not after.state.due
    ),
    "text waits for an answer of the upstream's own": lambda before, _, after: (
        hears(after, m.UserText) and bool(before.state.expected)
    ),
    "a written turn is answered when it is confirmed": lambda before, _, after: (
        hears(after, m.ItemConfirmed) and bool(before.state.placing) and sends(after, m.StartResponse) > 0
    ),
    "a commit is missed because of a response": lambda before, _, after: (
        after.state.manual.commit is Commit.MISSED and before.state.manual.commit is not Commit.MISSED
    ),
    "a missed commit is made": lambda before, _, after: (
        before.state.manual.commit is Commit.MISSED and sends(after, m.CommitAudio) > 0
    ),
    "a commit waits for quiet": lambda _, __, after: after.state.manual.commit is Commit.WHEN_QUIET,
    "a commit that waited for quiet is made of audio that comes": lambda before, _, after: (
        hears(after, m.UserAudio)
        and before.state.manual.commit is Commit.WHEN_QUIET
        and sends(after, m.CommitAudio) > 0
    ),
    "the client leaves what is committed": lambda _, __, after: (
        hears(after, m.ClientGone) and sends(after, m.CommitAudio) > 0
    ),
    "a response ends with its text alone": lambda before, _, after: (
        hears(after, m.AgentTextEnded) and len(after.state.responses) < len(before.state.responses)
    ),
    "the client is told of an error of the upstream": lambda _, __, after: (
        isinstance(after.heard, m.Refused) and after.heard.code == "server_error" and sends(after, m.Failed) > 0
    ),
    "something said too early is taken up": lambda before, _, after: (
        bool(before.state.early) and after.state.phase is Phase.SERVING
    ),
    "the client is not read because too much came early": lambda _, __, after: (
        hears(after, m.UserAudio) and sends(after, m.PauseClient) > 0
    ),
    "the client is read again when the session serves": lambda before, _, after: (
        before.state.phase is not Phase.SERVING and sends(after, m.ResumeClient) > 0
    ),
    "the upstream takes nothing for too long": lambda _, __, after: (
        after.heard == m.DeadlinePassed(m.Deadline.UPSTREAM_FLOW) and after.judge.over
    ),
    "an answer is finished while the client is away": lambda before, _, after: (
        before.judge.away and sends(after, m.AgentFinishedSpeaking) > 0
    ),
    "calls are announced while the client is away": lambda before, _, after: (
        before.judge.away and sends(after, m.ToolCallsRequested) > 0
    ),
    "the settings are confirmed while the client is away": lambda before, _, after: (
        before.judge.away and sends(after, m.SessionConfigured) > 0
    ),
    "another upstream session takes the place of one while the client is away": lambda before, _, after: (
        before.judge.away and before.state.phase is Phase.RENEWING and after.state.phase is Phase.SERVING
    ),
    "the client comes back while the conversation is restored": lambda before, _, after: (
        hears(after, m.ClientBack) and before.judge.away and before.state.phase is Phase.RENEWING
    ),
    "the client comes back into an answer": lambda before, _, after: (
        hears(after, m.ClientBack) and before.judge.away and bool(before.state.responses)
    ),
    "the client comes back while it may not be read": lambda before, _, after: (
        hears(after, m.ClientBack) and before.judge.away and sends(after, m.PauseClient) > 0
    ),
    "the client moves over to another connection": lambda before, _, after: (
        hears(after, m.ClientBack) and not before.judge.away
    ),
    "more is to be told than is kept for a client that is away": lambda before, _, after: (
        hears(after, m.ClientStalled) and before.judge.away
    ),
    "the client leaves before its settings": left_in(Phase.AWAITING_SETTINGS),
    "the client leaves before the upstream is ready": left_in(Phase.CONNECTING),
    "the client leaves before the settings are confirmed": left_in(Phase.CONFIGURING),
    "the client leaves in mid-session": left_in(Phase.SERVING),
    "the upstream closes before the settings": closed_in(Phase.AWAITING_SETTINGS),
    "the upstream closes before it is ready": closed_in(Phase.CONNECTING),
    "the upstream closes before the settings are confirmed": closed_in(Phase.CONFIGURING),
    "the upstream closes when idle": closed_while(Gate.OPEN),
    "the upstream closes while an update is outstanding": closed_while(Gate.UPDATING),
    "the upstream closes while a create is outstanding": closed_while(Gate.STARTING),
    "the upstream closes while a response is active": closed_while(Gate.RESPONDING),
    "the upstream closes while crossed": closed_while(Gate.STARTING_CROSSED),
    "an answer that was heard is cut off with its upstream": lambda _, __, after: warned(after, m.Cause.ANSWER_CUT),
    "a turn is owed again whose response was lost before it was heard": lambda before, _, after: (
        hears(after, m.UpstreamLost)
        and any(response.due for response in before.state.responses)
        and len(after.state.due) > len(before.state.due)
    ),
    "a turn is owed again whose request was lost": lambda before, _, after: (
        hears(after, m.UpstreamLost) and before.state.sent_create is not None and bool(after.state.due)
    ),
    "an update is sent again whose answer was lost": lambda before, _, after: (
        before.state.phase is Phase.SERVING
        and after.state.phase is Phase.RENEWING
        and before.state.sent_update is not None
        and bool(after.state.updates)
    ),
    "the user speaks while the upstream is lost": lambda before, _, after: (
        hears(after, m.UpstreamLost) and before.state.floor is Floor.USER and not after.judge.over
    ),
    "tool calls are open while the upstream is lost": lambda before, _, after: (
        hears(after, m.UpstreamLost) and bool(before.state.calls) and not after.judge.over
    ),
    "a spoken turn is sent again as sound": lambda _, __, after: (
        any(isinstance(e, m.AppendAudio) for e in after.done) and m.Note("upstream.renewed") in after.done
    ),
    "the client sends while the upstream is replaced": lambda before, _, after: (
        before.state.phase is Phase.RENEWING and len(after.state.early) > len(before.state.early)
    ),
    "the client hears the agent while the upstream is replaced": lambda before, _, after: (
        before.state.phase is Phase.RENEWING and hears(after, m.SpeechPlayed) and bool(before.state.playing)
    ),
    "speech is cut that another upstream session made": lambda before, _, after: (
        hears(after, m.SpeechCut) and any(before.state.copies) and before.state.phase is Phase.SERVING
    ),
    "an entry of the conversation is refused when it is restored": lambda _, __, after: (
        m.Note("upstream.item_refused") in after.done
    ),
    "the upstream is lost while it is restored": lambda before, _, after: (
        hears(after, m.UpstreamLost) and before.state.phase is Phase.RENEWING
    ),
    "too many upstream sessions are lost": lambda before, _, after: (
        hears(after, m.UpstreamLost) and bool(before.state.losses) and after.judge.over
    ),
    "the session moves before a limit": lambda before, _, after: (
        m.Note("upstream.moved") in after.done and not hears(after, m.UpstreamLost)
    ),
    "the upstream is lost while another stands ready": lambda before, _, after: (
        hears(after, m.UpstreamLost) and before.state.next is Next.READY
    ),
    "the upstream is lost while another is dialled": lambda before, _, after: (
        hears(after, m.UpstreamLost) and before.state.next is Next.DIALLING
    ),
    "an upstream that cannot be had in mid-call is waited for": lambda _, __, after: (
        after.state.upstream is Upstream.AWAITED
    ),
    "an upstream that was waited for is had": lambda before, _, after: (
        before.state.upstream is Upstream.AWAITED and m.DialUpstream() in after.done
    ),
    "another upstream session cannot be had": lambda _, __, after: hears(after, m.NextLost),
    "a late voice waits for another upstream session": lambda _, __, after: bool(after.state.parked),
    "a late voice is applied by another upstream session": lambda before, _, after: (
        before.state.policy.late_voice is LateVoice.RENEWS
        and before.state.sent_update is not None
        and any(one.late is Late.YES for one in before.state.sent_update.carries)
        and sends(after, m.UpdateApplied) > 0
    ),
    **{f"the wait for {deadline.value} ends": overdue(deadline) for deadline in m.Deadline},
}
