"""
The trials that send sound.

Responsible for a spoken turn that the server finds by itself, for one that is committed, and for what the server's
count of milliseconds says of the rate that it takes sound to have.

Must not know: sockets, clocks, files.

Comes from: ``plan.py``. Goes to: ``line.py``, step by step, and the book of findings.
"""

import base64
from typing import Final

from turngate.cli.probing.asking import answered, kind_is
from turngate.cli.probing.shapes import RATES_HZ
from turngate.cli.probing.words import Book, Event, Heard, JsonObject, Step, Topic, Trial, code_of, number, part

RATE_HZ: Final = 24_000
LEAD_S: Final = 3.0
"""Silence before the speech: by when speech is said to begin the rate is told."""
TAIL_S: Final = 2.0
PADDING_MS: Final = 300
PIECE_BYTES: Final = RATE_HZ // 10 * 2
STARTED: Final = "input_audio_buffer.speech_started"
STOPPED: Final = "input_audio_buffer.speech_stopped"
COMMITTED: Final = "input_audio_buffer.committed"
WRITTEN: Final = (
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
)
LONGEST_MS: Final = 1e6
TOLERANCE: Final = 0.12


def appends(pcm: bytes) -> tuple[JsonObject, ...]:
    """The events that send sound, in pieces of a tenth of a second."""
    pieces = (pcm[at : at + PIECE_BYTES] for at in range(0, len(pcm), PIECE_BYTES))
    return tuple({"type": "input_audio_buffer.append", "audio": base64.b64encode(piece).decode()} for piece in pieces)


def silence(seconds: float) -> bytes:
    """Nothing, for so long."""
    return bytes(int(seconds * RATE_HZ) * 2)


class SpokenTurn:
    """Speech between two silences, and what comes of it; ``pcm`` is linear16 at 24,000 samples a second."""

    def __init__(self, pcm: bytes) -> None:
        self._events = appends(silence(LEAD_S) + pcm + silence(TAIL_S))

    def __call__(self, book: Book) -> Trial:
        """See the module."""
        heard = yield Step(self._events, kind_is(COMMITTED, "error"))
        started = heard.first(STARTED)
        if started is None and not heard.of(STOPPED, COMMITTED):
            why = code_of(heard.errors[0]) if heard.errors else book.why_not(heard)
            for topic in (Topic.FINDS_TURNS, Topic.LETS_US_START, Topic.INPUT_RATE_HZ, Topic.TRANSCRIBES):
                book.unclear(topic, f"it found no speech in ours: {why}")
            return
        found = [name for name in (STARTED, STOPPED, COMMITTED) if heard.first(name)]
        short = " and ".join(name.removeprefix("input_audio_buffer.") for name in found)
        book.found(Topic.FINDS_TURNS, True, f"yes: {short}")
        read_rate(book, part(started.body, "audio_start_ms") if started else None)
        missing = {"response.created", "a transcript"}

        def complete(event: Event) -> bool:
            missing.discard("a transcript" if event.kind in WRITTEN else event.kind)
            return not missing

        for event in heard.events:
            complete(event)
        after = yield Step(until=complete, waits=bool(missing))
        later = Heard(heard.events + after.events, after.end, after.close_code)
        if later.first("response.created"):
            book.found(Topic.LETS_US_START, False, "no: it answers by itself")
        elif found[-1] == COMMITTED:
            book.found(Topic.LETS_US_START, True, f"yes: no answer of its own within {book.within_s:g} s")
        else:
            book.unclear(Topic.LETS_US_START, "the turn was not committed")
        written = later.first(*WRITTEN)
        if written is None:
            book.unclear(Topic.TRANSCRIBES, "no transcript came; it may need a model of its own named")
        else:
            is_complete = written.kind == WRITTEN[0]
            book.found(Topic.TRANSCRIBES, is_complete, "yes" if is_complete else "no: it failed")


def read_rate(book: Book, start_ms: object) -> None:
    """What rate a server counts by that says speech began so many milliseconds into ours."""
    begun_ms = number(start_ms, LONGEST_MS)
    if begun_ms is None:
        book.unclear(Topic.INPUT_RATE_HZ, "it does not say when speech began")
        return
    # what began after LEAD_S at our rate is said to have begun after LEAD_S * ours / theirs
    counted_s = (begun_ms + PADDING_MS) / 1000
    off = {rate: abs(counted_s / (LEAD_S * RATE_HZ / rate) - 1) for rate in RATES_HZ}
    near = min(off, key=lambda rate: off[rate])
    if off[near] < TOLERANCE:
        before = book.findings.get(Topic.INPUT_RATE_HZ)
        differs = before is not None and before.answer not in {None, near}
        otherwise = f", although {before.words}" if before is not None and differs else ""
        book.found(Topic.INPUT_RATE_HZ, near, f"{near}, by when it says that speech began{otherwise}")
    else:
        book.unclear(Topic.INPUT_RATE_HZ, f"speech began after {begun_ms:g} ms, which is no usual rate")


def commit(book: Book) -> Trial:
    """A turn that ends because we say so."""
    event_id = book.fresh()
    sound = appends(bytes(RATE_HZ // 2 * 2))
    heard = yield Step(
        (*sound, {"type": "input_audio_buffer.commit", "event_id": event_id}), answered(event_id, COMMITTED)
    )
    if heard.first(COMMITTED):
        book.found(Topic.COMMITS, True, "yes")
    elif heard.errors:
        book.found(Topic.COMMITS, False, f"no: {code_of(heard.errors[0])}")
    else:
        book.unclear(Topic.COMMITS, book.why_not(heard))
