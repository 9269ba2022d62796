"""
What the actors need of a connection, and what a connection tells them: the seam between ``proxy/`` and ``net/``.

Responsible for the interfaces only, and for that of a client's protocol. ``net/`` provides connections over Autobahn,
``protocols/`` the faces; tests provide connections in memory.

Must not know: any implementation of either side, either wire protocol.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, Protocol

from attrs import field, frozen
from zope.interface import Attribute, Interface

from turngate.audio import ClientAudio
from turngate.session.messages import ClientMessage, Told


@frozen
class Closed:
    """How a connection ended; ``code`` is the peer's close code (RFC 6455, 7.4), 1005 or 1006 where it sent none."""

    code: int
    reason: str = ""
    by_us: bool = False


class IConnection(Interface):
    """One open WebSocket connection. Every method may be called at any time; after the end they do nothing."""

    peer: str = Attribute("the address of the other end, for logs")

    def send_text(payload: bytes) -> None:
        """Send one text message, which is valid UTF-8."""

    def send_binary(payload: bytes) -> None:
        """Send one binary message."""

    def pause_reading() -> None:
        """Deliver no more messages soon; what was read already may still come."""

    def resume_reading() -> None:
        """Deliver messages again."""

    def close(code: int, reason: str) -> None:
        """
        Send a close frame and wait for the other's, within the limit for it.

        ``code`` is any that RFC 6455 lets an endpoint send; ``reason`` is cut to 123 bytes.
        """

    def abort() -> None:
        """Drop the connection at once."""


class ConnectionEvents(Protocol):
    """Who listens to a connection. Calls come one at a time; ``closed`` comes exactly once and last."""

    def text_received(self, payload: bytes) -> None:
        """One whole text message, valid UTF-8, within the size limit."""

    def binary_received(self, payload: bytes) -> None:
        """One whole binary message, within the size limit."""

    def congested(self) -> None:
        """The transport's buffer is over its high mark: send less. May come from inside a send."""

    def relieved(self) -> None:
        """The transport's buffer has drained."""

    def closed(self, how: Closed) -> None:
        """The connection has ended, whoever ended it."""


TRACEPARENT: Final = "traceparent"
"""The header by which a client says of which trace it is (W3C Trace Context)."""


def nothing() -> None:
    """Where there is no place to give back."""


@frozen
class Upgrade:
    """A client's request to open a WebSocket, after it was accepted."""

    path: str
    peer: str
    query: dict[str, list[str]] = field(factory=dict, repr=False)
    headers: dict[str, str] = field(factory=dict, repr=False)
    """Those of ours, ``x-turngate-...``, and ``traceparent``, by their names in small letters."""
    client: str = ""
    """The name of the key that the client has shown; empty where none is asked for."""
    leave: Callable[[], None] = field(default=nothing, repr=False, eq=False)
    """Gives the place back that the client takes; whoever holds it calls this once, when the session is over."""


class Acceptor(Protocol):
    """Makes the listener of a connection that a client has opened."""

    def __call__(self, connection: IConnection, upgrade: Upgrade) -> ConnectionEvents:
        """Called once, when the connection is open."""


class DialFault(Enum):
    """How far a try to reach the upstream came, which names what went wrong."""

    KEY = "the key cannot be read, or may not be shown there"
    NAME = "the host's name has no address"
    TCP = "no TCP connection"
    TLS = "TLS failed, or the certificate does not do"
    UPGRADE = "no answer to the upgrade, or none that can be used"
    REFUSED = "an HTTP status refused the upgrade"
    IN_BAND = "the connection was opened, and the session refused"
    TIME = "it took too long"
    CIRCUIT_OPEN = "not tried, after too many failures of all sessions"


class Outlook(Enum):
    """What another try is likely to bring."""

    BETTER = "it may succeed"
    BUSY = "it may succeed later: the upstream takes no more for now"
    SPENT = "it will not before the operator has paid: the quota is used up"
    REFUSED = "it will not before the operator has changed something"
    KEY_REFUSED = "it will not with this key"

    @property
    def is_hopeless(self) -> bool:
        """Whether trying again costs time and nothing else."""
        return self in (Outlook.SPENT, Outlook.REFUSED, Outlook.KEY_REFUSED)


