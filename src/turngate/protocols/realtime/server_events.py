"""
The events that a Realtime server sends: all forty-six, and the beta's names for six of them.

Responsible for one class per event, tagged by ``type``; what their objects tolerate, ``server_objects.py`` says.

Must not know: what any of them means for a session.

Comes from: ``codec.py`` (a server's frames), and the simulator, which says them. Goes to: ``translation.py``, and back.

Source: OpenAI Realtime API, GA, server events. Audio is base64 on the wire and bytes here. The beta's names are
subclasses, so that a match on the GA class takes them too.
"""

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from turngate.protocols.realtime.server_objects import Error as Error
from turngate.protocols.realtime.server_objects import Item as Item
from turngate.protocols.realtime.server_objects import (
    Number,
    OfContent,
    OfHeard,
    OfItem,
    OfMcpCall,
    OfOutput,
    OfOutputPart,
    OfResponse,
    ServerEventFields,
    WithItem,
)
from turngate.protocols.realtime.server_objects import Part as Part
from turngate.protocols.realtime.server_objects import RateLimit as RateLimit
from turngate.protocols.realtime.server_objects import Response as Response
from turngate.protocols.realtime.server_objects import StatusDetails as StatusDetails
from turngate.protocols.realtime.wire import JsonObject

# --- the session, the conversation, the user's speech -----------------------------------------------------------------


class ErrorEvent(ServerEventFields, tag="error", frozen=True, kw_only=True):
    """Something was refused, or went wrong; most leave the session open."""

    error: Error | str


class SessionCreated(ServerEventFields, tag="session.created", frozen=True, kw_only=True):
    """The first event of every session."""

    session: JsonObject | None = None


class SessionUpdated(ServerEventFields, tag="session.updated", frozen=True, kw_only=True):
    """An update is in force; it does not say which."""

    session: JsonObject | None = None


class ConversationCreated(ServerEventFields, tag="conversation.created", frozen=True, kw_only=True):
    """The conversation exists; not sent by every server."""

    conversation: JsonObject | None = None


class ConversationItemAdded(WithItem, tag="conversation.item.added", frozen=True):
    """An item is in the conversation; it may still be in progress."""


class ConversationItemDone(WithItem, tag="conversation.item.done", frozen=True):
    """An item is complete."""


class ConversationItemCreated(WithItem, tag="conversation.item.created", frozen=True):
    """The beta's name for both of the above."""


class ConversationItemRetrieved(ServerEventFields, tag="conversation.item.retrieved", frozen=True, kw_only=True):
    """An item, as the server has it."""

    item: Item


class ConversationItemTruncated(OfContent, tag="conversation.item.truncated", frozen=True, kw_only=True):
    """An item was cut to what was heard of it."""

    audio_end_ms: Number | None = None


class ConversationItemDeleted(OfItem, tag="conversation.item.deleted", frozen=True):
    """An item is gone."""


class InputAudioTranscriptionDelta(
    OfHeard, tag="conversation.item.input_audio_transcription.delta", frozen=True, kw_only=True
):
    """A piece of what the user said."""

    delta: str | None = None
    logprobs: list[object] | None = None


class InputAudioTranscriptionCompleted(
    OfHeard, tag="conversation.item.input_audio_transcription.completed", frozen=True, kw_only=True
):
    """What the user said; may come before, during or after the response to it."""

    transcript: str | None = None
    usage: JsonObject | None = None
    languages: list[object] | None = None
    logprobs: list[object] | None = None


class InputAudioTranscriptionSegment(
    OfContent, tag="conversation.item.input_audio_transcription.segment", frozen=True, kw_only=True
):
    """A piece of what one speaker said."""

    id: str | None = None
    text: str | None = None
    speaker: str | None = None
    start: Number | None = None
    end: Number | None = None


class InputAudioTranscriptionFailed(
    OfContent, tag="conversation.item.input_audio_transcription.failed", frozen=True, kw_only=True
):
    """What the user said could not be written down."""

    error: Error | str


class InputAudioBufferCommitted(OfItem, tag="input_audio_buffer.committed", frozen=True, kw_only=True):
    """The user's speech has become an item."""

    previous_item_id: str | UnsetType | None = UNSET


