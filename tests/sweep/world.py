"""
A world on a virtual clock: the real proxy with its judge on, the real simulator, clients with scripts, and no socket.

Whatever happened in it, it has to be left clean: no actor failed, no letter was dead, nothing lives, nothing waits.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define
from callers import Caller, Script, Steps, Wait
from links import At, Hearing, Mangle, Trunk
from twisted.internet.task import Clock

from turngate.actors.testing import TestSystem
from turngate.protocols import component
from turngate.protocols.realtime import Translation
from turngate.proxy.ports import Upgrade
from turngate.proxy.reception import Reception
from turngate.proxy.session import DEEPGRAM_PATH, Profile, Setup
from turngate.session import state
from turngate.session.policy import COMPONENT, Waits
from turngate.simulator import Manner, Pace, Simulator

COMPONENT_PATH = "/openai"
PROFILES = {DEEPGRAM_PATH: Profile(), COMPONENT_PATH: Profile(component.Face, COMPONENT)}
MANNER = Manner(pace=Pace(speed=8.0))
RENEWS = hasattr(state, "Renewal")
"""Whether a session outlives its upstream session."""
TO_END_S = 20.0
"""How long everything may take to end when the clients have left."""


class Log:
    """A log that keeps its events."""

    def __init__(self, kept: list[tuple[str, dict[str, Any]]] | None = None, **fields: Any) -> None:
        self.kept = [] if kept is None else kept
        self.fields = fields

    def _keep(self, event: str, **fields: Any) -> None:
        self.kept.append((event, {**self.fields, **fields}))

    debug = info = warn = error = _keep

    def bound(self, **fields: Any) -> "Log":
        return Log(self.kept, **{**self.fields, **fields})


@define
class Call:
    """One client in the world, with its script, its session's links and its log."""

    caller: Caller
    trunk: Trunk
    log: Log
    path: str
    reception: Reception
    steps: Steps
    record: list[str]
    """All that was sent and told, on both sides of the proxy, in order."""
    wait: Wait | None = None
    patience: Any = None
    """So that time goes on until the wait is over, whatever else happens."""
    seen: int = -1

    @property
    def is_over(self) -> bool:
        """Whether the script has come to its end."""
        return self.wait is None

    def has_news(self) -> bool:
        """Whether the client was told anything since this was asked last."""
        before, self.seen = self.seen, len(self.caller.told)
        return self.seen != before

    def stop(self) -> None:
        """Wait for nothing."""
        self.wait = None
        if self.patience is not None and self.patience.active():
            self.patience.cancel()

    @property
    def ending(self) -> str:
        """How the session ended, by the log."""
        return next((fields["ending"] for event, fields in self.log.kept if event == "session.ended"), "")


class World:
    """Everything; made by :func:`world`."""

    def __init__(
        self,
        manner: Manner = MANNER,
        waits: Waits | None = None,
        profiles: Mapping[str, Profile] = PROFILES,
    ) -> None:
        self.calls: list[Call] = []
        self.clock = Clock()
        self.system = TestSystem(self.clock)
        self.simulator = Simulator(self.clock, manner=manner)
        self._waits = waits or Waits()
        self._profiles = profiles

    def call(
        self,
        script: Script,
        path: str = DEEPGRAM_PATH,
        faults: Iterable[At] = (),
        mangle: Mangle | None = None,
    ) -> Call:
        """A client calls."""
        vocabulary: dict[str, bytes] = {}
        record: list[str] = []
        trunk = Trunk(self.clock, self.simulator, lambda: Hearing(vocabulary), faults, mangle, record.append)
        log, number = Log(), len(self.calls)
        setup = Setup(trunk, Translation(), log, self._profiles, waits=self._waits, judged=True)
        reception = Reception(self.system, setup, lambda: f"s{number}")
        caller = Caller(self.clock, vocabulary, record.append)
        caller.trunk = trunk
        caller.events = reception(caller, Upgrade(path, "caller", {}))
        call = Call(caller, trunk, log, path, reception, script(caller), record)
        self.calls.append(call)
        self._go_on(call)
        return call

    def run(self) -> None:
        """Let time pass until all scripts have ended, then until all is quiet."""
        while not all(call.is_over for call in self.calls):
            self._tick()
            for call in self.calls:
                self._poll(call)

    def leave(self) -> None:
        """The clients hang up, and everything ends."""
        until_s = self.clock.seconds() + TO_END_S
        for call in self.calls:
            call.caller.hang_up()
        while self.clock.calls and self.clock.seconds() < until_s:
            self._tick()
        sessions = sum(call.reception.sessions for call in self.calls)
        assert sessions == 0, f"{sessions} sessions are left"
        left = self.simulator.counters.open_sessions
        assert left == 0, f"{left} upstream sessions are left"

    def _tick(self) -> None:
        calls = self.clock.calls
        self.clock.advance(max(0.0, calls[0].getTime() - self.clock.seconds()) if calls else 0.0)

    def _poll(self, call: Call) -> None:
        while call.wait is not None:
            if call.caller.closed is not None:
                call.steps.close()
                call.stop()
            elif not call.patience.active() or (call.has_news() and call.wait.until()):
                self._go_on(call)
            else:
                return

    def _go_on(self, call: Call) -> None:
        call.stop()
        call.wait = next(call.steps, None)
        call.seen = -1
        if call.wait is not None:
            call.patience = self.clock.callLater(call.wait.patience_s, lambda: None)


@contextmanager
def world(**how: Any) -> Generator[World, None, None]:
    """A world that is left clean, or the test has failed."""
    made = World(**how)
    with made.system:
        yield made
        made.leave()


STREAMED = ("delta", "append", "(audio)", "(silence)")


def condensed(record: Iterable[str]) -> list[str]:
    """A record in which of what is streamed the first stands for all, up to the next other line."""
    lines: list[str] = []
    streaming: set[str] = set()
    for line in record:
        if not line.endswith(STREAMED):
            streaming.clear()
        elif line in streaming:
            continue
        else:
            streaming.add(line)
        lines.append(line)
    return lines
