"""
The trials of a server that is busy: what becomes of what is sent while a response is active.

Responsible for a second ``response.create``, for a ``session.update``, and for ending a response before its end.

Must not know: sockets, clocks, how long a response takes: what is to meet it is sent in the same breath.

Comes from: ``plan.py``. Goes to: ``line.py``, step by step, and the book of findings.
"""

from collections.abc import Callable, Generator

from turngate.cli.probing.asking import ACKNOWLEDGED, LONG, answered, create, user_says
from turngate.cli.probing.shapes import Shape, Wish
from turngate.cli.probing.words import (
    Book,
    End,
    Event,
    Heard,
    Step,
    Topic,
    Trial,
    code_of,
    named,
    names_event,
    part,
    response_id,
)


def second_create(book: Book) -> Trial:
    """What becomes of a request for a response while one is active."""
    tagged = book.answer(Topic.ECHOES_METADATA) is not False
    first, second = book.fresh(), book.fresh()
    created: set[str] = set()
    ended: list[Event] = []

    def decided(event: Event) -> bool:
        if event.kind == "response.created":
            created.add(response_id(event))
        elif event.kind == "response.done":
            ended.append(event)
        return event.kind == "error" or (len(created) > 1 and bool(ended))

    heard = yield Step(
        (user_says(LONG, book.fresh()), create(first, tagged=tagged), create(second, tagged=tagged)), decided
    )
    read_second_create(book, heard, second)
    yield from _cancel(book, heard)


def read_second_create(book: Book, heard: Heard, second: str) -> None:
    """RefusedError, superseding, queued, beside the first, or nothing at all."""
    begun = [event for event in heard.events if event.kind in {"response.created", "response.done"}]
    ids = list(dict.fromkeys(response_id(event) for event in heard.of("response.created")))
    if heard.errors:
        error = heard.errors[0]
        which = "" if names_event(error) == second else ", which names no event"
        book.errors.append((second, error))
        book.found(Topic.SECOND_CREATE, "refused", f"refused: {code_of(error)}{which}")
        return
    if not ids:
        book.unclear(Topic.SECOND_CREATE, f"no response began: {book.why_not(heard)}")
        return
    if len(ids) == 1:
        if heard.end is End.SILENCE:
            book.found(Topic.SECOND_CREATE, "ignored", "ignored: one response, and no error")
        else:
            book.unclear(Topic.SECOND_CREATE, book.why_not(heard))
        return
    start = next(at for at, event in enumerate(begun) if response_id(event) == ids[1])
    ends = [event for event in heard.of("response.done") if response_id(event) == ids[0]]
    status = part(ends[0].body, "response", "status") if ends else None
    if not ends or status == "cancelled":
        words = "the first ends, cancelled" if ends else "the first just stops"
        book.found(Topic.SECOND_CREATE, "supersedes", f"supersedes: {words}")
    elif begun.index(ends[0]) < start:
        book.found(Topic.SECOND_CREATE, "queued", "queued: it begins when the first has ended")
    else:
        book.found(Topic.SECOND_CREATE, "beside", "both go on beside each other")


def update_while_active(shape: Shape) -> Callable[[Book], Trial]:
    """What becomes of an update of the session while a response is active."""

    def trial(book: Book) -> Trial:
        tagged = book.answer(Topic.ECHOES_METADATA) is not False
        event_id = book.fresh()
        update = {"type": "session.update", "event_id": event_id, "session": shape.session(Wish(silence_ms=700))}
        heard = yield Step(
            (user_says(LONG, book.fresh()), create(book.fresh(), tagged=tagged), update),
            answered(event_id, ACKNOWLEDGED, "response.done"),
        )
        if heard.errors:
            error = heard.errors[0]
            book.errors.append((event_id, error))
            book.found(Topic.UPDATE_WHILE_ACTIVE, "refused", f"refused: {code_of(error)}")
        elif heard.first(ACKNOWLEDGED):
            book.found(Topic.UPDATE_WHILE_ACTIVE, "confirmed", "confirmed at once")
        elif heard.first("response.done"):
            book.found(Topic.UPDATE_WHILE_ACTIVE, "held", "no answer before the response has ended")
        else:
            book.unclear(Topic.UPDATE_WHILE_ACTIVE, book.why_not(heard))
        yield from _cancel(book, heard)

    return trial


def _cancel(book: Book, heard: Heard) -> Generator[Step, Heard, None]:
    """End what is active, and see whether that can be done; nothing is active where every response has ended."""
    open_now = len(heard.of("response.created")) > len(heard.of("response.done"))
    event_id = book.fresh()
    end = yield Step(({"type": "response.cancel", "event_id": event_id},), answered(event_id, "response.done"))
    if not open_now and not heard.errors:
        return
    done = end.first("response.done")
    status = named(part(done.body, "response", "status")) if done else ""
    if status == "cancelled":
        book.found(Topic.CANCELS, True, "yes, with response.done")
    elif done is not None:
        book.unclear(Topic.CANCELS, f"the response ended as {status or 'nothing that has a name'}")
    elif end.errors:
        book.unclear(Topic.CANCELS, f"it answered {code_of(end.errors[0])}")
    else:
        book.unclear(Topic.CANCELS, book.why_not(end))
