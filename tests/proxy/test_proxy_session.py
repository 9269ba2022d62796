"""The four actors of a session, real, between connections in memory; time by hand."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from fake_connection import FakeConnection, FakeDialler, QuietLog
from twisted.internet.task import Clock

from turngate.actors.testing import TestSystem
from turngate.protocols.realtime import Translation
from turngate.proxy.budget import Budget, Level
from turngate.proxy.ledger import Caps, Ledger
from turngate.proxy.meters import Meters
from turngate.proxy.ports import DialFailure, DialFault, Upgrade
from turngate.proxy.reception import Reception
from turngate.proxy.resume import InMemoryStore
from turngate.proxy.session import CLOSE_WITHIN_S, DEEPGRAM_PATH, Profile, Setup
from turngate.session.policy import DEEPGRAM, Absence, Length, Policy, Renewal, Waits
from turngate.session.prices import PriceList, Prices

RETURN_S = 30.0
LASTING = evolve(DEEPGRAM, absence=Absence.LASTS)
SETTINGS = {"type": "Settings", "audio": {}, "agent": {"think": {"provider": {"type": "open_ai", "model": "m"}}}}


class Desk:
    """One session with both its connections in hand."""

    def __init__(
        self,
        path: str = DEEPGRAM_PATH,
        query: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
        policy: Policy = DEEPGRAM,
        **setup: Any,
    ) -> None:
        self.clock = Clock()
        self.system = TestSystem(self.clock)
        self.log = QuietLog()
        self.dialler = FakeDialler()
        ids = iter(range(100))
        self.store = InMemoryStore(RETURN_S, self.clock.seconds, max_away=2)
        how = {"profiles": {DEEPGRAM_PATH: Profile(policy=policy)}, "waits": Waits(limit_near_s=30.0), **setup}
        self.setup = Setup(self.dialler, Translation(), self.log, judged=True, **how)
        self.reception = Reception(self.system, self.setup, lambda: f"s{next(ids)}", self.store)
        self.client = FakeConnection()
        self.client.events = self.reception(self.client, Upgrade(path, "fake", query or {}, headers or {}))
        self.upstream = FakeConnection()

    def says(self, **message: Any) -> None:
        self.client.events.text_received(json.dumps(message).encode())

    def event(self, **event: Any) -> None:
        self.upstream.events.text_received(json.dumps(event).encode())

    def connect(self) -> None:
        """The upstream that was wanted last is connected."""
        (_, events) = self.dialler.wanted[-1]
        self.upstream = FakeConnection()
        self.upstream.events = events.dialled(self.upstream)

    def serve(self) -> None:
        self.says(**SETTINGS)
        self.connect()
        self.ready()

    def ready(self) -> None:
        """The upstream has a session, and takes its settings."""
        self.event(type="session.created", session={})
        self.event(type="session.updated", session={})

    @property
    def heard(self) -> list[str]:
        return [json.loads(entry[1])["type"] for entry in self.client.log if entry[0] == "text"]

    @property
    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(entry[1]) for entry in self.upstream.log if entry[0] == "text"]

    @property
    def ended(self) -> dict[str, Any]:
        (fields,) = [fields for event, fields in self.log.kept if event == "session.ended"]
        return fields


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    with made.system:
        yield made


def test_session_when_the_client_leaves_closes_the_upstream_and_ends(desk: Desk) -> None:
    """1000 upstream, both legs down, nothing left in the registry."""
    desk.serve()
    assert ["Welcome", "SettingsApplied"] == [kind for kind in desk.heard if kind != "Warning"]
    desk.client.ended()
    assert ("close", 1000) == desk.upstream.log[-1]
    assert 1 == desk.reception.sessions
    desk.upstream.ended()
    assert 0 == desk.reception.sessions
    assert "client_left" == desk.ended["ending"]


@pytest.mark.row(95)
def test_session_when_there_is_no_room_for_what_it_holds_is_shed() -> None:
    """Its client is told to connect again; the account is closed with the session."""
    budget = Budget(QuietLog(), max_bytes=1000)
    desk = Desk(budget=budget)
    with desk.system:
        desk.serve()
        budget.look()
        assert Level.PLENTY is budget.level
        desk.client.events.congested()
        desk.event(type="response.created", response={"id": "r", "status": "in_progress"})
        speech = base64.b64encode(bytes(960)).decode()
        desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta=speech)
        budget.look()
        assert 1 == budget.shed_count
        assert ("close", 1001) == desk.client.log[-1]
        desk.client.ended()
        desk.upstream.ended()
        budget.look()
        assert Level.PLENTY is budget.level
        assert "going_away" == desk.ended["ending"]


def test_session_when_the_client_leaves_while_dialling_cancels_it(desk: Desk) -> None:
    """An attempt to connect ends with the session that wanted it."""
    desk.says(**SETTINGS)
    desk.client.ended()
    assert 1 == desk.dialler.dialling.cancelled
    assert 0 == desk.reception.sessions


@pytest.mark.row(18)
def test_session_when_the_client_leaves_before_settings_dials_nobody(desk: Desk) -> None:
    """A stranger who says nothing costs nothing upstream."""
    desk.client.ended()
    assert [] == desk.dialler.wanted
    assert 0 == desk.reception.sessions


def test_session_when_the_upstream_closes_first_tells_and_closes_the_client() -> None:
    """An Error, then 1011, where it is not to be replaced."""
    desk = Desk(policy=evolve(DEEPGRAM, renewal=Renewal.OFF))
    with desk.system:
        desk.serve()
        desk.upstream.ended(1001)
        assert "Error" == desk.heard[-1]
        assert ("close", 1011) == desk.client.log[-1]
        desk.client.ended(1011)
        assert 0 == desk.reception.sessions


def test_session_when_a_connection_does_not_close_in_time_drops_it(desk: Desk) -> None:
    """Five seconds, and then without a goodbye."""
    desk.serve()
    desk.client.ended()
    desk.clock.advance(CLOSE_WITHIN_S - 0.1)
    assert "abort" not in desk.upstream.done
    desk.clock.advance(0.2)
    assert "abort" == desk.upstream.done[-1]
    assert 0 == desk.reception.sessions


def test_session_when_the_upstream_cannot_be_dialled_ends(desk: Desk) -> None:
    """The client reads that it cannot be reached, and nothing of why."""
    desk.says(**SETTINGS)
    (_, events) = desk.dialler.wanted[0]
    events.dial_failed(DialFailure(DialFault.REFUSED, "refused by secret.example", status=503))
    assert "Error" == desk.heard[-1]
    assert "secret" not in str(desk.client.log)
    desk.client.ended(1011)
    assert 0 == desk.reception.sessions


@pytest.mark.row(18)
def test_session_when_no_settings_come_ends_after_ten_seconds(desk: Desk) -> None:
    """1008, with the code of a client that was waited for."""
    desk.clock.advance(9.9)
    assert ["Welcome"] == desk.heard
    desk.clock.advance(0.2)
    assert ("close", 1008) == desk.client.log[-1]
    desk.client.ended(1008)


def test_session_when_it_is_over_hears_nothing_more(desk: Desk) -> None:
    """What comes after the end is not acted on, from either side."""
    desk.serve()
    desk.says(type="Shout")
    asked = len(desk.upstream.log)
    desk.says(type="InjectUserMessage", content="hi")
    desk.client.events.binary_received(b"\0\0")
    desk.event(type="response.created", response={"id": "r1"})
    assert asked == len(desk.upstream.log)
    assert "Error" == desk.heard[-1]
    desk.client.ended(1008)
    desk.upstream.ended(1000)


@pytest.mark.row(53)
def test_session_when_the_upstream_takes_no_more_does_not_read_the_client(desk: Desk) -> None:
    """Back-pressure goes from leg to leg, and ends with its cause."""
    desk.serve()
    desk.upstream.events.congested()
    assert "pause" == desk.client.done[-1]
    desk.upstream.events.relieved()
    assert "resume" == desk.client.done[-1]
    desk.client.ended()
    desk.upstream.ended()


@pytest.mark.row(53)
def test_session_when_the_upstream_takes_nothing_for_ten_seconds_has_another(desk: Desk) -> None:
    """A stalled upstream is given up for another, and the client is read again."""
    desk.serve()
    desk.upstream.events.congested()
    desk.clock.advance(10.1)
    assert ("close", 1000) == desk.upstream.log[-1]
    assert "resume" == desk.client.done[-1]
    assert 2 == len(desk.dialler.wanted)
    desk.client.ended()


@pytest.mark.row(52)
def test_session_when_the_client_does_not_read_holds_audio_up_to_its_bound(desk: Desk) -> None:
    """Eight mebibytes wait, and no more: the session ends with 1008."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    tag = desk.asked[-1]["event_id"]
    desk.event(type="response.created", response={"id": "r", "metadata": {"turngate": tag}})
    desk.client.events.congested()
    piece = base64.b64encode(bytes(1024 * 1024)).decode()
    for _ in range(7):
        desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta=piece)
    assert "binary" not in desk.client.done
    assert "close" not in desk.client.done
    for _ in range(2):
        desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta=piece)
    assert ("close", 1008) == desk.client.log[-1]
    desk.client.ended(1008)
    desk.upstream.ended()


