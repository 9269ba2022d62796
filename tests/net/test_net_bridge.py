"""A connection's life and its guard, over a wire that only records."""

import pytest
from attrs import Factory, define
from hypothesis import given
from hypothesis import strategies as st
from net_rig import Listener
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from turngate.net.bridge import Bridge, HttpAnswer, Life, cut_reason
from turngate.net.limits import Limits
from turngate.proxy.ports import Closed, ConnectionEvents, IConnection


@define
class RecordingWire:
    """Notes what a bridge asks for."""

    calls: list[tuple[object, ...]] = Factory(list)
    peer: str = "tcp4:192.0.2.1:4000"

    def send(self, payload: bytes, *, is_binary: bool) -> None:
        self.calls.append(("send", payload, is_binary))

    def send_close(self, code: int, reason: bytes) -> None:
        self.calls.append(("close", code, reason))

    def send_pong(self, payload: bytes) -> None:
        self.calls.append(("pong", payload))

    def pause_reading(self) -> None:
        self.calls.append(("pause",))

    def resume_reading(self) -> None:
        self.calls.append(("resume",))

    def abort(self) -> None:
        self.calls.append(("abort",))


@define(eq=False)
class Household:
    """An owner with its bridge, wire and listener."""

    clock: Clock
    limits: Limits = Factory(lambda: Limits(handshake_s=5, close_handshake_s=3, max_fragments=3))
    wire: RecordingWire = Factory(RecordingWire)
    listener: Listener = Factory(Listener)
    fails: bool = False
    ends: list[tuple[object, ...]] = Factory(list)

    def opened(self, bridge: Bridge) -> ConnectionEvents:
        if self.fails:
            raise RuntimeError("canary")
        return self.listener

    def ended(self, bridge: Bridge, how: Closed, answer: HttpAnswer | None, error: BaseException | None) -> None:
        self.ends.append((how, answer, error))

    def connecting(self) -> Bridge:
        """A bridge in its handshake."""
        bridge = Bridge(self, self.limits, self.clock, max_unsent_bytes=100)
        bridge.connected(self.wire)
        return bridge

    def open(self) -> Bridge:
        """A bridge that is open."""
        bridge = self.connecting()
        bridge.opened()
        return bridge

    def closed(self) -> Bridge:
        """A bridge after the end."""
        bridge = self.open()
        bridge.closed(1000, "")
        self.wire.calls.clear()
        self.listener.calls.clear()
        return bridge


@pytest.fixture
def household(clock: Clock) -> Household:
    """A household on the fixture's clock."""
    return Household(clock)


def test_bridge_is_a_connection(household: Household) -> None:
    """The bridge provides what the actors were promised."""
    assert verifyObject(IConnection, Bridge(household, household.limits, household.clock, 1))


def test_messages_reach_the_listener_when_open(household: Household) -> None:
    """Text is told from binary."""
    bridge = household.open()
    bridge.message_received(b"t", is_binary=False)
    bridge.message_received(b"b", is_binary=True)
    assert household.listener.calls == [("text", b"t"), ("binary", b"b")]
    bridge.closed(1000, "")


@pytest.mark.row(96)
def test_closed_comes_once_and_last(household: Household) -> None:
    """After the end nothing reaches the listener or the wire, whatever is called."""
    bridge = household.open()
    error = ConnectionLost()
    bridge.lost(error)
    bridge.closed(1001, "bye")
    bridge.closed(1006, "")
    household.wire.calls.clear()
    bridge.message_received(b"late", is_binary=False)
    bridge.congested()
    bridge.relieved()
    bridge.opened()
    bridge.closing_began(by_us=True)
    bridge.ping_received(b"")
    bridge.send_text(b"x")
    bridge.send_binary(b"x")
    bridge.pause_reading()
    bridge.resume_reading()
    bridge.close(1000, "")
    bridge.abort()
    assert [("closed", Closed(1001, "bye"))] == household.listener.calls
    assert [(Closed(1001, "bye"), None, error)] == household.ends
    assert household.wire.calls == []