class InputAudioBufferCleared(ServerEventFields, tag="input_audio_buffer.cleared", frozen=True):
    """What was appended is forgotten."""


class InputAudioBufferSpeechStarted(OfItem, tag="input_audio_buffer.speech_started", frozen=True, kw_only=True):
    """The user began to speak, at a time counted in appended audio."""

    audio_start_ms: Number | None = None


class InputAudioBufferSpeechStopped(OfItem, tag="input_audio_buffer.speech_stopped", frozen=True, kw_only=True):
    """The user stopped."""

    audio_end_ms: Number | None = None
    # what servers say that know more
    channel: object = None
    last_word_end: object = None


class InputAudioBufferTimeoutTriggered(OfItem, tag="input_audio_buffer.timeout_triggered", frozen=True, kw_only=True):
    """Nobody spoke for the idle time-out."""

    audio_start_ms: Number | None = None
    audio_end_ms: Number | None = None


class InputAudioBufferDtmfEventReceived(
    ServerEventFields, tag="input_audio_buffer.dtmf_event_received", frozen=True, kw_only=True
):
    """A key was pressed; SIP only."""

    event: str | None = None
    received_at: Number | None = None


class OutputAudioBufferStarted(OfResponse, tag="output_audio_buffer.started", frozen=True):
    """Playing has begun; WebRTC and SIP only."""


class OutputAudioBufferStopped(OfResponse, tag="output_audio_buffer.stopped", frozen=True):
    """Playing has ended; WebRTC and SIP only."""


class OutputAudioBufferCleared(OfResponse, tag="output_audio_buffer.cleared", frozen=True):
    """Playing was stopped; WebRTC and SIP only."""


class ResponseCreated(ServerEventFields, tag="response.created", frozen=True, kw_only=True):
    """A response exists."""

    response: Response


class ResponseDone(ServerEventFields, tag="response.done", frozen=True, kw_only=True):
    """A response has ended; nothing else ends one."""

    response: Response


class ResponseOutputItemAdded(OfResponse, tag="response.output_item.added", frozen=True, kw_only=True):
    """The model begins an item."""

    item: Item
    output_index: int | None = None


class ResponseOutputItemDone(OfResponse, tag="response.output_item.done", frozen=True, kw_only=True):
    """The model has completed an item."""

    item: Item
    output_index: int | None = None


class ResponseContentPartAdded(OfOutputPart, tag="response.content_part.added", frozen=True, kw_only=True):
    """The model begins a part of an item."""

    part: Part


class ResponseContentPartDone(OfOutputPart, tag="response.content_part.done", frozen=True, kw_only=True):
    """The model has completed a part of an item."""

    part: Part


class ResponseOutputTextDelta(OfOutputPart, tag="response.output_text.delta", frozen=True, kw_only=True):
    """A piece of a written answer."""

    delta: str | None = None


class ResponseOutputTextDone(OfOutputPart, tag="response.output_text.done", frozen=True, kw_only=True):
    """A written answer, complete."""

    text: str | None = None


class ResponseOutputAudioDelta(OfOutputPart, tag="response.output_audio.delta", frozen=True, kw_only=True):
    """A piece of a spoken answer."""

    delta: bytes


class ResponseOutputAudioDone(OfOutputPart, tag="response.output_audio.done", frozen=True):
    """One item's audio is complete; the response goes on."""


class ResponseOutputAudioTranscriptDelta(
    OfOutputPart, tag="response.output_audio_transcript.delta", frozen=True, kw_only=True
):
    """A piece of what a spoken answer says."""

    delta: str | None = None


class ResponseOutputAudioTranscriptDone(
    OfOutputPart, tag="response.output_audio_transcript.done", frozen=True, kw_only=True
):
    """What a spoken answer says, complete."""

    transcript: str | None = None


class ResponseFunctionCallArgumentsDelta(
    OfOutput, tag="response.function_call_arguments.delta", frozen=True, kw_only=True
):
    """A piece of a tool call's arguments."""

    call_id: str | None = None
    delta: str | None = None


