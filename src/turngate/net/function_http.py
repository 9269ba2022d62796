"""
A function's request as Twisted's HTTP client sends it, and the words for what can go wrong.

Responsible for a client without any of its comforts: no redirects, no cookies, no kept connections, no decoding, no
proxies out of the environment; and for words that hold nothing that the other side wrote.

Must not know: deadlines and bounds, names and addresses, whether a call may be made.

Comes from: ``function_call.py``. Goes to: Twisted's agent, over the endpoint that it is given.
"""

from typing import Any, Final

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import ConnectError, TCPTimedOutError
from twisted.internet.error import TimeoutError as ConnectTimeoutError
from twisted.internet.interfaces import IConsumer
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer
from zope.interface import implementer

from turngate.net.function_request import FunctionRequest

TIMEOUT: Final = "timeout"
UNKNOWN_HOST: Final = "unknown host"
NOT_ALLOWED: Final = "not allowed"
REFUSED: Final = "refused"
TLS_FAILED: Final = "tls failed"
BROKEN: Final = "broken"
"""Closed early, or no HTTP."""
TOO_LARGE: Final = "too large"
NOT_TEXT: Final = "not text"


def asked(request: FunctionRequest, arguments: bytes, endpoint: IAgentEndpointFactory, reactor: Any) -> "Deferred[Any]":
    """Send a request; the answer's head comes, or why there is none."""
    agent = Agent.usingEndpointFactory(reactor, endpoint, HTTPConnectionPool(reactor, persistent=False))
    headers = Headers({name: [value] for name, value in request.headers.items()})
    body = _Arguments(arguments) if request.has_body else None
    return maybeDeferred(agent.request, request.method.encode(), request.place.url.encode(), headers, body)


def why(failure: Failure) -> str:
    """Why there is no answer, in words of ours."""
    if failure.check(ConnectTimeoutError, TCPTimedOutError):
        return TIMEOUT
    if failure.check(ConnectError):
        return REFUSED
    if failure.check(SSL.Error, VerificationError):
        return TLS_FAILED
    return BROKEN


@implementer(IBodyProducer)
class _Arguments:
    """The body of a request, which is short and written at once."""

    def __init__(self, body: bytes) -> None:
        self.length = len(body)
        self._body = body

    def startProducing(self, consumer: IConsumer) -> "Deferred[None]":
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        pass

    def resumeProducing(self) -> None:
        pass

    def stopProducing(self) -> None:
        pass
