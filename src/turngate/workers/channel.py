"""
The channel between the parent and one worker: whole messages, in their order, both ways.

Responsible for the framing, and for the end of the channel, which is the end of the other process.

Must not know: what the messages mean.

Comes from: a pair of sockets that the parent has made. Goes to: ``crew.py`` at one end, the worker at the other.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from turngate.workers.words import MAX_MESSAGE_BYTES, ToParent, ToWorker, written

Heard = TypeVar("Heard")


@implementer(IPushProducer)
class Channel(Int32StringReceiver, Generic[Heard]):
    """
    One end.

    Args:
        read: makes a message of what was sent.
        on_message: is told each.
        on_end: is told once that no more will come.
    """

    MAX_LENGTH: Final = MAX_MESSAGE_BYTES  # type: ignore[misc]  # Twisted's name, and no constant there
    transport: Any

    def __init__(
        self, read: Callable[[bytes], Heard], on_message: Callable[[Heard], None], on_end: Callable[[], None]
    ) -> None:
        self.is_congested = False
        """Whether the other end does not keep up; what can be left unsaid should be."""
        self._read = read
        self._on_message = on_message
        self._on_end = on_end
        self._is_open = False
        self._closing: list[Deferred[None]] = []

    def tell(self, message: ToWorker | ToParent) -> None:
        """Send a message; once the channel has ended it goes nowhere."""
        if self._is_open:
            self.sendString(written(message))

    def close(self) -> "Deferred[None]":
        """Say nothing more; fires when what was said before has been sent, or cannot be."""
        closed: Deferred[None] = Deferred()
        if self._is_open:
            self._closing.append(closed)
            # a streaming producer would hold the end up until it is done
            self.transport.unregisterProducer()
            self.transport.loseConnection()
        else:
            closed.callback(None)
        return closed

    def connectionMade(self) -> None:
        """Twisted calls this."""
        self._is_open = True
        self.transport.registerProducer(self, True)

    def stringReceived(self, string: bytes) -> None:
        """Twisted calls this with each message."""
        self._on_message(self._read(string))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted calls this when the other end is closed, which it is too when its process has died."""
        self._is_open = False
        self._on_end()
        closing, self._closing = self._closing, []
        for closed in closing:
            closed.callback(None)

    def pauseProducing(self) -> None:
        """The transport is full."""
        self.is_congested = True

    def resumeProducing(self) -> None:
        """It is not any more."""
        self.is_congested = False

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` says so too."""
