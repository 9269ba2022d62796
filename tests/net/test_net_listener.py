"""Letting clients in, over real Autobahn and a transport in memory."""

from contextlib import suppress
from http import HTTPStatus

import pytest
from net_rig import PATH, BoundedTransport, Gate, Leg, close_frame, make_gate, read_frames, upgrade_request
from OpenSSL import SSL
from socket_rig import ServerTls, make_certificate
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface.verify import verifyObject

from turngate.net.admission import Offer
from turngate.net.limits import Limits
from turngate.proxy.ports import IConnection, Upgrade


def ask(gate: Gate, request: bytes) -> str:
    """What a client is answered that is not let in; the connection is over afterwards."""
    leg = gate.connect()
    assert leg is not None
    leg.receive(request)
    answer = leg.answer().decode()
    leg.settle()
    assert leg.transport.is_lost
    assert gate.listener.connection_count == 0
    assert gate.acceptance.connections == []
    return answer


def status_line(answer: str) -> str:
    """The first line of an answer."""
    return answer.split("\r\n")[0]


def test_factory_is_a_protocol_factory(clock: Clock) -> None:
    """It can be given to an endpoint."""
    assert verifyObject(IProtocolFactory, make_gate(clock).listener.factory)


def test_client_is_handed_over_when_its_websocket_is_open(clock: Clock) -> None:
    """The acceptor gets the connection with path, peer and query."""
    gate = make_gate(clock)
    leg = gate.open(PATH + "?a=1&b=%20x&a=2")
    assert [Upgrade(PATH, "tcp4:192.0.2.1:4000", {"a": ["1", "2"], "b": [" x"]})] == gate.acceptance.upgrades
    (connection,) = gate.acceptance.connections
    assert verifyObject(IConnection, connection)
    assert connection.peer == "tcp4:192.0.2.1:4000"
    assert (gate.listener.open_count, gate.listener.connection_count) == (1, 1)
    leg.transport.lose()
    assert (gate.listener.open_count, gate.listener.connection_count) == (0, 0)


def test_headers_of_ours_are_handed_over_and_no_others(clock: Clock) -> None:
    """A client that can set headers need not put into its address what other servers log."""
    gate = make_gate(clock)
    leg = gate.open(PATH, "X-Turngate-Resume: canary", "Traceparent: 00-a", "X-Other: a")
    expected = {"x-turngate-resume": "canary", "traceparent": "00-a"}
    assert [expected] == [upgrade.headers for upgrade in gate.acceptance.upgrades]
    assert "canary" not in repr(gate.acceptance.upgrades)
    leg.transport.lose()


def test_query_is_not_in_the_repr_of_an_upgrade(clock: Clock) -> None:
    """A token in the query is not printed by accident."""
    gate = make_gate(clock)
    leg = gate.open(PATH + "?token=canary")
    assert "canary" not in repr(gate.acceptance.upgrades)
    leg.transport.lose()


@pytest.mark.parametrize(
    "path", ["/", "/canary", PATH + "/", PATH + "/x", "/v1/agent/CONVERSE", "//canary" + PATH, PATH + ";x"]
)
@pytest.mark.row(8)
def test_unknown_path_is_404(clock: Clock, path: str) -> None:
    """Only the configured paths open, letter by letter, and the answer does not repeat the path."""
    gate = make_gate(clock)
    answer = ask(gate, upgrade_request(path))
    assert status_line(answer) == "HTTP/1.1 404 Not Found"
    assert "canary" not in answer
    assert gate.listener.refusals == {404: 1}


def test_whole_url_is_taken_apart(clock: Clock) -> None:
    """A request may name a whole URL (RFC 6455, 4.1); its path counts."""
    gate = make_gate(clock)
    gate.open("http://localhost:8080" + PATH + "?a=1").transport.lose()
    assert [upgrade.path for upgrade in gate.acceptance.upgrades] == [PATH]