def test_session_when_the_client_fills_up_again_sends_no_more(desk: Desk) -> None:
    """What waits goes out as far as the connection takes it, each time that it does."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    tag = desk.asked[-1]["event_id"]
    desk.event(type="response.created", response={"id": "r", "metadata": {"turngate": tag}})
    desk.client.events.congested()
    for _ in range(10):
        desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta="AAAA")
    assert 0 == desk.client.done.count("binary")
    for audio in (1, 4, 7):
        desk.client.room = 3
        desk.client.events.relieved()
        assert audio == desk.client.done.count("binary")
    desk.client.room = None
    desk.client.events.relieved()
    assert 10 == desk.client.done.count("binary")
    desk.client.ended()
    desk.upstream.ended()


def test_session_when_the_user_speaks_drops_the_audio_that_waits(desk: Desk) -> None:
    """A slow client does not hear, after the barge-in, what was said before it."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    tag = desk.asked[-1]["event_id"]
    desk.event(type="response.created", response={"id": "r", "metadata": {"turngate": tag}})
    desk.client.events.congested()
    desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta="AAAA")
    desk.event(type="input_audio_buffer.speech_started", item_id="u")
    desk.client.events.relieved()
    assert "binary" not in desk.client.done
    assert "UserStartedSpeaking" == desk.heard[-1]
    desk.client.ended()
    desk.upstream.ended()


