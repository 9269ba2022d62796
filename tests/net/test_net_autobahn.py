"""Both legs over real Autobahn and a transport in memory; the test is the peer, with frames built by hand."""

import struct
from collections.abc import Callable

import pytest
from net_rig import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    BoundedTransport,
    Dialled,
    Leg,
    Listener,
    close_frame,
    make_gate,
    read_frames,
    upgrade_answer,
    upgrade_request,
)
from OpenSSL import SSL
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from turngate.net._autobahn import UpstreamLegFactory, use_reactor
from turngate.net.bridge import Bridge, HttpAnswer, Life
from turngate.net.limits import Limits
from turngate.net.share import FRAMES_AT_ONCE
from turngate.proxy.ports import Closed, ConnectionEvents, IConnection

SMALL = Limits(client_max_message_bytes=1000, upstream_max_message_bytes=1000, max_fragments=4)


class Opening:
    """An owner of an upstream connection."""

    def __init__(self) -> None:
        self.dialled = Dialled()
        self.ends: list[tuple[Closed, HttpAnswer | None, BaseException | None]] = []

    def opened(self, bridge: Bridge) -> ConnectionEvents:
        return self.dialled.dialled(bridge)

    def ended(self, bridge: Bridge, how: Closed, answer: HttpAnswer | None, error: BaseException | None) -> None:
        self.ends.append((how, answer, error))


def dialling(clock: Clock, limits: Limits = SMALL) -> tuple[Leg, Opening]:
    """An upstream leg that has sent its request."""
    opening = Opening()
    bridge = Bridge(opening, limits, clock, limits.upstream_max_unsent_bytes)
    factory = UpstreamLegFactory("ws://u.example/v1?model=m", {"X-Fixed": "1"}, bridge, limits, clock)
    protocol = factory.buildProtocol(None)
    transport = BoundedTransport(clock, protocol)
    protocol.makeConnection(transport)
    leg = Leg(clock, protocol, transport, masked=False)
    leg.settle()
    return leg, opening


def open_client_leg(clock: Clock, limits: Limits = SMALL) -> tuple[Leg, Listener, IConnection]:
    """A client has opened a WebSocket."""
    gate = make_gate(clock, limits)
    leg = gate.open()
    return leg, gate.acceptance.listeners[0], gate.acceptance.connections[0]


def open_upstream_leg(clock: Clock, limits: Limits = SMALL) -> tuple[Leg, Listener, IConnection]:
    """We have opened a WebSocket to the upstream."""
    leg, opening = dialling(clock, limits)
    leg.receive(upgrade_answer(leg.answer()))
    return leg, opening.dialled.listener, opening.dialled.connections[0]


OpenLeg = Callable[..., tuple[Leg, Listener, IConnection]]
both_legs = pytest.mark.parametrize("open_leg", [open_client_leg, open_upstream_leg])


@both_legs
def test_messages_travel_both_ways(clock: Clock, open_leg: OpenLeg) -> None:
    """Text and binary, whole and fragmented, with a control frame in between."""
    leg, listener, connection = open_leg(clock)
    leg.receive(
        leg.frame(TEXT, "é".encode()),
        leg.frame(BINARY, b"one", fin=False) + leg.frame(PING, b"p") + leg.frame(0, b"two"),
    )
    assert [("text", "é".encode()), ("binary", b"onetwo")] == listener.calls
    connection.send_text(b"{}")
    connection.send_binary(b"\0\1")
    leg.settle()
    assert leg.frames() == [(PONG, b"p"), (TEXT, b"{}"), (BINARY, b"\0\1")]
    leg.transport.lose()


@both_legs
def test_nagle_is_off(clock: Clock, open_leg: OpenLeg) -> None:
    """Autobahn's own attempt never reaches the socket."""
    leg, _, _ = open_leg(clock)
    assert leg.transport.no_delay
    leg.transport.lose()


