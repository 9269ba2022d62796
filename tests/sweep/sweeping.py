"""
The crash sweep: a conversation is held again and again, each time with one fault at another event, beside a neighbour.

As a program (``make sweep``) it meets every event of every conversation with every fault, prints the counts and ends
with 1 if anything is broken.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from functools import cache
from multiprocessing import Pool
from typing import Any

from attrs import define, field, frozen
from callers import Caller, Steps
from conversations import CONVERSATIONS, Conversation
from links import At, Fault, Mangle, Side
from outcomes import Course, Fate, course, fates, faults_of
from world import COMPONENT_PATH, RENEWS, Call, World, world

CUTS = (Fault.CLOSE, Fault.RESET, Fault.STALL, Fault.HOLE)
ERRORS = (Fault.EXPIRED, Fault.ERROR, Fault.ERROR_NAMED)
KINDS = tuple((side, fault) for side in Side for fault in CUTS + (ERRORS if side is Side.SERVER else ()))
"""Errors come from the server, so that there are none at an event of the client's."""


def neighbour(c: Caller) -> Steps:
    """Another client of the same proxy, with an answer under way at most times."""
    c.settle({"outputModalities": ["text"]})
    yield c.ready()
    for number in range(5):
        c.write(f"one two three {number}")
        yield c.until("AgentDone")
        yield c.wait(1.0)


def told(call: Call) -> list[Any]:
    """What a client was told, but for the last digits of times, which depend on when others moved the clock."""
    return [said if isinstance(said, bytes) else {k: rounded(v) for k, v in said.items()} for said in call.caller.told]


def rounded(value: Any) -> Any:
    """A time without its last digits."""
    return round(value, 6) if isinstance(value, float) else value


@cache
def undisturbed() -> list[Any]:
    """What the neighbour is told when it is alone."""
    with world() as alone:
        call = alone.call(neighbour, COMPONENT_PATH)
        alone.run()
    return told(call)


@frozen
class Length:
    """How many events each side sends in a conversation without a fault."""

    server: int
    client: int

    def of(self, side: Side) -> int:
        return self.server if side is Side.SERVER else self.client


def alone(conversation: Conversation) -> tuple[World, Call]:
    """A conversation that was held without a fault and with no neighbour."""
    with world() as quiet:
        call = quiet.call(conversation.script, conversation.path)
        quiet.run()
    return quiet, call


@cache
def length(conversation: Conversation) -> Length:
    """Hold it without a fault."""
    _, call = alone(conversation)
    return Length(call.trunk.counts[Side.SERVER], call.trunk.counts[Side.CLIENT])


def held(conversation: Conversation, faults: Iterable[At] = (), mangle: Mangle | None = None) -> tuple[World, Call]:
    """
    A conversation that was held beside a neighbour, with these faults, until nothing is left of either.

    Raises:
        AssertionError: something is left, an actor failed (as it does when a promise is broken), or the neighbour was
            told anything else than when it is alone.
    """
    with world() as made:
        beside = made.call(neighbour, COMPONENT_PATH)
        call = made.call(conversation.script, conversation.path, faults, mangle)
        made.run()
    assert told(beside) == undisturbed(), "the neighbour was told something else"
    return made, call


@define
class Row:
    """What became of one conversation with one kind of fault."""

    conversation: str
    side: Side
    fault: Fault
    tried: int = 0
    turns: Counter[Fate] = field(factory=Counter)
    courses: Counter[Course] = field(factory=Counter)
    broken: list[str] = field(factory=list)

    def __str__(self) -> str:
        counts = "".join(f"{self.turns[fate]:7}" for fate in Fate) + "".join(f"{self.courses[c]:7}" for c in Course)
        return f"{self.conversation:10} {self.side.value:6} {self.fault.name.lower():12}{self.tried:6}{counts}"


HEADINGS = f"{'':10} {'':6} {'':12}{'tried':>6}" + "".join(
    f"{word:>7}" for word in ("answ.", "shared", "cut", "rep.", "unh.", "twice", "silent", "held", "ended")
)


def sweep(conversation: Conversation, side: Side, fault: Fault, indices: Iterable[int]) -> Row:
    """Meet the events at these indices with a fault."""
    row = Row(conversation.name, side, fault)
    for index in indices:
        row.tried += 1
        try:
            made, call = held(conversation, (At(index, fault, side),))
        except AssertionError as failure:
            row.broken.append(f"{row.conversation} {side.value} {fault.name} {index}: {failure}")
            continue
        row.turns += fates(call)
        row.courses[course(call)] += 1
        problems = faults_of(made, call)
        if call.trunk.happened != [fault]:
            problems.append("the fault never happened")
        if course(call) is Course.ENDED and not may_end(call, fault, index):
            problems.append("a single fault ended the session")
        row.broken += [f"{row.conversation} {side.value} {fault.name} {index}: {problem}" for problem in problems]
    return row


def may_end(call: Call, fault: Fault, index: int) -> bool:
    """Whether one fault may end a session: before the upstream's first word, and where it seems to refuse settings."""
    return not RENEWS or (not call.caller.of("SettingsApplied") and (index == 0 or fault is Fault.ERROR_NAMED))


def whole(place: tuple[int, Side, Fault]) -> Row:
    """The sweep over one conversation with one kind of fault."""
    at, side, fault = place
    conversation = CONVERSATIONS[at]
    return sweep(conversation, side, fault, range(length(conversation).of(side)))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Sweep over everything."""
    places = [(at, side, fault) for at in range(len(CONVERSATIONS)) for side, fault in KINDS]
    broken: list[str] = []
    total = Row("all", Side.SERVER, Fault.CLOSE)
    say(HEADINGS)
    with Pool() as pool:
        for row in pool.imap(whole, places):
            say(str(row))
            broken += row.broken
            total.tried += row.tried
            total.turns += row.turns
            total.courses += row.courses
    fates_in_all = ", ".join(f"{total.turns[fate]} {fate.value}" for fate in Fate)
    courses_in_all = ", ".join(f"{total.courses[course]} {course.value}" for course in Course)
    say(f"{total.tried} conversations with a fault: {courses_in_all}; turns: {fates_in_all}")
    for line in broken:
        say(f"BROKEN {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
