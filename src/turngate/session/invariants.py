"""
The promises of a session, as a judge that looks on.

Responsible for deciding, from messages and effects alone, whether a promise was broken. It shares no code with the
rules and never looks at their state, so that a fault in one is not a fault in the other. The exhaustive model, the
property tests and the coordinator's debug mode all end in this judge.

Must not know: :class:`turngate.session.state.State`.

What is judged is what the proxy could know. An upstream that makes a response of its own at the worst moment may refuse
what was rightly sent; that is no broken promise. Losing the turn for it is.
"""

from collections.abc import Iterable
from itertools import takewhile
from typing import Final, TypeVar

from attrs import frozen

from turngate.evolving import evolve
from turngate.session import messages as m
from turngate.session.requested import PromiseBrokenError, Requested, Stage, require, settled
from turngate.session.witness import GREETING, Sent, Witness

K = TypeVar("K")

SERVICE: Final = (
    m.UpdateApplied
    | m.UpdateNotApplied
    | m.ConversationLine
    | m.LineRecorded
    | m.CallsRecorded
    | m.UserSpeaking
    | m.UserStopped
    | m.UserHeard
    | m.SettingsAcknowledged
    | m.AgentThinking
    | m.AgentSpeaking
    | m.AgentAudio
    | m.AgentFinishedSpeaking
    | m.ToolCallsRequested
    | m.FunctionAnswered
    | m.ToolCallsCancelled
    | m.LineRefused
)
"""What a client is told in a session that serves, and never before."""
MIN_COMMIT_MS, FIRST_COMMIT_MS = 100, 1000
"""The least audio of a commit, and of the first one."""
ENDS_OF_OUTPUT: Final = (
    m.ResponseEnded,
    m.AgentAudioSegmentEnded,
    m.AgentTextEnded,
    m.UpdateConfirmed,
    m.ItemConfirmed,
    m.UpstreamLost,
    m.DeadlinePassed,
)
"""What may end the agent's output: confirmations are followed by a greeting in writing."""
LOSSES: Final = m.UpstreamLost | m.DeadlinePassed
"""What may end an upstream session."""
RENEWED: Final = m.Note("upstream.renewed")
"""Says that a session serves again."""
SERVES_NOW: Final = m.UpdateConfirmed | m.ItemConfirmed | m.Refused | m.Recalled | m.DeadlinePassed
"""What may be the last thing that a session waited for before it served."""
BOUNDS_OF_RENEWAL: Final = frozenset(
    {
        m.Deadline.UPSTREAM_READY,
        m.Deadline.NEXT_TRY,
        m.Deadline.UPDATE_ANSWER,
        m.Deadline.UPDATE_SILENCE,
        m.Deadline.ITEMS_ANSWER,
        m.Deadline.RETRY,
        m.Deadline.RESPONSE_SILENCE,
        m.Deadline.CANCEL_ANSWER,
    }
)
"""What a session waits for that does not serve again yet."""
DYNAMIC: Final = "line"
"""Stands for a line that is to be the agent's own."""
WAITS: Final = {
    Sent.UPDATE: frozenset({m.Deadline.UPDATE_ANSWER, m.Deadline.UPDATE_SILENCE}),
    Sent.CREATE: frozenset({m.Deadline.CREATE_ANSWER}),
}