def test_owner_is_told_when_it_ends_before_it_was_open(household: Household) -> None:
    """A connection that was never open has no listener, and its owner hears of its end."""
    bridge = household.connecting()
    bridge.closed(1006, "why", HttpAnswer(429))
    bridge.opened()
    assert Life.CLOSED is bridge.life
    assert [(Closed(1006, "why"), HttpAnswer(429), None)] == household.ends
    assert household.listener.calls == []


def test_code_is_1005_when_the_peer_gave_none(household: Household) -> None:
    """A close frame without a code has a number of its own."""
    household.open().closed(None, "")
    assert [Closed(1005)] == household.listener.ends


def test_handshake_is_dropped_when_it_takes_too_long(household: Household) -> None:
    """The time for a handshake is exact."""
    household.connecting()
    household.clock.advance(4.99)
    assert household.wire.calls == []
    household.clock.advance(0.01)
    assert household.wire.calls == [("abort",)]
    household.clock.advance(3)


@pytest.mark.parametrize("by_us", [True, False])
def test_closing_is_dropped_when_it_takes_too_long(household: Household, by_us: bool) -> None:
    """Whoever began to close, the TCP connection does not outlast the time for it."""
    bridge = household.open()
    bridge.closing_began(by_us=by_us)
    household.wire.calls.clear()
    household.clock.advance(2.99)
    assert household.wire.calls == []
    household.clock.advance(0.01)
    assert household.wire.calls == [("abort",)]
    bridge.closed(1006, "")
    assert [Closed(1006, "the peer did not finish closing" if by_us else "", by_us)] == household.listener.ends


def test_reading_is_resumed_when_closing_begins(household: Household) -> None:
    """A connection that was paused sees the peer's close frame."""
    bridge = household.open()
    bridge.pause_reading()
    bridge.closing_began(by_us=True)
    assert household.wire.calls == [("pause",), ("resume",)]
    bridge.closed(1000, "")


def test_messages_are_dropped_when_closing(household: Household) -> None:
    """Nobody waits for what comes after a close."""
    bridge = household.open()
    bridge.closing_began(by_us=True)
    bridge.message_received(b"late", is_binary=False)
    bridge.send_text(b"late")
    bridge.closed(1000, "")
    assert [call[0] for call in household.listener.calls] == ["closed"]
    assert household.wire.calls == [("resume",)]


@pytest.mark.parametrize(("asked", "sent"), [(1000, 1000), (1013, 1013), (4001, 4001), (1006, 1011), (70000, 1011)])
def test_close_sends_only_what_may_be_sent(household: Household, asked: int, sent: int) -> None:
    """A code that would be illegal on the wire becomes 1011."""
    bridge = household.open()
    bridge.close(asked, "x")
    assert [("resume",), ("close", sent, b"x")] == household.wire.calls
    bridge.closed(1000, "")


@given(st.text())
def test_reason_fits_and_is_a_prefix(reason: str) -> None:
    """A reason of any length and language fits a close frame and is cut between characters."""
    cut = cut_reason(reason)
    assert len(cut) <= 123
    whole = reason.encode("utf-8", "replace").decode()
    assert whole.startswith(cut.decode())
    assert len(whole.encode()) <= 123 or len(cut) > 119


def test_connection_is_dropped_when_closed_before_it_is_open(household: Household) -> None:
    """A close frame needs an open connection."""
    bridge = household.connecting()
    bridge.close(1001, "")
    assert household.wire.calls == [("abort",)]
    bridge.closed(1006, "")


def test_connection_is_dropped_when_given_up_before_it_exists(household: Household) -> None:
    """Who gave up before there was a TCP connection gets none later."""
    bridge = Bridge(household, household.limits, household.clock, 1)
    bridge.abort()
    assert household.clock.getDelayedCalls() == []
    bridge.connected(household.wire)
    assert household.wire.calls == [("abort",)]
    bridge.closed(1006, "")
    assert len(household.ends) == 1


