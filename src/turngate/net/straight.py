"""
Writing to a socket at once, where nothing waits to be written.

Responsible for sparing a message the way through the reactor: a transport of Twisted's keeps what it is given until the
next turn of the loop, and asks the operating system twice for leave to write.

Must not know: frames, connections of a session.

Comes from: ``_autobahn.py``. Goes to: the socket; what it does not take, and what must wait its turn, to the transport.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.tcp import Connection


def straight(transport: Any) -> Callable[[bytes], None]:
    """
    How to write to a transport.

    TLS keeps its own order of bytes and records, and has its own ``write``; so has whatever else is no plain socket.
    """
    if not isinstance(transport, Connection):
        plain: Callable[[bytes], None] = transport.write
        return plain

    def write(data: bytes) -> None:
        """Write, after all that was written before."""
        if (
            transport.connected
            and not transport.disconnecting
            and not transport.dataBuffer
            and not transport._tempDataBuffer  # noqa: SLF001 - what was given to it in this turn of the loop
            and not transport._writeDisconnected  # noqa: SLF001 - the half of it that is closed
        ):
            sent = transport.writeSomeData(data)
            if sent == len(data):
                return
            if isinstance(sent, int):
                data = data[sent:]
        # a connection that is lost is found so by the reactor, and is told so in its own time
        transport.write(data)

    return write
