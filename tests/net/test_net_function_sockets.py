"""Calls of functions over real sockets and TLS, with a canary beside them that nobody may ever connect to."""

import socket
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from attrs import Factory, define
from function_rig import Lines, Outcomes, Resolver, http, whole_request
from socket_rig import RawServer, ServerTls, Town, async_test, make_certificate, the_reactor, until
from twisted.internet.protocol import Factory as ProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from turngate.net.function_hosts import FunctionHosts
from turngate.net.functions import FunctionCaller
from turngate.net.limits import MIB, FunctionLimits
from turngate.proxy.ports import FunctionEndpoint, FunctionOutcome, IPending

LOOPBACK = ["127.0.0.1"]
CANARY = "canary-4711"


@cache
def identity() -> tuple[ServerTls, Certificate]:
    """A certificate for the names of these tests; made once, for it takes a while."""
    return make_certificate("good.test", "localhost", "127.0.0.1")


class FunctionServer(ProtocolFactory):
    """A web server that does with a request what it is told."""

    noisy = False

    def __init__(self, behave: Callable[[Any], None]) -> None:
        self.behave = behave
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections: list[FunctionConnection] = []
        self.received = b""
        self.gone = 0

    def buildProtocol(self, addr: object) -> Protocol:
        connection = FunctionConnection()
        connection.factory = self
        self.connections.append(connection)
        return connection


class FunctionConnection(Protocol):
    """One connection of it."""

    factory: FunctionServer

    def __init__(self) -> None:
        self.received = b""

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.factory.received += data
        request = whole_request(self.received)
        if request is not None:
            self.received = b""
            self.factory.requests.append(request)
            self.factory.behave(self.transport)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.gone += 1


def answering(answer: bytes) -> Callable[[Any], None]:
    """A server that answers this, and keeps the connection."""
    return lambda transport: transport.write(answer)


@define
class Street:
    """A server, a canary, and a caller who is allowed to call one of the two."""

    town: Town
    server: FunctionServer
    port: int
    canary: RawServer
    canary_port: int
    resolver: Resolver = Factory(lambda: Resolver([LOOPBACK]))
    log: Lines = Factory(Lines)
    outcomes: Outcomes = Factory(Outcomes)

    def caller(self, *hosts: str, **options: Any) -> FunctionCaller:
        """A caller; by default it may call the server."""
        settings: dict[str, Any] = {
            "hosts": FunctionHosts.listed(hosts or [f"good.test:{self.port}+private"]),
            "log": self.log,
            "reactor": the_reactor,
            "resolver": self.resolver,
            "trust_root": identity()[1],
            **options,
        }
        return FunctionCaller(**settings)

    def call(self, caller: FunctionCaller, url: str | None = None, **endpoint: Any) -> IPending:
        """Begin a call; by default of the server."""
        where = f"https://good.test:{self.port}/f" if url is None else self.written(url)
        return caller.call("s", FunctionEndpoint(where, **endpoint), '{"a": 1}', self.outcomes)

    async def outcome(self, caller: FunctionCaller, url: str | None = None, **endpoint: Any) -> FunctionOutcome:
        """Call, wait for how it goes, and then for whatever should not come after it."""
        self.call(caller, url, **endpoint)
        await until(lambda: self.outcomes.all)
        for _turn in range(20):
            await deferLater(the_reactor, 0.001, lambda: None)
        (outcome,) = self.outcomes.all
        return outcome

    def written(self, text: str) -> str:
        """A text with the ports put in."""
        return text.replace("{port}", str(self.port)).replace("{canary}", str(self.canary_port))


def street(town: Town, behave: Callable[[Any], None] | None = None, **where: str) -> Street:
    """A server with TLS, which answers ``yes`` unless it does something else; and a canary."""
    server, canary = FunctionServer(behave or answering(http("200 OK", b"yes"))), RawServer()
    return Street(town, server, town.listen(server, identity()[0], **where), canary, town.listen(canary))


# --- where nobody connects to -----------------------------------------------------------------------------------------


@async_test
async def test_server_is_called_over_tls(town: Town) -> None:
    """What the other tests refuse is possible."""
    here = street(town)
    outcome = await here.outcome(here.caller(), headers={"X-Key": "k"})
    assert outcome == FunctionOutcome(output="yes")
    ((first, headers, body),) = here.server.requests
    assert (first, headers["host"], headers["x-key"]) == ("POST /f HTTP/1.1", f"good.test:{here.port}", "k")
    assert body == b'{"a": 1}'
    assert here.resolver.asked == ["good.test"]
    await until(lambda: here.server.gone)


