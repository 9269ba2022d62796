"""What waits for a client that reads slowly."""

import pytest
from fake_connection import FakeConnection, test_the_fakes_are_what_they_stand_for  # noqa: F401 - a test of its own

from turngate.proxy.outbox import Audio, Keep, Outbox, Text


def ignore(audio: Audio) -> None:
    """Nobody measures what is sent."""


def test_audio_when_it_is_handed_on_is_told_of() -> None:
    """Whoever measures playing hears of each piece when it is sent, and not when it waits."""
    sent: list[Audio] = []
    outbox = Outbox(FakeConnection(), 100, sent.append)
    outbox.send(Audio(b"1", "i1", 20.0))
    outbox.congested()
    outbox.send(Audio(b"2", "i1", 20.0))
    assert [Audio(b"1", "i1", 20.0)] == sent
    outbox.relieved()
    outbox.send_next()
    assert 2 == len(sent)


def test_messages_when_the_client_reads_go_straight_through() -> None:
    """Nothing waits that need not."""
    connection = FakeConnection()
    outbox = Outbox(connection, 10, ignore)
    outbox.send(Text(b"t"))
    outbox.send(Audio(b"a"))
    assert [("text", b"t"), ("binary", b"a")] == connection.log
    assert 0 == outbox.waiting_bytes


def test_messages_when_the_client_does_not_read_wait_in_order() -> None:
    """Order is kept, also by what is sent while older messages still wait."""
    connection = FakeConnection()
    outbox = Outbox(connection, 100, ignore)
    outbox.congested()
    outbox.send(Audio(b"1"))
    outbox.send(Text(b"22"))
    assert ([], 3) == (connection.log, outbox.waiting_bytes)
    outbox.relieved()
    outbox.send(Audio(b"3"))
    while outbox.has_waiting:
        outbox.send_next()
    assert [("binary", b"1"), ("text", b"22"), ("binary", b"3")] == connection.log
    assert 0 == outbox.waiting_bytes


def test_messages_when_the_client_fills_up_again_stop_again() -> None:
    """Relief lets one message out at a time, and no more than the connection takes."""
    connection = FakeConnection()
    outbox = Outbox(connection, 100, ignore)
    outbox.congested()
    for payload in (b"1", b"2", b"3"):
        outbox.send(Audio(payload))
    outbox.relieved()
    outbox.send_next()
    outbox.congested()
    assert not outbox.has_waiting
    outbox.send_next()
    assert [("binary", b"1")] == connection.log


def test_audio_when_the_user_speaks_is_dropped_and_text_is_not() -> None:
    """What was not sent of the agent's speech is never heard; what was said in writing is."""
    connection = FakeConnection()
    outbox = Outbox(connection, 100, ignore)
    outbox.congested()
    for parcel in (Text(b"a"), Audio(b"bbb"), Text(b"c"), Audio(b"dd")):
        outbox.send(parcel)
    assert outbox.has_audio
    assert [Audio(b"bbb"), Audio(b"dd")] == outbox.drop_audio()
    assert not outbox.has_audio
    assert (2, 5) == (outbox.waiting_bytes, outbox.dropped_bytes)
    outbox.relieved()
    while outbox.has_waiting:
        outbox.send_next()
    assert [("text", b"a"), ("text", b"c")] == connection.log


def test_outbox_when_more_waits_than_may_is_full() -> None:
    """The bound is in bytes."""
    outbox = Outbox(FakeConnection(), 3, ignore)
    outbox.congested()
    outbox.send(Audio(b"123"))
    assert not outbox.is_full
    outbox.send(Audio(b"4"))
    assert outbox.is_full


def test_text_when_there_is_no_connection_waits_and_audio_does_not() -> None:
    """In order, behind what waited before; flow of the old connection means nothing any more."""
    outbox = Outbox(FakeConnection(), 100, ignore, Keep(10, 100))
    outbox.congested()
    outbox.send(Text(b"1"))
    outbox.send(Audio(b"a"))
    assert [Audio(b"a")] == outbox.lost()
    outbox.relieved()
    outbox.send(Text(b"2"))
    assert not outbox.has_waiting
    other = FakeConnection()
    assert 0 == outbox.found(other, None)
    while outbox.has_waiting:
        outbox.send_next()
    assert [("text", b"1"), ("text", b"2")] == other.log
    assert 0 == outbox.waiting_bytes


def test_text_when_it_was_sent_into_the_void_is_sent_again() -> None:
    """From the first that was not received; and as often as it is not."""
    outbox = Outbox(FakeConnection(), 100, ignore, Keep(3, 100))
    for payload in (b"1", b"2", b"3", b"4"):
        outbox.send(Text(payload))
    for received, missing, again in [
        (4, 0, []),
        (3, 0, [b"4"]),
        (1, 0, [b"2", b"3", b"4"]),
        (0, 1, [b"2", b"3", b"4"]),
    ]:
        outbox.lost()
        other = FakeConnection()
        assert missing == outbox.found(other, received)
        while outbox.has_waiting:
            outbox.send_next()
        assert again == [payload for _, payload in other.log]


def test_text_when_nobody_may_come_back_is_not_kept() -> None:
    """What was sent is forgotten at once."""
    outbox = Outbox(FakeConnection(), 100, ignore)
    outbox.send(Text(b"1"))
    outbox.lost()
    assert 1 == outbox.found(FakeConnection(), 0)
    assert not outbox.has_waiting


@pytest.mark.parametrize("keep", [Keep(2, 100), Keep(100, 2)])
def test_text_when_more_of_it_waits_than_is_kept_fills_the_outbox(keep: Keep) -> None:
    """The bounds are in messages and in bytes, for what was sent too."""
    outbox = Outbox(FakeConnection(), 100, ignore, keep)
    for payload in (b"1", b"2", b"3"):
        outbox.send(Text(payload))
    outbox.lost()
    assert 1 == outbox.found(FakeConnection(), 0)
    assert 2 == outbox.waiting_bytes
    outbox.lost()
    for payload in (b"4", b"5"):
        outbox.send(Text(payload))
        assert not outbox.is_full
    outbox.send(Text(b"6"))
    assert outbox.is_full


def test_text_when_it_waited_before_the_connection_was_lost_does_not_fill_the_outbox() -> None:
    """A slow client may come back too, and more than once; but all together is bounded as ever."""
    outbox = Outbox(FakeConnection(), 12, ignore, Keep(3, 100))
    outbox.congested()
    for _ in range(2):
        for _ in range(4):
            outbox.send(Text(b"1"))
        outbox.lost()
        for _ in range(2):
            outbox.send(Text(b"2"))
            assert not outbox.is_full
        assert 0 == outbox.found(FakeConnection(), 0)
        assert not outbox.is_full
        outbox.congested()
    outbox.lost()
    assert not outbox.is_full
    outbox.send(Text(b"3"))
    assert outbox.is_full
