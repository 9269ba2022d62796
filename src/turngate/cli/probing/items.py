"""
The trials of errors and items.

Responsible for how a server says that something is wrong, how it answers a new item, and whether it takes one out.

Must not know: sockets, clocks, responses.

Comes from: ``plan.py``. Goes to: ``line.py``, step by step, and the book of findings.
"""

from turngate.cli.probing.asking import SHORT, answered, read_ability, user_says
from turngate.cli.probing.words import (
    Book,
    Step,
    Topic,
    Trial,
    code_of,
    named,
    names_event,
    part,
)


def errors(book: Book) -> Trial:
    """How the server says that something is wrong; the item that is to be deleted does not exist."""
    for event in (
        {"type": "conversation.item.delete", "item_id": "item_turngate_none"},
        {"type": "turngate.no_such_event"},
    ):
        if book.errors:
            break
        event_id = book.fresh()
        heard = yield Step(({**event, "event_id": event_id},), answered(event_id, "conversation.item.deleted"))
        book.errors += [(event_id, error) for error in heard.errors]
    read_errors(book)


def read_errors(book: Book) -> None:
    """What all errors until now say of how errors are written."""
    if not book.errors:
        book.unclear(Topic.ERROR_NAMES_EVENT, "nothing that was tried made an error")
        book.unclear(Topic.ERROR_CODE, "nothing that was tried made an error")
        return
    naming = [names_event(error) == event_id for event_id, error in book.errors]
    among = {True: "yes", False: "no"}.get(all(naming), "")
    if any(naming) and not all(naming):
        among = "some do"
    book.found(Topic.ERROR_NAMES_EVENT, any(naming), among)
    for _, error in book.errors:
        for place in (("error", "code"), ("code",), ("error", "type"), ("error",)):
            if named(part(error.body, *place)):
                book.found(Topic.ERROR_CODE, ".".join(place), f"{'.'.join(place)}, such as {code_of(error)}")
                return
    book.found(Topic.ERROR_CODE, "none", "no field that holds a name")


def items(book: Book) -> Trial:
    """How the server answers a new item, and whether it takes one out again."""
    event_id, item_id = book.fresh(), f"item_{book.fresh()}"
    add = user_says(SHORT, event_id)
    add["item"]["id"] = item_id
    heard = yield Step((add,), answered(event_id, "conversation.item.done", "conversation.item.created"))
    seen = [kind for kind in ("added", "done", "created") if heard.first(f"conversation.item.{kind}")]
    taken = next(iter(heard.of("conversation.item.added", "conversation.item.created")), None)
    if heard.errors:
        book.unclear(Topic.ITEM_ANSWER, f"it refused one with an id of ours ({code_of(heard.errors[0])})")
        book.errors += [(event_id, error) for error in heard.errors]
    elif seen:
        book.found(Topic.ITEM_ANSWER, "+".join(seen), " and ".join(f"conversation.item.{kind}" for kind in seen))
    else:
        book.found(Topic.ITEM_ANSWER, "none", f"nothing within {book.within_s:g} s")
    kept = part(taken.body, "item", "id") if taken is not None else None
    if not isinstance(kept, str):
        book.unclear(Topic.DELETES, "there was no item that could be deleted")
        return
    event_id = book.fresh()
    delete = {"type": "conversation.item.delete", "event_id": event_id, "item_id": kept}
    heard = yield Step((delete,), answered(event_id, "conversation.item.deleted"))
    read_ability(book, Topic.DELETES, heard, "conversation.item.deleted")
