"""
When Python looks through everything that it holds for what only holds itself.

Responsible for keeping that look out of the way of calls: with a thousand sessions it takes a third of a second, in
which nobody is served, and by itself Python does it again and again while objects come and go.

Must not know: what is held, what a session is.

Comes from: whoever looks after the process once a second. Goes to: the interpreter.

What a session leaves behind is freed at once, by counting references; the collector is for what is left of exceptions
and the like, most of which is found while it is young, at little cost. So what was there before the first client is
never looked at again, and old objects are looked at when there is no session, or seldom.
"""

import gc
from collections.abc import Callable
from typing import Final, Protocol

FULL_EVERY_S: Final = 600.0
"""While there are sessions."""
YOUNG: Final = 5_000
"""How many more objects are made than freed until the young are looked at, ..."""
MIDDLE: Final = 20
"""... after how many such looks those that outlived one are, ..."""
NEVER: Final = 1_000_000_000
"""... and after how many of these all are."""


class Collector(Protocol):
    """The interpreter's, as the module ``gc`` has it."""

    def collect(self) -> int:
        """Look through everything."""

    def freeze(self) -> None:
        """Never look at what is there now."""

    def set_threshold(self, young: int, middle: int, old: int, /) -> None:
        """When to look without being asked."""


class Garbage:
    """
    Looks after the interpreter's collector; to be asked to look once a second.

    Args:
        sessions: how many there are.
        seconds: a steady clock.
        collector: the interpreter's.
    """

    def __init__(self, sessions: Callable[[], int], seconds: Callable[[], float], collector: Collector = gc) -> None:
        self._sessions = sessions
        self._seconds = seconds
        self._collector = collector
        self._looked_s: float | None = None
        self._had_sessions = False

    def look(self) -> None:
        """Begin, at the first time; look through everything, if it is the moment for it."""
        if self._looked_s is None:
            self._collector.set_threshold(YOUNG, MIDDLE, NEVER)
            self._collect()
            self._collector.freeze()
        elif self._sessions():
            self._had_sessions = True
            if self._seconds() - self._looked_s >= FULL_EVERY_S:
                self._collect()
        elif self._had_sessions:
            self._collect()

    def _collect(self) -> None:
        self._collector.collect()
        self._looked_s = self._seconds()
        self._had_sessions = False