def test_session_when_the_service_stops_ends_and_says_when(desk: Desk) -> None:
    """The reception calls back once, when the last session is gone."""
    desk.serve()
    emptied: list[str] = []
    desk.reception.shut_down(lambda: emptied.append("empty"))
    assert [] == emptied
    assert ("close", 1001) == desk.client.log[-1]
    desk.client.ended(1001)
    desk.upstream.ended(1001)
    assert ["empty"] == emptied


@pytest.mark.row(94)
def test_deadlines_when_a_session_has_ended_are_gone(desk: Desk) -> None:
    """Nothing is left on the clock, whatever was waited for."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    desk.client.ended()
    desk.upstream.ended()
    assert [] == desk.clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("query", "trace"),
    [
        ({}, ""),
        ({"traceId": ["t-1", "t-2"]}, "t-1"),
        ({"traceId": []}, ""),
        ({"traceId": ["x" * 128]}, "x" * 128),
        ({"traceId": ["x" * 129]}, ""),
        ({"traceId": ["a\nb"]}, ""),
        ({"traceId": ["\u2028"]}, ""),
    ],
)
def test_a06_trace_when_the_client_names_one_is_in_every_line(query: dict[str, list[str]], trace: str) -> None:
    """Every line of the session holds its id, and the client's trace where that is short and printable."""
    desk = Desk(query=query)
    with desk.system:
        desk.client.ended()
    assert {"session.started", "session.ended"} == {event for event, _ in desk.log.kept}
    assert {("s0", trace)} == {(fields["session"], fields["trace"]) for _, fields in desk.log.kept}


