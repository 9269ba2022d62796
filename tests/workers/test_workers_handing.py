"""Connections from one process to another: here, from one end of a pair to the other."""

import errno
import socket

import pytest

from turngate.workers.doorman import PAUSE_S, Doorman
from turngate.workers.handing import Handed, Taker, hand, pair


class Reactor:
    """Knows its readers; what is due is run by hand."""

    def __init__(self):
        self.readers = []
        self.due = []

    def addReader(self, reader):
        self.readers.append(reader)

    def removeReader(self, reader):
        if reader in self.readers:
            self.readers.remove(reader)

    def callLater(self, delay_s, call):
        self.due.append((delay_s, call))
        return Due()


class Due:
    def active(self):
        return True

    def cancel(self):
        pass


@pytest.fixture
def ends():
    """A pair that is closed in the end."""
    pair_of_ends = pair()
    yield pair_of_ends
    for end in pair_of_ends:
        end.close()


def test_connection_is_handed_over_with_what_is_said_about_it(ends):
    """The other end talks to the peer, and nothing is left at this end."""
    reactor, taken = Reactor(), []
    taker = Taker(reactor, ends[1], lambda connection, handed: taken.append((connection, handed)))
    taker.start()
    peer, connection = socket.socketpair()
    with peer:
        with connection:
            assert hand(ends[0], connection, Handed(3, int(connection.family)))
        reactor.readers[0].doRead()
        ((theirs, handed),) = taken
        with theirs:
            theirs.sendall(b"hello")
            assert b"hello" == peer.recv(5)
            assert not theirs.getblocking()
        assert b"" == peer.recv(5)
    assert (3, 1) == (handed.endpoint, taker.taken)


def test_end_of_the_other_process_is_no_fault(ends):
    """Its channel tells; there is nothing more to read."""
    reactor = Reactor()
    taker = Taker(reactor, ends[1], lambda *_: None)
    taker.start()
    ends[0].close()
    taker.doRead()
    assert [] == reactor.readers


def test_process_that_takes_nothing_is_full_and_blocks_nobody(ends):
    """However many it was sent, and after its end."""
    with socket.socket() as connection:
        handed = Handed(0, int(connection.family))
        count = 0
        while hand(ends[0], connection, handed):
            count += 1
        assert count > 10
        ends[1].close()
        assert not hand(ends[0], connection, handed)


class Listener:
    """A socket that listens, and whose connections come when the test says so."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def fileno(self):
        return 0

    def accept(self):
        if not self.outcomes:
            raise BlockingIOError
        match self.outcomes.pop(0):
            case OSError() as error:
                raise error
            case connection:
                return connection, None


@pytest.fixture
def connection():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


def test_doorman_goes_on_after_a_connection_that_broke(connection):
    """A peer may leave before it is accepted."""
    reactor, placed = Reactor(), []
    listener = Listener(OSError(errno.ECONNABORTED, ""), connection)
    doorman = Doorman(reactor, (Listener(), listener), lambda _, handed: placed.append(handed.endpoint))
    doorman.open()
    reactor.readers[1].doRead()
    assert [1] == placed
    assert -1 == connection.fileno()


def test_doorman_pauses_when_there_are_no_descriptors_left(connection):
    """Else it would ask again at once, for ever; who waits is let in when there are some."""
    reactor, placed = Reactor(), []
    listener = Listener(OSError(errno.EMFILE, ""), connection)
    doorman = Doorman(reactor, (listener,), lambda _, handed: placed.append(handed.endpoint))
    doorman.open()
    reactor.readers[0].doRead()
    ((delay_s, again),) = reactor.due
    assert ([], PAUSE_S) == (reactor.readers, delay_s)
    again()
    reactor.readers[0].doRead()
    assert [0] == placed
