"""
How much of what was read of one peer is taken apart before the others have their turn.

Responsible for the count of frames, and for going on in the reactor's next turn: a read holds thousands of small ones,
and all other connections would wait for the last of them.

Must not know: what a frame holds, who reads the socket.

Comes from: ``_autobahn.py``, which asks before every frame. Goes to: the same place, later.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

FRAMES_AT_ONCE: Final = 4
"""About a millisecond of work, and more than a read of speech in real time holds."""


class Share:
    """One connection's."""

    __slots__ = ("_left", "_reactor", "_rest")

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._left = FRAMES_AT_ONCE
        self._rest: IDelayedCall | None = None

    @property
    def is_spent(self) -> bool:
        """Whether the others have their turn now."""
        return self._left <= 0

    @property
    def has_rest(self) -> bool:
        """Whether something was read that waits for the reactor's next turn; so long nothing more is to be read."""
        return self._rest is not None

    def begin(self) -> None:
        """It is this connection's turn."""
        self._rest = None
        self._left = FRAMES_AT_ONCE

    def take(self) -> None:
        """A frame begins."""
        self._left -= 1

    def leave_rest(self, go_on: Callable[[], None]) -> None:
        """Have the rest taken in the reactor's next turn."""
        self._rest = self._reactor.callLater(0, go_on)

    def drop(self) -> None:
        """There is no connection any more."""
        rest, self._rest = self._rest, None
        if rest is not None and rest.active():
            rest.cancel()
