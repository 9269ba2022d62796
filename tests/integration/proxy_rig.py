"""
The whole proxy in this process's reactor, on loopback, with the simulator or any other upstream behind it.

Every session is judged as it runs, every frame that went upstream passes the official package's models, and when the
rig is taken down nothing may be left: no session, connection or actor, and no failure or dead letter that a test did
not expect.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from attrs import evolve
from twisted.internet import reactor, task
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint

from openai_judge import judge_client_event
from turngate.actors import ActorFailure, ActorSystem, DeadLetter
from turngate.assembly.doors import turns_away
from turngate.assembly.rules import why_not
from turngate.cli.line import Audio, Line, open_line
from turngate.net import (
    BearerKey,
    BreakerLimits,
    CircuitBreaker,
    ClientListener,
    FunctionCaller,
    Limits,
    Patience,
    PatientDialler,
    TrialDialler,
    UpstreamDialler,
)
from turngate.net.guard import Guard, Times
from turngate.net.quotas import Quotas
from turngate.ops.logging import Log
from turngate.protocols import component
from turngate.protocols.deepgram import Face, Maps
from turngate.protocols.realtime import Dialect, RealtimeOptions, Translation
from turngate.protocols.realtime.dialects import GA, GA_SESSION
from turngate.proxy.budget import Budget
from turngate.proxy.client import Habits
from turngate.proxy.first_word import RealtimeFirstWord
from turngate.proxy.ledger import Caps, Ledger, Terms
from turngate.proxy.log import Field
from turngate.proxy.meters import Meters
from turngate.proxy.ports import Closed
from turngate.proxy.reception import Reception
from turngate.proxy.resume import InMemoryStore, comes_back
from turngate.proxy.session import Profile, Setup
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Policy, Waits
from turngate.session.prices import PriceList
from turngate.simulator import Manner, Pace, Script, Simulator

WITHIN_S = 8.0
QUICK = Manner(pace=Pace(speed=0.0))
HASTY = Patience(tries=2, budget_s=2.0, total_s=3.0, least_pause_s=0.01, most_pause_s=0.05)
PATH = "/v1/agent/converse"
COMPONENT_PATH = "/openai"

SETTINGS: dict[str, Any] = {
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": 24000},
        "output": {"encoding": "linear16", "sample_rate": 24000},
    },
    "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": "Be brief."}},
}


def settings(**agent: Any) -> dict[str, Any]:
    """Settings with more in their ``agent``; ``think`` is merged."""
    think = {**SETTINGS["agent"]["think"], **agent.pop("think", {})}
    return {**SETTINGS, "agent": {**SETTINGS["agent"], **agent, "think": think}}


class Client:
    """A test's own client of the proxy."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.heard: list[Any] = []

    def say(self, kind: str, **fields: Any) -> None:
        self.line.say({"type": kind, **fields})

    def text(self, payload: bytes) -> None:
        """Send a text frame as it stands."""
        self.line._connection.send_text(payload)

    async def next(self, within_s: float = WITHIN_S) -> Any:
        waiting = self.line.hear()
        timer = reactor.callLater(within_s, waiting.cancel)
        try:
            heard = await waiting
        except CancelledError:
            raise AssertionError(f"heard nothing for {within_s} s, after {self.kinds}") from None
        finally:
            if timer.active():
                timer.cancel()
        self.heard.append(heard)
        return heard

    async def until(self, kind: str) -> Any:
        """Everything up to the first message of a kind, which is given."""
        while True:
            heard = await self.next()
            if isinstance(heard, dict) and heard["type"] == kind:
                return heard
            assert not isinstance(heard, Closed), f"closed with {heard} before {kind}, after {self.kinds}"

    async def until_closed(self) -> Closed:
        while True:
            heard = await self.next()
            if isinstance(heard, Closed):
                return heard

    async def begin(self, **agent: Any) -> None:
        """Send settings, and wait for their acknowledgement."""
        await self.until("Welcome")
        self.line.say(settings(**agent))
        await self.until("SettingsApplied")

    async def quiet(self, seconds: float = 0.15) -> None:
        """Nothing more is said for a while, but what is said is kept."""
        with suppress(AssertionError):
            while True:
                await self.next(seconds)

    @property
    def kinds(self) -> list[str]:
        """What was heard, by name; audio as ``audio``, several pieces as one."""
        names: list[str] = []
        for heard in self.heard:
            name = "audio" if isinstance(heard, Audio) else "closed" if isinstance(heard, Closed) else heard["type"]
            if not (name == "audio" and names[-1:] == ["audio"]):
                names.append(name)
        return names

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [heard for heard in self.heard if isinstance(heard, dict) and heard["type"] == kind]

    @property
    def audio(self) -> bytes:
        return b"".join(heard.pcm for heard in self.heard if isinstance(heard, Audio))


