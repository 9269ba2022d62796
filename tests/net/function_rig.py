"""What the tests of function calls share: a resolver that says what it is told, a log, and a list of outcomes."""

from collections.abc import Sequence
from typing import Any

from attrs import Factory, define
from net_rig import BoundedTransport
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from turngate.proxy.log import EventLog, Field
from turngate.proxy.ports import FunctionOutcome


@implementer(IHostResolution)
@define
class Resolution:
    """A resolution that cannot be stopped, as Twisted's own cannot."""

    name: str

    def cancel(self) -> None:
        raise NotImplementedError


@implementer(IHostnameResolver)
@define
class Resolver:
    """Answers each question with the next of its answers, the last one for ever; or holds it back."""

    answers: list[Sequence[str]]
    asked: list[str] = Factory(list)
    held: list[IResolutionReceiver] | None = None

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: object = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        self.asked.append(hostName)
        resolution = Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        if self.held is None:
            self.answer(resolutionReceiver)
        else:
            self.held.append(resolutionReceiver)
        return resolution

    def answer(self, receiver: IResolutionReceiver) -> None:
        """Give the next answer."""
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for address in addresses:
            make = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(make("TCP", address, 0))
        receiver.resolutionComplete()


@define
class Lines(EventLog):
    """A log that keeps its lines."""

    lines: list[tuple[str, dict[str, Field]]] = Factory(list)

    def debug(self, event: str, **fields: Field) -> None:
        self.lines.append((event, fields))

    info = warn = error = debug

    def bound(self, **fields: Field) -> EventLog:
        raise NotImplementedError

    @property
    def outcomes(self) -> list[Field]:
        """What became of each call."""
        return [fields["outcome"] for _event, fields in self.lines]


@define
class Outcomes:
    """Who waits for calls."""

    all: list[FunctionOutcome] = Factory(list)

    def __call__(self, outcome: FunctionOutcome) -> None:
        self.all.append(outcome)

    @property
    def failures(self) -> list[str | None]:
        """Why they failed."""
        return [outcome.failure for outcome in self.all]

    @property
    def outputs(self) -> list[str | None]:
        """What they answered."""
        return [outcome.output for outcome in self.all]


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """An answer, with the length of its body or another."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def whole_request(received: bytes) -> tuple[str, dict[str, str], bytes] | None:
    """The first line, the headers and the body of a request; ``None`` while some of it is missing."""
    head, found, body = received.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, Any] = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    assert len(headers) == len(lines), lines
    return (first, headers, body) if len(body) >= int(headers.get("content-length", 0)) else None


class Wire:
    """The other end of one connection."""

    def __init__(self, reactor: MemoryReactorClock, factory: Any) -> None:
        self.reactor = reactor
        self.protocol = factory.buildProtocol(None)
        self.transport = BoundedTransport(reactor, self.protocol)
        self.protocol.makeConnection(self.transport)
        self.settle()

    @property
    def request(self) -> tuple[str, dict[str, str], bytes]:
        """What was sent."""
        request = whole_request(self.transport.sent)
        assert request is not None
        return request

    def say(self, data: bytes) -> None:
        """Send something, in pieces as TCP has them."""
        for start in range(0, len(data), 65536):
            if not self.transport.ending:
                self.protocol.dataReceived(data[start : start + 65536])
        self.settle()

    def end(self, error: BaseException | None = None) -> None:
        """Hang up."""
        self.transport.lose(error or ConnectionDone())
        self.settle()

    def settle(self) -> None:
        """Let the transport do what it has put off."""
        for _turn in range(5):
            self.reactor.advance(0)