@async_test
async def test_canary_sings_when_it_is_connected_to(town: Town) -> None:
    """The tests below would find no connection in nothing."""
    here = street(town)
    caller = here.caller(here.written("good.test:{canary}+private"), limits=FunctionLimits(call_s=0.2))
    outcome = await here.outcome(caller, "https://good.test:{canary}/")
    assert outcome.failure == "timeout"
    assert len(here.canary.connections) == 1


@async_test
@pytest.mark.parametrize(
    "url",
    [
        # hosts that are not listed, though they resolve to this machine
        "https://evil.test:{canary}/",
        "https://good.test.evil.test:{canary}/",
        "https://evil.good.test:{canary}/",
        "https://localhost:{canary}/",
        "https://localhost.:{canary}/",
        "http://good.test:{canary}/",
        # the port is another's
        "https://good.test:{canary}/",
        "https://good.test.:{canary}/",
        "https://good.test:{port}:{canary}/",
        "https://good.test:{port}@:{canary}/",
        "https://good.test:0{canary}/",
        # the address, which is listed with another port, and in spellings that some take for it
        "https://127.0.0.1:{canary}/",
        "https://127.1:{canary}/",
        "https://0x7f.1:{canary}/",
        "https://0x7f000001:{canary}/",
        "https://2130706433:{canary}/",
        "https://0177.0.0.1:{canary}/",
        "https://127.0.0.1.:{canary}/",
        "https://[::ffff:127.0.0.1]:{canary}/",
        "https://[::ffff:7f00:1]:{canary}/",
        "https://[::1]:{canary}/",
        "https://0:{canary}/",
        "https://0.0.0.0:{canary}/",
        # who is the user, and who the host?
        "https://good.test:{port}@evil.test:{canary}/",
        "https://good.test@127.0.0.1:{canary}/",
        "https://good.test:{port}#@127.0.0.1:{canary}/",
        "https://good.test:{port}\\@127.0.0.1:{canary}/",
        "https://good.test:{port}%2f@127.0.0.1:{canary}/",
        "https://127.0.0.1:{canary}#@good.test:{port}/",
        "https://127.0.0.1:{canary}\\@good.test:{port}/",
        "https://good.test:{port}\t@127.0.0.1:{canary}/",
        "https://good.test:{port}//127.0.0.1:{canary}/",
        "https:\\\\127.0.0.1:{canary}/",
        "//127.0.0.1:{canary}/",
        "https://ⓖood.test:{canary}/",
    ],
)
@pytest.mark.row(37, 39)
async def test_nobody_is_connected_to_when_the_url_is_not_of_a_listed_host(town: Town, url: str) -> None:
    """Not the canary, not the server, and not the resolver, for a name is a message too."""
    here = street(town)
    caller = here.caller(*(here.written(host) for host in ("good.test:{port}+private", "127.0.0.1:{port}+private")))
    assert caller.allows(FunctionEndpoint(here.written(url))) is not None
    assert (await here.outcome(caller, url)).failure == "not allowed"
    assert (here.canary.connections, here.server.connections, here.resolver.asked) == ([], [], [])


@async_test
@pytest.mark.parametrize(
    "answer", [LOOPBACK, ["::1"], ["::ffff:127.0.0.1"], ["0.1.2.3"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]]
)
@pytest.mark.row(39)
async def test_private_address_behind_a_listed_name_is_not_connected_to(town: Town, answer: list[str]) -> None:
    """Whoever owns the name does not own this machine."""
    here = street(town)
    here.resolver.answers = [answer]
    caller = here.caller(here.written("good.test:{canary}"))
    assert (await here.outcome(caller, "https://good.test:{canary}/")).failure == "not allowed"
    assert (here.canary.connections, here.resolver.asked) == ([], ["good.test"])


@async_test
@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("target", ["http://127.0.0.1:{canary}/", "https://good.test:{canary}/", "/elsewhere"])
@pytest.mark.row(39)
async def test_redirect_leads_nowhere(town: Town, status: int, method: str, target: str) -> None:
    """Not to another host, and not to the same one."""
    here = street(town)
    here.server.behave = answering(http(f"{status} Moved", b"", f"Location: {here.written(target)}"))
    assert (await here.outcome(here.caller(), method=method)).failure == f"status {status}"
    assert (len(here.server.requests), len(here.server.connections), here.canary.connections) == (1, 1, [])