@pytest.mark.parametrize(
    ("header", "parent"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n", False),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
        ("canary", False),
    ],
)
def test_parent_when_the_client_names_its_span_is_told_as_the_session_begins(header: str, parent: bool) -> None:
    """As the header of W3C Trace Context; what cannot be read is none, as that standard asks."""
    desk = Desk(headers={"traceparent": header})
    with desk.system:
        desk.client.ended()
    (started,) = (fields for event, fields in desk.log.kept if event == "session.started")
    assert (header if parent else "") == started["traceparent"]


# --- another upstream session ---------------------------------------------------------------------------------------


def limited() -> Desk:
    """A session whose upstream may not be as long as it likes."""
    return Desk(policy=evolve(DEEPGRAM, length=Length.LIMITED))


def test_upstream_when_lost_is_dialled_again_and_told_what_was_said(desk: Desk) -> None:
    """The settings, then the line that the user wrote, then the request for an answer; the client reads nothing."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    heard = len(desk.heard)
    desk.upstream.ended(1006)
    desk.connect()
    desk.ready()
    (update, item, create) = desk.asked
    assert ("session.update", "conversation.item.create") == (update["type"], item["type"])
    assert "hi" == item["item"]["content"][0]["text"]
    assert "response.create" == create["type"]
    assert heard == len(desk.heard)
    desk.client.ended()
    desk.upstream.ended()
    assert 0 == desk.reception.sessions


def test_upstream_when_given_up_is_closed_and_not_listened_to(desk: Desk) -> None:
    """What the one says that was given up is not taken for a word of the other."""
    desk.serve()
    desk.says(type="UpdatePrompt", prompt="more")
    silent = desk.upstream
    desk.clock.advance(10.1)
    assert ("close", 1000) == silent.log[-1]
    desk.connect()
    for event in ("session.created", "session.updated"):
        silent.events.text_received(json.dumps({"type": event, "session": {}}).encode())
    silent.ended()
    assert [] == desk.asked
    desk.ready()
    assert ["session.update", "session.update"] == [event["type"] for event in desk.asked]
    desk.event(type="session.updated", session={})
    assert "PromptUpdated" == desk.heard[-1]
    desk.client.ended()
    desk.upstream.ended()


def test_upstream_when_lost_as_it_was_dialled_leaves_no_connection(desk: Desk) -> None:
    """One that is connected after the session has ended is dropped."""
    desk.serve()
    desk.upstream.ended(1006)
    desk.client.ended()
    assert 1 == desk.dialler.dialling.cancelled
    assert 0 == desk.reception.sessions


def test_session_when_a_limit_comes_near_moves_over() -> None:
    """Both are connected for a while; the first is closed when the second has a session, and not before."""
    desk = limited()
    with desk.system:
        desk.serve()
        first = desk.upstream
        desk.clock.advance(30.1)
        assert 2 == len(desk.dialler.wanted)
        desk.connect()
        assert "close" not in first.done
        desk.event(type="session.created", session={})
        assert ("close", 1000) == first.log[-1]
        assert ["session.update"] == [event["type"] for event in desk.asked]
        desk.event(type="session.updated", session={})
        assert "upstream.renewed" in [event for event, _ in desk.log.kept]
        desk.says(type="InjectUserMessage", content="hi")
        assert "response.create" == desk.asked[-1]["type"]
        desk.client.ended()
        desk.upstream.ended()
        assert [] == desk.clock.getDelayedCalls()


def test_session_when_it_ends_while_another_upstream_is_dialled_leaves_neither() -> None:
    """The second connection goes with the first."""
    for connected in (False, True):
        desk = limited()
        with desk.system:
            desk.serve()
            first = desk.upstream
            desk.clock.advance(30.1)
            if connected:
                desk.connect()
            desk.client.ended()
            assert ("close", 1000) == first.log[-1]
            assert connected is (("close", 1000) in desk.upstream.log and desk.upstream is not first)
            assert (0 if connected else 1) == desk.dialler.dialling.cancelled
            first.ended()
            assert 0 == desk.reception.sessions
            assert [] == desk.clock.getDelayedCalls()


def test_session_when_another_upstream_fails_to_come_tries_again() -> None:
    """The first serves on."""
    desk = limited()
    with desk.system:
        desk.serve()
        first = desk.upstream
        desk.clock.advance(30.1)
        (_, events) = desk.dialler.wanted[-1]
        events.dial_failed(DialFailure(DialFault.REFUSED, "no", status=503))
        assert 2 == len(desk.dialler.wanted)
        desk.clock.advance(15.1)
        assert 3 == len(desk.dialler.wanted)
        desk.connect()
        desk.upstream.ended(1011)
        desk.says(type="KeepAlive")
        desk.clock.advance(15.1)
        assert 4 == len(desk.dialler.wanted)
        desk.client.ended()
        first.ended()


def test_upstream_when_it_was_unreadable_as_it_stood_by_is_given_up_when_it_serves() -> None:
    """What it sent before counts; the session would else listen to nonsense for ever."""
    desk = limited()
    with desk.system:
        desk.serve()
        desk.clock.advance(30.1)
        desk.connect()
        for _ in range(150):
            desk.upstream.events.text_received(b"{")
        desk.event(type="session.created", session={})
        desk.event(type="session.updated", session={})
        desk.upstream.events.text_received(b"{")
        assert "close" in desk.client.done
        desk.client.ended()
        desk.upstream.ended()
        assert 0 == desk.reception.sessions


# --- a proxy that will go away, and an operator -----------------------------------------------------------------------


@pytest.mark.row(91)
def test_sessions_when_they_are_asked_to_leave_end_at_a_quiet_moment(desk: Desk) -> None:
    """1001, with the reason before it; what calls when all are gone is called once."""
    empty: list[bool] = []
    desk.serve()
    (name,) = desk.reception.leave_soon(lambda: empty.append(True))
    assert ([], []) == (empty, [kind for kind in desk.heard if kind == "Error"])
    desk.reception.ask_to_leave(name)
    assert ("Error", ("close", 1001)) == (desk.heard[-1], desk.client.log[-1])
    desk.client.ended(1001)
    desk.upstream.ended(1001)
    assert ([True], 0) == (empty, desk.reception.sessions)
    desk.reception.ask_to_leave(name)
    assert "going_away" == desk.ended["ending"]


@pytest.mark.row(91)
def test_session_when_it_is_asked_to_leave_in_an_answer_ends_when_that_was_played(desk: Desk) -> None:
    """The user hears it to its end, for which the client takes as long as the sound is."""
    desk.serve()
    desk.says(type="InjectUserMessage", content="hi")
    items = [asked["item"]["id"] for asked in desk.asked if asked["type"] == "conversation.item.create"]
    desk.event(type="conversation.item.added", item={"id": items[0], "type": "message"})
    (create,) = [asked for asked in desk.asked if asked["type"] == "response.create"]
    response = {"id": "r1", "conversation_id": "c", "metadata": create["response"]["metadata"]}
    desk.event(type="response.created", response=response)
    second = base64.b64encode(bytes(48_000)).decode()
    desk.event(type="response.output_audio.delta", response_id="r1", item_id="i1", delta=second)
    desk.reception.leave_soon(lambda: None)
    desk.reception.ask_to_leave("s0")
    desk.event(type="response.done", response={**response, "status": "completed", "output": []})
    desk.clock.advance(0.9)
    assert "Error" not in desk.heard
    desk.clock.advance(0.2)
    assert (["AgentAudioDone", "Error"], ("close", 1001)) == (desk.heard[-2:], desk.client.log[-1])
    desk.client.ended(1001)
    desk.upstream.ended(1001)


def test_session_when_it_begins_after_the_proxy_began_to_leave_leaves_at_once(desk: Desk) -> None:
    """It was let in before, and its connection opened after."""
    desk.reception.leave_soon(lambda: None)
    late = FakeConnection()
    late.events = desk.reception(late, Upgrade(DEEPGRAM_PATH, "late"))
    assert ("close", 1001) == late.log[-1]
    desk.client.ended()
    late.ended()


def test_client_when_it_is_cut_off_in_a_drain_may_come_back(desk: Desk) -> None:
    """Its call goes on, and so does the promise that it can."""
    made = Desk(policy=LASTING)
    with made.system:
        made.serve()
        made.event(type="response.created", response={"id": "r1", "conversation_id": "c"})
        made.reception.leave_soon(lambda: None)
        made.reception.ask_to_leave("s0")
        made.client.ended(1006)
        assert [1] == [made.reception.sessions]
        back = FakeConnection()
        back.events = made.reception(back, Upgrade(DEEPGRAM_PATH, "back", {"resume": ["s0"]}))
        assert "Welcome" == json.loads(back.log[0][1])["type"]
        made.reception.shut_down(lambda: None)
        back.ended(1001)
        made.upstream.ended(1001)
    desk.client.ended()


def test_session_when_the_operator_ends_it_is_told_so(desk: Desk) -> None:
    """An Error that is no fault of the proxy, and no invitation to come again at once."""
    desk.serve()
    assert desk.reception.dismiss("s0")
    error = json.loads(desk.client.log[-2][1])
    assert "SESSION_ENDED_BY_OPERATOR" == error["code"]
    assert ("close", 1008) == desk.client.log[-1]
    assert ("close", 1000) == desk.upstream.log[-1]
    desk.client.ended(1008)
    desk.upstream.ended(1000)
    assert not desk.reception.dismiss("s0")
    assert "dismissed" == desk.ended["ending"]


def test_standing_of_a_session_is_to_be_had_while_it_is_open(desk: Desk) -> None:
    """What it does, and for how long it has."""
    desk.clock.advance(2.0)
    desk.serve()
    standing = desk.reception.standings["s0"]
    assert ("serving", 0.0, "fake") == (standing.account.phase, standing.started_s, standing.peer)
    desk.client.ended()
    desk.upstream.ended()
    assert {} == desk.reception.standings


@pytest.mark.row(85)
def test_session_when_the_close_itself_fails_leaves_nothing_behind(desk: Desk) -> None:
    """The other connection is closed, no place is kept, and a proxy that stops does not wait for it."""
    made, empty = Desk(), []
    made.serve()

    def fail(code: int, reason: str) -> None:
        raise RuntimeError("the transport is broken")

    made.client.close = fail  # type: ignore[method-assign]  # that is the point
    made.reception.shut_down(lambda: empty.append(True))
    assert "session.crashed" in [event for event, _ in made.log.kept]
    assert "close" in made.upstream.done
    made.upstream.ended(1001)
    made.clock.advance(CLOSE_WITHIN_S)
    assert ([True], 0, {}) == (empty, made.reception.sessions, made.reception.standings)
    desk.client.ended()


@pytest.mark.row(85)
def test_session_when_its_last_line_cannot_be_written_is_forgotten_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a proxy that stops would wait for a session that is not there."""
    made = Desk()
    made.serve()
    tried: list[str] = []

    def fail(log: QuietLog, event: str, **fields: Any) -> None:
        tried.append(event)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(QuietLog, "info", fail)
    made.client.ended()
    made.upstream.ended()
    assert (["session.ended"], 0) == (tried, made.reception.sessions)
    monkeypatch.undo()
    desk.client.ended()


