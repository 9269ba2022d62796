"""What waits for a client that reads slowly."""

from fake_connection import FakeConnection, test_the_fakes_are_what_they_stand_for  # noqa: F401 - a test of its own

from turngate.proxy.outbox import Audio, Outbox, Text


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
