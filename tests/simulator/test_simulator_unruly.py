import json

import pytest
from simulator_desk import AT_ONCE, Desk
from twisted.internet.task import Clock

from turngate.simulator.lanes import Lane
from turngate.simulator.script import (
    Abort,
    Close,
    Delay,
    Drop,
    Duplicate,
    FailResponse,
    MakeResponse,
    OnClient,
    OnServer,
    RawText,
    Reorder,
    ReplaceWithError,
    Stall,
    StripMetadata,
)
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace
from turngate.simulator.timers import Timers


def test_a_server_event_and_all_after_it_wait_when_it_is_delayed():
    """The order stays, and nothing is lost."""
    desk = Desk(OnServer("response.created", Delay(2.0)))
    desk.respond()
    desk.run(1.9)
    assert desk.types == []
    desk.run(0.2)
    assert desk.types[0] == "response.created"
    assert desk.types[-1] == "response.done"


def test_a_response_is_active_before_it_is_announced():
    """The window in which a client cannot know: its update is refused although no response was announced."""
    desk = Desk(OnServer("response.created", Delay(0.5)), manner=Manner())
    desk.respond()
    desk.update(instructions="x")
    desk.run(0.6)
    assert desk.types[0] == "response.created"
    assert desk.error()["code"] == "conversation_already_has_active_response"


def test_a_client_event_waits_when_it_is_delayed():
    """And those after it too."""
    desk = Desk(OnClient("session.update", Delay(1.0)))
    desk.update(instructions="x")
    desk.say("Hello")
    desk.run(0.9)
    assert desk.types == []
    desk.run(0.2)
    assert desk.types == ["session.updated", "conversation.item.added", "conversation.item.done"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (OnServer("session.updated", Drop()), []),
        (OnClient("session.update", Drop()), []),
        (OnClient("session.update", Duplicate()), ["session.updated", "session.updated"]),
        (OnClient("session.update", StripMetadata()), ["session.updated"]),
    ],
)
def test_an_event_is_lost_or_doubled(rule, expected):
    """Once, at the event that the rule names."""
    desk = Desk(rule)
    desk.update(instructions="x")
    assert desk.types == expected
    desk.take()
    desk.update(instructions="y")
    assert desk.types == ["session.updated"]


def test_a_server_event_comes_twice():
    """The very same event, with the same id."""
    desk = Desk(OnServer("session.updated", Duplicate()), judge=False)
    desk.update(instructions="x")
    one, two = desk.sent
    assert one == two


def test_a_server_event_comes_after_the_next():
    """Two events change places."""
    desk = Desk(OnServer("response.created", Reorder()))
    desk.respond()
    assert desk.types == ["rate_limits.updated", "response.created"]


def test_a_client_event_is_acted_on_after_the_next():
    """Two events change places on their way in."""
    desk = Desk(OnClient("session.update", Reorder()))
    desk.update(instructions="x")
    assert desk.types == []
    desk.say("Hello")
    assert desk.types == ["conversation.item.added", "conversation.item.done", "session.updated"]


@pytest.mark.parametrize("with_event_id", [True, False])
def test_a_client_event_is_refused(with_event_id):
    """It is not acted on; the error names it, or does not."""
    desk = Desk(OnClient("response.create", ReplaceWithError("server_error", with_event_id=with_event_id)))
    event_id = desk.respond()
    desk.turns()
    assert desk.types == ["error"]
    assert desk.error().get("event_id") == (event_id if with_event_id else None)
    desk.take()
    desk.respond()
    assert desk.types[0] == "response.created"


def test_a_server_event_is_replaced_by_an_error():
    """The event is lost; the error has no event id, for it answers nothing."""
    desk = Desk(OnServer("session.updated", ReplaceWithError(code=None)))
    desk.update(instructions="x")
    assert desk.types == ["error"]
    assert desk.error().get("code") is None


def test_any_text_can_be_sent():
    """In the place of a server event, and after a client's."""
    rules = (OnServer("session.updated", RawText("nonsense")), OnClient("session.update", RawText("{}"), nth=2))
    desk = Desk(*rules, judge=False)
    desk.update(instructions="x")
    assert desk.sent == [{"type": "(no JSON)", "raw": b"nonsense"}]
    desk.take()
    desk.update(instructions="y")
    assert desk.sent[1] == {}


@pytest.mark.parametrize("rule", [OnClient, OnServer])
def test_the_connection_is_closed_by_a_script(rule):
    """With the code and the reason of the script."""
    desk = Desk(rule("session.update" if rule is OnClient else "session.updated", Close(1013, "busy")))
    desk.update(instructions="x")
    assert desk.closed == [(1013, "busy")]
    assert desk.types == []


