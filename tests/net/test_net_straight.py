"""Writing at once: a transport of Twisted's own over a real pair of sockets, of which one end is not read."""

import socket

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport

from turngate.net.straight import straight


class Reactor:
    """Remembers who wants to be told that a socket takes more."""

    def __init__(self) -> None:
        self.writers: list[object] = []

    def addWriter(self, writer: object) -> None:
        if writer not in self.writers:
            self.writers.append(writer)

    def removeWriter(self, writer: object) -> None:
        self.writers.remove(writer)


class Line:
    """A connection, and the other end of it."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair()
        ours.setblocking(False)
        self.theirs.setblocking(False)
        self.reactor = Reactor()
        self.transport = Connection(ours, Protocol(), self.reactor)
        self.transport.connected = True
        self.write = straight(self.transport)

    def read(self) -> bytes:
        """What has come to the other end."""
        got = b""
        try:
            while piece := self.theirs.recv(1 << 20):
                got += piece
        except BlockingIOError:
            pass
        return got

    def close(self) -> None:
        self.theirs.close()
        self.transport.socket.close()


@pytest.fixture
def line():
    line = Line()
    yield line
    line.close()


def test_what_the_socket_takes_is_there_before_the_loop_turns(line: Line) -> None:
    """And the reactor is asked for nothing."""
    line.write(b"one")
    line.write(b"two")
    assert (b"onetwo", []) == (line.read(), line.reactor.writers)


def test_what_was_given_to_the_transport_before_goes_first(line: Line) -> None:
    """As a close frame of Autobahn's may have been in the same turn of the loop."""
    line.transport.write(b"first")
    line.write(b"second")
    assert b"" == line.read()
    line.transport.doWrite()
    assert b"firstsecond" == line.read()


def test_what_the_socket_does_not_take_goes_later_and_in_order(line: Line) -> None:
    """Byte by byte, however often it is full."""
    pieces = [bytes([number]) * 100_000 for number in range(20)]
    for piece in pieces:
        line.write(piece)
    assert [line.transport] == line.reactor.writers
    got = line.read()
    assert len(got) < len(b"".join(pieces))
    line.transport.doWrite()
    pieces.append(b"behind what waits")
    line.write(pieces[-1])
    while line.reactor.writers:
        got += line.read()
        line.transport.doWrite()
    got += line.read()
    assert b"".join(pieces) == got
    line.write(b"at once again")
    assert b"at once again" == line.read()


def test_what_is_written_to_a_lost_connection_is_left_to_the_reactor(line: Line) -> None:
    """It tells of the loss in its own time, and nothing is raised."""
    line.theirs.close()
    line.write(b"x")
    line.write(b"y")
    assert [line.transport] == line.reactor.writers


def test_what_is_no_plain_socket_is_written_to_as_it_wants() -> None:
    """TLS among others."""
    transport = StringTransport()
    straight(transport)(b"x")
    assert b"x" == transport.value()
