"""
The guardian of a session: it makes the three actors, and sees to it that they end together, once.

Responsible for the beginning and the end: one of the three ends, all end; both connections are closed with a code that
says why; nothing is restarted in place. Half a session is worse than none, and the client's reconnect is the restart.

Must not know: what a session says or decides.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from attrs import field, frozen

from turngate.actors import Actor, Context, Ended, Mailbox, Ref
from turngate.protocols import deepgram
from turngate.protocols.realtime import Translation
from turngate.proxy.budget import Budget, Holding
from turngate.proxy.client import KEPT, ClientActor, ClientLegMessage, Habits
from turngate.proxy.coordinator import Coordinator, SessionOver
from turngate.proxy.functions import FunctionsActor
from turngate.proxy.legs import ClientLost, CloseLeg, Leg, LegDown, LegEvents, Returned
from turngate.proxy.log import EventLog
from turngate.proxy.meters import Meters
from turngate.proxy.outbox import NOTHING
from turngate.proxy.ports import Face, IConnection, IDialler, IFunctionCaller
from turngate.proxy.resume import name_of, refuse
from turngate.proxy.upstream import UpstreamActor, UpstreamLegMessage
from turngate.session.account import Account
from turngate.session.capabilities import OPENAI, Capabilities
from turngate.session.invariants import Judge
from turngate.session.messages import (
    Cap,
    Cause,
    ClientGone,
    Dismissed,
    Drain,
    Ending,
    Failed,
    Loss,
    Message,
    Problem,
    Shutdown,
    UsedUp,
)
from turngate.session.policy import Absence, Bounds, Policy, Waits
from turngate.session.prices import PriceList
from turngate.session.state import State

CLOSE_WITHIN_S: Final = 5.0
"""How long the two connections may take to close in an orderly way."""

MAILBOX: Final = Mailbox(max_messages=4096)
"""Mail is delivered in the reactor turn that brings it, so that this much means a turn that cannot keep up."""

CRASHED: Final = Problem(Cause.INTERNAL, "The proxy failed in this session, which ends here; connect again.")


DEEPGRAM_PATH: Final = "/v1/agent/converse"


@frozen
class Profile:
    """A client's protocol: how it is spoken, and where its rules differ."""

    face: Callable[[], Face] = deepgram.Face
    """Makes the protocol for one session."""
    policy: Policy = field(factory=Policy)


@frozen
class Setup:
    """What every session is given."""

    dialler: IDialler
    wire: Translation
    log: EventLog
    profiles: Mapping[str, Profile] = MappingProxyType({DEEPGRAM_PATH: Profile()})
    """By the path at which a client connects."""
    functions: IFunctionCaller | None = None
    """Calls functions for clients; ``None`` calls none."""
    habits: Habits = field(factory=Habits)
    waits: Waits = field(factory=Waits)
    bounds: Bounds = field(factory=Bounds)
    capabilities: Capabilities = OPENAI
    """What the upstream does otherwise than the API."""
    budget: Budget | None = None
    """What all sessions may hold together; ``None`` leaves it at what each may."""
    meters: Meters | None = None
    """What sessions use; ``None`` leaves it uncounted."""
    prices: PriceList = field(factory=PriceList)
    judged: bool = False
    """Whether each session's promises are checked as it runs; a broken one ends the session."""


@frozen
class LeaveSoon:
    """The proxy will shut down: end at the next quiet moment."""


@frozen
class Dismiss:
    """The operator ends this session."""


@frozen
class CapMet:
    """The session has used up what it may."""

    cap: Cap


@frozen
class EndNow:
    """The proxy is shutting down, or has no room for this session."""


@frozen
class ChildEnded:
    """One of the three actors has ended before the session was over."""

    leg: Leg | None
    """The leg whose actor it was; ``None`` for the coordinator and for the functions' actor."""
    ended: Ended


@frozen
class Overdue:
    """The connections did not close in time."""


GuardianMessage: TypeAlias = (
    SessionOver | LegDown | ClientLost | Returned | LeaveSoon | Dismiss | CapMet | EndNow | ChildEnded | Overdue
)


@frozen
class Standing:
    """A session for those who look on: they read it, and write nothing."""

    account: Account
    started_s: float
    peer: str
    client: str = ""
    """The name of the key that it showed."""


class Registry(Protocol):
    """Knows which sessions are open."""

    def enter(self, session_id: str, guardian: Ref[GuardianMessage], standing: Standing, client: str = "") -> None:
        """A session begins."""

    def leave(self, session_id: str) -> None:
        """A session has ended."""

    def away(self, session_id: str) -> bool:
        """The client of a session was cut off; whether it can come back."""

    def back(self, session_id: str) -> None:
        """The client of a session has come back."""


class Life(Enum):
    """Whether the session is still on."""

    ON = "on"
    ENDING = "ending"