# --- what may be used -----------------------------------------------------------------------------------------------

PRICES = PriceList("m", Prices(text_in=2.0, audio_in=2.0, text_out=10.0, audio_out=10.0))
DONE = {"status": "completed", "output": [], "usage": {"input_tokens": 90, "output_tokens": 10}}


class Metered(Desk):
    """A session that may use so much."""

    def __init__(self, caps: Caps) -> None:
        self.time = Clock()
        self.ledger = Ledger(self.time.seconds)
        self.meters = Meters(self.ledger, caps, self.time.seconds)
        super().__init__(meters=self.meters, prices=PRICES)

    def answer(self, response_id: str, *others: str) -> None:
        """The upstream answers what it was asked last; others are written meanwhile."""
        tag = self.asked[-1]["response"]["metadata"]
        self.event(type="response.created", response={"id": response_id, "metadata": tag})
        for text in others:
            self.says(type="InjectUserMessage", content=text)
        self.event(type="response.done", response={"id": response_id, "metadata": tag, **DONE})

    def over(self) -> dict[str, Any]:
        """The error that the client was told; both connections are closed."""
        error = [json.loads(entry[1]) for entry in self.client.log if entry[0] == "text"][-1]
        assert (("close", 1008), ("close", 1000)) == (self.client.log[-1], self.upstream.log[-1])
        self.client.ended()
        self.upstream.ended()
        return error


