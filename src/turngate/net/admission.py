"""
Who may open a WebSocket here, as far as the request itself tells.

Responsible for what a request shows (path, origin, subprotocols, credential), for the rules about it that need nothing
else, and for the fixed words of a refusal. Who the client is (credentials, quotas) is asked of a function that the
listener was given.

Must not know: Autobahn, sockets, sessions.

Comes from: ``_autobahn.py``, which builds an :class:`Offer` of a request. Goes to: ``listener.py``, which judges it.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final, Protocol, TypeAlias
from urllib.parse import urlsplit

from attrs import field, frozen

from turngate.net.bridge import Bridge
from turngate.proxy.ports import TRACEPARENT, nothing

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

OWN_HEADERS: Final = "x-turngate-"
"""How the names of headers begin that are ours."""

CREDENTIAL_SCHEMES: Final = frozenset({"token", "bearer"})
"""Subprotocols by which a browser, which cannot set a header, names the kind of the credential that follows."""

REFUSAL_HEADERS: Final[dict[HTTPStatus, tuple[tuple[str, str], ...]]] = {
    HTTPStatus.UNAUTHORIZED: (("WWW-Authenticate", "Bearer"),),
    HTTPStatus.METHOD_NOT_ALLOWED: (("Allow", "GET"),),
    HTTPStatus.UPGRADE_REQUIRED: (("Upgrade", "websocket"),),
}
"""What HTTP asks for beside a status (RFC 9110, 15)."""

COME_AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
RETRY_AFTER_S: Final = 5
"""When to come again, where nobody knows better."""


@frozen
class Offer:
    """A client's request to open a WebSocket, before it was judged. What may be secret is not in its ``repr``."""

    path: str
    peer: str
    origin: str = ""
    """Empty where there is none, as with every client but browsers."""
    header_count: int = 0
    subprotocols: tuple[str, ...] = field(default=(), repr=False)
    authorization: str | None = field(default=None, repr=False)
    query: dict[str, list[str]] = field(factory=dict, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    """All of them, by their names in small letters."""

    @property
    def credential(self) -> str | None:
        """What the client offers as its credential, with the scheme before it; never to be logged or answered."""
        if self.authorization is not None:
            return self.authorization
        if scheme_of(self.subprotocols) is not None and len(self.subprotocols) > 1:
            return " ".join(self.subprotocols[:2])
        return None


@frozen
class Accepted:
    """The WebSocket may be opened, with this subprotocol."""

    subprotocol: str | None = None


@frozen
class Refused:
    """It may not; the client is told this HTTP status and its standard phrase."""

    status: HTTPStatus
    retry_after_s: int = RETRY_AFTER_S


@frozen
class Guest:
    """Who may come in: the name of its key, and how it gives its place back when its session is over."""

    name: str = ""
    leave: Callable[[], None] = field(default=nothing, repr=False, eq=False)


Verdict: TypeAlias = Accepted | Refused

Busy: TypeAlias = Callable[[Offer], float | None]
"""Who asks whether there is an upstream: after how many seconds to come again, or ``None``."""

Admit: TypeAlias = Callable[[Offer], Guest | Refused | HTTPStatus | None]
"""Who asks for credentials and quotas. ``None`` is a guest without a name, and a status alone refuses."""


class Door(Protocol):
    """Who lets clients in."""

    def arrived(self) -> Bridge | None:
        """A TCP connection was made; ``None`` drops it."""

    def judge(self, bridge: Bridge, offer: Offer) -> Verdict:
        """A client asks to open a WebSocket."""

    def refused(self, status: int) -> None:
        """A request was refused, by whomever."""


def own(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a request's headers that are for us."""
    return {name: value for name, value in headers.items() if name.startswith(OWN_HEADERS) or name == TRACEPARENT}


def refusal_headers(status: HTTPStatus, retry_after_s: int) -> tuple[tuple[str, str], ...]:
    """The headers of an answer that refuses: fixed ones but for a number, and no body."""
    again = (("Retry-After", str(retry_after_s)),) if status in COME_AGAIN else ()
    return (("Connection", "close"), ("Content-Length", "0"), *REFUSAL_HEADERS.get(status, ()), *again)


def scheme_of(subprotocols: tuple[str, ...]) -> str | None:
    """The scheme word, as the client wrote it, where the first subprotocol is one."""
    if subprotocols and subprotocols[0].lower() in CREDENTIAL_SCHEMES:
        return subprotocols[0]
    return None


def is_opaque_origin(origin: str) -> bool:
    """Whether a browser tells that it does not tell: sandboxed frames, local files."""
    return origin.lower() == "null" or origin.lower().startswith("file:")


def is_origin_allowed(origin: str, allowed_origins: frozenset[str]) -> bool:
    """
    Whether a page from there may talk to us: none (not a browser), loopback on any port, or a configured origin.

    Any page in a user's browser can open a WebSocket to any server; the origin is the only sign of it.
    """
    if not origin:
        return True
    if is_opaque_origin(origin):
        return False
    if origin.lower() in allowed_origins:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK_HOSTS
