"""Connections that are looked at, and passed on to another worker, over real sockets."""

import pytest
import pytest_twisted
from twisted.internet import reactor, ssl
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from certificate_rig import described, issue
from turngate.assembly.hand import factory_at
from turngate.errors import ConfigError
from turngate.ops.certificates import Certificates
from turngate.ops.logging import Log
from turngate.workers.relays import Arrivals, Relays
from turngate.workers.sorting import Sorter

# Twisted's own endpoint speaks to pyOpenSSL like this
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
async_test = pytest_twisted.ensureDeferred
OF, INDEX = 2, 0
MINE = b"GET /?resume=00000000 HTTP/1.1\r\n\r\n"
OTHERS = b"GET /?resume=00000001 HTTP/1.1\r\n\r\n"
MAX_BYTES = 200


class Recorder(Protocol):
    """Keeps what it is told."""

    def __init__(self):
        self.received = b""
        self.lost = 0
        self.is_paused = False

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.lost += 1
        self.reason = reason

    def pauseProducing(self):
        self.is_paused = True

    def resumeProducing(self):
        self.is_paused = False

    def stopProducing(self):
        pass


class Recorders(Factory):
    noisy = False

    def __init__(self):
        self.made = []

    def buildProtocol(self, addr):
        self.made.append(Recorder())
        return self.made[-1]


# --- where it goes --------------------------------------------------------------------------------------------------


class Stage:
    def __init__(self, can_pass_on=True):
        self.inner = Recorders()
        self.passed = []

        def pass_on(owner, near, head):
            if can_pass_on:
                self.passed.append((owner, head))
            return can_pass_on

        sorter = Sorter(self.inner, INDEX, OF, MAX_BYTES, pass_on)
        self.protocol = sorter.buildProtocol(None)
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)

    def read(self, *pieces):
        for piece in pieces:
            self.protocol.dataReceived(piece)
        return self.inner.made[0].received


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\n\r\n", MINE, b"nonsense\r\n\r\n"])
def test_request_for_nobody_else_is_served_here(head):
    """From its end on nothing is kept, and what follows comes at once."""
    stage = Stage()
    assert b"" == stage.read(head[:-1])
    assert head + b"more" == stage.read(head[-1:], b"more")
    assert [] == stage.passed
    stage.protocol.connectionLost(None)
    assert 1 == stage.inner.made[0].lost


def test_request_for_another_is_passed_on_with_all_that_was_read():
    """The listener here knows of no connection any more."""
    stage = Stage()
    assert b"" == stage.read(OTHERS[:10], OTHERS[10:-2], OTHERS[-2:] + b"more")
    assert [(1, OTHERS + b"more")] == stage.passed
    assert 1 == stage.inner.made[0].lost


def test_request_for_another_that_cannot_be_passed_on_is_answered_here():
    """There is no such session here, and its client is told so."""
    assert OTHERS == Stage(can_pass_on=False).read(OTHERS)


def test_head_without_an_end_is_the_listeners_affair():
    """It has a limit for that, and a time."""
    stage = Stage()
    assert b"" == stage.read(b"a" * MAX_BYTES)
    assert b"a" * (MAX_BYTES + 1) == stage.read(b"a")
    assert OTHERS + b"a" * (MAX_BYTES + 1) != stage.read(OTHERS)
    assert [] == stage.passed


def test_connection_that_ends_in_its_head_is_told_to_the_listener():
    """Once."""
    stage = Stage()
    stage.read(OTHERS[:5])
    stage.protocol.connectionLost(None)
    assert 1 == stage.inner.made[0].lost


# --- over sockets ---------------------------------------------------------------------------------------------------


async def until(condition, within_s=5.0):
    for _ in range(round(within_s / 0.002)):
        if condition():
            return
        await deferLater(reactor, 0.002, lambda: None)
    raise AssertionError("it did not happen")


