"""The agent's voice on its way to a client: what is sent when, and what of it can have been heard."""

import pytest
from fake_connection import FakeConnection

from turngate.audio import AudioFormat, ClientAudio, Container, Encoding, SessionAudio
from turngate.proxy.outbox import Text
from turngate.proxy.voice import Voice
from turngate.session.messages import Heard

OWN = AudioFormat(Encoding.LINEAR16, 24_000)
MULAW = AudioFormat(Encoding.MULAW, 8_000)
SECOND = bytes(48_000)


def voice(connection: FakeConnection, lead_s: float | None = None, audio: ClientAudio | None = None) -> Voice:
    made = Voice(connection, 1_000_000, lead_s)
    made.use(audio or ClientAudio(OWN, OWN))
    return made


def sizes(connection: FakeConnection) -> list[int]:
    """What was sent: the bytes of each binary message, and 0 for a text."""
    return [len(payload) if kind == "binary" else 0 for kind, payload in connection.log]


def test_speech_when_it_is_cut_off_was_heard_as_far_as_time_went() -> None:
    """Three seconds were sent at once; a second and a half later half of them can have been heard."""
    spoken = voice(FakeConnection())
    for _ in range(3):
        spoken.speak(SECOND, "i1", 0.0)
    assert 1.5 == spoken.unplayed_s(1.5)
    assert (Heard("i1", 1500, 3000),) == spoken.cut(1.5, flushes=True)
    assert 0.0 == spoken.unplayed_s(1.5)
    assert () == spoken.cut(1.5, flushes=True)


def test_speech_when_several_items_are_cut_off_names_each() -> None:
    """One was played, one in part, one not at all."""
    spoken = voice(FakeConnection())
    for item in ("i1", "i2", "i3"):
        spoken.speak(SECOND, item, 0.0)
    heard = (Heard("i1", 1000, 1000), Heard("i2", 250, 1000), Heard("i3", 0, 1000))
    assert heard == spoken.cut(1.25, flushes=True)


def test_speech_when_it_waits_for_a_slow_client_is_dropped_and_was_not_heard() -> None:
    """What was never sent counts as told and not as heard."""
    connection = FakeConnection()
    spoken = voice(connection)
    spoken.speak(SECOND, "i1", 0.0)
    spoken.outbox.congested()
    spoken.speak(SECOND, "i1", 0.0)
    spoken.speak(SECOND, "i2", 0.0)
    assert spoken.unplayed_s(9.0) is None
    assert (Heard("i1", 1000, 2000), Heard("i2", 0, 1000)) == spoken.cut(9.0, flushes=True)
    spoken.outbox.relieved()
    spoken.send_next(9.0)
    assert [48_000] == sizes(connection)


def test_speech_when_the_client_keeps_what_it_has_is_heard_as_far_as_it_was_sent() -> None:
    """A client that is not told to stop plays on; only what waits is never heard."""
    spoken = voice(FakeConnection())
    spoken.speak(SECOND, "i1", 0.0)
    assert (Heard("i1", 1000, 1000),) == spoken.cut(0.1, flushes=False)
    spoken.speak(SECOND, "i2", 0.1)
    spoken.outbox.congested()
    spoken.speak(SECOND, "i2", 0.1)
    assert (Heard("i2", 1000, 2000),) == spoken.cut(0.2, flushes=False)


def test_speech_when_it_was_played_is_reported_once() -> None:
    """And not while more of it is to come."""
    spoken = voice(FakeConnection())
    spoken.speak(SECOND, "i1", 0.0)
    assert () == spoken.played()
    spoken.finish(Text(b"{}"), 0.0)
    assert ("i1",) == spoken.played()
    assert () == spoken.played()


def test_speech_when_it_is_paced_is_sent_as_it_is_played() -> None:
    """Half a second ahead and no more; what ends the speech stays behind it, and other news does not wait."""
    connection = FakeConnection()
    spoken = voice(connection, lead_s=0.5)
    for _ in range(3):
        spoken.speak(SECOND, "i1", 0.0)
    spoken.finish(Text(b"done"), 0.0)
    spoken.outbox.send(Text(b"news"))
    assert [48_000, 0] == sizes(connection)
    assert 0.5 == spoken.wait_s(0.0)
    spoken.go_on(0.4)
    assert [48_000, 0] == sizes(connection)
    spoken.go_on(0.5)
    spoken.go_on(1.5)
    assert [48_000, 0, 48_000, 48_000, 0] == sizes(connection)
    assert spoken.wait_s(1.5) is None
    assert 1.5 == pytest.approx(spoken.unplayed_s(1.5))