@pytest.mark.row(48)
def test_session_when_an_answer_uses_up_its_tokens_ends_with_it_and_asks_for_no_other() -> None:
    """The turn that waited for the end is not asked for; the line about the session names the cap and the cost."""
    desk = Metered(Caps(tokens=100))
    with desk.system:
        desk.serve()
        desk.says(type="InjectUserMessage", content="hi")
        desk.answer("r1", "and?")
        assert 1 == [frame["type"] for frame in desk.asked].count("response.create")
        error = desk.over()
        assert ("Error", "USAGE_LIMIT_REACHED") == (error["type"], error["code"])
        assert "the tokens of a session" in error["description"]
        assert ("used_up", "session_tokens") == (desk.ended["ending"], desk.ended["detail"])
        assert (90, 10) == (desk.ended["text_in_tokens"], desk.ended["text_out_tokens"])
        assert pytest.approx(0.00028) == desk.ended["cost"] == desk.ledger.days["1970-01-01"][""].cost


@pytest.mark.row(48)
def test_session_when_an_answer_is_told_twice_is_charged_once() -> None:
    """And one that nobody has seen begin is not charged, as it is not counted."""
    desk = Metered(Caps())
    with desk.system:
        desk.serve()
        desk.says(type="InjectUserMessage", content="hi")
        desk.answer("r1")
        for response_id in ("r1", "r9"):
            desk.event(type="response.done", response={"id": response_id, **DONE})
        assert 100 == desk.ledger.days["1970-01-01"][""].tokens
        desk.client.ended()
        desk.upstream.ended()


@pytest.mark.row(48)
def test_session_when_its_time_is_over_ends_in_the_middle_of_an_answer() -> None:
    """With the protocol's own code for a session that is too long."""
    desk = Metered(Caps(minutes=10.0))
    with desk.system:
        desk.serve()
        desk.says(type="InjectUserMessage", content="hi")
        desk.event(type="response.created", response={"id": "r1", "metadata": desk.asked[-1]["response"]["metadata"]})
        desk.time.advance(600.0)
        desk.meters.look()
        assert "MAXIMUM_SESSION_LENGTH_REACHED" == desk.over()["code"]
        assert ("used_up", "session_minutes") == (desk.ended["ending"], desk.ended["detail"])
        assert 600.0 == desk.ledger.days["1970-01-01"][""].seconds