class Two:
    """Two workers in one process: the first accepts, the second serves what is passed on."""

    def __init__(self, directory, tls):
        self.inner, self.other = Recorders(), Recorders()
        self.handed = []
        self.relays = Relays(reactor, self.send)
        sorter = Sorter(self.inner, INDEX, OF, MAX_BYTES, self.relays.begin)
        endpoint = "tcp:0"
        if tls:
            issue(directory, "localhost")
            endpoint = described(directory)
        factory = factory_at(endpoint, sorter, Certificates(Log("error")))
        assert isinstance(factory, TLSMemoryBIOFactory) == tls
        self.tls = tls
        self.port = reactor.listenTCP(0, factory, interface="127.0.0.1")

    def send(self, connection, handed):
        self.handed.append(handed)
        reactor.adoptStreamConnection(connection.fileno(), connection.family, Arrivals(self.other, handed))
        return True

    async def connect(self):
        endpoint = HostnameEndpoint(reactor, b"127.0.0.1", self.port.getHost().port)
        if self.tls:
            endpoint = wrapClientTLS(ssl.ClientContextFactory(), endpoint)
        return await connectProtocol(endpoint, Recorder())


@pytest_twisted.async_yield_fixture
async def two(request, tmp_path):
    pair = Two(tmp_path, getattr(request, "param", False))
    yield pair
    await pair.port.stopListening()
    assert not pair.relays.open


@pytest.mark.parametrize("two", [False, True], indirect=True, ids=["tcp", "tls"])
@async_test
async def test_other_worker_talks_to_the_client_through_the_first(two):
    """In both directions, under the client's address; when it closes, the client has heard all of it."""
    client = await two.connect()
    client.transport.write(OTHERS + b"one ")
    await until(lambda: two.other.made and two.other.made[0].received.endswith(b"one "))
    (server,) = two.other.made
    assert client.transport.getHost() == server.transport.getPeer()
    client.transport.write(b"two")
    await until(lambda: OTHERS + b"one two" == server.received)
    server.transport.write(b"x" * 200_000)
    server.transport.loseConnection()
    await until(lambda: client.lost)
    assert 200_000 == len(client.received)
    assert client.reason.check(ConnectionDone), "in order, and not when it was given up"
    await until(lambda: server.lost)
    over = []
    two.relays.when_none(lambda: over.append(1))
    assert [1] == over


@async_test
async def test_client_that_goes_is_told_to_the_other_worker(two):
    """And the relay is over then."""
    client = await two.connect()
    client.transport.write(OTHERS)
    await until(lambda: two.other.made and two.other.made[0].received)
    over = []
    two.relays.when_none(lambda: over.append(1))
    assert [] == over
    client.transport.loseConnection()
    await until(lambda: two.other.made[0].lost)
    assert [1] == over


@async_test
async def test_relays_can_be_cut(two):
    """Both sides end."""
    client = await two.connect()
    client.transport.write(OTHERS)
    await until(lambda: two.other.made and two.other.made[0].received)
    two.relays.cut()
    await until(lambda: client.lost and two.other.made[0].lost)


@async_test
async def test_client_that_does_not_read_stops_the_other_worker(two):
    """Nothing piles up on the way: it is told as if the client were its own."""
    client = await two.connect()
    client.transport.write(OTHERS)
    await until(lambda: two.other.made and two.other.made[0].received)
    client.transport.pauseProducing()
    (server,) = two.other.made
    server.transport.registerProducer(server, True)
    sent = paused_turns = 0
    while paused_turns < 50:
        if server.is_paused:
            paused_turns += 1
        else:
            paused_turns = 0
            server.transport.write(b"x" * 65_537)
            sent += 65_537
        assert sent < 64 * 1024 * 1024
        await deferLater(reactor, 0, lambda: None)
    client.transport.resumeProducing()
    await until(lambda: len(client.received) == sent)
    client.transport.loseConnection()
    await until(lambda: server.lost)


def test_endpoint_whose_certificate_cannot_be_used_is_told_in_one_line(tmp_path):
    """For a worker that begins later than its parent."""
    issue(tmp_path, "localhost")
    endpoint = described(tmp_path)
    (tmp_path / "cert.pem").write_text("nonsense")
    with pytest.raises(ConfigError, match="cannot listen on ssl:0"):
        factory_at(endpoint, Recorders(), Certificates(Log("error")))