@both_legs
@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4999])
def test_close_code_is_on_the_wire(clock: Clock, open_leg: OpenLeg, code: int) -> None:
    """Every code that may be said is said, also those that Autobahn's sendClose refuses."""
    leg, listener, connection = open_leg(clock)
    connection.close(code, "why " + "é" * 100)
    connection.send_text(b"late")
    connection.close(1000, "again")
    leg.settle()
    (sent,) = leg.frames()
    assert (CLOSE, code) == (sent.opcode, sent.close_code)
    assert sent.close_reason == "why " + "é" * 59
    leg.receive(close_frame(code, masked=leg.masked))
    leg.transport.lose()
    assert [Closed(code, by_us=True)] == listener.ends


@both_legs
@pytest.mark.parametrize("code", [1000, 1001, 1011, 4001])
def test_peers_close_is_answered_and_told(clock: Clock, open_leg: OpenLeg, code: int) -> None:
    """A close that the peer began has its code and words."""
    leg, listener, connection = open_leg(clock)
    leg.receive(close_frame(code, "so long", masked=leg.masked))
    connection.send_text(b"late")
    (sent,) = leg.frames()
    assert sent.opcode == CLOSE
    leg.transport.lose()
    assert [Closed(code, "so long")] == listener.ends


@both_legs
def test_close_without_a_code_is_1005(clock: Clock, open_leg: OpenLeg) -> None:
    """RFC 6455 keeps a number for it."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(CLOSE))
    leg.transport.lose()
    assert [Closed(1005)] == listener.ends


@both_legs
def test_lost_connection_is_1006(clock: Clock, open_leg: OpenLeg) -> None:
    """A peer that vanishes said nothing."""
    leg, listener, _ = open_leg(clock)
    leg.transport.lose(ConnectionLost())
    (how,) = listener.ends
    assert (how.code, how.by_us) == (1006, False)


@both_legs
@pytest.mark.parametrize("error", [SSL.Error(), SSL.Error([]), SSL.Error([("a", "b", "c")]), SSL.SysCallError(-1, "x")])
def test_lost_tls_is_1006(clock: Clock, open_leg: OpenLeg, error: BaseException) -> None:
    """Autobahn fails on a TLS error without arguments, and would then tell nobody of the end."""
    leg, listener, _ = open_leg(clock)
    leg.protocol.connectionLost(Failure(error))
    assert [how.code for how in listener.ends] == [1006]


@both_legs
def test_end_is_told_when_autobahn_fails_on_it(
    clock: Clock, open_leg: OpenLeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever Autobahn does with the end of a connection, the listener hears of it."""

    def fail(_reason: Failure) -> None:
        raise ZeroDivisionError

    leg, listener, _ = open_leg(clock)
    with monkeypatch.context() as patched:
        patched.setattr(leg.protocol, "_connectionLost", fail)
        with pytest.raises(ZeroDivisionError):
            leg.protocol.connectionLost(Failure(ConnectionLost()))
    assert [how.code for how in listener.ends] == [1006]
    leg.transport.lose()
    assert len(listener.ends) == 1


@both_legs
def test_abort_is_told_as_ours(clock: Clock, open_leg: OpenLeg) -> None:
    """An aborted connection ends at once, and once."""
    leg, listener, connection = open_leg(clock)
    connection.abort()
    connection.abort()
    connection.close(1000, "")
    leg.settle()
    (how,) = listener.ends
    assert (how.code, how.by_us) == (1006, True)


@both_legs
@pytest.mark.row(22)
def test_message_over_the_limit_is_closed_with_1009_on_its_header(clock: Clock, open_leg: OpenLeg) -> None:
    """The header alone is refused; what follows it is not kept."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(BINARY, claimed=1 << 30))
    (sent,) = leg.frames()
    assert sent.close_code == 1009
    leg.receive(*[bytes(60_000)] * 20)
    assert len(leg.protocol.data) < 100
    assert not leg.protocol.message_data
    assert not leg.protocol.frame_data
    leg.transport.lose()
    assert [how.code for how in listener.ends] == [1006]
    assert len(listener.calls) == 1


@both_legs
@pytest.mark.row(22)
def test_message_over_the_limit_in_fragments_is_closed_with_1009(clock: Clock, open_leg: OpenLeg) -> None:
    """The sum counts, not the frame."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(BINARY, bytes(600), fin=False), leg.frame(0, bytes(600)))
    assert leg.frames()[0].close_code == 1009
    leg.transport.lose()
    assert [call[0] for call in listener.calls] == ["closed"]


