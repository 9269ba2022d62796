"""
The session coordinator: it takes every message of a session to the rules, and carries out what they ask for.

Responsible for one thing after another: a message, a step, its effects in order. It owns the session's deadlines.

Must not know: what may follow from what. That is ``session/rules.py``, and there is no rule here.

Comes from: both legs, and its own timers. Goes to: both legs, and the guardian when the session is over.
"""

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from turngate.actors import Actor, Context, Ref
from turngate.proxy.log import EventLog
from turngate.session import messages as m
from turngate.session.account import Account
from turngate.session.invariants import Judge
from turngate.session.latency import Stopwatch
from turngate.session.memory import Memory
from turngate.session.policy import Waits
from turngate.session.rules import begin, step
from turngate.session.state import State

ClientBound: TypeAlias = m.ClientEffect | m.PauseClient | m.ResumeClient
UpstreamBound: TypeAlias = m.UpstreamEffect | m.DialUpstream | m.DialNext | m.MoveOver


@frozen
class SessionOver:
    """The rules have ended the session."""

    ending: m.Ending
    detail: str = ""


class Coordinator(Actor[m.Message]):
    """
    The middle of one session; with a judge it ends a session in which a promise was broken.

    ``spent`` is told what each answer has cost, and says what is used up by it.
    """

    def __init__(
        self,
        state: State,
        waits: Waits,
        guardian: Ref[SessionOver],
        log: EventLog,
        judge: Judge | None = None,
        account: Account | None = None,
        spent: Callable[[m.Usage], m.Cap | None] | None = None,
    ) -> None:
        self._state = state
        self._waits = waits
        self._guardian = guardian
        self._log = log
        self._judge = judge
        self._stopwatch = Stopwatch()
        self._memory = Memory(state.capabilities.input_rate_hz)
        self._account = account if account is not None else Account()
        self._spent = spent
        self._client: Ref[ClientBound]
        self._upstream: Ref[UpstreamBound]
        self._functions: Ref[m.CallFunction] | None

    def wire(
        self, client: Ref[ClientBound], upstream: Ref[UpstreamBound], functions: Ref[m.CallFunction] | None
    ) -> None:
        """Say where effects go; called once, when all actors were spawned and before any of them has run."""
        self._client = client
        self._upstream = upstream
        self._functions = functions

    @property
    def held_bytes(self) -> int:
        """What the client has sent that waits for the session to serve."""
        return self._state.early_bytes

    def on_start(self, context: Context[m.Message]) -> None:
        """The client has connected; that is the first thing in every session."""
        self._state, effects = begin(self._state)
        self._carry_out(context, None, effects, context.seconds())

    def receive(self, context: Context[m.Message], message: m.Message) -> None:
        """One message, one step; what is used up by an answer is known before that has ended."""
        if isinstance(message, m.ResponseEnded) and self._spent and self._account.awaits(message.response_id):
            cap = self._spent(message.usage)
            if cap is not None:
                self._take(context, m.UsedUp(cap))
        self._take(context, message)

    def _take(self, context: Context[m.Message], message: m.Message) -> None:
        now_s = context.seconds()
        self._stopwatch.hear(message, now_s)
        self._memory.hear(message)
        self._state, effects = step(self._state, message)
        self._carry_out(context, message, effects, now_s)

    def _carry_out(
        self, context: Context[m.Message], message: m.Message | None, effects: tuple[m.Effect, ...], now_s: float
    ) -> None:
        if self._judge is not None:
            self._judge = self._judge.see(message, effects)
        for fact in self._account.see(message, self._state, effects, now_s):
            (self._log.debug if fact.is_detail else self._log.info)(fact.event, **fact.figures)
        recalled = None
        for effect in effects:
            self._memory.watch(effect)
            match effect:
                # the two that nearly every step asks for are asked about first
                case m.AppendAudio():
                    self._upstream.tell(effect)
                case m.AgentAudio():
                    self._client.tell(effect)
                case m.AgentSpeaking():
                    filled = self._stopwatch.fill(effect, now_s)
                    self._account.spoke(filled.latency)
                    self._client.tell(filled)
                case m.Arm(deadline):
                    context.set_timer(deadline, self._waits.of(deadline), m.DeadlinePassed(deadline))
                case m.Disarm(deadline):
                    context.cancel_timer(deadline)
                case m.Note(event, detail):
                    self._log.info(event, detail=detail)
                case m.Recall():
                    recalled = self._memory.recall(effect)
                case m.CallFunction():
                    if self._functions is not None:
                        self._functions.tell(effect)
                case m.EndSession(ending, detail):
                    self._guardian.tell(SessionOver(ending, detail))
                case (
                    m.SendUpdate()
                    | m.StartResponse()
                    | m.AddLine()
                    | m.AddCall()
                    | m.AddToolOutput()
                    | m.CommitAudio()
                    | m.TruncateItem()
                    | m.DeleteItem()
                    | m.CancelResponse()
                    | m.DialUpstream()
                    | m.DialNext()
                    | m.MoveOver()
                ):
                    self._upstream.tell(effect)
                case _:
                    self._client.tell(effect)
        if recalled is not None:
            self._take(context, recalled)