def test_fault_of_a_listener_closes_with_1011_and_is_logged_once(household: Household, logged: list[str]) -> None:
    """A listener that raises costs its own connection, and the log names the place and not the words."""

    def fail(_payload: bytes) -> None:
        raise ValueError("canary")

    household.listener.on_text = fail
    bridge = household.open()
    bridge.message_received(b"canary", is_binary=False)
    bridge.message_received(b"canary", is_binary=False)
    assert household.wire.calls == [("resume",), ("close", 1011, b"internal error")]
    bridge.closed(1011, "")
    assert [Closed(1011, "a fault of the proxy", by_us=True)] == household.listener.ends
    (line,) = logged
    logged.clear()
    assert "canary" not in line
    assert "ValueError" in line
    assert "test_net_bridge.py" in line
    assert "in fail" in line


@pytest.mark.row(85)
def test_fault_in_closed_is_logged_and_the_owner_still_hears(household: Household, logged: list[str]) -> None:
    """The owner's books are right even if the listener's are not."""

    def fail(_how: Closed) -> None:
        raise ValueError("canary")

    household.listener.on_closed = fail
    household.open().closed(1000, "")
    assert len(household.ends) == 1
    assert len(logged) == 1
    logged.clear()


def test_fault_of_the_owner_closes_with_1011(household: Household, logged: list[str]) -> None:
    """A session that cannot be made costs its own connection."""
    household.fails = True
    bridge = household.open()
    assert household.wire.calls == [("resume",), ("close", 1011, b"internal error")]
    bridge.message_received(b"x", is_binary=False)
    bridge.closed(1011, "")
    assert household.listener.calls == []
    assert "RuntimeError" in logged.pop()


def test_pressure_is_told_once_each_way(household: Household) -> None:
    """Congestion and relief alternate."""
    bridge = household.open()
    bridge.relieved()
    bridge.congested()
    bridge.congested()
    bridge.relieved()
    bridge.relieved()
    assert household.listener.calls == [("congested",), ("relieved",)]
    bridge.closed(1000, "")


def test_pressure_before_the_listener_exists_is_told_to_it(household: Household) -> None:
    """A transport that filled up during the handshake is known from the start."""
    bridge = household.connecting()
    bridge.congested()
    bridge.opened()
    assert household.listener.calls == [("congested",)]
    bridge.closed(1000, "")


def test_peer_that_does_not_read_is_dropped_when_the_bound_is_passed(household: Household) -> None:
    """What is sent in spite of congestion is bounded, and relief begins the count anew."""
    bridge = household.open()
    bridge.send_binary(bytes(1000))
    bridge.congested()
    bridge.send_binary(bytes(100))
    bridge.relieved()
    bridge.congested()
    bridge.send_binary(bytes(60))
    bridge.send_binary(bytes(40))
    assert ("abort",) not in household.wire.calls
    bridge.send_binary(b"x")
    assert household.wire.calls[-1] == ("abort",)
    bridge.closed(1006, "")
    assert [Closed(1006, "the peer does not read", by_us=True)] == household.listener.ends


def test_only_the_last_ping_is_answered_when_congested(household: Household) -> None:
    """Pings to a peer that does not read cost no memory."""
    bridge = household.open()
    bridge.ping_received(b"1")
    bridge.congested()
    bridge.ping_received(b"2")
    bridge.ping_received(b"3")
    assert household.wire.calls == [("pong", b"1")]
    bridge.relieved()
    assert household.wire.calls == [("pong", b"1"), ("pong", b"3")]
    bridge.closed(1000, "")


def test_fragments_are_counted_for_each_message(household: Household) -> None:
    """The count begins anew with each message."""
    bridge = household.open()
    first = [bridge.fragment_allowed(is_first=index == 0) for index in range(4)]
    assert first == [True, True, True, False]
    assert bridge.fragment_allowed(is_first=True)
    bridge.closed(1000, "")
