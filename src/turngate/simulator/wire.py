"""
What the simulated server says, as events of the Realtime protocol.

Responsible for the shape of every server event: which fields it has, and that each has an id of its own.

Must not know: when anything is said.

Comes from: ``simulator/session.py`` and ``simulator/responses.py``. Goes to: ``simulator/unruly.py``, event by event.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen
from msgspec import structs

from turngate.protocols.realtime import server_events as s
from turngate.protocols.realtime.client_events import ClientEvent
from turngate.protocols.realtime.server_events import ServerEvent
from turngate.session.messages import ResponseStatus
from turngate.simulator.formats import from_pcm
from turngate.simulator.ids import Ids
from turngate.simulator.items import Audio, Author, FunctionCall, Image, Item, Message, Part, Refusal, Text

if TYPE_CHECKING:
    from turngate.simulator.config import Config
    from turngate.simulator.responses import Ending, Summary


@frozen
class Place:
    """Where an item of a response's output stands."""

    response_id: str
    item_id: str
    output_index: int


def event_type(event: ClientEvent | ServerEvent) -> str:
    """The ``type`` of an event."""
    return str(event.__struct_config__.tag)


def without_metadata(event: ServerEvent) -> ServerEvent:
    """The same event, as a server says it that forgets ``metadata``."""
    if isinstance(event, s.ResponseCreated | s.ResponseDone):
        return structs.replace(event, response=structs.replace(event.response, metadata=None))
    return event