class Rig:
    """One running proxy."""

    def __init__(
        self,
        *,
        manner: Manner = QUICK,
        script: Script | None = None,
        upstream: str | None = None,
        waits: Waits | None = None,
        limits: Limits | None = None,
        judged: bool = True,
        key: str | None = None,
        maps: Maps | None = None,
        habits: Habits | None = None,
        functions: FunctionCaller | None = None,
        policy: Policy = DEEPGRAM,
        component: Policy = COMPONENT,
        options: RealtimeOptions | None = None,
        dialect: Dialect = GA,
        patience: Patience = HASTY,
        breaker: BreakerLimits | None = None,
        resume_s: float = 0.0,
        session_caps: Caps | None = None,
        day_caps: Caps | None = None,
        prices: PriceList | None = None,
        watch: Callable[[str, Mapping[str, Field]], None] | None = None,
    ) -> None:
        self._log = Log("debug", watch=watch)
        self.ledger = Ledger(reactor.seconds, Terms(day_caps or Caps()))
        self.meters = Meters(self.ledger, session_caps or Caps(), reactor.seconds)
        self._prices = prices or PriceList()
        self._resume_s = resume_s
        self._dialect = dialect
        self.failures: list[ActorFailure] = []
        self.dead_letters: list[DeadLetter] = []
        self.expects_failures = False
        self.expects_refusals = script is not None
        self.simulator = Simulator(
            reactor, manner=manner, script=script or Script(), record_frames=100_000, dialect=dialect
        )
        self._upstream = upstream
        self._waits = waits or Waits()
        self._limits = limits or Limits()
        self._judged = judged
        self._key = key
        self._functions = functions
        if functions is not None:
            maps = Maps(refuses=partial(why_not, functions))
        self._face = partial(Face, maps)
        self._habits = habits or Habits()
        self._policy = policy
        self._component = component
        self._options = options
        self._patience = patience
        self._breaker = breaker
        self._ports: list[Any] = []
        self.clients: list[Client] = []

    async def start(self) -> "Rig":
        self._ports.append(await self.simulator.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")))
        self.system = ActorSystem(reactor, on_failure=self.failures.append, on_dead_letter=self.dead_letters.append)
        one_try = UpstreamDialler(
            url=self._upstream or self.simulator.url,
            model="gpt-realtime",
            key=lambda: self._key,
            limits=self._limits,
            reactor=reactor,
            key_header=self._dialect.key_header,
            dialect_headers=dict(self._dialect.headers),
        )
        log = self._log
        self.dialler = dialler = PatientDialler(
            inner=TrialDialler(one_try, RealtimeFirstWord(), self._limits.first_word_s, reactor),
            breaker=CircuitBreaker(reactor, log, self._breaker),
            patience=self._patience,
            clock=reactor,
            uniform=Random(1).uniform,
            log=log,
        )
        conceal = BearerKey(self._key).conceal if self._key else str
        component_face = partial(component.Face, None, conceal)
        policy = evolve(self._policy, absence=Absence.LASTS if self._resume_s else Absence.ENDS)
        profiles = {PATH: Profile(self._face, policy), COMPONENT_PATH: Profile(component_face, self._component)}
        budget = Budget(log)
        setup = Setup(
            dialler,
            Translation(self._options, self._dialect),
            log,
            profiles,
            waits=evolve(self._waits, client_return_s=self._resume_s),
            judged=self._judged,
            functions=self._functions,
            habits=self._habits,
            capabilities=self._dialect.capabilities,
            budget=budget,
            meters=self.meters,
            prices=self._prices,
        )
        store = InMemoryStore(self._resume_s, reactor.seconds)
        self.reception = Reception(self.system, setup, lambda: str(uuid4()), store)
        guard = Guard(
            judge=None,
            quotas=Quotas(max_address_sessions=1000, connect_burst=10_000, connects_per_s=10_000.0),
            clock=Times(reactor.seconds, reactor.seconds),
            log=log,
            comes_back=comes_back,
            books=self.ledger,
        )
        self.listener = ClientListener(
            acceptor=self.reception,
            paths=frozenset(profiles),
            limits=self._limits,
            reactor=reactor,
            busy=turns_away(dialler, budget),
            admit=guard,
        )
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(self.listener.factory)
        self._ports.append(port)
        self.port = port.getHost().port
        self.port_socket = port.socket
        self.host = f"ws://127.0.0.1:{self.port}"
        self.url = self.host + PATH
        return self

    async def connect(self, path: str = PATH) -> Client:
        client = Client(await open_line(reactor, self.host + path))
        self.clients.append(client)
        return client

    async def talking(self, **agent: Any) -> Client:
        """A client whose session serves."""
        client = await self.connect()
        await client.begin(**agent)
        return client

    async def gone(self, sessions: int = 0) -> None:
        """Wait until so many sessions are left."""
        await self.eventually(lambda: self.reception.sessions == sessions, "sessions are left")

    async def eventually(self, holds: Any, otherwise: str) -> None:
        for _ in range(int(WITHIN_S / 0.01)):
            if holds():
                return
            await task.deferLater(reactor, 0.01)
        raise AssertionError(otherwise)

    def upstream_frames(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What the proxy sent to the simulator."""
        return self.simulator.received_events(kind)

    async def stop(self) -> None:
        done: Deferred[None] = Deferred()
        self.reception.shut_down(lambda: done.callback(None))
        await done
        await self.eventually(lambda: self.listener.connection_count == 0, "client connections are left")
        await self.eventually(lambda: not self.simulator.counters.open_sessions, "upstream connections are left")
        for port in self._ports[1:]:
            await port.stopListening()
        await self.simulator.stop()
        counts = self.system.counts()
        assert counts.alive == 0, "actors are left"
        if not self.expects_failures:
            assert self.failures == []
            assert self.dead_letters == []
        if not self.expects_refusals:
            assert self.simulator.counters.active_response_refusals == 0
            assert self.simulator.counters.malformed == 0
        for received in self.simulator.received if self._dialect.session is GA_SESSION else ():
            judge_client_event(received.frame if hasattr(received, "frame") else json.dumps(received.event).encode())
