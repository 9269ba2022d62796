"""
One connection to the model: how it is dialled, used and let go of.

Responsible for the life of one connection, so that whoever owns two of them never takes what one says for the other's.

Must not know: what is said on it, what it is for.

Comes from: the upstream actor, which owns it. Goes to: the dialler and the connection; what these say comes back to the
actor as :class:`OfLink`.
"""

from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from turngate.actors import Ref
from turngate.proxy.legs import LegEvents, LegMessage
from turngate.proxy.ports import DialFailure, IConnection, IDialler, IDialling


@frozen
class Dialled:
    """The connection is open."""

    connection: IConnection = field(repr=False)


@frozen
class NotDialled:
    """There will be no connection."""

    failure: DialFailure


LinkMessage: TypeAlias = LegMessage | Dialled | NotDialled


@frozen
class OfLink:
    """Something that happened on one link."""

    link: "Link" = field(repr=False)
    message: LinkMessage


class Life(Enum):
    """How far a link has come."""

    DIALLING = "dialling"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Link:
    """A connection to the model, from the wish for it."""

    def __init__(self, dialler: IDialler, model: str | None, owner: Ref[OfLink]) -> None:
        self.life = Life.DIALLING
        self.unreadable = 0
        """How many messages came on it that cannot be read."""
        self._owner = owner
        self._connection: IConnection | None = None
        self._events = LegEvents()
        self._events.attach(self)
        self._dialling: IDialling = dialler.dial(model, self)

    # --- called by the dialler and, by way of the events, the connection --------------------------------------------

    def dialled(self, connection: IConnection) -> LegEvents:
        """See :class:`turngate.proxy.ports.DialEvents`."""
        self.tell(Dialled(connection))
        return self._events

    def dial_failed(self, failure: DialFailure) -> None:
        """See :class:`turngate.proxy.ports.DialEvents`."""
        self.tell(NotDialled(failure))

    def tell(self, message: LinkMessage) -> None:
        """Tell the owner what happened, and on which link."""
        self._owner.tell(OfLink(self, message))

    # --- called by the owner ----------------------------------------------------------------------------------------

    def open(self, connection: IConnection) -> None:
        """Take the connection that was dialled; one that nobody wants any more is dropped."""
        self._connection = connection
        if self.life is Life.DIALLING:
            self.life = Life.OPEN
        else:
            connection.abort()

    def closed(self) -> Life:
        """The connection has ended, or there will be none; gives what the life was until then."""
        was, self.life = self.life, Life.CLOSED
        return was

    def send(self, payload: bytes) -> None:
        """Send a text message, if there is a connection to send it on."""
        if self.life is Life.OPEN and self._connection is not None:
            self._connection.send_text(payload)

    def close(self, code: int, reason: str) -> bool:
        """Close the connection, or give up having one; gives whether the owner will hear of the end."""
        if self.life is Life.OPEN and self._connection is not None:
            self.life = Life.CLOSING
            self._connection.close(code, reason)
        elif self.life is Life.DIALLING:
            self._dialling.cancel()
            self.life = Life.CLOSED
        return self.life is Life.CLOSING

    def forsake(self, code: int, reason: str) -> None:
        """Close it, and hear no more of it."""
        self._events.silence()
        _ = self.close(code, reason)

    def drop(self) -> None:
        """Leave nothing behind, at once."""
        self._events.silence()
        if self.life is Life.DIALLING:
            self._dialling.cancel()
        elif self._connection is not None and self.life is not Life.CLOSED:
            self._connection.abort()
        self.life = Life.CLOSED