@both_legs
def test_message_at_the_limit_is_delivered(clock: Clock, open_leg: OpenLeg) -> None:
    """The limit itself is allowed, in as many fragments as are."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(TEXT, b"a" * 1000))
    leg.receive(leg.frame(TEXT, b"a", fin=False), leg.frame(0, fin=False), leg.frame(0, fin=False), leg.frame(0, b"b"))
    assert listener.calls == [("text", b"a" * 1000), ("text", b"ab")]
    leg.transport.lose()


@both_legs
@pytest.mark.row(25)
def test_too_many_fragments_are_closed_with_1008(clock: Clock, open_leg: OpenLeg) -> None:
    """Empty fragments cost no bytes, and are counted."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(TEXT, fin=False) + leg.frame(0, fin=False) * 10_000)
    assert leg.frames()[0].close_code == 1008
    leg.settle()
    leg.transport.lose()
    assert [call[0] for call in listener.calls] == ["closed"]


@pytest.mark.parametrize(("kind", "allowed"), [(BINARY, 5000), (PING, 200), (PONG, 200)])
@pytest.mark.row(25, 26)
def test_flood_of_frames_is_closed_with_1008_and_read_no_more(
    clock: Clock, kind: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds' worth may come at once; what comes after it is neither taken apart nor kept."""
    gate = make_gate(clock)
    leg = gate.open()
    begun, allows = 0, leg.bridge.frame_allowed

    def begin(**kind: bool) -> bool:
        nonlocal begun
        begun += 1
        return allows(**kind)

    monkeypatch.setattr(leg.bridge, "frame_allowed", begin)
    leg.receive(*[leg.frame(kind)] * allowed)
    assert {sent.opcode for sent in leg.frames()} <= {PONG}
    leg.receive(leg.frame(kind) * 10_000)
    assert [1008] == [sent.close_code for sent in leg.frames() if sent.opcode == CLOSE]
    leg.receive(*[bytes(60_000)] * 20)
    assert leg.protocol.data == b""
    assert begun == allowed + 1
    assert len(gate.acceptance.listeners[0].messages) == (allowed if kind == BINARY else 0)
    clock.advance(3)
    leg.settle()
    assert leg.transport.is_lost
    assert gate.listener.cut == {"too many frames": 1}


@pytest.mark.row(25)
def test_frames_at_the_pace_of_speech_and_after_a_pause_are_no_flood(clock: Clock) -> None:
    """Fifty frames a second for ever, a backlog of ten seconds, and a pong to each of our pings."""
    gate = make_gate(clock)
    leg = gate.open()
    for _second in range(100):
        clock.advance(1)
        leg.receive(leg.frame(BINARY, b"ab") * 50, leg.frame(PONG), *[leg.frame(PONG, f.payload) for f in leg.frames()])
    leg.receive(leg.frame(BINARY, b"ab") * 4_500)
    assert len(gate.acceptance.listeners[0].messages) == 9_500
    assert gate.listener.cut == {}
    leg.transport.lose()


def test_upstream_may_send_as_many_frames_as_it_likes(clock: Clock) -> None:
    """It is the operator's own choice, and speaks faster than real time."""
    leg, listener, _ = open_upstream_leg(clock)
    leg.receive(leg.frame(BINARY) * 6_000)
    assert len(listener.messages) == 6_000
    leg.transport.lose()


@both_legs
@pytest.mark.parametrize(
    ("opcode", "payload", "code"),
    [(TEXT, b"\xff\xfe", 1007), (TEXT, b"ok\xc3", 1007), (3, b"", 1002), (11, b"", 1002), (0, b"x", 1002)],
)
@pytest.mark.row(23, 24)
def test_violation_is_closed_with_its_code(
    clock: Clock, open_leg: OpenLeg, opcode: int, payload: bytes, code: int
) -> None:
    """A violation is answered with a close frame, not with a bare reset, and nothing of it is delivered."""
    leg, listener, _ = open_leg(clock)
    leg.receive(leg.frame(opcode, payload))
    assert code == leg.frames()[0].close_code
    leg.transport.lose()
    assert [call[0] for call in listener.calls] == ["closed"]


@pytest.mark.row(23)
def test_unmasked_frame_of_a_client_is_closed_with_1002(clock: Clock) -> None:
    """RFC 6455 demands masks of clients."""
    leg, _, _ = open_client_leg(clock)
    leg.masked = False
    leg.receive(leg.frame(TEXT, b"x"))
    assert leg.frames()[0].close_code == 1002
    leg.transport.lose()


@both_legs
def test_large_message_is_sent_in_spite_of_the_limit_for_received_ones(clock: Clock, open_leg: OpenLeg) -> None:
    """The limit is for what the peer sends."""
    leg, _, connection = open_leg(clock)
    connection.send_binary(bytes(5000))
    leg.settle()
    assert [len(sent.payload) for sent in leg.frames()] == [5000]
    leg.transport.lose()


@both_legs
@pytest.mark.row(59)
def test_peer_that_does_not_answer_a_close_is_dropped(clock: Clock, open_leg: OpenLeg) -> None:
    """A close that is not answered ends all the same, in time."""
    leg, listener, connection = open_leg(clock)
    connection.close(1001, "")
    clock.advance(2.9)
    assert listener.ends == []
    clock.advance(0.1)
    leg.settle()
    (how,) = listener.ends
    assert Closed(1006, "the peer did not finish closing", by_us=True) == how


def test_upstream_that_closes_and_stays_is_dropped(clock: Clock) -> None:
    """The server should drop the TCP connection after a close; Autobahn would wait for it for ever."""
    leg, listener, _ = open_upstream_leg(clock)
    leg.receive(close_frame(1001, "expired", masked=False))
    clock.advance(3)
    leg.settle()
    assert [how.code for how in listener.ends] == [1001]


def test_client_that_closes_and_does_not_read_is_dropped(clock: Clock) -> None:
    """What is not sent yet does not keep a closed connection alive."""
    leg, listener, connection = open_client_leg(clock)
    leg.transport.is_writable = False
    connection.send_binary(bytes(10))
    leg.receive(close_frame(1000))
    assert listener.ends == []
    clock.advance(3)
    leg.settle()
    assert [how.code for how in listener.ends] == [1000]


@both_legs
@pytest.mark.row(55, 56)
def test_silent_peer_is_dropped_after_a_ping(clock: Clock, open_leg: OpenLeg) -> None:
    """A peer that vanished without a word is found by a ping."""
    leg, listener, _ = open_leg(clock)
    for _second in range(41):
        clock.advance(1)
    assert [sent.opcode for sent in leg.frames()] == [PING]
    (how,) = listener.ends
    assert (how.code, how.by_us) == (1006, True)
    assert "ping" in how.reason


@both_legs
def test_peer_that_answers_pings_is_kept(clock: Clock, open_leg: OpenLeg) -> None:
    """An idle connection lives as long as its peer does."""
    leg, listener, _ = open_leg(clock)
    for _second in range(200):
        clock.advance(1)
        for sent in leg.frames():
            assert sent.opcode == PING
            leg.receive(leg.frame(PONG, sent.payload))
    assert listener.calls == []
    leg.transport.lose()


@pytest.mark.row(63)
def test_first_pings_of_many_connections_are_spread(clock: Clock) -> None:
    """Clients that came back in one moment are not pinged in one moment ever after, and as often as they should be."""
    phases = iter([3.0, 7.0, 20.0])
    gate = make_gate(clock, uniform=lambda least, most: max(least, min(next(phases), most)))
    legs = [gate.open() for _ in range(3)]
    pinged: list[list[int]] = [[], [], []]
    for second in range(1, 61):
        clock.advance(1)
        for leg, when in zip(legs, pinged, strict=True):
            leg.settle()
            for sent in leg.frames():
                when.append(second)
                leg.receive(leg.frame(PONG, sent.payload))
    assert [[3, 23, 43], [7, 27, 47], [20, 40, 60]] == pinged
    for leg in legs:
        leg.transport.lose()


@pytest.mark.row(63)
def test_first_ping_to_the_upstream_is_spread_too(clock: Clock) -> None:
    """By the same chance, with its own interval."""
    bridge = Bridge(Opening(), SMALL, clock, 1)
    protocol = UpstreamLegFactory("ws://u/", {}, bridge, SMALL, clock, lambda least, most: least + most).buildProtocol(
        None
    )
    transport = BoundedTransport(clock, protocol)
    protocol.makeConnection(transport)
    clock.advance(0)
    assert protocol.autoPingInterval == 3 + SMALL.ping_interval_s
    transport.lose()


@both_legs
@pytest.mark.row(53)
def test_peer_that_is_not_read_is_not_missed(clock: Clock, open_leg: OpenLeg) -> None:
    """Its pong stands unread as long as we pause it; afterwards it is to answer again."""
    _, listener, connection = open_leg(clock)
    connection.pause_reading()
    for _second in range(300):
        clock.advance(1)
    assert listener.ends == []
    connection.resume_reading()
    for _second in range(41):
        clock.advance(1)
    assert len(listener.ends) == 1


@pytest.mark.row(58)
@pytest.mark.parametrize("start", [b"\x82", b"\x82\xfe\x40\x00\0\0\0\0abc", b"\x02\x80\0\0\0\0"])
def test_message_that_does_not_end_is_closed_with_1008(clock: Clock, start: bytes) -> None:
    """In half a header, in a frame, between two frames; a client that is not read meanwhile has more time."""
    leg, listener, connection = open_client_leg(clock, Limits(ping_interval_s=1000))
    leg.receive(leg.frame(TEXT, b"a") + start)
    connection.pause_reading()
    for _second in range(60):
        clock.advance(1)
    connection.resume_reading()
    for _second in range(29):
        clock.advance(1)
    assert leg.frames() == []
    clock.advance(1)
    leg.settle()
    assert [1008] == [sent.close_code for sent in leg.frames() if sent.opcode == CLOSE]
    leg.transport.lose()
    assert [how.reason for how in listener.ends] == ["the message does not end"]


@pytest.mark.row(58)
def test_messages_that_end_in_another_read_are_delivered_for_ever(clock: Clock) -> None:
    """Reads that end within a message are the rule for a client that sends without a pause."""
    leg, listener, _ = open_client_leg(clock)
    message = leg.frame(TEXT, b"abc")
    leg.receive(message[:4])
    for _second in range(100):
        clock.advance(1)
        leg.receive(message[4:] + message[:4])
    assert len(listener.messages) == 100
    leg.receive(message[4:])
    for _second in range(30):
        clock.advance(1)
        leg.receive(*[leg.frame(PONG, sent.payload) for sent in leg.frames()])
    assert listener.ends == []
    leg.transport.lose()


@both_legs
@pytest.mark.row(54)
def test_peer_on_a_thin_line_is_kept(clock: Clock, open_leg: OpenLeg) -> None:
    """A peer that takes 64 kbit/s of all that we have answers a ping when it has read what stands before it."""
    leg, listener, connection = open_leg(clock)
    leg.transport.is_writable = False
    wire = b""
    for _second in range(300):
        if listener.calls.count(("congested",)) == listener.calls.count(("relieved",)):
            connection.send_binary(bytes(20_000))
        taken, leg.transport.unsent = leg.transport.unsent[:8_000], leg.transport.unsent[8_000:]
        frames, wire = read_frames(wire + taken)
        for sent in frames:
            if sent.opcode == PING:
                leg.receive(leg.frame(PONG, sent.payload))
        if not leg.transport.unsent:
            leg.transport.is_writable = True
            leg.transport.flush()
            leg.transport.is_writable = False
        clock.advance(1)
    assert listener.ends == []
    assert ("relieved",) in listener.calls
    leg.transport.lose()


@both_legs
@pytest.mark.row(62)
def test_peer_that_is_gone_after_a_suspension_is_found(clock: Clock, open_leg: OpenLeg) -> None:
    """An hour passes in one step: no deadline has a heap of calls to catch up with, and one ping finds it."""
    leg, listener, _ = open_leg(clock)
    clock.advance(3600)
    leg.settle()
    assert [sent.opcode for sent in leg.frames()] == [PING]
    assert listener.ends == []
    for _second in range(21):
        clock.advance(1)
    (how,) = listener.ends
    assert "ping" in how.reason


@both_legs
def test_pressure_is_told_and_bounded(clock: Clock, open_leg: OpenLeg) -> None:
    """A peer that does not read is told to the listener; one that reads again too."""
    leg, listener, connection = open_leg(clock)
    leg.transport.is_writable = False
    sent = 0
    while not listener.calls:
        connection.send_binary(bytes(1000))
        sent += 1000
    assert listener.calls == [("congested",)]
    assert 65536 - 2000 < sent < 65536 + 2000
    leg.transport.is_writable = True
    leg.transport.flush()
    assert listener.calls == [("congested",), ("relieved",)]
    leg.transport.lose()


@both_legs
@pytest.mark.row(26)
def test_pings_to_a_peer_that_does_not_read_are_not_collected(clock: Clock, open_leg: OpenLeg) -> None:
    """A flood of pings cannot fill our memory with pongs; the last one is answered in the end."""
    leg, _, connection = open_leg(clock)
    leg.transport.is_writable = False
    connection.send_binary(bytes(70_000))
    before = len(leg.transport.unsent)
    leg.receive(leg.frame(PING, b"p" * 125) * 150, leg.frame(PING, b"last"))
    assert before == len(leg.transport.unsent)
    leg.transport.is_writable = True
    leg.transport.flush()
    leg.settle()
    assert leg.frames()[-1] == (PONG, b"last")
    leg.transport.lose()


@both_legs
def test_reading_is_paused_and_resumed(clock: Clock, open_leg: OpenLeg) -> None:
    """The transport itself is paused."""
    leg, _, connection = open_leg(clock)
    connection.pause_reading()
    assert not leg.transport.is_reading
    connection.resume_reading()
    assert leg.transport.is_reading
    connection.pause_reading()
    connection.close(1000, "")
    assert leg.transport.is_reading
    leg.settle()
    leg.transport.lose()


@both_legs
def test_fault_of_a_listener_is_1011_on_the_wire(clock: Clock, open_leg: OpenLeg, logged: list[str]) -> None:
    """The peer hears of our fault, the listener hears of the end, once each."""

    def fail(_payload: bytes) -> None:
        raise KeyError("canary")

    leg, listener, _ = open_leg(clock)
    listener.on_text = fail
    leg.receive(leg.frame(TEXT, b"canary") * 3)
    (sent,) = leg.frames()
    assert sent.close_code == 1011
    assert "canary" not in sent.close_reason
    leg.receive(close_frame(1011, masked=leg.masked))
    leg.transport.lose()
    assert [call[0] for call in listener.calls] == ["text", "closed"]
    (line,) = logged
    logged.clear()
    assert "canary" not in line


def test_fault_of_the_acceptor_is_1011_on_the_wire(clock: Clock, logged: list[str]) -> None:
    """Autobahn would swallow it and leave the connection open."""

    def fail() -> Listener:
        raise KeyError("canary")

    gate = make_gate(clock, make=fail)
    leg = gate.connect()
    assert leg is not None
    leg.receive(upgrade_request())
    assert struct.pack("!H", 1011) in leg.answer()
    leg.transport.lose()
    assert gate.listener.connection_count == 0
    assert "KeyError" in logged.pop()


def test_fault_inside_autobahn_is_1011_on_the_wire(
    clock: Clock, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug below costs one connection, with a close frame."""
    leg, listener, _ = open_client_leg(clock)

    def fail() -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(leg.protocol, "processData", fail)
    leg.receive(leg.frame(PING, b"x"), leg.frame(TEXT, b"x"))
    assert leg.frames()[0].close_code == 1011
    clock.advance(3)
    leg.settle()
    assert [how.code for how in listener.ends] == [1006]
    assert "ZeroDivisionError" in logged.pop()


def test_frames_in_the_read_of_the_handshake_are_delivered(clock: Clock) -> None:
    """A client in a hurry loses nothing, also if its first frames are larger than the cap on headers."""
    gate = make_gate(clock)
    leg = gate.connect()
    assert leg is not None
    leg.receive(upgrade_request() + leg.frame(BINARY, bytes(40_000)))
    assert [("binary", bytes(40_000))] == gate.acceptance.listeners[0].calls
    leg.transport.lose()


@pytest.mark.row(42)
def test_request_to_the_upstream_says_what_it_should(clock: Clock) -> None:
    """The request holds our fixed headers, asks for no extension, and not for the old dialect."""
    leg, _ = dialling(clock)
    lines = leg.answer().decode().split("\r\n")
    assert lines[0] == "GET /v1?model=m HTTP/1.1"
    names = {line.split(":")[0].lower() for line in lines[1:] if line}
    assert {"host", "x-fixed", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"} <= names
    assert not names & {"openai-beta", "sec-websocket-extensions", "sec-websocket-protocol", "origin", "authorization"}
    leg.transport.lose()


def test_host_header_has_brackets_for_an_ipv6_address(clock: Clock) -> None:
    """Without them the port cannot be told from the address."""
    bridge = Bridge(Opening(), SMALL, clock, 1)
    protocol = UpstreamLegFactory("ws://[::1]:8080/", {}, bridge, SMALL, clock).buildProtocol(None)
    transport = BoundedTransport(clock, protocol)
    protocol.makeConnection(transport)
    clock.advance(0)
    assert b"\r\nHost: [::1]:8080\r\n" in transport.sent
    transport.lose()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 401 canary\r\nX: canary\r\n\r\ncanary", HttpAnswer(401)),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\n\r\n", HttpAnswer(429, "3")),
        (b"HTTP/1.1 302 Found\r\nLocation: ws://evil.example/\r\n\r\n", HttpAnswer(302)),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: canary\r\n\r\n", HttpAnswer(101)),
        (b"HTTP/1.1 canary canary\r\n\r\n", None),
        (b"HTTP/1.1 \xb2\xb3\xb9 x\r\n\r\n", None),
        (b"\xff\xfe canary\r\n\r\n", None),
        (b"\r\n\r\n", None),
    ],
)
@pytest.mark.row(46)
def test_answer_that_is_no_upgrade_is_told_by_status(clock: Clock, answer: bytes, expected: HttpAnswer | None) -> None:
    """What else the upstream wrote is not repeated, and does not raise."""
    leg, opening = dialling(clock)
    leg.receive(answer)
    ((how, told, _error),) = opening.ends
    assert expected == told
    assert how.code == 1006
    assert "canary" not in repr(how)
    assert opening.dialled.connections == []


def test_answer_without_end_is_dropped(clock: Clock) -> None:
    """The cap on headers holds on this leg too."""
    leg, opening = dialling(clock)
    leg.receive(*[b"X: y\r\n" * 100] * 100)
    assert len(opening.ends) == 1
    assert leg.transport.is_lost
    assert len(leg.protocol.data) <= SMALL.handshake_max_bytes


@both_legs
@pytest.mark.row(21, 23)
def test_compression_is_not_spoken(clock: Clock, open_leg: OpenLeg) -> None:
    """A frame with the bit of an extension is a violation."""
    leg, _, _ = open_leg(clock)
    wire = bytearray(leg.frame(TEXT, b"x"))
    wire[0] |= 0x40
    leg.receive(bytes(wire))
    assert leg.frames()[0].close_code == 1002
    leg.transport.lose()


@pytest.mark.row(21)
def test_compression_is_not_accepted_when_offered(clock: Clock) -> None:
    """The answer names no extension."""
    leg = make_gate(clock).connect()
    assert leg is not None
    leg.receive(upgrade_request("/v1/agent/converse", "Sec-WebSocket-Extensions: permessage-deflate"))
    answer = leg.answer()
    assert b" 101 " in answer
    assert b"xtension" not in answer
    assert b"erver:" not in answer
    leg.transport.lose()


@both_legs
def test_wire_is_a_push_producer(clock: Clock, open_leg: OpenLeg) -> None:
    """The transport tells its pressure to what it was promised."""
    leg, _, _ = open_leg(clock)
    assert verifyObject(IPushProducer, leg.transport._producer)
    leg.transport.lose()


@both_legs
def test_bytes_after_the_end_are_not_collected(clock: Clock, open_leg: OpenLeg) -> None:
    """A transport may still read while it closes; Autobahn would keep what it reads."""
    leg, _, connection = open_leg(clock)
    connection.close(1000, "")
    leg.receive(close_frame(1000, masked=leg.masked))
    leg.protocol.dropConnection(abort=True)
    leg.protocol.dataReceived(bytes(1000))
    assert leg.protocol.data == b""
    leg.settle()
    assert Life.CLOSED is leg.bridge.life


@pytest.mark.row(43)
def test_debug_log_of_autobahn_is_never_on(clock: Clock) -> None:
    """At debug Autobahn prints Authorization headers, both ways."""
    leg, _, _ = open_client_leg(clock)
    before = leg.protocol.log._log_level
    assert before == "critical"
    assert leg.protocol.log._log_level_set_explicitly
    leg.transport.lose()


def test_use_reactor_gives_back_what_was_before(clock: Clock) -> None:
    """A test can put the old reactor back."""
    other = Clock()
    assert clock is use_reactor(other)
    assert other is use_reactor(clock)


# --- a read that holds much -------------------------------------------------------------------------------------------


@both_legs
def test_read_with_many_frames_leaves_others_their_turn(clock: Clock, open_leg: OpenLeg) -> None:
    """They are taken a few at a time and in order; the socket is not read until they are all taken."""
    leg, listener, _ = open_leg(clock)
    seen = []

    def take_turn() -> None:
        seen.append((len(listener.messages), leg.transport.is_reading))
        if len(listener.messages) < 100:
            clock.callLater(0, take_turn)

    leg.read(b"".join(leg.frame(TEXT, b"%d" % number) for number in range(100)))
    take_turn()
    clock.advance(0)
    assert seen == [(n, False) for n in range(FRAMES_AT_ONCE, 100, FRAMES_AT_ONCE)] + [(100, True)]
    assert [payload for _, payload in listener.messages] == [b"%d" % number for number in range(100)]
    leg.transport.lose()


@both_legs
def test_rest_of_a_read_waits_behind_nothing_and_a_pause_outlasts_it(clock: Clock, open_leg: OpenLeg) -> None:
    """Who pauses reading in the middle of it finds it paused afterwards; who resumes gets what was read first."""
    leg, listener, connection = open_leg(clock)
    many = b"".join(leg.frame(TEXT, b"%d" % number) for number in range(100))
    leg.read(many)
    connection.pause_reading()
    leg.settle()
    assert len(listener.messages) == 100
    assert not leg.transport.is_reading
    connection.resume_reading()
    assert leg.transport.is_reading
    leg.read(many)
    connection.pause_reading()
    connection.resume_reading()
    assert not leg.transport.is_reading
    # as TLS does, which has decrypted it before it was told
    leg.read(leg.frame(TEXT, b"last"))
    leg.settle()
    assert listener.messages[-2:] == [("text", b"99"), ("text", b"last")]
    assert leg.transport.is_reading
    leg.transport.lose()


@both_legs
def test_connection_may_end_before_the_rest_of_a_read(clock: Clock, open_leg: OpenLeg) -> None:
    """Nothing of it is told after the end."""
    leg, listener, _ = open_leg(clock)
    leg.read(leg.frame(TEXT, b"x") * 100)
    leg.transport.lose()
    leg.settle()
    assert [call[0] for call in listener.calls] == ["text"] * FRAMES_AT_ONCE + ["closed"]


@both_legs
def test_close_behind_many_frames_is_seen(clock: Clock, open_leg: OpenLeg) -> None:
    """Also where we close in the middle of them."""
    leg, listener, connection = open_leg(clock)
    leg.read(leg.frame(TEXT, b"x") * 100 + close_frame(1000, masked=leg.masked))
    connection.close(1000, "")
    leg.settle()
    leg.transport.lose()
    assert [call[0] for call in listener.calls] == ["text"] * FRAMES_AT_ONCE + ["closed"]
    assert [how.code for how in listener.ends] == [1000]