class Out:
    """Says one thing a method; ``send`` is called with each event."""

    def __init__(self, send: Callable[[ServerEvent], None], ids: Ids) -> None:
        self._send = send
        self._ids = ids

    def _id(self) -> str:
        return self._ids.next("event")

    # --- the session ------------------------------------------------------------------------------------------------

    def session_created(self, config: "Config") -> None:
        """``session.created``."""
        self._send(s.SessionCreated(event_id=self._id(), session=dict(config.tree)))

    def session_updated(self, config: "Config") -> None:
        """``session.updated``."""
        self._send(s.SessionUpdated(event_id=self._id(), session=dict(config.tree)))

    def error(self, refusal: Refusal, event_id: str | None) -> None:
        """``error``, about the client event of that id."""
        kind = "server_error" if refusal.code == "server_error" else "invalid_request_error"
        error = s.Error(type=kind, code=refusal.code, message=refusal.message, param=refusal.param, event_id=event_id)
        self._send(s.ErrorEvent(event_id=self._id(), error=error))

    def rate_limits(self) -> None:
        """``rate_limits.updated``."""
        limits = [
            s.RateLimit(name="requests", limit=5000, remaining=4999, reset_seconds=0.02),
            s.RateLimit(name="tokens", limit=200_000, remaining=199_000, reset_seconds=0.3),
        ]
        self._send(s.RateLimitsUpdated(event_id=self._id(), rate_limits=limits))

    # --- what is heard ----------------------------------------------------------------------------------------------

    def speech_started(self, item_id: str, audio_start_ms: int) -> None:
        """``input_audio_buffer.speech_started``."""
        self._send(s.InputAudioBufferSpeechStarted(event_id=self._id(), item_id=item_id, audio_start_ms=audio_start_ms))

    def speech_stopped(self, item_id: str, audio_end_ms: int) -> None:
        """``input_audio_buffer.speech_stopped``."""
        self._send(s.InputAudioBufferSpeechStopped(event_id=self._id(), item_id=item_id, audio_end_ms=audio_end_ms))

    def committed(self, item_id: str, previous_item_id: str | None) -> None:
        """``input_audio_buffer.committed``."""
        self._send(s.InputAudioBufferCommitted(event_id=self._id(), item_id=item_id, previous_item_id=previous_item_id))

    def cleared(self) -> None:
        """``input_audio_buffer.cleared``."""
        self._send(s.InputAudioBufferCleared(event_id=self._id()))

    def transcription_delta(self, item_id: str, delta: str) -> None:
        """``conversation.item.input_audio_transcription.delta``."""
        self._send(s.InputAudioTranscriptionDelta(event_id=self._id(), item_id=item_id, content_index=0, delta=delta))

    def transcription_completed(self, item_id: str, transcript: str, seconds: float) -> None:
        """``conversation.item.input_audio_transcription.completed``."""
        self._send(
            s.InputAudioTranscriptionCompleted(
                event_id=self._id(),
                item_id=item_id,
                content_index=0,
                transcript=transcript,
                usage={"type": "duration", "seconds": seconds},
            )
        )

    # --- items ------------------------------------------------------------------------------------------------------

    def item_added(self, item: Item, previous_item_id: str | None) -> None:
        """``conversation.item.added``."""
        self._send(s.ConversationItemAdded(event_id=self._id(), item=shaped(item), previous_item_id=previous_item_id))

    def item_done(self, item: Item, previous_item_id: str | None) -> None:
        """``conversation.item.done``."""
        self._send(s.ConversationItemDone(event_id=self._id(), item=shaped(item), previous_item_id=previous_item_id))

    def item_retrieved(self, item: Item) -> None:
        """``conversation.item.retrieved``."""
        self._send(s.ConversationItemRetrieved(event_id=self._id(), item=shaped(item)))

    def item_truncated(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """``conversation.item.truncated``."""
        self._send(
            s.ConversationItemTruncated(
                event_id=self._id(), item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms
            )
        )

    def item_deleted(self, item_id: str) -> None:
        """``conversation.item.deleted``."""
        self._send(s.ConversationItemDeleted(event_id=self._id(), item_id=item_id))

    # --- responses --------------------------------------------------------------------------------------------------

    def response_created(self, summary: "Summary") -> None:
        """``response.created``."""
        self._send(s.ResponseCreated(event_id=self._id(), response=response_of(summary)))

    def response_done(self, summary: "Summary") -> None:
        """``response.done``."""
        self._send(s.ResponseDone(event_id=self._id(), response=response_of(summary)))

    def output_item_added(self, place: Place, item: Item) -> None:
        """``response.output_item.added``."""
        self._send(
            s.ResponseOutputItemAdded(
                event_id=self._id(), response_id=place.response_id, output_index=place.output_index, item=shaped(item)
            )
        )

    def output_item_done(self, place: Place, item: Item) -> None:
        """``response.output_item.done``."""
        self._send(
            s.ResponseOutputItemDone(
                event_id=self._id(), response_id=place.response_id, output_index=place.output_index, item=shaped(item)
            )
        )

    def part_added(self, place: Place, part: Text | Audio) -> None:
        """``response.content_part.added``."""
        self._send(
            s.ResponseContentPartAdded(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                part=_announced(part),
            )
        )

    def part_done(self, place: Place, part: Text | Audio) -> None:
        """``response.content_part.done``."""
        self._send(
            s.ResponseContentPartDone(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                part=_announced(part),
            )
        )

    def text_delta(self, place: Place, delta: str) -> None:
        """``response.output_text.delta``."""
        self._send(
            s.ResponseOutputTextDelta(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                delta=delta,
            )
        )

    def text_done(self, place: Place, text: str) -> None:
        """``response.output_text.done``."""
        self._send(
            s.ResponseOutputTextDone(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                text=text,
            )
        )

    def audio_delta(self, place: Place, pcm: bytes, audio_format: str) -> None:
        """``response.output_audio.delta``."""
        self._send(
            s.ResponseOutputAudioDelta(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                delta=from_pcm(pcm, audio_format),
            )
        )

    def audio_done(self, place: Place) -> None:
        """``response.output_audio.done``."""
        self._send(
            s.ResponseOutputAudioDone(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
            )
        )

    def transcript_delta(self, place: Place, delta: str) -> None:
        """``response.output_audio_transcript.delta``."""
        self._send(
            s.ResponseOutputAudioTranscriptDelta(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                delta=delta,
            )
        )

    def transcript_done(self, place: Place, transcript: str) -> None:
        """``response.output_audio_transcript.done``."""
        self._send(
            s.ResponseOutputAudioTranscriptDone(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                content_index=0,
                transcript=transcript,
            )
        )

    def arguments_delta(self, place: Place, call_id: str, delta: str) -> None:
        """``response.function_call_arguments.delta``."""
        self._send(
            s.ResponseFunctionCallArgumentsDelta(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                call_id=call_id,
                delta=delta,
            )
        )

    def arguments_done(self, place: Place, call: FunctionCall) -> None:
        """``response.function_call_arguments.done``."""
        self._send(
            s.ResponseFunctionCallArgumentsDone(
                event_id=self._id(),
                response_id=place.response_id,
                item_id=place.item_id,
                output_index=place.output_index,
                call_id=call.call_id,
                name=call.name,
                arguments=call.arguments,
            )
        )


def shaped(item: Item) -> s.Item:
    """An item as the wire has it."""
    status = item.status.value
    match item:
        case Message(id=item_id, author=author, parts=parts):
            content = [_part(part, author) for part in parts]
            return s.Item(
                type="message", id=item_id, object="realtime.item", status=status, role=author.value, content=content
            )
        case FunctionCall(id=item_id, call_id=call_id, name=name, arguments=arguments):
            return s.Item(
                type="function_call",
                id=item_id,
                object="realtime.item",
                status=status,
                call_id=call_id,
                name=name,
                arguments=arguments,
            )
        case _:
            return s.Item(
                type="function_call_output",
                id=item.id,
                object="realtime.item",
                status=status,
                call_id=item.call_id,
                output=item.output,
            )


def response_of(summary: "Summary") -> s.Response:
    """A response as the wire has it."""
    order, ending = summary.order, summary.ending
    tokens = summary.text_tokens + summary.audio_tokens
    heard = order.heard_characters // 4 + 1
    usage: dict[str, object] = {
        "total_tokens": heard + tokens,
        "input_tokens": heard,
        "output_tokens": tokens,
        "input_token_details": {"text_tokens": heard, "audio_tokens": 0, "cached_tokens": 0},
        "output_token_details": {"text_tokens": summary.text_tokens, "audio_tokens": summary.audio_tokens},
    }
    return s.Response(
        id=summary.response_id,
        object="realtime.response",
        status="in_progress" if ending is None else ending.status.value,
        status_details=None if ending is None else _details(ending),
        output=[shaped(item) for item in summary.output],
        output_modalities=[order.modality.value],
        conversation_id=summary.conversation_id,
        max_output_tokens=order.max_output_tokens or "inf",
        metadata=dict(order.metadata) if order.metadata is not None else None,
        usage=None if ending is None else usage,
    )


def _details(ending: "Ending") -> s.StatusDetails | None:
    if ending.status is ResponseStatus.COMPLETED:
        return None
    error = s.Error(type="server_error", code=ending.code) if ending.code is not None else None
    return s.StatusDetails(type=ending.status.value, reason=ending.reason, error=error)


def _part(part: Part, author: Author) -> s.Part:
    ours = author is Author.ASSISTANT
    match part:
        case Text(text):
            return s.Part(type="output_text" if ours else "input_text", text=text)
        case Audio(transcript=transcript):
            return s.Part(type="output_audio" if ours else "input_audio", transcript=transcript)
        case Image():
            return s.Part(type="input_image")


def _announced(part: Text | Audio) -> s.Part:
    """A part in ``response.content_part``, which names its types otherwise than an item does."""
    match part:
        case Text(text):
            return s.Part(type="text", text=text)
        case Audio(transcript=transcript):
            return s.Part(type="audio", transcript=transcript or "")
