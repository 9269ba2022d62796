"""
The trials of the session: the greeting, and how the session has to be written.

Responsible for what a server says first, for trying each way of writing the session, and for setting a session up for
other trials.

Must not know: sockets, clocks. A trial that gets no answer says so and never guesses.

Comes from: ``plan.py``. Goes to: ``line.py``, step by step, and the book of findings.
"""

from collections.abc import Callable
from typing import Final

from attrs import frozen

from turngate.cli.probing.asking import ACKNOWLEDGED, answered, kind_is
from turngate.cli.probing.shapes import Shape, Wish, rate_of, shape_of
from turngate.cli.probing.words import (
    BINARY,
    NONSENSE,
    Book,
    End,
    Heard,
    JsonObject,
    Step,
    Topic,
    Trial,
    code_of,
    named,
    number,
    session_of,
)

LONGEST_SESSION_S: Final = 7 * 86_400
LATEST_S: Final = 1e11
"""Further from the epoch than any session ends."""


def greeting(book: Book) -> Trial:
    """What the server says first, unasked."""
    heard = yield Step(until=kind_is("session.created", "error", NONSENSE, BINARY))
    first = heard.events[0] if heard.events else None
    if first is None:
        book.found(Topic.FIRST_EVENT, "none", f"none; {book.why_not(heard)}")
    else:
        kind = named(first.kind) or first.kind
        book.found(Topic.FIRST_EVENT, kind, f"{kind}, after {first.after_s * 1000:.0f} ms")
    created = heard.first("session.created")
    book.greeting = "session.created" if created else first.kind if first and not heard.errors else None
    if created is None:
        book.unclear(Topic.MAX_SESSION_S, "it sent no session.created")
        return
    session = session_of(created)
    if rate := rate_of(session):
        book.rate_hz = rate
        book.found(Topic.INPUT_RATE_HZ, rate, f"{rate}, by its session")
    left = (number(session.get("expires_at"), LATEST_S) or 0.0) - book.epoch_s
    if 0 < left < LONGEST_SESSION_S:
        minutes = max(1, round(left / 60))
        book.found(Topic.MAX_SESSION_S, minutes * 60, f"{minutes * 60} s, by its expires_at")
    else:
        book.unclear(Topic.MAX_SESSION_S, "its session has no expires_at that can be used")


@frozen
class Tried:
    """What became of a session written in one way."""

    shape: Shape
    confirmed: bool
    shown: bool
    refused: str

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """How well it went, to compare."""
        return (self.shown, self.confirmed, not self.refused)


class Shapes:
    """Tries each way of writing the session, in its own words, and concludes when all were tried."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._tried: list[Tried] = []
        self._own: Shape | None = None
        self._ends: list[Heard] = []

    def attempt(self, shape: Shape) -> Callable[[Book], Trial]:
        """The trial of one way."""

        def trial(book: Book) -> Trial:
            silence_ms = 610 + 10 * list(Shape).index(shape)
            event_id = book.fresh()
            update = {
                "type": "session.update",
                "event_id": event_id,
                "session": shape.session(Wish(silence_ms=silence_ms)),
            }
            heard = yield Step((update,), answered(event_id, ACKNOWLEDGED))
            self._ends.append(heard)
            confirmed = heard.first(ACKNOWLEDGED)
            for error in heard.errors:
                book.errors.append((event_id, error))
            session = session_of(confirmed)
            book.rate_hz = rate_of(session) or book.rate_hz
            self._own = self._own or shape_of(session)
            refused = code_of(heard.errors[0]) if heard.errors else ""
            if heard.end is End.CLOSED and not refused:
                refused = "closed the connection"
            shown = shape.silence_ms(session) == silence_ms
            self._tried.append(Tried(shape, confirmed is not None, shown, refused))

        return trial

    def saw(self, session: JsonObject) -> None:
        """Take in how the server writes its session itself."""
        self._own = shape_of(session) or self._own

    def conclude(self) -> Shape:
        """Which way is right, as far as can be told; the book has it, too."""
        best = max(self._tried, key=lambda one: (one.rank, one.shape is self._own, one.shape is Shape.NESTED))
        book = self._book
        self._tell_others(best.shape)
        if best.refused:
            book.unclear(Topic.SHAPE, f"it refused every way that was tried ({best.refused})")
            book.unclear(Topic.ACKS_UPDATE, "it refused every way that was tried")
            return self._own or Shape.NESTED
        if best.confirmed:
            how = "it shows the change" if best.shown else "confirmed, without showing the change"
            book.found(Topic.SHAPE, best.shape.name, f"{best.shape.value}; {how}")
            book.found(Topic.ACKS_UPDATE, True, "yes")
        elif self._own is not None and any(one.shape is self._own and not one.refused for one in self._tried):
            best = next(one for one in self._tried if one.shape is self._own)
            book.found(Topic.SHAPE, best.shape.name, f"{best.shape.value}; not confirmed, but so it writes its own")
            book.found(Topic.ACKS_UPDATE, False, f"no: nothing within {book.within_s:g} s, and no refusal")
        else:
            book.unclear(Topic.SHAPE, f"no way was confirmed; taken to be {best.shape.value}")
            book.unclear(Topic.ACKS_UPDATE, book.why_not(self._ends[-1]))
        return best.shape

    def _tell_others(self, chosen: Shape) -> None:
        words = []
        for one in self._tried:
            if one.shape is not chosen:
                became = one.refused or ("confirmed" if one.confirmed else "no answer")
                words.append(f"{one.shape.name.lower()}: {became}")
        self._book.found(Topic.OTHER_SHAPES, ", ".join(words), ", ".join(words))


def configure(book: Book, shape: Shape, wish: Wish) -> Trial:
    """Greet and set the session up; silence is no obstacle."""
    if book.greeting is not None:
        _ = yield Step(until=kind_is(book.greeting, "session.created", "error"))
    event_id = book.fresh()
    update = {"type": "session.update", "event_id": event_id, "session": shape.session(wish)}
    waits = book.answer(Topic.ACKS_UPDATE) is not False
    _ = yield Step((update,), answered(event_id, ACKNOWLEDGED), waits=waits)
