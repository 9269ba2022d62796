"""A client that was cut off comes back to its session: the real actors, between connections in memory."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve
from fake_connection import FakeConnection
from test_proxy_session import RETURN_S, Desk
from twisted.internet.task import Clock

from turngate.actors.testing import TestSystem
from turngate.protocols.deepgram import Face
from turngate.proxy.client import KEPT, ClientActor, Habits
from turngate.proxy.close_codes import NOT_RESUMED, TAKEN_OVER, loss_of
from turngate.proxy.legs import ClientLost, CloseLeg, LegDown, LegEvents, Returned
from turngate.proxy.legs import Leg as WhichLeg
from turngate.proxy.ports import Closed, Upgrade
from turngate.proxy.resume import InMemoryStore, Place, Ticket, ticket_of
from turngate.proxy.session import DEEPGRAM_PATH, Profile
from turngate.session.messages import (
    Cause,
    ClientBack,
    ConversationLine,
    Ending,
    Failed,
    KeepAlive,
    Loss,
    Problem,
    Role,
    SessionOpened,
)
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence

LASTING = evolve(DEEPGRAM, absence=Absence.LASTS)
OTHER_PATH = "/other"
PROFILES = {DEEPGRAM_PATH: Profile(policy=LASTING), OTHER_PATH: Profile(policy=LASTING)}
SOUND = base64.b64encode(bytes(4800)).decode()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """One session that serves, and that waits for its client."""
    made = Desk(profiles=PROFILES)
    with made.system:
        made.serve()
        yield made
        made.reception.shut_down(lambda: None)
        made.client.ended(1001)
        made.upstream.ended(1001)
        assert 0 == made.reception.sessions
        assert [] == made.clock.getDelayedCalls()


def connect(desk: Desk, path: str = DEEPGRAM_PATH, **query: str) -> FakeConnection:
    """A client connects with these query parameters."""
    made = FakeConnection()
    made.events = desk.reception(made, Upgrade(path, "fake", {name: [value] for name, value in query.items()}))
    return made


def back(desk: Desk, **query: str) -> FakeConnection:
    """The client of the session comes back."""
    desk.client = connect(desk, resume="s0", **query)
    return desk.client


def texts(connection: FakeConnection) -> list[str]:
    """The types of what a connection was told."""
    return [json.loads(entry[1])["type"] for entry in connection.log if entry[0] == "text"]


def answer(desk: Desk, text: str = "hi") -> None:
    """The user writes, and the answer begins."""
    desk.says(type="InjectUserMessage", content=text)
    tag = [one for one in desk.asked if one["type"] == "response.create"][-1]["event_id"]
    desk.event(type="response.created", response={"id": "r", "metadata": {"turngate": tag}})
    sound(desk)


def sound(desk: Desk) -> None:
    """A tenth of a second of the answer comes."""
    desk.event(type="response.output_audio.delta", response_id="r", item_id="i", delta=SOUND)


def words(desk: Desk, text: str = "good day") -> None:
    """The words of the answer are complete."""
    desk.event(type="response.output_audio_transcript.done", response_id="r", item_id="i", transcript=text)


def finish(desk: Desk) -> None:
    """The answer ends."""
    desk.event(type="response.done", response={"id": "r", "status": "completed", "output": []})


def log_of(desk: Desk) -> list[str]:
    """The names of what was logged."""
    return [event for event, _ in desk.log.kept]


def test_client_when_it_is_cut_off_in_an_answer_gets_the_text_and_not_the_audio(desk: Desk) -> None:
    """The welcome first, then each line that it missed, once and in order; nothing that was sent before."""
    answer(desk)
    before = len(desk.heard)
    desk.client.ended(1006)
    sound(desk)
    words(desk)
    finish(desk)
    again = back(desk)
    assert 1 < before
    assert ["Welcome", "ConversationText", "AgentAudioDone", "History"] == texts(again)
    assert "s0" == json.loads(again.log[0][1])["request_id"]
    assert "binary" not in again.done
    assert 1 == desk.reception.sessions
    assert 0 == sum(one["type"].startswith("conversation.item.t") for one in desk.asked)


def test_client_when_it_is_back_hears_the_rest_of_the_answer(desk: Desk) -> None:
    """What is said from then on is heard; what was said meanwhile is not."""
    answer(desk)
    desk.client.ended(1006)
    sound(desk)
    again = back(desk)
    sound(desk)
    assert 1 == again.done.count("binary")
    words(desk)
    finish(desk)
    assert ["Welcome", "ConversationText", "AgentAudioDone"] == texts(again)


def test_speech_when_it_was_missed_and_the_user_cuts_in_is_cut_where_it_stands(desk: Desk) -> None:
    """The words of what was missed are told, so that it counts as heard: two tenths of a second of three."""
    answer(desk)
    desk.client.ended(1006)
    sound(desk)
    back(desk)
    sound(desk)
    desk.event(type="input_audio_buffer.speech_started", item_id="u")
    finish(desk)
    (cut,) = [one for one in desk.asked if one["type"] == "conversation.item.truncate"]
    assert 200 == cut["audio_end_ms"]


def test_client_when_it_is_back_talks_on_without_settings(desk: Desk) -> None:
    """It is served as before: what it says goes upstream, and it is answered."""
    desk.client.ended(1006)
    again = back(desk)
    asked = len(desk.asked)
    answer(desk)
    assert asked < len(desk.asked)
    assert "AgentStartedSpeaking" in texts(again)
    assert ["session.client_lost", "session.resumed"] == [e for e in log_of(desk) if "client_" in e or "resumed" in e]


def test_client_when_it_says_what_it_received_is_sent_the_rest_again(desk: Desk) -> None:
    """What went into a connection that was dead already is not lost, nor told twice."""
    desk.says(type="InjectUserMessage", content="hi")
    sent = [payload for kind, *rest in desk.client.log if kind == "text" for payload in rest][1:]
    desk.client.ended(1006)
    again = back(desk, received="1")
    assert sent[1:] == [entry[1] for entry in again.log if entry[0] == "text"][1:]
    again.ended(1006)
    third = back(desk, received=str(len(sent)))
    assert ["Welcome"] == texts(third)
    third.ended(1006)
    assert ["Welcome", *(json.loads(one)["type"] for one in sent)] == texts(back(desk, received="0"))


def test_client_when_it_received_more_than_was_sent_is_taken_to_have_all(desk: Desk) -> None:
    """A wrong count costs nothing."""
    desk.client.ended(1006)
    assert ["Welcome"] == texts(back(desk, received="999"))


def test_client_when_what_it_lacks_is_not_kept_is_warned(desk: Desk) -> None:
    """Rather than that something is missing and nobody says so."""
    for number in range(KEPT.messages + 2):
        desk.says(type="FunctionCallResponse", id=f"c{number}", name="f", content="")
    desk.client.ended(1006)
    again = back(desk, received="0")
    while any(call.time <= desk.clock.seconds() for call in desk.clock.getDelayedCalls()):
        desk.clock.advance(0)
    told = [json.loads(entry[1]) for entry in again.log if entry[0] == "text"]
    assert KEPT.messages + 2 == len(told)
    assert "RESUME_INCOMPLETE" == told[-1]["code"]


def test_client_when_it_does_not_come_back_in_time_has_no_session_any_more(desk: Desk) -> None:
    """The upstream is closed with it, and the ticket is worth nothing."""
    desk.client.ended(1006)
    desk.clock.advance(RETURN_S - 0.1)
    assert "close" not in desk.upstream.done
    desk.clock.advance(0.2)
    assert ("close", 1000) == desk.upstream.log[-1]
    desk.upstream.ended()
    assert ("client_left", "client_lost") == (desk.ended["ending"], desk.ended["detail"])
    assert ("close", NOT_RESUMED[0]) == back(desk).log[-1]


def test_client_when_it_is_cut_off_again_and_again_is_waited_for_anew(desk: Desk) -> None:
    """Each time it has the whole wait."""
    for _ in range(3):
        desk.client.ended(1006)
        desk.clock.advance(RETURN_S - 1)
        assert ["Welcome"] == texts(back(desk))


def test_client_when_it_has_been_back_for_long_can_still_move_over(desk: Desk) -> None:
    """The wait is over when it is back, for the ticket too."""
    desk.client.ended(1006)
    back(desk)
    desk.clock.advance(RETURN_S + 1)
    assert ["Welcome"] == texts(back(desk))


def test_audio_when_it_broke_off_inside_a_sample_begins_anew(desk: Desk) -> None:
    """Half a sample of the old connection is not put before the first of the new."""
    desk.client.events.binary_received(b"\1")
    desk.client.ended(1006)
    back(desk).events.binary_received(b"\2\3")
    heard = [one["audio"] for one in desk.asked if one["type"] == "input_audio_buffer.append"]
    assert [base64.b64encode(b"\2\3").decode()] == heard


def test_client_when_it_says_goodbye_ends_its_session(desk: Desk) -> None:
    """Nobody waits for a client that has finished."""
    desk.client.ended(1000)
    assert ("close", 1000) == desk.upstream.log[-1]
    assert ("close", NOT_RESUMED[0]) == connect(desk, resume="s0").log[-1]


def test_client_when_it_comes_over_a_second_connection_has_one(desk: Desk) -> None:
    """The old one, which may be half open, is closed with a code of its own, and nothing of it counts any more."""
    old = desk.client
    answer(desk)
    new = back(desk)
    assert ("close", TAKEN_OVER[0]) == old.log[-1]
    told = len(old.log)
    old.events.text_received(b"{}")
    old.events.congested()
    old.ended(1006)
    words(desk)
    finish(desk)
    assert told == len(old.log)
    assert ["Welcome", "ConversationText", "AgentAudioDone", "History"] == texts(new)
    assert 1 == desk.reception.sessions


def test_client_when_it_reads_slowly_and_moves_over_is_told_all_that_waited(desk: Desk) -> None:
    """The text that waits is more than is kept for a client that is away, and this one is not away."""
    desk.client.events.congested()
    for _ in range(20):
        desk.says(type="InjectUserMessage", content="x" * 20_000)
    again = back(desk)
    while desk.clock.getDelayedCalls() and desk.clock.getDelayedCalls()[0].time <= desk.clock.seconds():
        desk.clock.advance(0)
    assert 20 * 20_000 > KEPT.message_bytes
    assert "close" not in again.done
    assert 20 == texts(again).count("ConversationText")


def test_client_when_it_is_away_is_not_idle(desk: Desk) -> None:
    """The watchdog sleeps, and wakes with the new connection."""
    desk.clock.advance(59)
    desk.client.ended(1006)
    desk.clock.advance(RETURN_S - 1)
    again = back(desk)
    desk.clock.advance(59)
    assert "close" not in again.done
    desk.clock.advance(2)
    assert ("close", 1008) == again.log[-1]


def test_client_when_it_is_back_and_the_upstream_is_full_is_not_read(desk: Desk) -> None:
    """What was so for the old connection is so for the new."""
    desk.upstream.events.congested()
    desk.client.ended(1006)
    again = back(desk)
    assert ["text", "pause"] == again.done
    desk.upstream.events.relieved()
    assert "resume" == again.done[-1]


def test_client_when_more_is_told_than_is_kept_ends_its_session(desk: Desk) -> None:
    """With a cause of its own in the log; nothing is kept without a bound."""
    desk.client.ended(1006)
    for number in range(KEPT.messages + 1):
        desk.event(type="conversation.item.input_audio_transcription.failed", item_id=f"u{number}", error={})
    desk.upstream.ended()
    assert ("client_stalled", "missed_too_much") == (desk.ended["ending"], desk.ended["detail"])


def test_client_when_it_is_cut_off_before_settings_has_nothing_to_come_back_to() -> None:
    """A stranger who has said nothing costs nothing."""
    desk = Desk(profiles=PROFILES)
    with desk.system:
        desk.client.ended(1006)
        assert 0 == desk.reception.sessions
        assert ["Error"] == texts(back(desk))


def test_settings_when_they_are_applied_while_the_client_is_away_are_acknowledged_to_it() -> None:
    """It need not send them again, and must not."""
    desk = Desk(profiles=PROFILES)
    with desk.system:
        desk.says(type="Settings", audio={}, agent={"think": {"provider": {"type": "open_ai", "model": "m"}}})
        desk.client.ended(1006)
        desk.connect()
        desk.event(type="session.created", session={})
        desk.event(type="session.updated", session={})
        assert ["Welcome", "SettingsApplied"] == [kind for kind in texts(back(desk)) if kind != "Warning"]
        desk.client.ended()
        desk.upstream.ended()


def test_component_when_it_is_cut_off_ends_its_session() -> None:
    """Components do not know how to come back."""
    desk = Desk("/openai", profiles={"/openai": Profile(policy=COMPONENT)})
    with desk.system:
        desk.client.ended(1006)
        assert 0 == desk.reception.sessions


def test_sessions_when_more_of_them_wait_than_may_end_with_their_connection(desk: Desk) -> None:
    """The bound is for all of them together; a client that is back makes room."""
    others = [connect(desk) for _ in range(3)]
    for other in others:
        other.events.text_received(b'{"type":"Settings","audio":{},"agent":{"think":{"provider":{"type":"open_ai"}}}}')
    assert 4 == desk.reception.sessions
    for other in others:
        other.ended(1006)
    assert 3 == desk.reception.sessions
    returned = [connect(desk, resume="s1"), connect(desk, resume="s2")]
    assert [["Welcome"], ["Welcome"]] == [texts(one) for one in returned]
    assert ["Error"] == texts(connect(desk, resume="s3"))
    for one in returned:
        one.ended()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"resume": ["s99"]}, "There is no session"),
        ({"resume": ["s"]}, "There is no session"),
        ({"resume": [""]}, "request_id"),
        ({"resume": ["s0", "s0"]}, "request_id"),
        ({"resume": ["s" * 65]}, "request_id"),
        ({"resume": ["s0"], "received": ["-1"]}, "number"),
        ({"resume": ["s0"], "received": ["\u0663"]}, "number"),
        ({"resume": ["s0"], "received": ["1" * 10]}, "number"),
        ({"resume": ["s0"], "received": ["1", "2"]}, "number"),
    ],
)
def test_ticket_when_it_is_worth_nothing_is_answered_with_an_error(
    desk: Desk, query: dict[str, list[str]], says: str
) -> None:
    """A code, words that say what to do instead, and a close code of its own; the session that there is goes on."""
    stranger = FakeConnection()
    events = desk.reception(stranger, Upgrade(DEEPGRAM_PATH, "fake", query))
    ((_, error), (_, code)) = stranger.log
    assert ("Error", "RESUME_FAILED") == (json.loads(error)["type"], json.loads(error)["code"])
    assert says in json.loads(error)["description"]
    assert NOT_RESUMED[0] == code
    events.text_received(b"{}")
    events.closed(Closed(4004))
    assert 2 == len(stranger.log)
    desk.says(type="KeepAlive")
    assert "close" not in desk.client.done


def test_ticket_when_it_is_of_another_path_is_worth_nothing(desk: Desk) -> None:
    """A session is spoken to in its own protocol."""
    desk.client.ended(1006)
    assert ["Error"] == texts(connect(desk, OTHER_PATH, resume="s0"))
    assert ["Welcome"] == texts(back(desk))


def test_ticket_when_nobody_waits_for_clients_is_worth_nothing() -> None:
    """The operator has switched it off, and a client is told so as if its session had ended."""
    desk = Desk()
    with desk.system:
        assert ["Error"] == texts(connect(desk, resume="s0"))
        desk.client.ended(1006)
        assert 0 == desk.reception.sessions


def test_session_when_the_proxy_stops_while_the_client_is_away_ends_at_once(desk: Desk) -> None:
    """Nobody who is away is waited for; who comes in that moment is told."""
    desk.client.ended(1006)
    desk.reception.shut_down(lambda: None)
    assert ("close", 1001) == desk.upstream.log[-1]
    assert ["Error"] == texts(back(desk))


class Leg:
    """A client's actor alone, with a session that waits for it, and whose answers are the test's."""

    def __init__(self, system: TestSystem) -> None:
        self.system = system
        self.session = system.probe("session")
        self.guardian = system.probe("guardian")
        self.old, self.new = FakeConnection(), FakeConnection()
        self.old.events = LegEvents()
        actor = ClientActor(self.old, self.old.events, Face(), self.session.ref, self.guardian.ref, Habits(), keep=KEPT)
        self.ref = system.spawn(actor, "client")
        self.ref.tell(SessionOpened("s0"))

    def returns(self) -> FakeConnection:
        """The client is there again, and not welcomed yet."""
        self.new = FakeConnection()
        self.new.events = LegEvents()
        self.ref.tell(Returned(self.new, self.new.events))
        return self.new


@pytest.fixture
def leg() -> Iterator[Leg]:
    """One that ends with the test."""
    with TestSystem(Clock(), may_live=True) as system:
        yield Leg(system)


def test_client_when_it_is_not_welcomed_yet_is_told_nothing_and_not_heard(leg: Leg) -> None:
    """What is told in that moment stands behind the welcome, and speech is still missed."""
    leg.old.ended(1006)
    new = leg.returns()
    leg.guardian.expect(ClientLost)
    leg.session.expect(ClientBack)
    leg.ref.tell(ConversationLine(Role.USER, "hi"))
    new.events.text_received(b'{"type":"KeepAlive"}')
    leg.session.expect_nothing()
    assert [] == new.log
    leg.ref.tell(SessionOpened("s0"))
    assert ["Welcome", "ConversationText"] == texts(new)
    leg.session.expect(KeepAlive)


def test_client_when_its_session_ends_before_the_welcome_hears_why(leg: Leg) -> None:
    """Between its ticket and its welcome a session can end; then it gets the last word, and is closed."""
    leg.old.ended(1006)
    new = leg.returns()
    leg.ref.tell(Failed(Problem(Cause.UPSTREAM_CLOSED, "The upstream closed.")))
    leg.ref.tell(CloseLeg(Ending.UPSTREAM_FAILED))
    assert (["Error"], ("close", 1011)) == (texts(new), new.log[-1])
    leg.guardian.expect(ClientLost)
    leg.guardian.expect_nothing()
    new.ended(1011)
    leg.guardian.expect(LegDown(WhichLeg.CLIENT))


def test_client_when_it_moves_twice_before_the_welcome_has_one_connection(leg: Leg) -> None:
    """The first of the two is given up unwelcomed, and the session is told once."""
    first, second = leg.returns(), leg.returns()
    leg.ref.tell(SessionOpened("s0"))
    assert [("close", TAKEN_OVER[0])] == first.log
    assert ["Welcome"] == texts(second)
    leg.session.expect(ClientBack)
    leg.session.expect_nothing()


def test_client_when_it_comes_back_after_the_end_is_refused(leg: Leg) -> None:
    """An actor that is closing takes no other connection."""
    leg.ref.tell(CloseLeg(Ending.GOING_AWAY))
    new = leg.returns()
    assert (["Error"], ("close", NOT_RESUMED[0])) == (texts(new), new.log[-1])


def test_client_when_its_actor_is_stopped_before_the_welcome_is_closed(leg: Leg) -> None:
    """No connection is left behind, whatever ended the actor."""
    leg.old.ended(1006)
    new = leg.returns()
    leg.system.stop(leg.ref)
    assert [("close", 1011)] == new.log


def test_header_when_it_names_the_session_is_as_good_as_the_query() -> None:
    """For clients that can set headers; the two together are one too many."""
    ours = {"x-turngate-resume": "s0", "x-turngate-received": "7"}
    assert Ticket("s0", 7) == ticket_of(Upgrade("/", "fake", {}, ours))
    assert not isinstance(ticket_of(Upgrade("/", "fake", {"resume": ["s0"]}, ours)), Ticket)
    assert ticket_of(Upgrade("/", "fake", {"received": ["7"]})) is None
    assert "s0" not in repr(Ticket("s0"))


@pytest.mark.parametrize(
    ("how", "loss"),
    [
        (Closed(1000), Loss.LEFT),
        (Closed(1005), Loss.LEFT),
        (Closed(1006), Loss.LOST),
        (Closed(1001), Loss.LOST),
        (Closed(1011), Loss.LOST),
        (Closed(1006, by_us=True), Loss.LOST),
        (Closed(1002, by_us=True), Loss.LEFT),
    ],
)
def test_close_code_when_it_is_a_farewell_is_one(how: Closed, loss: Loss) -> None:
    """Only who has said that it is finished has left; a ping that was not answered is a loss."""
    assert loss is loss_of(how)


def test_store_when_the_wait_is_over_finds_nothing() -> None:
    """Whether or not the session has heard of it yet."""
    now = [0.0]
    store = InMemoryStore(30.0, lambda: now[0])
    place = Place("/", None)  # type: ignore[arg-type]  # nobody is told anything
    found: list[Place | None] = []
    find: Callable[[], Any] = lambda: store.find("token", found.append)  # noqa: E731 - said once
    find()
    store.put("token", place)
    find()
    assert store.away("token")
    now[0] = 29.9
    find()
    now[0] = 30.0
    find()
    store.back("token")
    find()
    store.remove("token")
    find()
    assert [None, place, place, None, place, None] == found
    assert not store.away("token")


def test_place_is_given_back_when_the_session_is_over_and_not_before() -> None:
    """A session that waits for its client keeps its place, and is found by the key that began it alone."""
    desk = Desk(profiles=PROFILES)
    left: list[str] = []

    def come(client: str, **query: list[str]) -> FakeConnection:
        made = FakeConnection()
        upgrade = Upgrade(DEEPGRAM_PATH, "fake", query, client=client, leave=lambda: left.append(client))
        made.events = desk.reception(made, upgrade)
        return made

    with desk.system:
        desk.client.ended()
        desk.client = come("phone")
        desk.serve()
        desk.client.ended(1006)
        stranger = come("other", resume=["s1"])
        assert ("close", NOT_RESUMED[0]) == stranger.log[-1]
        desk.client = come("phone", resume=["s1"])
        assert [] == left
        desk.client.ended(1006)
        desk.clock.advance(RETURN_S)
        assert [] == left
        desk.upstream.ended()
        assert ["phone"] == left
        assert 0 == desk.reception.sessions
    assert {fields["client"] for event, fields in desk.log.kept if event == "session.ended"} >= {"phone"}
