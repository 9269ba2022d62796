"""
How many files the process may have open, connections among them.

Responsible for asking for as many as the clients need, and for saying in one line that there are not.

Must not know: what has them open.

Comes from: the operating system. Goes to: ``tap.py``, before anything listens.

A process that runs out of them while it serves refuses its clients one by one, late and noisily.
"""

import resource
from collections.abc import Callable
from typing import Final, TypeAlias

from turngate.errors import ConfigError

PER_CLIENT: Final = 2
"""The client's connection and the upstream's."""
BESIDES: Final = 256
"""Sockets that listen, files, calls of functions, sessions that move between two upstream sessions."""

Bounds: TypeAlias = tuple[int, int]
"""The limit in force, and the one up to which a process may raise it."""


def ensure(
    connections: int,
    get: Callable[[int], Bounds] = resource.getrlimit,
    put: Callable[[int, Bounds], None] = resource.setrlimit,
) -> None:
    """
    Let as many files be open as so many connections of clients need, raising our own limit where that is enough.

    Raises:
        ConfigError: the system lets us have fewer.
    """
    needed = PER_CLIENT * connections + BESIDES
    soft, hard = get(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(
            f"{connections} connections of clients need {needed} open files, and this process may have {hard}; "
            f"raise that by ulimit -n {needed}, or LimitNOFILE={needed} in a systemd unit"
        )
    put(resource.RLIMIT_NOFILE, (needed, hard))