def test_speech_when_it_is_paced_and_cut_off_is_not_sent() -> None:
    """The end of it is told all the same, since nothing else may be lost with it."""
    connection = FakeConnection()
    spoken = voice(connection, lead_s=0.5)
    for _ in range(2):
        spoken.speak(SECOND, "i1", 0.0)
    spoken.finish(Text(b"done"), 0.0)
    assert (Heard("i1", 250, 2000),) == spoken.cut(0.25, flushes=True)
    assert [48_000, 0] == sizes(connection)
    assert not spoken.is_full


def test_speech_in_another_format_is_as_long_as_it_was() -> None:
    """What the converter holds back comes with the end of the reply, and each reply has a header of its own."""
    connection = FakeConnection()
    spoken = voice(connection, audio=ClientAudio(OWN, MULAW, Container.WAV))
    for _ in range(2):
        spoken.speak(SECOND, "i1", 0.0)
        spoken.finish(Text(b"{}"), 0.0)
    replies = [payload for kind, payload in connection.log if kind == "binary"]
    assert 2 == sum(payload.startswith(b"RIFF") for payload in replies)
    headers = sum(payload.index(b"data") + 8 for payload in replies if payload.startswith(b"RIFF"))
    assert 2 * 8000 == sum(map(len, replies)) - headers
    assert 2.0 == pytest.approx(spoken.unplayed_s(0.0))


def test_speech_that_is_passed_through_is_measured_in_its_own_bytes() -> None:
    """Eight bytes of G.711 are a millisecond."""
    connection = FakeConnection()
    spoken = voice(connection, audio=ClientAudio(MULAW, MULAW, Container.NONE, SessionAudio.PCMU, SessionAudio.PCMU))
    spoken.speak(bytes(8000), "i1", 0.0)
    assert [8000] == sizes(connection)
    assert (Heard("i1", 250, 1000),) == spoken.cut(0.25, flushes=True)


def test_speech_when_the_connection_is_lost_is_dropped_and_counts_as_heard() -> None:
    """Also what is paced; the words between are kept in their place."""
    spoken = voice(FakeConnection(), lead_s=1.0)
    for _ in range(4):
        spoken.speak(SECOND, "i", 0.0)
    spoken.say(Text(b"words"), 0.0)
    spoken.lost(0.5)
    spoken.speak(SECOND, "i", 0.6)
    assert () == spoken.played()
    other = FakeConnection()
    spoken.outbox.found(other, None)
    while spoken.outbox.has_waiting:
        spoken.send_next(0.7)
    spoken.speak(SECOND, "i", 1.0)
    assert [("text", b"words"), ("binary", SECOND)] == other.log
    assert (Heard("i", 5_500, 6_000),) == spoken.cut(1.5, flushes=True)


def test_speech_when_it_goes_on_over_another_connection_begins_with_a_header() -> None:
    """Whoever reads a stream from its middle could not tell what it is."""
    audio = ClientAudio(OWN, OWN, Container.WAV)
    first, other = FakeConnection(), FakeConnection()
    spoken = voice(first, audio=audio)
    spoken.speak(SECOND, "i", 0.0)
    spoken.lost(0.1)
    spoken.speak(SECOND, "i", 0.2)
    spoken.outbox.found(other, None)
    spoken.speak(SECOND, "i", 0.3)
    assert [b"RIFF", b"RIFF"] == [connection.log[0][1][:4] for connection in (first, other)]


def test_speech_when_it_ends_while_there_is_nobody_was_played() -> None:
    """There is nothing to wait for."""
    spoken = voice(FakeConnection())
    spoken.speak(SECOND, "i", 0.0)
    spoken.lost(0.1)
    spoken.speak(SECOND, "j", 0.2)
    spoken.finish(Text(b"end"), 0.2)
    assert (0.0, ("i", "j")) == (spoken.unplayed_s(0.2), spoken.played())


def test_speech_when_the_connection_is_lost_counts_as_heard_to_the_last_sample() -> None:
    """What the resampler held back too."""
    spoken = voice(FakeConnection(), audio=ClientAudio(OWN, MULAW))
    spoken.speak(SECOND, "i", 0.0)
    spoken.speak(SECOND[:96], "i", 0.0)
    spoken.lost(0.1)
    assert (Heard("i", 1_002, 1_002),) == spoken.cut(0.2, flushes=True)
