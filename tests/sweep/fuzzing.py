"""
What an upstream may send that it should not: one event, or many, made wrong in every way.

A :class:`Spoiler` stands in a link and spoils the events at some indices; which field, and how, is drawn from a seed.
"""

import json
import random
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from enum import Enum
from typing import Any, Final

from callers import Caller, Steps
from conversations import Conversation
from links import MAX_MESSAGE_BYTES, Binary, Text
from outcomes import BROKEN, Course, Fate, course, fate
from sweeping import neighbour, told, undisturbed
from world import COMPONENT_PATH, Call, world

import turngate.proxy.session as proxy_session
from turngate.proxy.coordinator import Coordinator

QUIET_S: Final = 130.0
"""Longer than any wait of a session, so that after it all is quiet."""


class Wrong(Enum):
    """What is wrong with an event."""

    MISSING = "it does not come"
    DOUBLED = "it comes twice"
    REORDERED = "it comes after the next one"
    LATE = "it comes much later"
    CUT = "its end is missing"
    UNKNOWN = "it is of an unknown type"
    FIELD_MISSING = "it lacks a field"
    FIELD_WRONG = "a field holds what it should not"
    FIELD_UNKNOWN = "it has a field that nobody knows"
    ANOTHERS_ID = "an id is that of something else"
    BAD_BASE64 = "its audio is no base64"
    TOO_LARGE = "it is over 16 MiB"
    LARGE = "it is just under 16 MiB"
    BINARY = "it is a binary message"
    NONSENSE = "something else comes in its place"


