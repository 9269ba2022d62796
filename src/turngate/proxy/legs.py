"""
What both legs of a session share: how a connection's events become messages of the actor that owns it.

Responsible for the messages about a connection and for the adapter that sends them.

Must not know: which leg it is, either wire protocol.
"""

from enum import Enum
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from turngate.proxy.ports import Closed, IConnection
from turngate.session.messages import Ending


@frozen
class TextFrame:
    """A text message came."""

    payload: bytes = field(repr=False)


@frozen
class BinaryFrame:
    """A binary message came."""

    payload: bytes = field(repr=False)


@frozen
class Congested:
    """The connection takes no more for now."""


@frozen
class Relieved:
    """The connection takes data again."""


@frozen
class LegClosed:
    """The connection has ended."""

    how: Closed


LegMessage: TypeAlias = TextFrame | BinaryFrame | Congested | Relieved | LegClosed


@frozen
class CloseLeg:
    """Close the connection, or give up having one; the guardian's word, after which nothing is passed on."""

    ending: Ending


@frozen
class Returned:
    """A client has come back to its session, over another connection."""

    connection: IConnection
    events: "LegEvents"
    received: int | None = None
    """How many texts it has received, welcomes not counted; ``None`` where it does not say."""


@frozen
class ClientLost:
    """The client's connection was cut off; its leg keeps what it misses, and waits for the guardian's word."""


class Leg(Enum):
    """The two connections of a session."""

    CLIENT = "client"
    UPSTREAM = "upstream"


@frozen
class LegDown:
    """A leg has no connection any more; the last word of a leg to its guardian."""

    leg: Leg


class Listener(Protocol):
    """Who is told what happens on a connection: an actor's reference, or whoever stands before one."""

    def tell(self, message: Any) -> None:
        """One more thing happened."""


class LegEvents:
    """Tells a listener what happens on its connection; until there is one it keeps what it has to tell."""

    __slots__ = ("_early", "_ref")

    def __init__(self) -> None:
        self._ref: Listener | None = None
        self._early: list[LegMessage] | None = []

    def attach(self, ref: Listener) -> None:
        """Tell this one, beginning with what happened before."""
        self._ref = ref
        early, self._early = self._early, None
        for message in early or ():
            ref.tell(message)

    def silence(self) -> None:
        """Tell nothing more: the actor is ending."""
        self._ref = self._early = None

    def _tell(self, message: LegMessage) -> None:
        if self._ref is not None:
            self._ref.tell(message)
        elif self._early is not None:
            self._early.append(message)

    def text_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._tell(TextFrame(payload))

    def binary_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._tell(BinaryFrame(payload))

    def congested(self) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._tell(Congested())

    def relieved(self) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._tell(Relieved())

    def closed(self, how: Closed) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._tell(LegClosed(how))
