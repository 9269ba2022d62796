"""
What systemd is told: that the proxy serves, that it stops, and that it is alive.

Responsible for the datagrams, and for their pace. A reactor that hangs sends none, and systemd starts another process.

Must not know: what the service does.

Comes from: ``NOTIFY_SOCKET`` and ``WATCHDOG_USEC`` of the environment. Goes to: systemd, or nowhere if nobody asked.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"


class Notifier:
    """
    Tells systemd.

    Args:
        environment: The process's environment, in which systemd says where to and how often.
        clock: For the watchdog.
        pid: The number of this process; the watchdog may be meant for another.
    """

    def __init__(self, environment: Mapping[str, str], clock: IReactorTime, pid: int | None = None) -> None:
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._every_s = _every_s(environment, os.getpid() if pid is None else pid)
        self._clock = clock
        self._next: IDelayedCall | None = None

    def ready(self) -> None:
        """The proxy serves; from now on it says regularly that it is alive."""
        self._tell(READY)
        if self._address is not None and self._every_s is not None and self._next is None:
            self._alive(self._every_s)

    def stopping(self) -> None:
        """
        The proxy takes nobody in any more.

        It goes on to be alive: calls may take a while to end, and a process that hangs meanwhile is to be ended too.
        """
        self._tell(STOPPING)

    def stopped(self) -> None:
        """Nothing more will be said."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _alive(self, every_s: float) -> None:
        self._tell(ALIVE)
        self._next = self._clock.callLater(every_s, self._alive, every_s)

    def _tell(self, state: str) -> None:
        if self._address is None:
            return
        # to whom it cannot be told will act as if it had not been told; the calls are not to suffer
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            door.setblocking(False)
            door.sendto(state.encode(), self._address)


def _address(name: str) -> str | None:
    """A path, or a name that is not in the file system, which begins with a zero byte for the kernel and @ for us."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _every_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of the time after which systemd would give us up; ``None`` if it would not."""
    limit, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0 or whose not in ("", str(pid)):
        return None
    return int(limit) / 2_000_000
