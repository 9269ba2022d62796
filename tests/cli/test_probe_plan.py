"""The whole probe against a server in the same process, at virtual time: it finds what was planted."""

from typing import Any

import pytest
from probe_rig import AS_FAST_AS_CAN_BE, WITHOUT_SOUND, Choices, probed, simulated
from twisted.internet.task import Clock

from turngate.cli.probing.line import MAX_EVENTS, NoConnectionError
from turngate.cli.probing.plan import RefusedError
from turngate.cli.probing.report import knock_of, known, report_of
from turngate.cli.probing.words import Book, Topic
from turngate.protocols.realtime.dialects import DIALECTS, GA, Dialect
from turngate.proxy.ports import Closed, ConnectionEvents, IConnection, Upgrade
from turngate.simulator import Simulator
from turngate.simulator.script import (
    Abort,
    Close,
    Drop,
    OnClient,
    OnServer,
    RawText,
    ReplaceWithError,
    Stall,
    StripMetadata,
)
from turngate.simulator.session import Manner

URL = "ws://127.0.0.1:1/v1/realtime"


def test_the_simulator_as_it_is_is_found_to_be_what_it_is() -> None:
    """Every question has its answer, and nothing could not be told."""
    book = simulated(choices=Choices())
    expected = {
        **known(GA, has_key=False),
        Topic.FIRST_EVENT: "session.created",
        Topic.ITEM_ANSWER: "added+done",
        Topic.MAX_SESSION_S: 3600,
        Topic.OTHER_SHAPES: ", ".join(f"{one}: unknown_parameter" for one in ("flat", "xai", "qwen", "bare")),
        Topic.ERROR_NAMES_EVENT: True,
        Topic.ERROR_CODE: "error.code",
        Topic.DELETES: True,
        Topic.UPDATE_WHILE_ACTIVE: "refused",
        Topic.CANCELS: True,
        Topic.VOICE_LOCK: True,
        Topic.FINDS_TURNS: True,
        Topic.LETS_US_START: True,
        Topic.INPUT_RATE_HZ: 24000,
        Topic.TRANSCRIBES: True,
        Topic.COMMITS: True,
        Topic.TOOL_CALL: True,
    }
    assert {topic: finding.answer for topic, finding in book.findings.items()} == expected
    likeness = report_of(book, URL, None).likeness
    assert (likeness.dialect, likeness.differs, likeness.is_recognised) == ("ga", (), True)


ACTIVE = "conversation_already_has_active_response"
PLANTED: list[tuple[str, Topic, Any, Any]] = [
    ("no acknowledgement", Topic.ACKS_UPDATE, OnServer("session.updated", Drop(), None), False),
    ("tags lost", Topic.ECHOES_METADATA, OnServer("response.created", StripMetadata(), None), False),
    ("no response.done", Topic.SENDS_RESPONSE_DONE, OnServer("response.done", Drop(), None), False),
    ("cut without a word", Topic.TRUNCATES, OnServer("conversation.item.truncated", Drop(), None), False),
    ("cut refused", Topic.TRUNCATES, OnClient("conversation.item.truncate", ReplaceWithError("no_such"), None), False),
    ("closed at a cut", Topic.TRUNCATES, OnClient("conversation.item.truncate", Close(1011), None), False),
    ("items are not done", Topic.ITEM_ANSWER, OnServer("conversation.item.done", Drop(), None), "added"),
    ("nothing is deleted", Topic.DELETES, OnServer("conversation.item.deleted", Drop(), None), False),
    ("dropped at a delete", Topic.DELETES, OnClient("conversation.item.delete", Abort(), None), False),
    ("nothing is refused", Topic.SECOND_CREATE, OnServer("error", Drop(), None), "ignored"),
    ("no voice lock told", Topic.VOICE_LOCK, OnServer("error", Drop(), None), None),
    ("no commit", Topic.COMMITS, OnServer("input_audio_buffer.committed", Drop(), None), None),
    ("stalled by a commit", Topic.COMMITS, OnClient("input_audio_buffer.commit", Stall(), None), None),
    ("no speech found", Topic.FINDS_TURNS, OnClient("input_audio_buffer.append", Drop(), None), None),
    ("no tool called", Topic.TOOL_CALL, OnServer("response.function_call_arguments.done", Drop(), None), None),
    ("no expiry", Topic.MAX_SESSION_S, OnServer("session.created", RawText('{"type":"session.created"}'), None), None),
]


@pytest.mark.parametrize(("topic", "rule", "answer"), [row[1:] for row in PLANTED], ids=[row[0] for row in PLANTED])
def test_what_is_planted_is_found(topic: Topic, rule: Any, answer: Any) -> None:
    """One fault at a time, in every session; a fault costs no unrelated finding."""
    book = simulated(rule, choices=Choices())
    assert topic in book.findings
    assert book.answer(topic) == answer, book.findings[topic]
    assert book.answer(Topic.NAMES) == "ga"
    assert book.answer(Topic.SHAPE) == "NESTED"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_every_simulated_server_is_recognised(dialect: Dialect) -> None:
    """With nothing that differs, whether or not the URL's path tells."""
    book = simulated(choices=Choices(), dialect=dialect)
    shown = knock_of(dialect, has_key=True)
    book.found(Topic.KNOCK, shown, shown)
    likeness = report_of(book, f"ws://127.0.0.1:1{dialect.path}", None, has_key=True).likeness
    assert (likeness.dialect, likeness.differs, likeness.is_recognised) == (dialect.name, (), True)
    unclear = {topic for topic in Topic if book.answer(topic) is None} - {Topic.STRANGE_EVENTS}
    assert unclear == MAY_STAY_UNCLEAR.get(dialect.name, set())


