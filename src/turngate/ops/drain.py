"""
How the proxy comes to its end: nobody new is let in, calls go on to a quiet moment, and there is a last moment.

Responsible for when each session is told to leave, and for the hard stop.

Must not know: what a quiet moment is, who asked for the end, what ends after the sessions.

Comes from: the service, at SIGTERM or at ``POST /drain``. Goes to: the reception, and back when no session is left.

Sessions at rest would all leave at once, and their clients would all come to the next process at once; so they are told
one after the other, at random moments of a window that grows with their number.
"""

from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Final, Protocol

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.proxy.log import EventLog

LEAVES_PER_S: Final = 50.0
"""How many sessions are told to leave in a second, where there is time for it."""
SHARE_FOR_LEAVING: Final = 0.5
"""Of the time for a drain: the rest is for calls that take some time to come to a quiet moment."""
CLOSE_WITHIN_S: Final = 6.0
"""How long sessions may take to close after the last moment; longer than one session may take."""
COME_AGAIN_S: Final = 5.0
"""When clients that are not let in are to come again: by then it is another process that they meet."""


class Sessions(Protocol):
    """What is needed of the reception."""

    @property
    def sessions(self) -> int:
        """How many are open."""

    def leave_soon(self, when_empty: Callable[[], None]) -> tuple[str, ...]:
        """Have all sessions leave, and call once when none is left; gives those that are to be told."""

    def ask_to_leave(self, name: str) -> None:
        """Tell one of them."""

    def shut_down(self, when_empty: Callable[[], None]) -> None:
        """End them all, and call once when none is left."""


class Stage(Enum):
    """How far the end has come."""

    SERVING = "clients are let in"
    DRAINING = "calls go on to their next quiet moment"
    ENDING = "all sessions are ending"
    OVER = "none is left, or none is waited for any more"


class Drain:
    """
    The end of the proxy, which comes once.

    Args:
        sessions: who is to leave.
        clock: for when.
        uniform: where chance comes from.
        log: has a line for the beginning, and for calls that were cut.
        within_s: when calls are cut.
    """

    def __init__(
        self,
        sessions: Sessions,
        clock: IReactorTime,
        uniform: Callable[[float, float], float],
        log: EventLog,
        within_s: float,
    ) -> None:
        self.stage = Stage.SERVING
        self.within_s = within_s
        self._sessions = sessions
        self._clock = clock
        self._uniform = uniform
        self._log = log
        self._calls: list[IDelayedCall] = []
        self._when_over: Callable[[], None] = lambda: None

    def busy_s(self) -> float | None:
        """For how long it is of no use to come with a new session; ``None`` while clients are let in."""
        return None if self.stage is Stage.SERVING else COME_AGAIN_S

    def begin(self, when_over: Callable[[], None]) -> None:
        """Begin, and call once when it is over, which may be at once. A second call does nothing."""
        if self.stage is not Stage.SERVING:
            return
        self.stage = Stage.DRAINING
        self._when_over = when_over
        self._log.info("drain.started", sessions=self._sessions.sessions, within_s=self.within_s)
        names = self._sessions.leave_soon(self._over)
        if self.stage is not Stage.DRAINING:
            return
        if not self.within_s:
            self.hurry()
            return
        spread_s = min(self.within_s * SHARE_FOR_LEAVING, len(names) / LEAVES_PER_S)
        for name in names:
            self._later(self._uniform(0.0, spread_s), partial(self._sessions.ask_to_leave, name))
        self._later(self.within_s, self.hurry)

    def hurry(self) -> None:
        """Cut what goes on; before the beginning, leave no time for any of it."""
        match self.stage:
            case Stage.SERVING:
                self.within_s = 0.0
            case Stage.DRAINING:
                self.stage = Stage.ENDING
                self._cancel()
                if self.within_s:
                    self._log.warn("drain.cut", sessions=self._sessions.sessions)
                self._later(CLOSE_WITHIN_S, self._over)
                self._sessions.shut_down(self._over)
            case _:
                pass

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        self._calls.append(self._clock.callLater(delay_s, call))

    def _cancel(self) -> None:
        for call in self._calls:
            if call.active():
                call.cancel()
        self._calls.clear()

    def _over(self) -> None:
        if self.stage is not Stage.OVER:
            self.stage = Stage.OVER
            self._cancel()
            self._when_over()
