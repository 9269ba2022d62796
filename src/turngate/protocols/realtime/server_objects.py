"""
The objects inside the events of a Realtime server: items, responses, errors; and what groups of events share.

Responsible for their fields, tolerantly: unknown ones are passed over, and what some servers leave out may be absent.
An absent field is ``None``, as is one that is null; an empty text is a text. Where servers are known to differ in a
field's shape, it may have either, so that it does not cost the event that it comes with.

Must not know: what any of them means for a session.

Comes from and goes to: ``server_events.py``, whose events hold them.

Source: OpenAI Realtime API, GA, server events, and what is known of other servers of that protocol.
"""

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from turngate.protocols.realtime.wire import JsonObject, Wire

Number: TypeAlias = int | float
"""A count or a time; some servers write whole numbers with a fraction."""


class Tolerant(Wire, kw_only=True, frozen=True, omit_defaults=True):
    """An object that may hold more than is known of it, and less."""


# --- objects --------------------------------------------------------------------------------------------------------


class Part(Tolerant, frozen=True, kw_only=True):
    """A part of an item's content; ``type`` is ``input_text``, ``output_audio`` and so on, or not known here."""

    type: str | None = None
    text: str | None = None
    transcript: str | None = None
    name: str | None = None
    arguments: str | None = None
    """Of a call, where a server puts it into a message."""
    audio: str | None = None
    """Base64: audio in an item is a copy of what came in deltas, and is left as it is."""


class Item(Tolerant, frozen=True, kw_only=True):
    """An item of the conversation; ``type`` is ``message``, ``function_call`` and so on, or not known here."""

    type: str | None = None
    id: str | None = None
    object: str | None = None
    status: str | None = None
    role: str | None = None
    content: list[Part] | str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: JsonObject | list[JsonObject] | str | None = None


class Error(Tolerant, frozen=True, kw_only=True):
    """What went wrong; ``event_id`` is that of the client event which caused it, where the server says so."""

    type: str | None = None
    code: str | int | None = None
    message: str | None = None
    param: str | None = None
    event_id: str | None = None


class StatusDetails(Tolerant, frozen=True, kw_only=True):
    """Why a response ended as it did."""

    type: str | None = None
    reason: str | None = None
    error: Error | str | None = None


class Response(Tolerant, frozen=True, kw_only=True):
    """A response; ``conversation_id`` is null for one outside the conversation, and absent on some servers."""

    id: str
    object: str | None = None
    status: str | None = None
    status_details: StatusDetails | str | None = None
    output: list[Item] | None = None
    output_modalities: list[str] | None = None
    audio: JsonObject | None = None
    conversation_id: str | UnsetType | None = UNSET
    max_output_tokens: Number | str | None = None
    metadata: JsonObject | None = None
    """What the request for it carried: the tie between the two."""
    usage: JsonObject | None = None


class RateLimit(Tolerant, frozen=True, kw_only=True):
    """What is left of a limit."""

    name: str | None = None
    limit: Number | None = None
    remaining: Number | None = None
    reset_seconds: Number | None = None


# --- what events share ----------------------------------------------------------------------------------------------


class ServerEventFields(Tolerant, frozen=True, kw_only=True):
    """What every server event carries."""

    event_id: str | None = None


class OfItem(ServerEventFields, frozen=True, kw_only=True):
    """An event about an item."""

    item_id: str | None = None


class OfContent(OfItem, frozen=True, kw_only=True):
    """An event about a part of an item."""

    content_index: int | None = None


class OfHeard(OfContent, frozen=True, kw_only=True):
    """An event about what the user said; the fields are those of servers that say more of it than the API does."""

    is_final: object = None
    speech_final: object = None
    channel: object = None
    channel_index: object = None
    start: object = None
    duration: object = None
    alternatives: object = None


class WithItem(ServerEventFields, frozen=True, kw_only=True):
    """An event with an item, and where in the conversation it stands."""

    item: Item
    previous_item_id: str | UnsetType | None = UNSET
    """Null for the first of the conversation, and absent on some servers."""


class OfResponse(ServerEventFields, frozen=True, kw_only=True):
    """An event about a response."""

    response_id: str | None = None


class OfOutput(OfResponse, frozen=True, kw_only=True):
    """An event about an item of a response's output."""

    item_id: str | None = None
    output_index: int | None = None


class OfOutputPart(OfOutput, frozen=True, kw_only=True):
    """An event about a part of an item of a response's output."""

    content_index: int | None = None


class OfMcpCall(OfItem, frozen=True, kw_only=True):
    """An event about a call that the upstream makes itself."""

    output_index: int | None = None
