"""
A sample of the crash sweep: every conversation with every kind of fault, at a few of its events.

``make sweep`` is all of it. The samples are spread over each conversation, and are other ones for each kind of fault.
"""

import random

import pytest
from callers import Caller, Steps
from conversations import CONVERSATIONS, Conversation
from links import At, Fault, Side
from outcomes import Course, Fate, course, fate, faults_of
from sweeping import HEADINGS, KINDS, held, length, say, sweep
from world import RENEWS

from turngate.proxy.coordinator import Coordinator
from turngate.session import messages as m

SAMPLES = 1


def samples(conversation: Conversation, side: Side, fault: Fault) -> list[int]:
    """A few indices, the same in every run."""
    chance = random.Random(f"{conversation.name} {side.value} {fault.name}")
    return sorted(chance.sample(range(length(conversation).of(side)), SAMPLES))


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_turns_when_the_upstream_fails_are_answered_once_or_reported(conversation: Conversation) -> None:
    """Whatever befalls it at whatever event; nothing is left behind, and the neighbour hears nothing of it."""
    rows = [sweep(conversation, side, fault, samples(conversation, side, fault)) for side, fault in KINDS]
    for line in (HEADINGS, *rows):
        say(str(line))
    assert [] == [line for row in rows for line in row.broken]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_session_when_its_upstream_fails_now_and_again_goes_on(conversation: Conversation) -> None:
    """Two cuts, the second when all was restored: the session holds, and no turn is lost in silence."""
    chance = random.Random(f"{conversation.name} twice")
    first = chance.randrange(2, length(conversation).server)
    second = first + chance.randrange(50, 80)
    cuts = [At(index, chance.choice([Fault.CLOSE, Fault.RESET])) for index in (first, second)]
    world, call = held(conversation, cuts)
    assert [] == faults_of(world, call)
    assert not RENEWS or Course.HELD is course(call)


def test_session_when_its_upstream_fails_at_every_try_ends() -> None:
    """With an Error: the loss of the turn is reported."""
    cuts = [At(index, Fault.CLOSE) for index in range(12, 200, 6)]
    world, call = held(Conversation(written_twice), cuts)
    assert [] == faults_of(world, call)
    assert Course.ENDED is course(call)
    assert Fate.REPORTED is fate(call, call.caller.turns[0])


def written_twice(c: Caller) -> Steps:
    c.settle()
    yield c.ready()
    yield from c.settled(c.write("red apples"))
    yield from c.settled(c.write("green pears"))


def test_verdict_when_an_answer_comes_twice_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that says a line twice does not pass."""
    tell = Caller.send_text

    def twice(caller: Caller, payload: bytes) -> None:
        tell(caller, payload)
        if b'"assistant"' in payload and b"You said: red" in payload:
            tell(caller, payload)

    monkeypatch.setattr(Caller, "send_text", twice)
    _, call = held(Conversation(written_twice))
    assert [Fate.TWICE, Fate.ANSWERED] == [fate(call, turn) for turn in call.caller.turns]


def test_verdict_when_a_turn_is_lost_in_silence_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that ends a session without a word, or forgets a turn."""
    tell = Caller.send_text

    def quiet(caller: Caller, payload: bytes) -> None:
        if b'"Error"' not in payload and b"THINK" not in payload:
            tell(caller, payload)

    monkeypatch.setattr(Caller, "send_text", quiet)
    world, call = held(Conversation(written_twice), [At(index, Fault.CLOSE) for index in range(12, 200, 6)])
    assert Fate.SILENT is fate(call, call.caller.turns[0])
    assert any("without an Error" in problem for problem in faults_of(world, call))


def test_verdict_when_a_neighbour_hears_of_it_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the neighbour is told is compared to the byte."""
    tell = Caller.send_text
    heard: list[Caller] = []

    def crossed(caller: Caller, payload: bytes) -> None:
        tell(caller, payload)
        heard.append(caller)
        if b"red apples" in payload:
            tell(heard[0], payload)

    monkeypatch.setattr(Caller, "send_text", crossed)
    with pytest.raises(AssertionError, match="neighbour"):
        held(Conversation(written_twice))


@pytest.mark.row(84)
def test_fault_when_an_actor_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where a promise is broken, since every session is judged."""
    receive = Coordinator.receive

    def failing(coordinator: Coordinator, context: object, message: m.Message) -> None:
        if isinstance(message, m.UserText) and "pears" in message.text:
            raise RuntimeError
        receive(coordinator, context, message)

    monkeypatch.setattr(Coordinator, "receive", failing)
    with pytest.raises(AssertionError, match="RuntimeError"):
        held(Conversation(written_twice))
