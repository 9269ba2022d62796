"""
A worker's process, as its parent sees it.

Responsible for starting it with what it inherits, and for telling its end once: when it and its channel have ended.

Must not know: what is said on the channel, why it is started.

Comes from: ``crew.py``. Goes to: the operating system.

The worker is the same interpreter anew, not a fork of the parent: a fork has the parent's reactor, descriptors and
threads in an unknown state. It inherits the two pairs of sockets and the tables that all share, and no secret in its
arguments or its environment.
"""

import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import Factory, ProcessProtocol
from twisted.python.failure import Failure

from turngate.workers.channel import Channel
from turngate.workers.handing import Handed, Taker, adopted, hand, pair
from turngate.workers.posts import Events
from turngate.workers.words import Begin, ToParent, ToWorker, of_worker

CHANNEL_FD: Final = 3
HANDING_FD: Final = 4
TABLES_FD: Final = 5
MODULE: Final = "turngate.worker"
NOT_INHERITED: Final = ("TURNGATE_", "OPENAI_API_KEY", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")
"""How the names of variables begin that are settings, secrets, or meant for the parent alone."""


class WorkerProcess(ProcessProtocol):
    """
    Provides :class:`turngate.workers.posts.Process`.

    Args:
        reactor: starts it.
        events: is told of it.
        begin: the first message.
        environment: what it inherits.
        tables: the descriptor of the file that all workers share.
    """

    def __init__(self, reactor: Any, events: Events, begin: Begin, environment: Mapping[str, str], tables: int) -> None:
        self._events = events
        self._how = ""
        self._is_open = True
        ours, theirs = socket.socketpair()
        self._handing, its_handing = pair()
        self._channel: Channel[ToParent] = Channel(of_worker, events.heard, self._closed)
        self._taker = Taker(reactor, self._handing, self._passed_on)
        self._taker.start()
        ours.setblocking(False)
        adopted(reactor, ours, Factory.forProtocol(lambda: self._channel))
        self._channel.tell(begin)
        with theirs, its_handing:
            self._process = reactor.spawnProcess(
                self,
                sys.executable,
                # -P: nothing is imported from wherever the daemon was started
                [sys.executable, "-P", "-m", MODULE],
                env=dict(environment),
                childFDs={
                    **{number: number for number in range(CHANNEL_FD)},
                    CHANNEL_FD: theirs.fileno(),
                    HANDING_FD: its_handing.fileno(),
                    TABLES_FD: tables,
                },
            )

    def tell(self, message: ToWorker) -> None:
        """See :class:`turngate.workers.posts.Process`."""
        self._channel.tell(message)

    def hand(self, connection: socket.socket, handed: Handed) -> bool:
        """See :class:`turngate.workers.posts.Process`."""
        return hand(self._handing, connection, handed)

    def kill(self) -> None:
        """See :class:`turngate.workers.posts.Process`."""
        with suppress(ProcessExitedAlready):
            self._process.signalProcess("KILL")

    def processEnded(self, reason: Failure) -> None:
        """Twisted calls this when it was reaped."""
        self._how = how_of(reason)
        self._taker.stop()
        self._check_over()

    def _passed_on(self, connection: socket.socket, handed: Handed) -> None:
        with connection:
            self._events.passed_on(connection, handed)

    def _closed(self) -> None:
        self._is_open = False
        self._check_over()

    def _check_over(self) -> None:
        # what it said last may still be on its way when it has ended
        if self._how and not self._is_open:
            self._events.ended(self._how)


def how_of(reason: Failure) -> str:
    """How a process has ended, in words."""
    match reason.value:
        case ProcessDone():
            return "status 0"
        case ProcessTerminated(signal=int(number)):
            return f"signal {number}"
        case ProcessTerminated(exitCode=code):
            return f"status {code}"
        case _:
            return "unknown"


def inherited(environment: Mapping[str, str], secrets: tuple[str, ...] = ()) -> dict[str, str]:
    """What a worker inherits of the parent's environment; ``secrets`` are names of further variables with secrets."""
    return {
        name: value for name, value in environment.items() if not name.startswith(NOT_INHERITED) and name not in secrets
    }