MISLEADING: Final = {Wrong.ANOTHERS_ID, Wrong.FIELD_WRONG, Wrong.FIELD_MISSING}
"""What may make one item of an upstream two, each of which is told."""
LATER: Final = 25
VALUES: Final[tuple[Any, ...]] = (
    None, True, -1, 0, 1.5, 2**63, 1e308, "", "x", "\u0000\u2028\U0001f600", "in_progress", [], [None], [[[]]], {},
    {"type": "x"}, {"id": 3},
)  # fmt: skip
NONSENSE: Final = (
    "", " ", "null", "3", '"x"', "[]", "{}", "{", '{"type":null}', '{"type":"error"}', '{"type":"error","error":null}',
    "[" * 100_000, '{"a":' * 50_000, '{"type":"response.done","response":[]}', '{"type":"session.created"} x', "NaN",
    '{"type":"response.created","type":"response.done","response":{"id":"x"}}',
)  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> Generator[tuple[Any, ...], None, None]:
    """The paths of all fields and entries."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in entries:
        yield (*path, name)
        yield from places(value, (*path, name))


def changed(event: dict[str, Any], path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Text:
    """An event in which something is done to the field at a path."""
    copy = json.loads(json.dumps(event))
    parent = copy
    for name in path[:-1]:
        parent = parent[name]
    change(parent, path[-1])
    return Text(json.dumps(copy).encode())


class Spoiler:
    """Spoils the events at some indices; a :data:`links.Mangle`."""

    def __init__(self, indices: Collection[int], kinds: Iterable[Wrong], seed: str) -> None:
        self._indices = indices
        self._kinds = tuple(kinds)
        self._chance = random.Random(seed)
        self._held: list[tuple[int, bytes]] = []
        self._ids: list[str] = ["resp_nobody", "item_nobody", ""]
        self.used: list[Wrong] = []
        """What was wrong, so far."""

    def __call__(self, index: int, frame: bytes) -> Iterable[bytes]:
        due = [held for at, held in self._held if at <= index]
        self._held = [(at, held) for at, held in self._held if at > index]
        event = json.loads(frame)
        if event["type"] == "session.created":
            # another connection: what was held back on the one before cannot come on this one
            due, self._held = [], []
        self._ids += [event[name] for name in ("response_id", "item_id") if isinstance(event.get(name), str)][:1]
        del self._ids[3:-20]
        if index not in self._indices:
            return (frame, *due)
        self.used.append(self._chance.choice(self._kinds))
        return (*self._spoilt(index, frame, event, self.used[-1]), *due)

    def _spoilt(self, index: int, frame: bytes, event: dict[str, Any], kind: Wrong) -> Iterable[bytes]:
        match kind:
            case Wrong.MISSING:
                return ()
            case Wrong.DOUBLED:
                return frame, frame
            case Wrong.REORDERED:
                self._held.append((index + 1, frame))
                return ()
            case Wrong.LATE:
                self._held.append((index + self._chance.randrange(2, LATER), frame))
                return ()
            case Wrong.CUT:
                return (Text(frame[: self._chance.randrange(len(frame))].decode(errors="ignore").encode()),)
            case Wrong.UNKNOWN:
                return (
                    changed(event, ("type",), lambda parent, name: parent.update(type="response.of_another_world")),
                )
            case Wrong.FIELD_MISSING:
                return (changed(event, self._place(event), lambda parent, name: parent.pop(name)),)
            case Wrong.FIELD_WRONG:
                return (changed(event, self._place(event), self._put(VALUES)),)
            case Wrong.FIELD_UNKNOWN:
                return (Text(json.dumps({**event, "nobody": {"knows": [1]}, "x" * 300: None}).encode()),)
            case Wrong.ANOTHERS_ID:
                ids = [path for path in places(event) if str(path[-1]).endswith("id")]
                return (changed(event, self._chance.choice(ids), self._put(self._ids)),)
            case Wrong.BAD_BASE64:
                return (
                    Text(
                        json.dumps({**event, "delta": self._chance.choice(("!!!!", "AAA", "A===", "\u00e4"))}).encode()
                    ),
                )
            case Wrong.TOO_LARGE:
                return (padded(frame, MAX_MESSAGE_BYTES + 1),)
            case Wrong.LARGE:
                return (padded(frame, MAX_MESSAGE_BYTES),)
            case Wrong.BINARY:
                return (Binary(frame),)
            case Wrong.NONSENSE:
                return (Text(self._chance.choice(NONSENSE).encode()),)

    def _place(self, event: dict[str, Any]) -> tuple[Any, ...]:
        return self._chance.choice([path for path in places(event) if path != ("type",)])

    def _put(self, values: Any) -> Callable[[Any, Any], None]:
        value = self._chance.choice(values)

        def put(parent: Any, name: Any) -> None:
            parent[name] = value

        return put


def padded(frame: bytes, size: int) -> Text:
    """An event as large as this, by a field that nobody knows."""
    start = frame[:-1] + b',"padding":"'
    return Text(start + b"x" * (size - len(start) - 2) + b'"}')


LAST_WORDS: Final = "are you still there"


def survived(conversation: Conversation, spoiler: Spoiler) -> tuple[Call, list[str]]:
    """
    A conversation with an upstream that sends what it should not, and everything that may not be.

    Whatever came: no promise was broken, then or when all is quiet; and what is asked last is answered, unless the
    client was told that it is not, or that the session ends.
    """

    def script(c: Caller) -> Steps:
        yield from conversation.script(c)
        c.hush()
        c.results.clear()
        yield from c.settled(c.write(LAST_WORDS))
        yield c.wait(QUIET_S)

    with watched() as coordinators, world() as made:
        beside = made.call(neighbour, COMPONENT_PATH)
        call = made.call(script, conversation.path, mangle=spoiler)
        made.run()
        for coordinator in coordinators if not made.system.failures else ():
            coordinator._judge.check_quiet()
    problems = [] if told(beside) == undisturbed() else ["the neighbour was told something else"]
    caller = call.caller
    last = [turn for turn in caller.turns if turn.words == LAST_WORDS]
    if not last and course(call) is Course.HELD:
        problems.append("the conversation did not come to its end")
    problems += [f"the last words were {fate(call, turn).value}" for turn in last if fate(call, turn) in BROKEN]
    if not MISLEADING & set(spoiler.used):
        problems += [f"{turn.token!r} was answered twice" for turn in caller.turns if fate(call, turn) is Fate.TWICE]
    if course(call) is Course.ENDED and not caller.of("Error"):
        problems.append(f"the session ended ({call.ending}) without an Error")
    if made.simulator.counters.malformed:
        problems.append("frames went upstream that cannot be read")
    return call, problems


@contextmanager
def watched() -> Generator[list[Coordinator], None, None]:
    """All coordinators that are made meanwhile, for the judge of each."""
    made: list[Coordinator] = []

    class Watched(Coordinator):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            made.append(self)

    original = proxy_session.Coordinator
    proxy_session.Coordinator = Watched  # type: ignore[misc]
    try:
        yield made
    finally:
        proxy_session.Coordinator = original  # type: ignore[misc]