@frozen
class Judge(Witness):
    """An onlooker who says no."""

    def see(self, message: m.Message | None, effects: Iterable[m.Effect]) -> "Judge":
        """
        The judge after one step; ``None`` stands for the beginning of the session.

        Raises:
            PromiseBrokenError: a promise was broken.
        """
        effects = tuple(effects)
        message = self.meant(message)
        require(not (self.over and effects), "A3", "something was done after the end")
        judge = self.hear(message) if message is not None else self
        welcomes = sum(isinstance(effect, m.SessionOpened) for effect in effects)
        returned = isinstance(message, m.ClientBack) and not self.over
        require(not returned or welcomes == 1, "P1", "a client that is back has not one welcome")
        for effect in effects:
            judge = judge.watch(message, effect)
        if isinstance(message, m.UpstreamLost) and not self.over:
            awaited = self.renewing and m.Arm(m.Deadline.NEXT_TRY) in effects
            replaced = awaited or any(isinstance(effect, m.DialUpstream | m.MoveOver) for effect in effects)
            require(judge.over or replaced, "C1", "the upstream is gone, and the session goes on without")
        judge.check(message)
        return evolve(judge, refused=frozenset()) if judge.refused else judge

    # --- what was done ----------------------------------------------------------------------------------------------

    def watch(self, message: m.Message | None, effect: m.Effect) -> "Judge":
        """Whether one effect may be, after all that was."""
        require(self.opened or isinstance(effect, m.SessionOpened), "A3", "the first word is not the welcome")
        require(not self.over, "A3", "something was done after the end")
        require(
            self.configured or not isinstance(effect, SERVICE), "A1", "service before the settings were acknowledged"
        )
        asks = isinstance(effect, m.SendUpdate | m.StartResponse)
        require(self.used_up is None or not asks, "C3", "the upstream was asked for more than may be used")
        match effect:
            case m.SessionOpened():
                require(not self.opened or isinstance(message, m.ClientBack), "A3", "a second welcome")
                return evolve(self, opened=True)
            case m.SendUpdate(event_id, config):
                require(self.is_idle, "G1", f"session.update while {self.busy}")
                restores = not self.renewing or self.confirmed in (None, config)
                require(restores, "R1", "another upstream session is configured otherwise than the one before")
                # what came before the session serves waits for that
                heard = config if self.configured and not self.renewing else None
                carried = tuple(u.carried_by(heard) for u in self.updates)
                return evolve(self, outstanding=(Sent.UPDATE, event_id), proposed=config, updates=carried)
            case m.StartResponse(event_id, say):
                require(self.is_idle, "G1", f"response.create while {self.busy}")
                require(not self.user_speaks, "F2", "response.create while the user speaks")
                require(not self.renewing, "R1", "response.create before the conversation was restored")
                asked = self.owed | self.withdrawn if say is None else frozenset[str]()
                asked |= {DYNAMIC} if say is None and None in self.lines else frozenset()
                wanted = say or asked or isinstance(message, m.ClientGone)
                require(bool(wanted), "I4", "a response was asked for that nothing waits for")
                lines = without(self.lines, say) if say in self.lines else self.lines
                lines = tuple(line for line in lines if line is not None) if say is None else lines
                return evolve(
                    self,
                    outstanding=(Sent.CREATE, event_id),
                    asked=asked,
                    owed=self.owed - asked,
                    lines=lines,
                    # what stands behind a line is not asked for yet
                    withdrawn=(asked if lines else frozenset()) if say is None else self.withdrawn,
                )
            case m.TruncateItem(_, item_id, audio_end_ms):
                require(self.capabilities.truncates, "D4", "an upstream was asked to cut that cannot")
                part = self.part_of(item_id)
                require(part is not None, "D4", "what was not cut off was taken out of the conversation")
                heard_ms = part.heard_ms if part is not None else 0
                require(0 < audio_end_ms == heard_ms, "D4", "not what was heard was left in the conversation")
                return self.trim(item_id)
            case m.DeleteItem(_, item_id):
                part = self.part_of(item_id)
                if not self.capabilities.truncates and part is not None:
                    # of less than a word no word was heard
                    return self.trim(item_id)
                unheard = part.heard_ms == 0 if part is not None else item_id not in {item for item, _ in self.told}
                require(unheard or item_id in self.replaced, "D4", "what was heard was taken out of the conversation")
                return self.trim(item_id)
            case m.LineRefused(_, text):
                # one that came before the session served, or served again, is looked at when it does
                due = isinstance(message, m.AgentLine | SERVES_NOW)
                require(due and text in self.lines, "I3", "a line was refused that was not asked for, or too late")
                return evolve(self, lines=without(self.lines, text))
            case m.AddLine(_, item_id, m.Role.ASSISTANT, after=str(after)):
                return evolve(self, replaced=self.replaced | {after})
            case m.DialUpstream() | m.MoveOver():
                judge = self.upstream_gone() if self.dialled else self
                return evolve(judge, dialled=True)
            case m.Recall():
                return evolve(self, recalls=True)
            case m.DialNext():
                return evolve(self, awaits_next=True)
            case m.Note() if effect == RENEWED:
                require(self.renewing and not self.seeds, "R1", "served before the conversation was restored")
                require(self.outstanding is None, "R1", "served before the settings were restored")
                return evolve(self, renewing=False)
            case m.AppendAudio(pcm):
                require(self.configured, "A1", "audio of the user before the session served")
                require(not self.renewing, "R1", "audio of the user before the conversation was restored")
                return evolve(self, appended_bytes=min(self.appended_bytes + len(pcm), self.size(FIRST_COMMIT_MS)))
            case m.CommitAudio(event_id):
                return self.watch_commit(message, event_id)
            case m.SettingsAcknowledged():
                require(not self.is_idle, "A2", "settings were not applied, and nothing was in the way")
                return evolve(self, updates=self.without_newest(m.UpdateKind.SETTINGS))
            case m.ConversationLine(m.Role.ASSISTANT) if isinstance(message, m.UpdateConfirmed | m.ItemConfirmed):
                return evolve(self, written=self.written | {GREETING})
            case m.CancelResponse(_, response_id):
                require(response_id not in self.cancelled, "G5", "a response was cancelled twice")
                sources = {source for other, source in self.answering if other == response_id}
                return evolve(self, cancelled=self.cancelled | {response_id}, withdrawn=self.withdrawn | sources)
            case m.AddLine(_, item_id) | m.AddCall(_, item_id) | m.AddToolOutput(_, item_id) if self.is_prelude:
                return evolve(self, seeds=self.seeds | {item_id})
            case m.AddLine(_, item_id, m.Role.USER, text):
                require(text in self.texts, "I1", "a message of the user was added that was not sent, or twice")
                return evolve(self, texts=without(self.texts, text), owed=self.owed | {item_id})
            case m.AddToolOutput(_, _, call_id):
                require(call_id not in self.answered, "F1", "a tool call was answered twice")
                return self.call_answered(call_id)
            case m.ToolCallsRequested(calls):
                ids = frozenset(call.call_id for call in calls)
                require(not ids & self.announced, "F1", "a tool call was announced twice")
                last = isinstance(message, m.AgentTextEnded) and message.kind is m.TextKind.LAST
                ends = last or isinstance(message, m.ResponseEnded) or self.ends_untold(message)
                require(ends, "F1", "tool calls announced before their response ended")
                source = message.response_id if isinstance(message, m.ResponseEnded) else ""
                opened = frozenset((source, call_id) for call_id in ids)
                return evolve(self, announced=self.announced | ids, open_calls=self.open_calls | opened)
            case m.SessionConfigured():
                require(not self.configured, "A1", "the settings were acknowledged twice")
                require(self.confirmed is not None, "A1", "settings acknowledged that the upstream has not confirmed")
                require(not self.seeds, "A1", "settings acknowledged before the earlier conversation was in place")
                return evolve(self, configured=True)
            case m.UpdateApplied(kind):
                return evolve(self, updates=settled(self.in_force(), kind, Stage.CONFIRMED))
            case m.UpdateNotApplied(kind, m.Problem(m.Cause.TOO_MANY_WAITING)):
                return evolve(self, updates=self.without_newest(kind))
            case m.UpdateNotApplied(kind):
                # the answer to one of which a part was refused comes when the rest is confirmed
                confirmed = isinstance(message, m.UpdateConfirmed) and not self.waits_for(kind)
                return evolve(
                    self, updates=settled(self.updates, kind, Stage.CONFIRMED if confirmed else Stage.REQUESTED)
                )
            case m.Failed(m.Problem(m.Cause.SETTINGS_REFUSED)):
                return self.settings_refused()
            case m.Warned(problem):
                return self.watch_warning(message, problem)
            case m.UserSpeaking():
                return evolve(self, stale=self.stale | self.active)
            case m.AgentAudio(item_id=item_id):
                return self.watch_audio(message, item_id)
            case m.AgentFinishedSpeaking():
                ends = isinstance(message, ENDS_OF_OUTPUT) and getattr(message, "kind", None) is not m.TextKind.SPOKEN
                untold = self.ends_untold(message) or self.supersedes(message)
                require(ends or untold, "D3", "an end of what the agent says with nothing that ends it")
                put_out = self.spoken | self.written
                left = sorted((put_out - self.finished) & self.ended) if untold else []
                cut_off = sorted(self.active & put_out - self.finished) if isinstance(message, LOSSES) else []
                source = (left or cut_off or [getattr(message, "response_id", GREETING)])[0]
                require(source in put_out - self.finished, "D3", "an end of what the agent says without its beginning")
                return evolve(self, finished=self.finished | {source})
            case m.Arm(deadline):
                return evolve(self, armed=self.armed | {deadline})
            case m.Disarm(deadline):
                return evolve(self, armed=self.armed - {deadline})
            case m.EndSession(ending):
                told = isinstance(message, m.Shutdown) or not self.serves
                cut = not self.is_idle or self.owed or self.user_speaks or self.open_calls
                require(ending is not m.Ending.GOING_AWAY or told or not cut, "C2", "a turn was cut off by a drain")
                return evolve(self, over=True)
            case _:
                return self

    def part_of(self, item_id: str) -> m.Heard | None:
        """How much of an item was heard, where it was cut off."""
        return next((part for part in self.cut if part.item_id == item_id), None)

    def trim(self, item_id: str) -> "Judge":
        """Something of an item was taken out of the conversation, which happens once, and when no more of it comes."""
        require(item_id not in self.trimmed, "D4", "an item was taken out of the conversation twice")
        unfinished = {item for item, response_id in self.told if response_id in self.active}
        require(item_id not in unfinished, "D4", "an item was taken out before its response had ended")
        cut = frozenset(part for part in self.cut if part.item_id != item_id)
        return evolve(self, cut=cut, trimmed=self.trimmed | {item_id})

    def size(self, duration_ms: int) -> int:
        """How many bytes of the user's audio take so long."""
        return duration_ms * self.capabilities.input_rate_hz * 2 // 1000

    def watch_commit(self, message: m.Message | None, event_id: str) -> "Judge":
        """
        The user's audio is committed where the upstream finds no turns in it, and then only what it takes.

        Where the upstream does find them, only the client can end one that has begun.
        """
        if self.confirmed is None or not isinstance(self.confirmed.turn_end, m.ByPause):
            asked = isinstance(message, m.EndTurn) or self.end_asked
            require(asked and self.user_speaks, "M1", "audio was committed in which the upstream finds the turns")
            return evolve(self, end_asked=False, committing=event_id)
        busy = bool(self.active) or (self.outstanding is not None and self.outstanding[0] is Sent.CREATE)
        require(not busy, "M1", f"audio was committed while {self.busy if busy else ''}")
        least = self.size(MIN_COMMIT_MS if self.has_committed else FIRST_COMMIT_MS)
        require(self.appended_bytes >= least, "M1", "less audio was committed than the upstream takes")
        return evolve(self, appended_bytes=0, has_committed=True, committing=event_id)

    def settings_refused(self) -> "Judge":
        """The settings that came next, if there are any, become the first."""
        for update in self.updates:
            if update.kind is m.UpdateKind.SETTINGS:
                return evolve(self, updates=tuple(u for u in self.updates if u is not update))
        return evolve(self, settled_once=False)

    def waits_for(self, kind: m.UpdateKind) -> bool:
        """Whether an update of a kind is asked for and nowhere yet."""
        return any(u.kind is kind and u.stage is Stage.REQUESTED for u in self.updates)

    def without_newest(self, kind: m.UpdateKind) -> tuple[Requested, ...]:
        """The updates, with the newest of a kind settled: it is the one that found no room."""
        # of many that waited for the session to serve, the first that is sent seems to carry all
        stage = Stage.REQUESTED if self.waits_for(kind) else Stage.CARRIED
        return settled(self.updates[::-1], kind, stage)[::-1]

    def in_force(self) -> tuple[Requested, ...]:
        """The updates, with those confirmed that ask for what is in force while nothing is under way to change it."""
        if self.outstanding is not None and self.outstanding[0] is Sent.UPDATE:
            return self.updates
        return tuple(
            evolve(u, stage=Stage.CONFIRMED)
            if u.stage is Stage.REQUESTED and u.config is not None and u.config == self.confirmed
            else u
            for u in self.updates
        )

    def watch_warning(self, message: m.Message | None, problem: m.Problem) -> "Judge":
        """A warning settles what it is about."""
        match problem.cause:
            case m.Cause.TOO_MANY_WAITING if not (isinstance(message, m.ResponseEnded) or self.ends_untold(message)):
                require(bool(self.texts), "I1", "a message of the user was refused that was not sent")
                return evolve(self, texts=self.texts[:-1])
            case m.Cause.RESPONSE_REFUSED:
                return evolve(self, owed=self.owed - self.refused)
            case m.Cause.TEXT_REFUSED if isinstance(message, m.Refused) and message.event_id is not None:
                return evolve(self, owed=self.owed - {message.event_id})
            case _:
                return self

    def watch_audio(self, message: m.Message | None, item_id: str) -> "Judge":
        """Audio comes from an active response that the user has not spoken into."""
        if not isinstance(message, m.AgentAudioChunk):
            raise PromiseBrokenError("D1: audio that did not come from the upstream")
        require(message.response_id in self.active, "D1", "audio of a response that is not active")
        require(message.response_id not in self.stale, "D2", "audio of a response that the user spoke into")
        # a piece that names no item is of one that was told before, or of none that anybody could name
        ours = (message.item_id or item_id, message.response_id)
        require(ours in self.told or ours[0] == message.item_id, "D1", "audio was told as that of another item")
        told = self.told | {ours}
        return evolve(self, spoken=self.spoken | {message.response_id}, told=told)

    def call_answered(self, call_id: str) -> "Judge":
        """One call is closed; the last of its response makes an answer due."""
        rest = frozenset(pair for pair in self.open_calls if pair[1] != call_id)
        closed = {source for source, other in self.open_calls if other == call_id}
        due = {source for source in closed if all(other != source for other, _ in rest)}
        return evolve(self, answered=self.answered | {call_id}, open_calls=rest, owed=self.owed | due)

    # --- what must hold after each step -----------------------------------------------------------------------------

    def check(self, message: m.Message | None) -> None:
        """What must hold between steps."""
        if self.over:
            require(not (self.away and isinstance(message, m.ClientIdle)), "P1", "who is away was taken for idle")
            return
        left = isinstance(message, m.ClientGone) and message.loss is m.Loss.LEFT
        late = message == m.DeadlinePassed(m.Deadline.CLIENT_RETURN)
        gone = left or late or isinstance(message, m.Shutdown | m.Dismissed | m.ClientStalled)
        require(not gone, "C1", "a leg is gone and the session goes on")
        lasts = self.used_up is None or (bool(self.active) and not self.used_up.cuts)
        require(lasts, "C3", "what may be used is used up and the session goes on")
        require(self.away == (m.Deadline.CLIENT_RETURN in self.armed), "C1", "the wait for a client has no end")
        for kind, deadlines in WAITS.items():
            waits = self.outstanding is not None and self.outstanding[0] is kind
            require(
                waits == bool(deadlines & self.armed), "W1", f"the wait for an answer to {kind.value} has no deadline"
            )
        committing = m.Deadline.COMMIT_ANSWER in self.armed
        require(committing == bool(self.committing), "W1", "a commit has no deadline, or none has one")
        bounded = bool(self.armed & {m.Deadline.RESPONSE_SILENCE, m.Deadline.CANCEL_ANSWER})
        require(bounded == bool(self.active), "W1", "an active response has no deadline, or none has one")
        require(bool(self.open_calls) == (m.Deadline.TOOL_RESULTS in self.armed), "W1", "tool calls have no deadline")
        bounded = self.recalls or bool(self.armed & BOUNDS_OF_RENEWAL)
        require(bounded or not self.renewing, "W1", "the restoring of a session has no deadline")
        if self.configured and not self.renewing and self.is_idle and m.Deadline.RETRY not in self.armed:
            require(not self.held_up(), "L3", "an update waits at an open gate")
            expected = {m.Deadline.OWN_START, m.Deadline.PLACING} & self.armed
            unwritten = self.texts and not self.user_speaks and not self.open_calls and not expected
            require(not unwritten, "L3", "a message of the user waits at an open gate")
            unsaid = self.lines and not self.user_speaks and not self.open_calls and not expected
            require(not unsaid, "L3", "a line of the agent waits at an open gate")
            starved = self.owed and not self.user_speaks and not self.open_calls and not expected
            require(not starved, "L3", "an answer is owed and not asked for")
            has_end = m.Deadline.TURN in self.armed
            require(has_end or not self.awaits_answer, "W1", "a turn of the user has no deadline")

    def held_up(self) -> list[Requested]:
        """The updates that wait, but for those that wait for another upstream session, or behind one that does."""
        waiting = [u for u in self.updates if u.stage is Stage.REQUESTED]
        if not (self.late and self.awaits_next):
            return waiting
        before = takewhile(lambda u: u.kind is not m.UpdateKind.SETTINGS, waiting)
        return [u for u in before if u.kind is not m.UpdateKind.SPEAK]

    def check_quiet(self) -> None:
        """What must hold when nothing more can happen."""
        if self.over:
            return
        require(not self.leaves, "C2", "all is quiet, and the session that is to end goes on")
        require(self.is_idle, "L1", f"all is quiet while {self.busy}")
        require(not self.renewing, "L1", "all is quiet before the session was restored")
        require(not self.owed, "I2", "a turn was never answered")
        require(not (self.configured and self.texts), "I1", "a message of the user was lost")
        require(not (self.configured and self.lines), "I3", "a line of the agent was lost")
        require(not self.cut or not self.capabilities.truncates, "D4", "what was not heard stands in the conversation")
        unsettled = [u for u in self.updates if u.stage is not Stage.SETTLED]
        require(not (self.configured and unsettled), "A2", "an update was never answered")


def without(texts: tuple[K, ...], text: K) -> tuple[K, ...]:
    """The texts, but for the first that is this one."""
    at = texts.index(text)
    return texts[:at] + texts[at + 1 :]