@async_test
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the loopback has one address only")
@pytest.mark.row(39)
async def test_name_that_changes_its_mind_is_not_asked_again(town: Town) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to, on the same port."""
    here = street(town, interface="127.0.0.2")
    canary = RawServer()
    town.listen(canary, port=here.port)
    here.resolver.answers = [["127.0.0.2"], LOOPBACK]
    assert (await here.outcome(here.caller())).output == "yes"
    assert (len(here.server.connections), canary.connections, here.resolver.asked) == (1, [], ["good.test"])


@async_test
@pytest.mark.parametrize(
    "url", ["https://GOOD.test:{port}/", "https://good.test.:{port}/", "HTTPS://good.TEST.:{port}"]
)
async def test_name_is_the_same_in_any_case_and_with_the_dot_of_the_root(town: Town, url: str) -> None:
    """Also to TLS and to the server."""
    here = street(town)
    assert (await here.outcome(here.caller(), url)).output == "yes"
    assert here.server.requests[0][1]["host"] == f"good.test:{here.port}"


# --- who is believed --------------------------------------------------------------------------------------------------


@async_test
@pytest.mark.parametrize("names", [("good.test",), ("evil.test",), ("127.0.0.1",)])
async def test_server_that_is_not_vouched_for_gets_no_byte(town: Town, names: tuple[str, ...]) -> None:
    """Neither one that signs for itself, nor one with another's certificate, nor one for the address of the name."""
    here = street(town)
    tls, trusted = make_certificate(*names)
    server = FunctionServer(answering(http("200 OK")))
    port = town.listen(server, tls)
    trust_root = identity()[1] if names == ("good.test",) else trusted
    caller = here.caller(f"good.test:{port}+private", trust_root=trust_root)
    assert (await here.outcome(caller, f"https://good.test:{port}/{CANARY}")).failure == "tls failed"
    await until(lambda: server.gone)
    assert server.received == b""


@async_test
@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
async def test_server_is_believed_in_its_own_name(town: Town, host: str) -> None:
    """A name, or an address that the operator listed as one."""
    here = street(town)
    tls, trusted = make_certificate(host)
    port = town.listen(FunctionServer(answering(http("200 OK", b"yes"))), tls)
    caller = here.caller(f"{host}:{port}+private", trust_root=trusted)
    assert (await here.outcome(caller, f"https://{host}:{port}/")).output == "yes"


@async_test
async def test_server_without_tls_gets_no_request(town: Town) -> None:
    """Nothing is sent in the clear for want of something better."""
    here = street(town)
    plain = FunctionServer(answering(http("200 OK")))
    port = town.listen(plain)
    caller = here.caller(f"good.test:{port}+private", limits=FunctionLimits(call_s=0.2))
    assert (await here.outcome(caller, f"https://good.test:{port}/{CANARY}")).failure == "timeout"
    assert plain.requests == []
    assert CANARY.encode() not in plain.received


@async_test
async def test_server_that_answers_without_tls_is_not_believed(town: Town) -> None:
    """An answer in the clear is none."""
    here = street(town)
    plain = RawServer()
    port = town.listen(plain)
    caller = here.caller(f"good.test:{port}+private")
    here.call(caller, f"https://good.test:{port}/{CANARY}")
    await until(lambda: plain.received)
    plain.connections[0].transport.write(http("200 OK", b"yes"))
    await until(lambda: here.outcomes.all)
    assert here.outcomes.failures == ["tls failed"]
    assert CANARY.encode() not in plain.received


@async_test
async def test_machine_itself_is_called_without_tls_where_that_is_listed(town: Town) -> None:
    """With the reactor's own resolver, and past an address of the name at which nobody listens."""
    here = street(town)
    plain = FunctionServer(answering(http("200 OK", b"yes")))
    port = town.listen(plain)
    caller = here.caller(f"localhost:{port}+http", resolver=None)
    assert (await here.outcome(caller, f"http://localhost:{port}/f")).output == "yes"
    assert plain.requests[0][1]["host"] == f"localhost:{port}"


@async_test
async def test_server_that_is_not_there_is_told(town: Town) -> None:
    """A refused connection is no exception."""
    here = street(town)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    caller = here.caller(f"good.test:{port}+private")
    assert (await here.outcome(caller, f"https://good.test:{port}/")).failure == "refused"


@async_test
async def test_nothing_is_logged_of_a_call_but_its_host_and_outcome(town: Town, everything_logged: list[str]) -> None:
    """Twisted would log each connection, and Turngate logs each call; neither says what was sent, or where."""
    here = street(town, answering(http(f"500 {CANARY}", CANARY.encode(), f"X: {CANARY}")))
    everything_logged.clear()
    await here.outcome(here.caller(), f"https://good.test:{{port}}/{CANARY}?{CANARY}", headers={"X": CANARY})
    assert here.log.lines == [("function.called", {"session": "s", "host": "good.test", "outcome": "status 500"})]
    assert everything_logged == []


