"""
The timers of one actor, by key.

Responsible for arming, replacing and cancelling. Must not know: what a message means, or how it is delivered: a due
timer goes to the callback that ``_cell.py`` gives, is queued there, and is asked for again with :meth:`Timers.claim`,
so that one which was cancelled while it waited is never delivered.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

M = TypeVar("M")


class Timer(Generic[M]):
    """One arming of a key; ``call`` is ``None`` when its time has come."""

    __slots__ = ("call", "key", "message")

    def __init__(self, key: Hashable, message: M) -> None:
        self.call: IDelayedCall | None = None
        self.key = key
        self.message = message


class Timers(Generic[M]):
    """All timers of one actor that are armed, or due and not yet claimed."""

    __slots__ = ("_by_key", "_clock")

    def __init__(self, clock: IReactorTime) -> None:
        self._by_key: dict[Hashable, Timer[M]] = {}
        self._clock = clock

    def set(self, key: Hashable, delay_s: float, message: M, due: Callable[[Timer[M]], None]) -> None:
        """Arm a key, in place of what it was armed with; ``due`` is called when its time has come."""
        if not delay_s >= 0:
            raise ValueError(f"a timer cannot wait {delay_s} seconds")
        timer = self._by_key.get(key)
        if timer is not None and timer.call is not None:
            timer.message = message
            timer.call.reset(delay_s)
            return
        timer = self._by_key[key] = Timer(key, message)
        timer.call = self._clock.callLater(delay_s, self._expire, timer, due)

    def cancel(self, key: Hashable) -> None:
        """Disarm a key, if it is armed or due."""
        timer = self._by_key.pop(key, None)
        if timer is not None and timer.call is not None:
            timer.call.cancel()

    def cancel_all(self) -> None:
        """Disarm every key."""
        for key in tuple(self._by_key):
            self.cancel(key)

    def claim(self, timer: Timer[M]) -> bool:
        """Return whether a due timer is still wanted, and forget it."""
        if self._by_key.get(timer.key) is not timer:
            return False
        del self._by_key[timer.key]
        return True

    @staticmethod
    def _expire(timer: Timer[M], due: Callable[[Timer[M]], None]) -> None:
        timer.call = None
        due(timer)