def test_the_connection_is_dropped_by_a_script():
    """Without a close frame."""
    desk = Desk(OnServer("response.created", Abort()))
    desk.respond()
    assert desk.aborted == 1


@pytest.mark.parametrize("rule", [OnClient("session.update", Stall()), OnServer("session.updated", Stall())])
def test_nothing_is_heard_any_more_when_the_server_stalls(rule):
    """Neither what was asked nor anything later is answered."""
    desk = Desk(rule)
    desk.update(instructions="x")
    desk.say("Hello")
    desk.respond()
    desk.run(30, step=1)
    assert desk.types == []
    assert desk.closed == []


def test_metadata_is_stripped():
    """As from servers that do not echo it."""
    desk = Desk(OnServer("response.created", StripMetadata()))
    desk.respond(metadata={"tag": "e1"})
    desk.turns()
    assert desk.one("response.created")["response"].get("metadata") is None
    assert desk.one("response.done")["response"]["metadata"] == {"tag": "e1"}


def test_the_server_makes_a_response_just_before_a_request_for_one():
    """The worst moment: the client could not know, and its request is refused."""
    desk = Desk(OnClient("response.create", MakeResponse()))
    event_id = desk.respond()
    assert desk.types[0] == "response.created"
    assert desk.error()["event_id"] == event_id
    assert desk.error()["code"] == "conversation_already_has_active_response"


def test_the_server_makes_a_response_just_after_another_was_done():
    """The other worst moment."""
    desk = Desk(OnServer("response.done", MakeResponse()))
    desk.respond(metadata={"tag": "mine"})
    desk.turns()
    assert [event["response"].get("metadata") for event in desk.of("response.done")] == [{"tag": "mine"}, None]


@pytest.mark.parametrize(
    ("status", "reason"), [("failed", None), ("incomplete", "content_filter"), ("cancelled", "client_cancelled")]
)
def test_a_response_ends_badly(status, reason):
    """With any status of the API, in the middle of it."""
    desk = Desk(
        OnServer("response.output_audio.delta", FailResponse(status), nth=3), manner=Manner(pace=Pace(speed=1.0))
    )
    desk.say("a rather long sentence about nothing at all")
    desk.respond()
    desk.run(5)
    response = desk.one("response.done")["response"]
    assert response["status"] == status
    assert response["status_details"].get("reason") == reason
    assert (response["status_details"].get("error") or {}).get("code") == (
        "server_error" if status == "failed" else None
    )
    assert len(desk.of("response.output_audio.delta")) == 3


@pytest.mark.parametrize("seed", range(20))
def test_chaos_breaks_nothing_of_the_simulator(seed):
    """Whatever goes wrong, no exception, and every event is still one of the API's."""
    desk = Desk(chaos=0.3, judge=False, seed=str(seed), manner=Manner(pace=AT_ONCE))
    for round_ in range(15):
        desk.say(f"Hello {round_}")
        desk.update(instructions="x")
        desk.respond(metadata={"round": str(round_)})
        desk.run(3, step=0.1)
        desk.send("response.cancel")
    desk.unruly.stop()
    assert desk.clock.getDelayedCalls() == []
    assert sum(desk.tally.events_sent.values()) > 20


def test_chaos_is_the_same_when_the_seed_is():
    """The whole session, byte for byte."""

    def session(seed):
        desk = Desk(chaos=0.3, judge=False, seed=seed)
        for _ in range(5):
            desk.say("Hello")
            desk.respond()
            desk.run(3, step=0.1)
        return json.dumps(desk.sent)

    assert session("4") == session("4")
    assert session("4") != session("5")


def test_events_are_counted_by_type():
    """Those that came and those that went; what was not understood is counted apart."""
    desk = Desk(greeting=True)
    desk.update(instructions="x")
    desk.raw(b"{")
    assert desk.tally.events_received == {"session.update": 1}
    assert desk.tally.malformed == 1
    assert desk.tally.events_sent == {"session.created": 1, "session.updated": 1, "error": 1}


def test_a_lane_keeps_its_order_when_calls_make_calls():
    """What is put during a call comes after what was put before it."""
    clock = Clock()
    lane = Lane(Timers(clock))
    made = []
    lane.put(lambda: made.append(1), 1.0)
    lane.put(lambda: (made.append(2), lane.put(lambda: made.append(4))))
    lane.put(lambda: made.append(3))
    clock.advance(1)
    assert sorted(made) == [1, 2, 3, 4]
    assert made[:2] == [1, 2]
