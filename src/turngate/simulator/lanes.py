"""
One direction of a connection, in order, with delays and swaps.

Responsible for keeping the order of events while one of them waits, and for the one event that another overtakes.

Must not know: what the events are, why one waits.

Comes from: ``simulator/unruly.py``. Goes to: the calls that it was given.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from turngate.simulator.timers import Timers

MAX_WAITING: Final = 20_000
"""Events behind one that is delayed; what comes beyond is lost."""


class Lane:
    """Makes calls in the order in which they were put, each after those before it."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._calls: deque[tuple[float, Callable[[], None]]] = deque()
        self._overtaken: Callable[[], None] | None = None
        self._held = False

    def put(self, call: Callable[[], None], delay_s: float = 0.0) -> None:
        """Make a call when all before it were made, and ``delay_s`` after that."""
        overtaken, self._overtaken = self._overtaken, None
        if len(self._calls) < MAX_WAITING:
            self._calls.append((delay_s, call))
            if overtaken is not None:
                self._calls.append((0.0, overtaken))
        self._run()

    def put_after_next(self, call: Callable[[], None]) -> None:
        """Make a call after the next one that is put, whenever that is."""
        overtaken, self._overtaken = self._overtaken, call
        if overtaken is not None:
            self.put(overtaken)

    def _run(self) -> None:
        while self._calls and not self._held:
            delay_s, call = self._calls.popleft()
            if delay_s > 0.0:
                self._held = True
                self._calls.appendleft((0.0, call))
                self._timers.after(delay_s, self._release)
            else:
                call()

    def _release(self) -> None:
        self._held = False
        self._run()
