"""
How many frames a peer may send: a count that fills up again with time.

Responsible for telling a flood of small frames, which no limit on bytes sees, from a peer in a hurry.

Must not know: what a frame holds, what becomes of a peer that floods.

Comes from: ``limits.py`` (the rates). Goes to: ``bridge.py``, which asks before every frame.
"""

from collections.abc import Callable
from typing import Final

from turngate.net.limits import Limits

BURST_S: Final = 10.0
"""
How many seconds' worth may come at once: what a client has sent while it was not read, or while its network stood.
A client is not read for ten seconds at most.
"""


class Bucket:
    """So many a second in the long run, and so many at once."""

    __slots__ = ("_left", "_most", "_per_s", "_seconds", "_when_s")

    def __init__(self, per_s: float, seconds: Callable[[], float]) -> None:
        self._per_s = per_s
        self._most = per_s * BURST_S
        self._left = self._most
        self._seconds = seconds
        self._when_s = seconds()

    def take(self) -> bool:
        """Take one; false where there is none left."""
        if self._left < 1.0:
            now_s = self._seconds()
            self._left = min(self._most, self._left + (now_s - self._when_s) * self._per_s)
            self._when_s = now_s
            if self._left < 1.0:
                return False
        self._left -= 1.0
        return True


class Pace:
    """The frames of one client: those that control the connection are counted among all, and by themselves."""

    __slots__ = ("_all", "_control")

    def __init__(self, limits: Limits, seconds: Callable[[], float]) -> None:
        self._all = Bucket(limits.client_max_frames_per_s, seconds)
        self._control = Bucket(limits.client_max_control_frames_per_s, seconds)

    def allows(self, *, is_control: bool) -> bool:
        """Count a frame; false is one too many."""
        return self._all.take() and (not is_control or self._control.take())
