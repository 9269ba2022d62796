"""
The signals of the operating system.

Responsible for what SIGTERM, SIGINT and SIGHUP do.

Must not know: what is stopped or read again.

Comes from: the operating system. Goes to: the reactor, the drain, the service.
"""

import atexit
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.error import ReactorNotRunning

from turngate.ops.drain import Drain


def take_signals(reactor: Any, drain: Drain) -> None:
    """
    Stop at SIGTERM, and at SIGINT without waiting for calls; with status 0 and however often they come.

    By itself twistd would kill itself by the same signal after an orderly end, which orchestrators report as a failure,
    and would log a traceback for the second signal.
    """

    def interrupt() -> None:
        drain.hurry()
        stop(reactor)

    def over() -> None:
        # from here to the end of the process Python would give them back their default effect, which is to kill
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    reactor.addSystemEventTrigger("after", "shutdown", over)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(stop, reactor))
    signal.signal(signal.SIGINT, lambda *_: reactor.callFromThread(interrupt))
    # the interpreter takes its handlers away in its last moments, when a signal would change the status still
    for number in (signal.SIGTERM, signal.SIGINT):
        atexit.register(signal.signal, number, signal.SIG_IGN)


def stop(reactor: Any) -> None:
    """Begin the end, unless it has begun."""
    with suppress(ReactorNotRunning):
        reactor.stop()


def take_reload(reactor: Any, reload: Callable[[], None]) -> None:
    """At SIGHUP, which would end the process otherwise, read what may change while sessions go on."""
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(reload))