class ResponseFunctionCallArgumentsDone(
    OfOutput, tag="response.function_call_arguments.done", frozen=True, kw_only=True
):
    """A tool call's arguments, complete; older servers leave the name out."""

    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class ResponseMcpCallArgumentsDelta(OfOutput, tag="response.mcp_call_arguments.delta", frozen=True, kw_only=True):
    """A piece of the arguments of a call that the upstream makes itself."""

    delta: str | None = None
    obfuscation: str | None = None


class ResponseMcpCallArgumentsDone(OfOutput, tag="response.mcp_call_arguments.done", frozen=True, kw_only=True):
    """The arguments of a call that the upstream makes itself, complete."""

    arguments: str | None = None


class ResponseMcpCallInProgress(OfMcpCall, tag="response.mcp_call.in_progress", frozen=True):
    """The upstream calls a tool server."""


class ResponseMcpCallCompleted(OfMcpCall, tag="response.mcp_call.completed", frozen=True):
    """The tool server has answered."""


class ResponseMcpCallFailed(OfMcpCall, tag="response.mcp_call.failed", frozen=True):
    """The tool server has not answered."""


class McpListToolsInProgress(OfItem, tag="mcp_list_tools.in_progress", frozen=True):
    """The upstream asks a tool server what it offers."""


class McpListToolsCompleted(OfItem, tag="mcp_list_tools.completed", frozen=True):
    """The upstream knows what a tool server offers."""


class McpListToolsFailed(OfItem, tag="mcp_list_tools.failed", frozen=True):
    """The upstream does not know what a tool server offers."""


class RateLimitsUpdated(ServerEventFields, tag="rate_limits.updated", frozen=True, kw_only=True):
    """What is left of the limits, at the start of a response."""

    rate_limits: list[RateLimit] | None = None


# --- the beta's names -----------------------------------------------------------------------------------------------


class BetaTextDelta(ResponseOutputTextDelta, tag="response.text.delta", frozen=True):
    """Now ``response.output_text.delta``."""


class BetaTextDone(ResponseOutputTextDone, tag="response.text.done", frozen=True):
    """Now ``response.output_text.done``."""


class BetaAudioDelta(ResponseOutputAudioDelta, tag="response.audio.delta", frozen=True):
    """Now ``response.output_audio.delta``."""


class BetaAudioDone(ResponseOutputAudioDone, tag="response.audio.done", frozen=True):
    """Now ``response.output_audio.done``."""


class BetaAudioTranscriptDelta(ResponseOutputAudioTranscriptDelta, tag="response.audio_transcript.delta", frozen=True):
    """Now ``response.output_audio_transcript.delta``."""


class BetaAudioTranscriptDone(ResponseOutputAudioTranscriptDone, tag="response.audio_transcript.done", frozen=True):
    """Now ``response.output_audio_transcript.done``."""


BetaServerEvent: TypeAlias = (
    BetaTextDelta | BetaTextDone | BetaAudioDelta | BetaAudioDone | BetaAudioTranscriptDelta | BetaAudioTranscriptDone
)

GaServerEvent: TypeAlias = (
    ErrorEvent
    | SessionCreated
    | SessionUpdated
    | ConversationCreated
    | ConversationItemAdded
    | ConversationItemDone
    | ConversationItemCreated
    | ConversationItemRetrieved
    | ConversationItemTruncated
    | ConversationItemDeleted
    | InputAudioTranscriptionDelta
    | InputAudioTranscriptionCompleted
    | InputAudioTranscriptionSegment
    | InputAudioTranscriptionFailed
    | InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | InputAudioBufferTimeoutTriggered
    | InputAudioBufferDtmfEventReceived
    | OutputAudioBufferStarted
    | OutputAudioBufferStopped
    | OutputAudioBufferCleared
    | ResponseCreated
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseOutputTextDelta
    | ResponseOutputTextDone
    | ResponseOutputAudioDelta
    | ResponseOutputAudioDone
    | ResponseOutputAudioTranscriptDelta
    | ResponseOutputAudioTranscriptDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
    | ResponseMcpCallArgumentsDelta
    | ResponseMcpCallArgumentsDone
    | ResponseMcpCallInProgress
    | ResponseMcpCallCompleted
    | ResponseMcpCallFailed
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | RateLimitsUpdated
)

ServerEvent: TypeAlias = GaServerEvent | BetaServerEvent