@pytest.mark.row(7)
def test_plain_request_is_426(clock: Clock) -> None:
    """A browser that looks at the address is told that it must upgrade."""
    answer = ask(make_gate(clock), f"GET {PATH}?redirect=canary HTTP/1.1\r\nHost: canary\r\n\r\n".encode())
    assert status_line(answer) == "HTTP/1.1 426 Upgrade Required"
    assert "Upgrade: websocket" in answer
    assert "canary" not in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (upgrade_request(method="CANARY"), 405),
        (upgrade_request(method="POST"), 405),
        (b"canary\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00canary\x1b[31m\r\n\r\n", 400),
        (b"GET /canary HTTP/1.0\r\n\r\n", 505),
        (upgrade_request().replace(b"Version: 13", b"Version: 8"), 400),
        (upgrade_request().replace(b"Version: 13", b"Version: canary"), 400),
        (upgrade_request().replace(b"Host: ", b"Hostess: "), 400),
        (upgrade_request(PATH, "Host: canary"), 400),
        (upgrade_request("http://[canary"), 400),
        (upgrade_request(PATH + "#canary"), 400),
        (upgrade_request(PATH, "Sec-WebSocket-Key: canary"), 400),
        (upgrade_request(PATH, "Sec-WebSocket-Protocol: canary, canary"), 400),
        (upgrade_request(PATH, "Sec-WebSocket-Extensions: permessage-deflate; canary=1"), 400),
    ],
)
@pytest.mark.row(6)
def test_malformed_request_is_refused_with_fixed_words(clock: Clock, request_bytes: bytes, status: int) -> None:
    """Whatever is wrong, the answer is a status with its standard phrase and nothing of the request."""
    gate = make_gate(clock)
    answer = ask(gate, request_bytes)
    assert f"HTTP/1.1 {status} {HTTPStatus(status).phrase}" == status_line(answer)
    assert "canary" not in answer.lower()
    assert "\x1b" not in answer


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "file://x", "http://localhost.evil.example"])
def test_foreign_origin_is_403(clock: Clock, origin: str) -> None:
    """A page from elsewhere cannot use a user's browser to talk to us."""
    answer = ask(make_gate(clock), upgrade_request(PATH, f"Origin: {origin}"))
    assert status_line(answer) == "HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://app.example.com"])
def test_loopback_or_configured_origin_is_let_in(clock: Clock, origin: str) -> None:
    """Pages of this machine and configured ones may."""
    gate = make_gate(clock, allowed_origins=("https://APP.example.com/",))
    client = gate.open(PATH, f"Origin: {origin}")
    assert 1 == gate.listener.connection_count
    client.transport.lose()


@pytest.mark.parametrize("pieces", [1, 7, 16 * 1024])
@pytest.mark.row(2, 3)
def test_endless_header_is_431(clock: Clock, pieces: int) -> None:
    """A header over the cap is refused when the cap is passed, in however small pieces it comes."""
    gate = make_gate(clock)
    leg = gate.connect()
    assert leg is not None
    total = 0
    while not leg.transport.ending:
        leg.protocol.dataReceived(b"X" * pieces)
        total += pieces
    leg.settle()
    assert leg.answer().startswith(b"HTTP/1.1 431 ")
    assert 16 * 1024 < total <= 16 * 1024 + pieces
    assert gate.listener.connection_count == 0


def test_header_at_the_cap_is_let_in(clock: Clock) -> None:
    """The cap itself is allowed."""
    gate = make_gate(clock)
    room = 16 * 1024 - len(upgrade_request(PATH, "X: "))
    gate.open(PATH, "X: " + "x" * room).transport.lose()
    answer = ask(make_gate(clock), upgrade_request(PATH, "X: " + "x" * (room + 1)))
    assert status_line(answer) == "HTTP/1.1 431 Request Header Fields Too Large"


@pytest.mark.row(3)
def test_too_many_headers_are_431(clock: Clock) -> None:
    """Many small headers are refused as one large one is."""
    answer = ask(make_gate(clock), upgrade_request(PATH, *[f"X-{index}: y" for index in range(100)]))
    assert status_line(answer) == "HTTP/1.1 431 Request Header Fields Too Large"


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
def test_scheme_is_answered_and_the_credential_is_not(clock: Clock, scheme: str) -> None:
    """A browser's key, which travels as a subprotocol, is not sent back."""
    leg = make_gate(clock).connect()
    assert leg is not None
    leg.receive(upgrade_request(PATH, f"Sec-WebSocket-Protocol: {scheme}, canary"))
    answer = leg.answer().decode()
    assert f"\r\nSec-WebSocket-Protocol: {scheme}\r\n" in answer
    assert "canary" not in answer
    leg.transport.lose()


