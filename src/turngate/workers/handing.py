"""
How a connection is handed from one process to another: its descriptor, with a few words about it.

Responsible for sending and taking them, one at a time, and for leaving no descriptor behind.

Must not know: which process gets which connection, what is said on it.

Comes from: ``doorman.py`` in the parent, ``relays.py`` in a worker. Goes to: a worker, which makes a transport of it.

A pair of sockets that keep messages apart carries them. It is not the channel: what waits there would hold connections
up, and a descriptor must not wait in a buffer of ours.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

MAX_BYTES: Final = 128 * 1024
"""Of the words about one connection: more than the head of a request and one read after it, in base64."""
AT_ONCE: Final = 16
"""How many are taken before others have their turn."""


class Handed(msgspec.Struct, frozen=True):
    """What is said about a connection."""

    endpoint: int
    """At which of the endpoints it was made, in their order."""
    family: int
    """Of its address, as the operating system numbers them."""
    to: int | None = None
    """The worker that is to serve it, where another passes it on; what is handed is a pipe to that one then."""
    source: tuple[str, int] | None = None
    """Where the client of such a pipe is; ``None`` where it is on this machine."""
    head: bytes = b""
    """What was read of it."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Handed)


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def hand(end: socket.socket, connection: socket.socket, handed: Handed) -> bool:
    """Send a connection, which is the caller's to close in any case; false where the other end takes none now."""
    try:
        socket.send_fds(end, [_encoder.encode(handed)], [connection.fileno()])
    except OSError:
        return False
    return True


@implementer(IReadDescriptor)
class Taker:
    """
    Takes connections from :meth:`start` to :meth:`stop`.

    Args:
        reactor: tells when there is one.
        end: an end of the pair.
        take: is given each, and owns it from then on.
    """

    def __init__(self, reactor: Any, end: socket.socket, take: Callable[[socket.socket, Handed], None]) -> None:
        self.taken = 0
        """How many there were."""
        self._reactor = reactor
        self._end = end
        self._take = take

    def start(self) -> None:
        """Begin."""
        self._reactor.addReader(self)

    def stop(self) -> None:
        """Take no more; those that were sent already end with the pair."""
        self._reactor.removeReader(self)
        self._end.close()

    def fileno(self) -> int:
        """See ``IFileDescriptor``; -1 once it is closed."""
        return self._end.fileno()

    def logPrefix(self) -> str:
        """See ``ILoggingContext``."""
        return "handing"

    def connectionLost(self, reason: Failure) -> None:
        """The reactor calls this at its end."""
        self._end.close()

    def doRead(self) -> None:
        """The reactor calls this when there is something."""
        for _ in range(AT_ONCE):
            try:
                words, descriptors, _, _ = socket.recv_fds(self._end, MAX_BYTES, 1)
            except BlockingIOError:
                return
            except OSError:
                words, descriptors = b"", []
            if not words:
                # the other process has ended, which its channel tells
                self._reactor.removeReader(self)
                return
            if descriptors:
                handed = _decoder.decode(words)
                connection = socket.socket(handed.family, socket.SOCK_STREAM, fileno=descriptors[0])
                connection.setblocking(False)
                connection.set_inheritable(False)
                self.taken += 1
                self._take(connection, handed)


def adopted(reactor: Any, connection: socket.socket, factory: Any) -> None:
    """Make a transport of a connection, for a protocol of the factory; one whose peer has gone is dropped."""
    # the transport has a descriptor of its own
    with connection, suppress(OSError):
        reactor.adoptStreamConnection(connection.fileno(), connection.family, factory)
