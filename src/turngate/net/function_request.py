"""
A client's endpoint, judged: what is sent where, or why it is not.

Responsible for the method, for the headers that are not a client's to set, and for the words to the client.

Must not know: sockets, names and their addresses, what a function does.

Comes from: a client's settings, by way of :class:`~turngate.proxy.ports.FunctionEndpoint`. Goes to:
``function_call.py``.
"""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from turngate.net.function_hosts import FunctionHosts, Place
from turngate.net.upstream import HEADER_NAME, HEADER_VALUE
from turngate.proxy.ports import FunctionEndpoint

METHODS: Final = {"POST": True, "PUT": True, "PATCH": True, "GET": False, "DELETE": False}
"""The methods, and whether a request has a body. To the two without one the arguments are not sent at all: HTTP gives a
body of theirs no meaning, and a query of our making would be a format of our own."""

MAX_HEADERS: Final = 32
MAX_HEADER_BYTES: Final = 8 * 1024
"""Of all headers together, as they are on the wire."""

OURS: Final = frozenset(
    {
        # the frame of the message, and the connection
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        # what is answered compressed is not text to us
        "accept-encoding",
        # who asks is not the client's to say: a host that trusts this machine may believe it
        "forwarded",
        "via",
        "x-real-ip",
        # there is no session with a host, and none is to be made up
        "cookie",
    }
)
OUR_PREFIXES: Final = ("proxy-", "x-forwarded-")

OFF: Final = "functions are not called by the server. Leave endpoint out, and answer FunctionCallRequest."
NOT_LISTED: Final = (
    "url must be https, in visible ASCII without a user name or a fragment, at a host that the operator has listed."
)
NO_METHOD: Final = f"method must be one of {', '.join(METHODS)}."
TOO_MANY_HEADERS: Final = f"headers must be at most {MAX_HEADERS}, and {MAX_HEADER_BYTES} bytes together."
BAD_HEADER: Final = "headers must be visible ASCII, name and value, each name once."
OUR_HEADER: Final = (
    "headers cannot set what the server writes itself, such as Host, Connection, Content-Length, Accept-Encoding, "
    "Cookie, Proxy-... and X-Forwarded-...."
)


@frozen
class FunctionRequest:
    """What is sent where, but for the arguments."""

    place: Place
    method: str
    has_body: bool
    headers: Mapping[str, str] = field(repr=False)


def judged(endpoint: FunctionEndpoint, hosts: FunctionHosts) -> FunctionRequest | str:
    """The request for an endpoint, or why there is none, in words for the client that quote nothing."""
    if not hosts:
        return OFF
    method = endpoint.method.upper()
    if method not in METHODS:
        return NO_METHOD
    place = hosts.place(endpoint.url)
    if place is None:
        return NOT_LISTED
    fault = _fault(endpoint.headers)
    if fault is not None:
        return fault
    has_body = METHODS[method]
    headers = dict(endpoint.headers)
    if has_body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return FunctionRequest(place, method, has_body, headers)


def _fault(headers: Mapping[str, str]) -> str | None:
    """What is wrong with a client's headers; a wrong one is refused and not left out, for then the call would fail."""
    if len(headers) > MAX_HEADERS:
        return TOO_MANY_HEADERS
    if sum(len(name) + len(": ") + len(value) + len("\r\n") for name, value in headers.items()) > MAX_HEADER_BYTES:
        return TOO_MANY_HEADERS
    # to CGI and its heirs an underscore is a hyphen
    names = {name.lower().replace("_", "-") for name in headers}
    if len(names) < len(headers):
        return BAD_HEADER
    if not all(HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value) for name, value in headers.items()):
        return BAD_HEADER
    if any(name in OURS or name.startswith(OUR_PREFIXES) for name in names):
        return OUR_HEADER
    return None