def test_other_subprotocols_are_not_picked(clock: Clock) -> None:
    """A client that offers what we do not know is let in without it."""
    leg = make_gate(clock).connect()
    assert leg is not None
    leg.receive(upgrade_request(PATH, "Sec-WebSocket-Protocol: realtime, canary"))
    answer = leg.answer().decode()
    assert " 101 " in answer
    assert "Protocol:" not in answer
    leg.transport.lose()


def test_connection_over_the_bound_is_503_and_over_the_hard_bound_dropped(clock: Clock) -> None:
    """Open connections are counted, those in their handshake have a bound of their own, and room comes back."""
    gate = make_gate(clock, Limits(max_connections=2, max_unopened_connections=2))
    first, second = gate.open(), gate.open()
    third, fourth = gate.connect(), gate.connect()
    assert third is not None
    assert fourth is not None
    assert gate.connect() is None
    third.receive(upgrade_request())
    answer = third.answer().decode()
    assert status_line(answer) == "HTTP/1.1 503 Service Unavailable"
    assert "Retry-After: " in answer
    first.transport.lose()
    fourth.receive(upgrade_request())
    assert fourth.answer().startswith(b"HTTP/1.1 101 ")
    for leg in (second, fourth):
        leg.transport.lose()
    assert gate.listener.connection_count == 0


def test_bound_and_origins_that_are_changed_hold_for_the_next_to_come(clock: Clock) -> None:
    """Up and down; who is in stays. Autobahn's own bound is moved with ours."""
    gate = make_gate(clock, Limits(max_connections=1, max_unopened_connections=1))
    origin = "Origin: https://app.example.com"
    first = gate.open()
    gate.listener.change(allowed_origins=["https://APP.example.com/"], max_connections=3)
    second, third = gate.open(PATH, origin), gate.open(PATH, origin)
    gate.listener.change(allowed_origins=[], max_connections=2)
    assert gate.connect() is None
    second.transport.lose()
    for headers, line in (((origin,), "HTTP/1.1 403 Forbidden"), ((), "HTTP/1.1 503 Service Unavailable")):
        leg = gate.connect()
        assert leg is not None
        leg.receive(upgrade_request(PATH, *headers))
        assert line == status_line(leg.answer().decode())
        leg.settle()
        clock.advance(10)
    first.transport.lose()
    fourth = gate.open()
    for leg in (third, fourth):
        leg.transport.lose()


@pytest.mark.parametrize(("busy_s", "shown"), [(5.0, 5), (0.2, 1), (7.3, 8)])
def test_client_is_503_while_there_is_no_upstream(clock: Clock, busy_s: float, shown: int) -> None:
    """It is told when to come again, in whole seconds; a path that there is not stays 404."""
    state: list[float | None] = [busy_s]
    gate = make_gate(clock, busy=lambda offer: state[0] if offer.path == PATH else None)
    for target, line in ((PATH, "HTTP/1.1 503 Service Unavailable"), ("/other", "HTTP/1.1 404 Not Found")):
        leg = gate.connect()
        assert leg is not None
        leg.receive(upgrade_request(target))
        answer = leg.answer().decode()
        assert line == status_line(answer)
        assert (f"\r\nRetry-After: {shown}\r\n" in answer) == (target == PATH)
    state[0] = None
    gate.open().transport.lose()
    assert {503: 1, 404: 1} == gate.listener.refusals


@pytest.mark.row(1)
def test_silent_client_is_dropped_after_five_seconds(clock: Clock) -> None:
    """A connection that never asks for anything ends."""
    gate = make_gate(clock)
    leg = gate.connect()
    assert leg is not None
    leg.receive(b"GET ")
    clock.advance(4.9)
    assert not leg.transport.ending
    clock.advance(0.1)
    leg.settle()
    assert leg.transport.is_lost
    assert gate.listener.connection_count == 0


def over_tls(gate: Gate, tls: ServerTls) -> BoundedTransport:
    """A client makes a TCP connection to a port for TLS."""
    factory = TLSMemoryBIOFactory(tls, False, gate.listener.factory, gate.clock)
    protocol = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 4000))
    transport = BoundedTransport(gate.clock, protocol)
    protocol.makeConnection(transport)
    return transport


