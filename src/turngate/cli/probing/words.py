"""
The words in which a probe is written: what is sent, what was heard, and what was found.

Responsible for one server event as plain JSON, for the step of a trial, and for the book of findings.

Must not know: sockets, clocks, any trial.

Comes from: ``line.py`` (events) and ``the modules of trials`` (steps). Goes to: the same, and ``report.py`` (findings).
"""

import re
from collections.abc import Callable, Generator, Mapping
from enum import Enum
from typing import Any, Final, TypeAlias

from attrs import Factory, define, field, frozen

MAX_NAMED: Final = 64
"""Characters of a name of the server's that are shown."""

NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
"""What a code or an event's type looks like. What does not look like it is not shown: it may be anything."""

JsonObject: TypeAlias = Mapping[str, Any]


@frozen
class Event:
    """One message of the server; ``kind`` is its ``type``, or what it is where it has none."""

    kind: str
    body: JsonObject = field(factory=dict, repr=False)
    after_s: float = 0.0
    """How long after the beginning of the step, or of the connection for what came before any step."""


BINARY: Final = "(binary frame)"
NONSENSE: Final = "(no JSON object with a type)"


class End(Enum):
    """What ended a wait."""

    MET = "what was waited for came"
    SILENCE = "nothing more came"
    CLOSED = "it closed the connection"
    FLOODED = "it sent more than a probe takes"


@frozen
class Heard:
    """What came in one step."""

    events: tuple[Event, ...] = ()
    end: End = End.SILENCE
    close_code: int | None = None

    def of(self, *kinds: str) -> list[Event]:
        """The events of these types."""
        return [event for event in self.events if event.kind in kinds]

    def first(self, *kinds: str) -> Event | None:
        """The first event of these types."""
        return next(iter(self.of(*kinds)), None)

    @property
    def errors(self) -> list[Event]:
        """What it refused."""
        return self.of("error")


@frozen
class Step:
    """Events to send, and the wait for what comes of them."""

    send: tuple[JsonObject, ...] = ()
    until: Callable[[Event], bool] = field(default=lambda _event: False)
    """Asked once about each event, in order; true ends the wait."""
    waits: bool = True
    """Else the next step follows at once."""


Trial: TypeAlias = Generator[Step, Heard, None]
"""Gives steps, is sent what was heard in each, and writes what it finds in the book."""


class Topic(Enum):
    """What a probe asks of a server."""

    KNOCK = "lets in who shows"
    FIRST_EVENT = "first event"
    MAX_SESSION_S = "longest session"
    SHAPE = "session is written"
    OTHER_SHAPES = "other shapes"
    ACKS_UPDATE = "confirms session.update"
    ERROR_NAMES_EVENT = "an error names its event"
    ERROR_CODE = "an error's code stands in"
    ITEM_ANSWER = "answers a new item by"
    DELETES = "deletes an item"
    NAMES = "names of output events"
    ECHOES_METADATA = "echoes metadata"
    SENDS_RESPONSE_DONE = "sends response.done"
    SECOND_CREATE = "a second response.create"
    UPDATE_WHILE_ACTIVE = "session.update in a response"
    CANCELS = "cancels a response"
    TRUNCATES = "truncates an item"
    VOICE_LOCK = "another voice after speech"
    FINDS_TURNS = "finds turns in speech"
    LETS_US_START = "leaves starting to us"
    INPUT_RATE_HZ = "samples a second it counts"
    TRANSCRIBES = "writes speech down"
    COMMITS = "takes a commit"
    TOOL_CALL = "calls a tool"
    STRANGE_EVENTS = "events not known here"


Answer: TypeAlias = bool | int | float | str | None
"""``None`` is: could not tell."""


@frozen
class Finding:
    """What was found about one topic; ``words`` are for people."""

    topic: Topic
    answer: Answer
    words: str


@frozen
class Spoken:
    """An answer with sound, to try things on."""

    item_id: str
    duration_ms: int


@define
class Book:
    """What was found so far, and what later trials need of it."""

    within_s: float = 5.0
    epoch_s: float = 0.0
    """The time of day when the first connection was opened."""
    findings: dict[Topic, Finding] = Factory(dict)
    errors: list[tuple[str, Event]] = Factory(list)
    """Each with the event id that it should name."""
    kinds: set[str] = Factory(set)
    """Every type of event that was heard."""
    rate_hz: int = 24_000
    """What the session's own object says of the sound that it is sent."""
    greeting: str | None = "session.created"
    """The event with which a connection begins; ``None`` where it begins with none."""
    spoken: Spoken | None = None
    ids: int = 0

    def fresh(self) -> str:
        """An id that was not used before."""
        self.ids += 1
        return f"probe_{self.ids}"

    def found(self, topic: Topic, answer: Answer, words: str) -> None:
        """Write down a finding; what is known is not overwritten by what could not be told."""
        old = self.findings.get(topic)
        if old is None or old.answer is None or answer is not None:
            self.findings[topic] = Finding(topic, answer, words)

    def unclear(self, topic: Topic, why: str) -> None:
        """Write down that something could not be told."""
        self.found(topic, None, why)

    def answer(self, topic: Topic) -> Answer:
        """What was found, or ``None``."""
        found = self.findings.get(topic)
        return None if found is None else found.answer

    def why_not(self, heard: Heard) -> str:
        """Why what was waited for did not come."""
        match heard.end:
            case End.SILENCE:
                return f"nothing came within {self.within_s:g} s"
            case End.CLOSED:
                return f"it closed the connection ({heard.close_code})"
            case End.FLOODED | End.MET:
                return str(heard.end.value)


def named(value: object) -> str:
    """A name of the server's as it may be shown; empty where it is no name."""
    return value if isinstance(value, str) and NAME.fullmatch(value) else ""


def part(body: object, *path: str) -> Any:
    """What stands at a path of objects; ``None`` where there is nothing, or no object on the way."""
    for name in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(name)
    return body


def code_of(error: Event) -> str:
    """How an error is named here: its code, or its type where it has none."""
    body = error.body
    return (
        named(part(body, "error", "code"))
        or named(part(body, "code"))
        or named(part(body, "error", "type"))
        or "an error without a code"
    )


def names_event(error: Event) -> str | None:
    """The event id of ours that an error names."""
    event_id = part(error.body, "error", "event_id")
    return event_id if isinstance(event_id, str) else None


def session_of(event: Event | None) -> JsonObject:
    """The session that an event shows; empty where it shows none."""
    session = part(event.body, "session") if event is not None else None
    return session if isinstance(session, Mapping) else {}


def response_id(event: Event) -> str:
    """The id of the response that an event is about; empty where it has none."""
    found = part(event.body, "response", "id")
    return found if isinstance(found, str) else ""


def number(value: object, most: float) -> float | None:
    """A number from 0 to ``most``; ``None`` for everything else that JSON has."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    return float(value)
