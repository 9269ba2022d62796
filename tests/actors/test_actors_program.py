"""Random programs of actors, against what the page promises."""

from collections import Counter
from typing import Any

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from turngate.actors import Actor, ActorSystem, Context, Mailbox, Overflow, Ref, WhenChildFails

NAMES = tuple("abcd")


@frozen
class Say:
    """A numbered message; the receiver does the deeds that it carries."""

    sender: str
    number: int
    deeds: tuple[tuple[Any, ...], ...] = ()


class World:
    """All actors of one program, and everything that happened."""

    def __init__(self, budget: int) -> None:
        self.clock = Clock()
        self.system = ActorSystem(self.clock, budget=budget)
        self.refs: dict[str, Ref[Any]] = {}
        self.parents: dict[str, str] = {}
        self.told: Counter[str] = Counter()
        self.received: dict[str, list[Say]] = {}
        self.stopped: list[str] = []
        self.running: list[str] = []
        self.number = 0

    def tell(self, sender: str, name: str, deeds: tuple[tuple[Any, ...], ...] = ()) -> None:
        if name in self.refs:
            self.number += 1
            self.told[name] += 1
            self.refs[name].tell(Say(sender, self.number, deeds))


class Player(Actor[Say]):
    """Does what its messages say."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name

    def receive(self, context: Context[Say], message: Say) -> None:
        world = self.world
        assert not world.running, "an actor runs inside another"
        assert self.name not in world.stopped, "a message after the stop"
        world.running.append(self.name)
        try:
            world.received.setdefault(self.name, []).append(message)
            for deed in message.deeds:
                self.do(context, deed)
        finally:
            world.running.pop()

    def do(self, context: Context[Say], deed: tuple[Any, ...]) -> None:
        world = self.world
        match deed:
            case ("tell", name):
                world.tell(self.name, name)
            case ("stop",):
                context.stop()
            case ("fail",):
                raise LookupError("on purpose")
            case ("timer", delay):
                context.set_timer("key", delay, Say("clock", 0))
            case ("cancel",):
                context.cancel_timer("key")
            case ("spawn", name, when_fails):
                if name not in world.refs and self.name not in world.stopped:
                    world.parents[name] = self.name
                    try:
                        ref = context.spawn(Player(world, name), name, when_fails=when_fails)
                    except RuntimeError:  # this actor was stopped by an earlier deed
                        del world.parents[name]
                    else:
                        world.refs[name] = ref

    def on_stop(self, context: Context[Say]) -> None:
        world = self.world
        assert self.name not in world.stopped, "a second stop"
        living = [
            child for child, parent in world.parents.items() if parent == self.name and child not in world.stopped
        ]
        assert not living, "a parent stopped before its child"
        world.stopped.append(self.name)


deeds = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.sampled_from(NAMES)),
        st.just(("stop",)),
        st.just(("fail",)),
        st.tuples(st.just("timer"), st.sampled_from([0.0, 1.0])),
        st.just(("cancel",)),
        st.tuples(st.just("spawn"), st.sampled_from(NAMES), st.sampled_from(WhenChildFails)),
    ),
    max_size=4,
).map(tuple)
programs = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.sampled_from(NAMES), deeds),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 1.0])),
        st.tuples(st.just("stop"), st.sampled_from(NAMES)),
    ),
    max_size=25,
)


@given(
    program=programs, budget=st.integers(1, 4), overflow=st.sampled_from(Overflow), when=st.sampled_from(WhenChildFails)
)
@settings(max_examples=300, deadline=None)
def test_any_program_keeps_the_promises(
    program: list[Any], budget: int, overflow: Overflow, when: WhenChildFails
) -> None:
    """Order within each pair, one stop each, children first, and every message accounted for."""
    world = World(budget)
    bounds = Mailbox(max_messages=2, overflow=overflow)
    world.refs["a"] = world.system.spawn(Player(world, "a"), "a", mailbox=bounds, when_fails=when)
    for act in program:
        match act:
            case ("tell", name, carried):
                world.tell("outside", name, carried)
            case ("wait", seconds):
                world.clock.advance(seconds)
            case ("stop", name) if name in world.refs:
                world.system.stop(world.refs[name])
    world.clock.advance(5)
    for ref in world.refs.values():
        world.system.stop(ref)
    world.clock.advance(5)

    for mail in world.received.values():
        for sender in {say.sender for say in mail} - {"clock"}:
            numbers = [say.number for say in mail if say.sender == sender]
            assert sorted(set(numbers)) == numbers
    assert sorted(world.refs) == sorted(world.stopped)
    counts = world.system.counts()
    assert 0 == counts.alive
    assert [] == world.clock.getDelayedCalls()
    received = sum(say.sender != "clock" for mail in world.received.values() for say in mail)
    lost = counts.dead_letters + counts.discarded + counts.overflows
    assert sum(world.told.values()) == received + lost
