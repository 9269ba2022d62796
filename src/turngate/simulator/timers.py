"""
Calls that come later and end with their session.

Responsible for cancelling everything that waits when a session ends.

Must not know: what the calls do.

Comes from: the session and its script. Goes to: the injected clock.
"""

from collections.abc import Callable
from typing import ParamSpec

from twisted.internet.interfaces import IDelayedCall, IReactorTime

_P = ParamSpec("_P")


class Timers:
    """Delayed calls of one session. After :meth:`stop` none is made and none can be added."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._calls: dict[object, IDelayedCall] = {}
        self._stopped = False

    def after(self, seconds: float, call: Callable[_P, object], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Make a call after so many seconds, unless stopped before."""
        if self._stopped:
            return
        token = object()

        def due() -> None:
            del self._calls[token]
            call(*args, **kwargs)

        self._calls[token] = self._clock.callLater(seconds, due)

    def stop(self) -> None:
        """Cancel everything that waits."""
        self._stopped = True
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.cancel()