# --- what may come back, and when -------------------------------------------------------------------------------------


def close(transport: Any) -> None:
    """Answer without a length, and end it as TLS does."""
    transport.write(b"HTTP/1.1 200 OK\r\n\r\nyes")
    transport.loseConnection()


def cut(transport: Any) -> None:
    """Answer without a length, and end it as anybody on the way could."""
    transport.write(b"HTTP/1.1 200 OK\r\n\r\nyes")
    transport.transport.loseConnection()


def close_early(transport: Any) -> None:
    """Promise more than is sent."""
    transport.write(http("200 OK", b"yes", length=100))
    transport.loseConnection()


def close_at_once(transport: Any) -> None:
    """Answer nothing."""
    transport.loseConnection()


def reset(transport: Any) -> None:
    """Drop the connection."""
    transport.write(http("200 OK", b"yes", length=100))
    transport.abortConnection()


@async_test
@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        (answering(http("200 OK", b"y" * MIB)), FunctionOutcome(output="y" * MIB)),
        (answering(http("200 OK", b"y" * 2 * MIB)), FunctionOutcome(failure="too large")),
        (answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 2 * MIB), FunctionOutcome(failure="too large")),
        (answering(http("500 Oops", CANARY.encode())), FunctionOutcome(failure="status 500")),
        (answering(http("200 OK", b"\xff")), FunctionOutcome(failure="not text")),
        (answering(b"HTTP/1.1 204 No Content\r\n\r\n"), FunctionOutcome(output="")),
        (close, FunctionOutcome(output="yes")),
        (cut, FunctionOutcome(failure="broken")),
        (close_early, FunctionOutcome(failure="broken")),
        (close_at_once, FunctionOutcome(failure="broken")),
        (reset, FunctionOutcome(failure="broken")),
    ],
)
async def test_answer_has_its_outcome(town: Town, behave: Callable[[Any], None], outcome: FunctionOutcome) -> None:
    """The same as in memory, with TLS in between; and the connection is always ours to end."""
    here = street(town, behave)
    assert outcome == await here.outcome(here.caller())
    await until(lambda: here.server.gone)
    assert len(here.server.connections) == 1


@async_test
async def test_endless_body_is_cut(town: Town) -> None:
    """A server that never stops is stopped, after little more than what may be kept."""
    sent = 0

    def pour(transport: Any) -> None:
        nonlocal sent
        if here.server.gone:
            return
        transport.write(b"y" * 65536)
        sent += 65536
        the_reactor.callLater(0.0005, pour, transport)

    def behave(transport: Any) -> None:
        transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
        pour(transport)

    here = street(town, behave)
    assert (await here.outcome(here.caller())).failure == "too large"
    await until(lambda: here.server.gone)
    assert sent < 32 * MIB


@async_test
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", http("200 OK", b"y", length=100)])
async def test_slow_server_is_given_up(town: Town, start: bytes) -> None:
    """At the deadline, wherever it is slow."""
    here = street(town, answering(start))
    begun = time.monotonic()
    outcome = await here.outcome(here.caller(limits=FunctionLimits(call_s=0.2)))
    assert outcome.failure == "timeout"
    assert 0.15 < time.monotonic() - begun < 2
    await until(lambda: here.server.gone)


@async_test
@pytest.mark.parametrize("stage", ["at once", "while connecting", "while in tls", "while waiting", "while reading"])
async def test_cancelled_call_leaves_no_socket(town: Town, stage: str) -> None:
    """At any stage; the fixture looks for leftovers."""
    start = http("200 OK", b"y", length=100) if stage == "while reading" else b""
    here = street(town, answering(start))
    call = here.call(here.caller())
    if stage == "while connecting":
        await deferLater(the_reactor, 0, lambda: None)
    elif stage == "while in tls":
        await until(lambda: here.server.connections)
    elif stage == "while waiting":
        await until(lambda: here.server.requests)
    elif stage == "while reading":
        await until(lambda: getattr(call, "_body", None))
    call.cancel()
    await until(lambda: here.server.gone == len(here.server.connections))
    assert here.outcomes.all == []
    assert here.log.outcomes == ["cancelled"]
    if stage in {"while waiting", "while reading"}:
        assert here.server.gone == 1
