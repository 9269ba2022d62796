"""
The trials of an answer: its events, its tag, its end; and what can be done with it when it was heard.

Responsible for all that one short answer shows, for cutting it, for changing the voice after it, and for a tool's call.

Must not know: sockets, clocks.

Comes from: ``plan.py``. Goes to: ``line.py``, step by step, and the book of findings.
"""

import base64
import binascii
from collections.abc import Callable, Generator
from typing import Final

from turngate.cli.probing.asking import ACKNOWLEDGED, SHORT, answered, create, read_ability, tag_of, user_says
from turngate.cli.probing.shapes import Shape
from turngate.cli.probing.words import (
    Book,
    End,
    Heard,
    Spoken,
    Step,
    Topic,
    Trial,
    code_of,
    named,
    names_event,
)

OUTPUT_RATE_HZ: Final = 24_000
"""What every server known here speaks at."""
GA_OUTPUT: Final = ("response.output_audio.", "response.output_audio_transcript.", "response.output_text.")
BETA_OUTPUT: Final = ("response.audio.", "response.audio_transcript.", "response.text.")
AUDIO_DELTAS: Final = ("response.output_audio.delta", "response.audio.delta")


def respond(book: Book) -> Generator[Step, Heard, None]:
    """One short answer: the names of its events, its tag, its end; and something to try the rest on."""
    event_id = book.fresh()
    heard = yield Step(
        (user_says(SHORT, book.fresh()), create(event_id)),
        lambda event: event.kind == "response.done" or (event.kind == "error" and names_event(event) == event_id),
    )
    if heard.errors and not heard.of("response.created", "response.done"):
        code = code_of(heard.errors[0])
        plain_id = book.fresh()
        heard = yield Step((create(plain_id, tagged=False),), answered(plain_id, "response.done"))
        if heard.of("response.created", "response.done"):
            book.found(Topic.ECHOES_METADATA, False, f"no: it refuses metadata ({code})")
    read_response(book, heard, event_id)


def read_response(book: Book, heard: Heard, event_id: str) -> None:
    """What one answer says of the server."""
    created, done = heard.first("response.created"), heard.first("response.done")
    ga = any(event.kind.startswith(GA_OUTPUT) for event in heard.events)
    beta = any(event.kind.startswith(BETA_OUTPUT) for event in heard.events)
    if ga or beta:
        names = "both" if ga and beta else "ga" if ga else "beta"
        shown = {
            "ga": "response.output_audio... (GA)",
            "beta": "response.audio... (beta)",
            "both": "both GA's and beta's",
        }
        book.found(Topic.NAMES, names, shown[names])
    else:
        why = code_of(heard.errors[0]) if heard.errors else book.why_not(heard)
        book.unclear(Topic.NAMES, f"an answer brought no output: {why}")
    if created is None and done is None:
        why = code_of(heard.errors[0]) if heard.errors else book.why_not(heard)
        for topic in (Topic.ECHOES_METADATA, Topic.SENDS_RESPONSE_DONE):
            book.unclear(topic, f"no response began: {why}")
        return
    if book.answer(Topic.ECHOES_METADATA) is None:
        begun = tag_of(created) == event_id if created else False
        ended = tag_of(done) == event_id if done else False
        places = [name for name, is_there in (("response.created", begun), ("response.done", ended)) if is_there]
        # the rules need it where a response begins
        words = f"yes, in {' and '.join(places)}" if begun else f"only in {places[0]}" if places else "no"
        book.found(Topic.ECHOES_METADATA, begun, words)
    if done is not None:
        book.found(Topic.SENDS_RESPONSE_DONE, True, "yes")
    elif heard.end is End.SILENCE and (ga or beta):
        book.found(Topic.SENDS_RESPONSE_DONE, False, f"no: nothing within {book.within_s:g} s of its last output")
    else:
        book.unclear(Topic.SENDS_RESPONSE_DONE, book.why_not(heard))
    book.spoken = spoken_of(heard)


def spoken_of(heard: Heard) -> Spoken | None:
    """The sound of an answer, if it had any."""
    lengths: dict[str, int] = {}
    for event in heard.of(*AUDIO_DELTAS):
        item_id, delta = event.body.get("item_id"), event.body.get("delta")
        if isinstance(item_id, str) and isinstance(delta, str):
            try:
                lengths[item_id] = lengths.get(item_id, 0) + len(base64.b64decode(delta, validate=True))
            except (binascii.Error, ValueError):
                continue
    for item_id, length in lengths.items():
        return Spoken(item_id, length // 2 * 1000 // OUTPUT_RATE_HZ)
    return None


def truncate(book: Book) -> Trial:
    """Whether what was not heard can be cut off."""
    if book.spoken is None:
        book.unclear(Topic.TRUNCATES, "there was no answer with sound")
        return
    event_id = book.fresh()
    cut = {
        "type": "conversation.item.truncate",
        "event_id": event_id,
        "item_id": book.spoken.item_id,
        "content_index": 0,
        "audio_end_ms": min(100, book.spoken.duration_ms),
    }
    heard = yield Step((cut,), answered(event_id, "conversation.item.truncated"))
    read_ability(book, Topic.TRUNCATES, heard, "conversation.item.truncated")


def another_voice(shape: Shape) -> Callable[[Book], Trial]:
    """Whether the voice can be changed after it was heard."""

    def trial(book: Book) -> Trial:
        if book.spoken is None:
            book.unclear(Topic.VOICE_LOCK, "there was no answer with sound")
            return
        outcomes = []
        # the second is another than the present one whichever that is
        for voice in ("echo", "sage"):
            event_id = book.fresh()
            update = {"type": "session.update", "event_id": event_id, "session": shape.voiced(voice)}
            heard = yield Step((update,), answered(event_id, ACKNOWLEDGED))
            outcomes.append(heard)
            if heard.errors or heard.end is not End.MET:
                break
        heard = outcomes[-1]
        if heard.errors:
            code = code_of(heard.errors[0])
            sure = "voice" in code
            book.found(
                Topic.VOICE_LOCK, True if sure else None, f"{'refused' if sure else 'could be the name'}: {code}"
            )
        elif heard.first(ACKNOWLEDGED):
            book.found(Topic.VOICE_LOCK, False, "confirmed")
        else:
            book.unclear(Topic.VOICE_LOCK, book.why_not(heard))

    return trial


def tool_call(book: Book) -> Trial:
    """Whether a tool is called, and what the call has."""
    tagged = book.answer(Topic.ECHOES_METADATA) is not False
    event_id = book.fresh()
    heard = yield Step(
        (user_says("What time is it?", book.fresh()), create(event_id, tagged=tagged)),
        answered(event_id, "response.done", "response.function_call_arguments.done"),
    )
    call = heard.first("response.function_call_arguments.done")
    if call is not None:
        has_name = "with its name" if named(call.body.get("name")) else "without its name, which the item has"
        book.found(Topic.TOOL_CALL, True, f"yes; arguments.done comes {has_name}")
    elif heard.errors:
        book.unclear(Topic.TOOL_CALL, f"it answered {code_of(heard.errors[0])}")
    elif heard.first("response.done"):
        book.unclear(Topic.TOOL_CALL, "it answered in words; its model may call no tools")
    else:
        book.unclear(Topic.TOOL_CALL, book.why_not(heard))
