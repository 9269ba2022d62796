"""
Whether sessions crash, one after the other.

Responsible for a threshold: a proxy in which a fault of ours ends session after session should get no new clients while
there are others.

Must not know: why they crash.

Comes from: the log's events. Goes to: the question of readiness.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

MANY: Final = 10
"""One session that crashes is a bug; so many are a bad release, or a machine out of something."""
WITHIN_S: Final = 60.0


class Storm:
    """Counts the crashes of the last minute."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._crashes: deque[float] = deque(maxlen=MANY)

    def see(self, event: str) -> None:
        """One event of the log."""
        if event == "session.crashed":
            self._crashes.append(self._seconds())

    @property
    def rages(self) -> bool:
        """Whether there were too many."""
        return len(self._crashes) == MANY and self._seconds() - self._crashes[0] < WITHIN_S