MAY_STAY_UNCLEAR = {"xai": {Topic.MAX_SESSION_S}, "speaches": {Topic.VOICE_LOCK}}
"""Of a server that shows no session at first, and of one whose errors have no codes."""


def test_a_shorter_session_and_a_lenient_server_are_found() -> None:
    """What the simulator's own options change."""
    book = simulated(refuse_updates_while_active=False, max_session_s=1800.0)
    assert book.answer(Topic.UPDATE_WHILE_ACTIVE) == "confirmed"
    assert book.answer(Topic.MAX_SESSION_S) == 1800


def test_without_sound_what_needs_it_is_not_tried() -> None:
    """It says so, and asks for written answers."""
    book = simulated(choices=WITHOUT_SOUND)
    for topic in (Topic.TRUNCATES, Topic.FINDS_TURNS, Topic.COMMITS):
        assert book.findings[topic].words == "not tried, for --no-audio"
    assert "input_audio_buffer.speech_started" not in book.kinds
    assert book.answer(Topic.SENDS_RESPONSE_DONE) is True


# --- servers that are none ------------------------------------------------------------------------------------------


class Hostile:
    """Says the same to whatever it hears, and at the beginning."""

    def __init__(self, connection: IConnection, first: tuple[bytes, ...], then: tuple[bytes, ...]) -> None:
        self._connection = connection
        self._then = then
        self.heard = 0
        for one in first:
            connection.send_text(one)

    def text_received(self, payload: bytes) -> None:
        self.heard += 1
        for one in self._then:
            self._connection.send_text(one)

    def binary_received(self, payload: bytes) -> None:
        pass

    def congested(self) -> None:
        pass

    def relieved(self) -> None:
        pass

    def closed(self, how: Closed) -> None:
        pass


def meets(first: tuple[bytes, ...] = (), then: tuple[bytes, ...] = (), **how: Any) -> Book:
    """Probe a hostile server."""

    def accept(connection: IConnection, upgrade: Upgrade) -> ConnectionEvents:
        return Hostile(connection, first, then)

    return probed(accept, Clock(), Choices(), **how)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"<html><body>hello", "does not speak the Realtime protocol"),
        (b'["session.created"]', "does not speak the Realtime protocol"),
        (b'{"type":7}', "does not speak the Realtime protocol"),
        (b'{"type":"error","error":{"code":"invalid_api_key","message":"sk-canary"}}', "refuses.*invalid_api_key"),
        (b'{"type":"error","error":{"code":"you are\\nbad"}}', "refuses the session: an error without a code"),
        (b'{"type":"error"}', "refuses the session: an error without a code"),
    ],
)
def test_what_is_no_such_server_is_told_in_a_line(first: bytes, words: str) -> None:
    """The line names what came, and nothing that a server wrote but a code."""
    with pytest.raises(RefusedError, match=words) as told:
        meets((first,))
    assert "canary" not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_server_that_says_nothing_at_all_is_told_in_a_line() -> None:
    """After every way of writing the session was tried."""
    with pytest.raises(RefusedError, match="never said anything"):
        meets()


def test_a_server_that_lets_nobody_in_is_told_by_its_status() -> None:
    """The first attempt fails."""
    with pytest.raises(NoConnectionError, match="429"):
        meets(lets_in=0)


def test_a_server_that_lets_in_only_once_leaves_the_rest_untold() -> None:
    """What was found on the first connection is told."""
    clock = Clock()
    simulator = Simulator(clock, manner=Manner(pace=AS_FAST_AS_CAN_BE))
    book = probed(simulator.accept, clock, Choices(), lets_in=1)
    assert book.answer(Topic.SHAPE) == "NESTED"
    assert Topic.NAMES not in book.findings
    assert report_of(book, URL, None).is_usable


GREETING = b'{"type":"session.created","session":{}}'


def test_a_flood_is_cut_off() -> None:
    """So many events are taken from a connection, and no more."""
    with pytest.raises(RefusedError, match="more than a probe takes"):
        meets((b'{"type":"ping"}',) * (MAX_EVENTS + 1))
    book = meets((GREETING,), (b'{"type":"ping"}',) * 30_000, lets_in=2)
    assert "more than a probe takes" in book.findings[Topic.ACKS_UPDATE].words


def test_a_server_that_never_stops_pinging_holds_no_trial_up() -> None:
    """A step ends although something always comes; the strange event is named."""
    clock = Clock()

    class Pinging(Hostile):
        def __init__(self, connection: IConnection) -> None:
            super().__init__(connection, (GREETING,), ())
            self.ping()

        def ping(self) -> None:
            self._connection.send_text(b'{"type":"ping"}')
            clock.callLater(1.0, self.ping)

    book = probed(lambda connection, upgrade: Pinging(connection), clock, Choices())
    assert clock.seconds() < 400
    assert "ping" in report_of(book, URL, None).findings[-1].words
