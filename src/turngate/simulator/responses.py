"""
One response: the events that stream it, in the API's exact order, burst by burst.

Responsible for the order of a response's events, for closing out what was begun when it is cut, and for its final
object. Transcript runs ahead of audio; audio comes in pieces of 100 ms.

Must not know: clocks (the session paces the bursts), other responses, whether it may exist.

Comes from: ``simulator/session.py``, which orders a response and asks for burst after burst.
Goes to: ``simulator/wire.py``, event by event.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Final

from attrs import define, evolve, field, frozen

from turngate.session.messages import SESSION_RATE_HZ, ResponseStatus
from turngate.simulator import mind
from turngate.simulator.ids import Ids
from turngate.simulator.items import Audio, Author, Conversation, FunctionCall, Item, Message, Progress, Text
from turngate.simulator.voice import PIECE_MS, speak
from turngate.simulator.wire import Out, Place

_WORDS: Final = re.compile(r"\s*\S+\s*")
_WORD_S: Final = 0.05
"""How much real time a written word stands for."""

CHARACTERS_A_TOKEN: Final = 4

_BYTES_A_MS: Final = SESSION_RATE_HZ * 2 // 1000


class Modality(Enum):
    """How an answer is given."""

    TEXT = "text"
    AUDIO = "audio"


@frozen
class Order:
    """What a response is asked to be, with the session's settings where the request left them open."""

    answer: mind.Answer
    modality: Modality
    voice: str
    speed: float
    audio_format: str
    max_output_tokens: int | None = None
    metadata: Mapping[str, str] | None = None
    heard_characters: int = 0
    """The size of what the answer was made from, for the usage figures."""


@frozen
class Ending:
    """How a response ended, as ``status`` and ``status_details`` say it."""

    status: ResponseStatus
    reason: str | None = None
    code: str | None = None


COMPLETED: Final = Ending(ResponseStatus.COMPLETED)


@frozen
class Summary:
    """The response object at one moment; ``ending`` is None while it is in progress."""

    response_id: str
    conversation_id: str | None
    order: Order
    output: tuple[Item, ...] = ()
    ending: Ending | None = None
    text_tokens: int = 0
    audio_tokens: int = 0


@define
class _Open:
    """The item that is being written; it grows burst by burst."""

    place: Place
    item: Message | FunctionCall
    text: str = field(default="", repr=False)
    audio_ms: int = 0


