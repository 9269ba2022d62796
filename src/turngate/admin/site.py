"""
The operator's endpoint, over HTTP.

Responsible for requests and answers as Twisted has them, and for what a connection may cost.

Must not know: what is asked, and what it is answered.

Comes from: TCP connections. Goes to: ``desk.py``.
"""

from typing import Final

from twisted.internet.interfaces import IAddress, IProtocolFactory
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.http import Request as HttpRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from turngate.admin.desk import Answer, Ask, Desk

IDLE_S: Final = 30
"""How long a connection may be silent."""
MAX_CONNECTIONS: Final = 32
MAX_BODY_BYTES: Final = 1024
"""Nothing that is asked here needs a body; programs send small ones all the same."""
OF_A_PAGE: Final = ("origin", "sec-fetch-mode")
"""What browsers say of requests that a page has made, and nobody else."""


class Questions(Resource):
    """Every path."""

    isLeaf = True

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def render(self, request: Request) -> int:
        """Twisted calls this with each request."""
        gone: list[Request] = []
        request.notifyFinish().addErrback(lambda _: gone.append(request))
        ask = Ask(
            method=request.method.decode("ascii", "replace"),
            path=request.path.decode("ascii", "replace"),
            host=request.getHeader("host") or "",
            is_of_a_page=any(request.getHeader(name) is not None for name in OF_A_PAGE),
            authorization=request.getHeader("authorization") or "",
        )

        def reply(answer: Answer) -> None:
            # whoever asked may have gone meanwhile
            if not gone:
                write(request, answer)

        self._desk.answer(ask, reply)
        return NOT_DONE_YET


def write(request: Request, answer: Answer) -> None:
    """Answer a request."""
    request.setResponseCode(answer.status.value, answer.status.phrase.encode())
    request.setHeader("server", "turngate")
    request.setHeader("cache-control", "no-store")
    request.setHeader("content-type", answer.content_type)
    for name, value in answer.headers:
        request.setHeader(name.lower(), value)
    request.setHeader("content-length", str(len(answer.body)))
    if request.method != b"HEAD":
        request.write(answer.body)
    request.finish()


class SmallRequest(Request):
    """Ends the connection of whoever announces more than anybody needs."""

    def gotLength(self, length: int | None) -> None:
        """Twisted calls this when the headers have come; ``None`` announces any length."""
        if length is not None and length <= MAX_BODY_BYTES:
            super().gotLength(length)
        else:
            super().gotLength(0)
            self.channel.loseConnection()


class SmallSite(Site):
    """Reads no large requests, and writes no log of its own: it would hold what is asked with secrets in it."""

    def __init__(self, resource: Resource) -> None:
        self.noisy = False
        super().__init__(resource, requestFactory=SmallRequest, timeout=IDLE_S)
        self.displayTracebacks = False

    def log(self, request: HttpRequest) -> None:
        """Twisted calls this after each request."""


class Few(WrappingFactory):
    """Drops connections beyond a number."""

    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper | None:  # type: ignore[override]  # None drops
        """Twisted calls this for each connection."""
        if len(self.protocols) >= MAX_CONNECTIONS:
            return None
        return super().buildProtocol(addr)


def site(desk: Desk) -> IProtocolFactory:
    """What listens at the operator's endpoint."""
    return Few(SmallSite(Questions(desk)))
