"""
What more than one kind of trial asks and waits for, and how a plain yes or no is read.

Responsible for the client events that a probe sends again and again, for the waits for their answers, and for reading
whether something that has a confirmation of its own can be done.

Must not know: sockets, clocks, the order of trials.

Comes from: the modules of trials. Goes to: ``line.py``, as steps.
"""

from collections.abc import Callable
from typing import Any, Final

from turngate.cli.probing.words import (
    Book,
    End,
    Event,
    Heard,
    Topic,
    code_of,
    names_event,
    part,
)

ACKNOWLEDGED: Final = "session.updated"
TAG: Final = "turngate_probe"
SHORT: Final = "Say the word yes."
LONG: Final = "Count slowly and aloud from one to fifty, every number of them."


def kind_is(*kinds: str) -> Callable[[Event], bool]:
    """Waits for one of these types."""
    return lambda event: event.kind in kinds


def answered(event_id: str, *kinds: str) -> Callable[[Event], bool]:
    """Waits for one of these types, or for an error that is about this event or about none that is named."""
    return lambda event: event.kind in kinds or (event.kind == "error" and names_event(event) in {event_id, None})


def user_says(text: str, event_id: str) -> dict[str, Any]:
    """A line of the user's."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"type": "conversation.item.create", "event_id": event_id, "item": item}


def create(event_id: str, *, tagged: bool = True) -> dict[str, Any]:
    """A request for a response, with its own id as metadata."""
    event: dict[str, Any] = {"type": "response.create", "event_id": event_id}
    return {**event, "response": {"metadata": {TAG: event_id}}} if tagged else event


def tag_of(event: Event) -> object:
    """Our id in the metadata of a response."""
    return part(event.body, "response", "metadata", TAG)


def read_ability(book: Book, topic: Topic, heard: Heard, confirmation: str) -> None:
    """Whether something that has a confirmation of its own can be done; no answer is not taken for a yes."""
    if heard.first(confirmation):
        book.found(topic, True, "yes")
    elif heard.errors:
        code = code_of(heard.errors[0])
        book.found(topic, False, f"no: {code}")
    elif heard.end is End.CLOSED:
        book.found(topic, False, f"no: it closed the connection ({heard.close_code})")
    elif heard.end is End.SILENCE:
        book.found(topic, False, f"no answer within {book.within_s:g} s, taken for a no")
    else:
        book.unclear(topic, book.why_not(heard))