@pytest.mark.row(4)
@pytest.mark.parametrize("share", [0.1, 0.5], ids=["hardly a byte", "half of it"])
def test_client_that_falls_silent_in_the_tls_handshake_is_dropped(clock: Clock, share: float) -> None:
    """The time for opening begins with TCP, and TLS is in it."""
    hello = client_hello()
    gate = make_gate(clock)
    transport = over_tls(gate, make_certificate("localhost")[0])
    transport.protocol.dataReceived(hello[: int(share * len(hello))])
    clock.advance(4.9)
    assert not transport.is_lost
    clock.advance(0.1)
    clock.advance(0)
    assert transport.is_lost
    assert gate.listener.connection_count == 0


@pytest.mark.row(5)
def test_http_on_the_port_for_tls_is_dropped(clock: Clock) -> None:
    """It is no handshake; nothing of it is answered or logged."""
    gate = make_gate(clock)
    transport = over_tls(gate, make_certificate("localhost")[0])
    transport.protocol.dataReceived(upgrade_request())
    clock.advance(0)
    assert transport.is_lost
    assert b"HTTP" not in transport.sent
    assert gate.listener.connection_count == 0


@pytest.mark.row(5)
def test_tls_on_the_port_for_http_is_dropped(clock: Clock) -> None:
    """It is no request; nothing of it is answered, and the connection is over when its time is."""
    gate = make_gate(clock)
    leg = gate.connect()
    assert leg is not None
    leg.receive(client_hello())
    clock.advance(5)
    leg.settle()
    assert leg.transport.is_lost
    assert b" 101 " not in leg.transport.sent
    assert gate.listener.connection_count == 0


def client_hello() -> bytes:
    """The first bytes of a client that speaks TLS."""
    connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    connection.set_connect_state()
    with suppress(SSL.WantReadError):
        connection.do_handshake()
    return connection.bio_read(65536)


def test_refused_client_that_stays_is_dropped(clock: Clock) -> None:
    """An answer that is not taken does not keep the connection."""
    gate = make_gate(clock)
    leg = gate.connect(is_writable=False)
    assert leg is not None
    leg.receive(upgrade_request("/nowhere"))
    assert not leg.transport.is_lost
    clock.advance(3)
    leg.settle()
    assert leg.transport.is_lost


def test_admission_is_asked_last_and_its_status_is_the_answer(clock: Clock) -> None:
    """Who asks for credentials sees them, only for requests that could be let in, and says with what to refuse."""
    offers: list[Offer] = []

    def admit(offer: Offer) -> HTTPStatus | None:
        offers.append(offer)
        return None if offer.credential == "Token good" else HTTPStatus.UNAUTHORIZED

    gate = make_gate(clock, admit=admit)
    ask(gate, upgrade_request("/nowhere"))
    assert offers == []
    answer = ask(gate, upgrade_request(PATH, "Authorization: Token canary"))
    assert status_line(answer) == "HTTP/1.1 401 Unauthorized"
    assert "WWW-Authenticate: " in answer
    assert "canary" not in answer
    gate.open(PATH, "Authorization: Token good").transport.lose()
    assert gate.listener.refusals == {404: 1, 401: 1}


def test_client_is_refused_with_500_when_admission_fails(clock: Clock, logged: list[str]) -> None:
    """Who cannot be judged is not let in, and hears nothing of why."""

    def admit(_offer: Offer) -> HTTPStatus | None:
        raise KeyError("canary")

    answer = ask(make_gate(clock, admit=admit), upgrade_request())
    assert status_line(answer) == "HTTP/1.1 500 Internal Server Error"
    assert "canary" not in answer
    line = logged.pop()
    assert "KeyError" in line
    assert "canary" not in line


def test_close_all_closes_open_ones_and_drops_the_others(clock: Clock) -> None:
    """At shutdown every client hears the code, and nothing is left."""
    gate = make_gate(clock)
    legs: list[Leg] = [gate.open(), gate.open()]
    waiting = gate.connect()
    assert waiting is not None
    gate.listener.close_all(1001, "going away")
    for leg in legs:
        leg.settle()
        frames, _ = read_frames(leg.answer())
        assert [(sent.close_code, sent.close_reason) for sent in frames] == [(1001, "going away")]
        leg.receive(close_frame(1001))
    assert waiting.transport.is_lost
    assert gate.listener.connection_count == 0
    assert [[how.code for how in listener.ends] for listener in gate.acceptance.listeners] == [[1001], [1001]]
