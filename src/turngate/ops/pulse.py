"""
Whether the reactor keeps up: how late it is for an appointment that it has all the time.

Responsible for the figure, and for a line in the log when it is bad.

Must not know: what keeps it from its work.

Comes from: the clock. Goes to: the log, and whoever counts.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.proxy.log import EventLog

PERIOD_S: Final = 0.5
STALL_S: Final = 0.25
"""From here on people hear it: audio has not moved for so long."""
QUIET_S: Final = 10.0
"""How long no further line is written after one."""


class Pulse:
    """Measures from :meth:`start` to :meth:`stop`."""

    def __init__(
        self, clock: IReactorTime, log: EventLog, on_lag: Callable[[float], None] = lambda _lag_s: None
    ) -> None:
        self._clock = clock
        self._log = log
        self._on_lag = on_lag
        self._due_s = 0.0
        self._told_s = float("-inf")
        self._stalls = 0
        self._worst_s = 0.0
        self._call: IDelayedCall | None = None

    def start(self) -> None:
        """Make the first appointment."""
        self._due_s = self._clock.seconds() + PERIOD_S
        self._call = self._clock.callLater(PERIOD_S, self._beat)

    def stop(self) -> None:
        """Make no more of them."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None

    def _beat(self) -> None:
        now_s = self._clock.seconds()
        lag_s = max(0.0, now_s - self._due_s)
        # the next one first: whatever the others do, it comes
        self.start()
        if lag_s >= STALL_S:
            self._stalls += 1
            self._worst_s = max(self._worst_s, lag_s)
        if self._stalls and now_s - self._told_s >= QUIET_S:
            self._log.warn("reactor.stalled", seconds=round(self._worst_s, 3), times=self._stalls)
            self._told_s, self._stalls, self._worst_s = now_s, 0, 0.0
        self._on_lag(lag_s)