class SessionActor(Actor[GuardianMessage]):
    """One session, from the client's connection to the end of both."""

    def __init__(
        self,
        setup: Setup,
        profile: Profile,
        session_id: str,
        trace: str,
        connection: IConnection,
        events: LegEvents,
        registry: Registry,
        client: str = "",
        parent: str = "",
    ) -> None:
        self._setup = setup
        self._profile = profile
        self._session_id = session_id
        self._connection = connection
        self._events = events
        self._registry = registry
        self._client_name = client
        self._parent = parent
        self._log = setup.log.bound(session=name_of(session_id), client=client, trace=trace)
        self._life = Life.ON
        self._up = {Leg.CLIENT, Leg.UPSTREAM}
        self._over = SessionOver(Ending.INTERNAL, "stopped")
        self._started_s = 0.0
        self._account = Account(setup.prices)
        self._coordinator: Ref[Message]
        self._client: Ref[ClientLegMessage]
        self._upstream: Ref[UpstreamLegMessage]

    def on_start(self, context: Context[GuardianMessage]) -> None:
        """Make the three, then wire them: children start in turns of their own."""
        setup, me = self._setup, context.self_ref
        self._started_s = context.seconds()
        standing = Standing(self._account, self._started_s, self._connection.peer, self._client_name)
        self._registry.enter(self._session_id, me, standing, self._client_name)
        self._log.info("session.started", peer=self._connection.peer, traceparent=self._parent)
        state = State(
            self._session_id, policy=self._profile.policy, bounds=setup.bounds, capabilities=setup.capabilities
        )
        judge = Judge(setup.capabilities) if setup.judged else None
        meters, name = setup.meters, name_of(self._session_id)
        spent = (lambda usage: meters.answered(name, usage)) if meters is not None else None
        coordinator = Coordinator(state, setup.waits, me, self._log, judge, self._account, spent)
        self._coordinator = context.spawn(coordinator, "coordinator", mailbox=MAILBOX)
        face = self._profile.face()
        rate_hz = setup.capabilities.input_rate_hz
        keep = KEPT if self._profile.policy.absence is Absence.LASTS else NOTHING
        client = ClientActor(self._connection, self._events, face, self._coordinator, me, setup.habits, rate_hz, keep)
        self._client = context.spawn(client, "client", mailbox=MAILBOX)
        upstream = UpstreamActor(setup.dialler, setup.wire, self._coordinator, me, self._log)
        self._upstream = context.spawn(upstream, "upstream", mailbox=MAILBOX)
        if setup.budget is not None:
            holding = Holding(
                name_of(self._session_id),
                held_bytes=lambda: client.held_bytes + coordinator.held_bytes,
                silent_s=lambda: context.seconds() - client.heard_s,
                shed=lambda: me.tell(EndNow()),
            )
            setup.budget.open(holding)
        if meters is not None:
            meters.open(name, self._client_name, self._account, lambda cap: me.tell(CapMet(cap)))
        functions = None
        if setup.functions is not None:
            caller = FunctionsActor(setup.functions, name_of(self._session_id), self._coordinator)
            functions = context.spawn(caller, "functions", mailbox=MAILBOX)
            context.watch(functions, lambda ended: ChildEnded(None, ended))
        coordinator.wire(self._client, self._upstream, functions)
        context.watch(self._coordinator, lambda ended: ChildEnded(None, ended))
        context.watch(self._client, lambda ended: ChildEnded(Leg.CLIENT, ended))
        context.watch(self._upstream, lambda ended: ChildEnded(Leg.UPSTREAM, ended))

    def receive(self, context: Context[GuardianMessage], message: GuardianMessage) -> None:
        """One word about the end."""
        match message:
            case SessionOver():
                self._end(context, message)
            case LegDown(leg):
                self._leg_down(context, leg)
            case ClientLost():
                stays = self._registry.away(self._session_id)
                self._coordinator.tell(ClientGone(Loss.LOST if stays else Loss.LEFT))
            case Returned() if self._life is Life.ENDING:
                refuse(message, self._profile.face())
            case Returned(connection):
                self._registry.back(self._session_id)
                self._log.info("session.resumed", peer=connection.peer)
                self._client.tell(message)
            case LeaveSoon():
                self._coordinator.tell(Drain())
            case Dismiss():
                self._coordinator.tell(Dismissed())
            case CapMet(cap):
                self._coordinator.tell(UsedUp(cap))
            case EndNow():
                self._coordinator.tell(Shutdown())
            case ChildEnded(leg, ended):
                self._log.error("session.crashed", actor=ended.ref.name, cause=ended.cause.error if ended.cause else "")
                if leg is not Leg.CLIENT and self._life is Life.ON:
                    self._client.tell(Failed(CRASHED))
                self._end(context, SessionOver(Ending.INTERNAL, "crashed"))
                if leg is not None:
                    self._leg_down(context, leg)
            case Overdue():
                self._log.warn("session.close_overdue", waits_for=", ".join(sorted(leg.value for leg in self._up)))
                context.stop()

    def on_stop(self, context: Context[GuardianMessage]) -> None:
        """The last line about the session."""
        if self._setup.meters is not None:
            self._setup.meters.close(name_of(self._session_id))
        try:
            self._log.info(
                "session.ended",
                ending=self._over.ending.name.lower(),
                detail=self._over.detail,
                seconds=round(context.seconds() - self._started_s, 3),
                **self._account.totals(),
            )
        finally:
            if self._setup.budget is not None:
                self._setup.budget.close(name_of(self._session_id))
            # a proxy that waits for its last session must not wait for one that is not there
            self._registry.leave(self._session_id)

    def _end(self, context: Context[GuardianMessage], over: SessionOver) -> None:
        if self._life is Life.ENDING:
            return
        self._life = Life.ENDING
        self._over = over
        context.set_timer("overdue", CLOSE_WITHIN_S, Overdue())
        if Leg.CLIENT in self._up:
            self._client.tell(CloseLeg(over.ending))
        if Leg.UPSTREAM in self._up:
            self._upstream.tell(CloseLeg(over.ending))

    def _leg_down(self, context: Context[GuardianMessage], leg: Leg) -> None:
        self._up.discard(leg)
        if not self._up:
            context.stop()