class Response:
    """
    A response under way. Call :meth:`begin` once, :meth:`burst` until it gives None, then the other two.

    ``conversation`` is None for one that is out of band: its items go nowhere and are not announced as items.
    """

    def __init__(
        self,
        order: Order,
        out: Out,
        ids: Ids,
        conversation: Conversation | None,
        conversation_id: str | None,
        on_audio: Callable[[], None],
    ) -> None:
        self._order = order
        self._out = out
        self._ids = ids
        self._conversation = conversation
        self._on_audio = on_audio
        self._summary = Summary(ids.next("resp"), conversation_id, order)
        self._open: _Open | None = None
        self._truncated: set[str] = set()
        self._ending = COMPLETED
        self._bursts = self._stream()

    @property
    def id(self) -> str:
        """The response's id."""
        return self._summary.response_id

    @property
    def in_conversation(self) -> bool:
        """Whether its items become part of the conversation."""
        return self._conversation is not None

    def begin(self) -> None:
        """Announce the response."""
        self._out.response_created(self._summary)
        self._out.rate_limits()

    def burst(self) -> float | None:
        """
        Send the next events that belong together.

        Returns:
            How many seconds of speech or writing they are; None when there are no more, and :meth:`close_out` and
            :meth:`done` are due.
        """
        return next(self._bursts, None)

    def close_out(self) -> None:
        """Complete, with what was streamed of it, the item that is begun. Call :meth:`done` next."""
        if self._open is not None:
            self._close(self._open, Progress.INCOMPLETE)

    def done(self, ending: Ending | None = None) -> None:
        """
        Send ``response.done``, the last event of the response.

        Args:
            ending: why the response was cut; None where it came to its own end.
        """
        self._summary = evolve(self._summary, ending=ending or self._ending)
        self._out.response_done(self._summary)

    def settle(self) -> None:
        """Bring the conversation up to date with the item that is being written, before somebody looks at it."""
        if self._open is not None:
            self._keep(self._written(self._open, Progress.IN_PROGRESS))

    def truncated(self, item_id: str) -> None:
        """Leave an item as the client has cut it, although more of it may still come."""
        self._truncated.add(item_id)

    def _stream(self) -> Iterator[float]:
        text, cut = self._limited(self._order.answer.text)
        if text:
            yield from self._message(text)
        if cut:
            self._ending = Ending(ResponseStatus.INCOMPLETE, "max_output_tokens")
            return
        for call in self._order.answer.calls:
            yield from self._call(call)

    def _limited(self, text: str) -> tuple[str, bool]:
        limit = self._order.max_output_tokens
        if limit is None or len(text) <= limit * CHARACTERS_A_TOKEN:
            return text, False
        return text[: limit * CHARACTERS_A_TOKEN], True

    def _message(self, text: str) -> Iterator[float]:
        opened = self._begin_item(Message(self._ids.next("item"), Author.ASSISTANT, (), Progress.IN_PROGRESS))
        self._out.part_added(opened.place, self._part(opened))
        words = iter(_WORDS.findall(text))
        if self._order.modality is Modality.TEXT:
            for word in words:
                opened.text += word
                self._out.text_delta(opened.place, word)
                yield _WORD_S
        else:
            for piece in speak(text, self._order.voice, self._order.speed):
                self._transcribe(opened, next(words, ""))
                opened.audio_ms += len(piece) // _BYTES_A_MS
                self._on_audio()
                self._out.audio_delta(opened.place, piece, self._order.audio_format)
                yield PIECE_MS / 1000
            for word in words:
                self._transcribe(opened, word)
        self._close(opened, Progress.COMPLETED)

    def _call(self, call: mind.Call) -> Iterator[float]:
        item = FunctionCall(
            self._ids.next("item"), self._ids.next("call"), call.name, call.arguments, Progress.IN_PROGRESS
        )
        opened = self._begin_item(evolve(item, arguments=""))
        half = len(call.arguments) // 2
        for delta in (call.arguments[:half], call.arguments[half:]):
            if delta:
                opened.text += delta
                self._out.arguments_delta(opened.place, item.call_id, delta)
                yield _WORD_S
        self._close(opened, Progress.COMPLETED)

    def _begin_item(self, item: Message | FunctionCall) -> _Open:
        place = Place(self.id, item.id, len(self._summary.output))
        opened = self._open = _Open(place, item)
        self._out.output_item_added(place, item)
        if self._conversation is not None:
            self._out.item_added(item, self._conversation.add(item))
        return opened

    def _transcribe(self, opened: _Open, word: str) -> None:
        if word:
            opened.text += word
            self._out.transcript_delta(opened.place, word)

    def _part(self, opened: _Open) -> Text | Audio:
        if self._order.modality is Modality.TEXT:
            return Text(opened.text)
        return Audio(opened.audio_ms, opened.text)

    def _written(self, opened: _Open, progress: Progress) -> Message | FunctionCall:
        match opened.item:
            case Message():
                return evolve(opened.item, parts=(self._part(opened),), status=progress)
            case FunctionCall():
                return evolve(opened.item, arguments=opened.text, status=progress)

    def _keep(self, item: Item) -> None:
        if self._conversation is not None and item.id not in self._truncated:
            self._conversation.replace(item)

    def _close(self, opened: _Open, progress: Progress) -> None:
        self._open = None
        item = self._written(opened, progress)
        place = opened.place
        match item:
            case Message():
                self._close_part(place, self._part(opened))
            case FunctionCall():
                self._out.arguments_done(place, item)
        self._keep(item)
        if self._conversation is not None:
            self._out.item_done(item, self._conversation.before(item.id))
        self._out.output_item_done(place, item)
        text_tokens = len(opened.text) // CHARACTERS_A_TOKEN + 1
        self._summary = evolve(
            self._summary,
            output=(*self._summary.output, item),
            text_tokens=self._summary.text_tokens + text_tokens,
            audio_tokens=self._summary.audio_tokens + opened.audio_ms // 50,
        )

    def _close_part(self, place: Place, part: Text | Audio) -> None:
        match part:
            case Text():
                self._out.text_done(place, part.text)
            case Audio():
                self._out.audio_done(place)
                self._out.transcript_done(place, part.transcript or "")
        self._out.part_done(place, part)