@frozen
class DialFailure:
    """
    Why the upstream could not be reached.

    ``detail`` is in words of ours, for the log. ``code`` and ``words`` are the upstream's own, where it said why; the
    words may hold what is secret, and are never logged.
    """

    fault: DialFault
    detail: str
    outlook: Outlook = Outlook.BETTER
    status: int | None = None
    """The HTTP status, where one refused the upgrade."""
    retry_after_s: float | None = None
    """How long the upstream asks to be left alone, or the proxy leaves it alone."""
    close_code: int | None = None
    """The code of the close, where the upstream said nothing before it."""
    code: str | None = None
    words: str = field(default="", repr=False)


class FirstWord(Protocol):
    """What the beginning of a connection says about the upstream; it knows the upstream's protocol."""

    def spoken(self, payload: bytes) -> DialFailure | None:
        """The first text message: a refusal, or ``None`` for an upstream that serves."""

    def unspoken(self, how: Closed) -> DialFailure:
        """The connection was closed before that."""


class Face(Protocol):
    """
    A client protocol, for one session: text frames to session messages, and back.

    It does no I/O, and never raises on what a client sends.
    """

    @property
    def audio(self) -> ClientAudio | None:
        """What the client's audio is from now on; ``None`` before it has said so, where its protocol has no default."""

    def hear(self, payload: bytes) -> ClientMessage:
        """What a text frame of the client means to the session."""

    def tell(self, effect: Told) -> tuple[bytes, ...]:
        """The text frames that tell the client; none where it has no word for it, or does not want to be told."""


class DialEvents(Protocol):
    """Who asked for a connection. Exactly one of the two is called, unless the dialling was cancelled."""

    def dialled(self, connection: IConnection) -> ConnectionEvents:
        """
        The connection is open; the answer listens to it.

        Where the dialler waits for the upstream's first message, that message is the first that is listened to.
        """

    def dial_failed(self, failure: DialFailure) -> None:
        """There will be no connection."""


class IDialling(Interface):
    """An attempt to connect that is under way."""

    def cancel() -> None:
        """Give up; nothing more is called, and no connection is left behind."""


class IDialler(Interface):
    """Connects to the configured upstream, and to nothing else."""

    def dial(model: str | None, events: DialEvents) -> IDialling:
        """
        Begin to connect, within the limits for it.

        ``model`` replaces ``{model}`` in the configured URL where the operator allows the client to choose; else the
        configured model does.
        """


@frozen
class FunctionEndpoint:
    """Where a client asks the server to call one of its functions; all of it is the client's, and may be secret."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(factory=dict, repr=False)


@frozen
class FunctionOutcome:
    """
    How a call went: what the function answered, or why it did not.

    ``failure`` is one of a few short reasons, such as ``timeout`` or ``status 500``, and holds nothing that the other
    side wrote.
    """

    output: str | None = field(default=None, repr=False)
    failure: str | None = None


class IPending(Interface):
    """Something that was asked for and is under way."""

    def cancel() -> None:
        """Give up; nothing more is called, and no connection is left behind."""


class IFunctionCaller(Interface):
    """Calls functions of clients over HTTP, at the hosts that the operator listed and at no others."""

    def allows(endpoint: FunctionEndpoint) -> str | None:
        """
        Why this endpoint is never called, in words for the client that quote nothing; ``None`` if it may be.

        Nothing is looked up for it: a host that is allowed can still turn out to have a forbidden address.
        """

    def call(
        session: str, endpoint: FunctionEndpoint, arguments: str, on_done: Callable[[FunctionOutcome], None]
    ) -> IPending:
        """
        Begin a call, within the limits for it and for the session's calls together.

        ``session`` is the name that the log knows; ``arguments`` are sent as they are. ``on_done`` is called exactly
        once, unless the call is cancelled, and never before this returns.
        """
