"""
The events that a Realtime client sends: all eleven.

Responsible for one class per event, tagged by ``type``, strictly: an unknown or ill-typed field is refused with its
path, as the API refuses it.

Must not know: when any of them is sent, the session's own vocabulary.

Comes from: ``translation.py``, and ``codec.py`` in the simulator. Goes to: ``codec.py``, and the simulator.

Source: OpenAI Realtime API, GA, client events. Audio is base64 on the wire and bytes here; ``UNSET`` is not sent.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from turngate.protocols.realtime.items import FunctionCallItem as FunctionCallItem
from turngate.protocols.realtime.items import FunctionCallOutputItem as FunctionCallOutputItem
from turngate.protocols.realtime.items import InputAudio as InputAudio
from turngate.protocols.realtime.items import InputImage as InputImage
from turngate.protocols.realtime.items import InputText as InputText
from turngate.protocols.realtime.items import Item as Item
from turngate.protocols.realtime.items import ItemReference as ItemReference
from turngate.protocols.realtime.items import MessageItem as MessageItem
from turngate.protocols.realtime.items import OutputAudio as OutputAudio
from turngate.protocols.realtime.items import OutputText as OutputText
from turngate.protocols.realtime.items import Part as Part
from turngate.protocols.realtime.session_object import (
    AudioOutput,
    MaxTokens,
    Modalities,
    Prompt,
    Reasoning,
    Session,
    Strict,
    Tool,
    ToolChoice,
)

EventId: TypeAlias = Annotated[str, Meta(max_length=512)]

Metadata: TypeAlias = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class ClientEventFields(Strict, frozen=True, kw_only=True):
    """What every client event may carry: an id, which an ``error`` about it names."""

    event_id: EventId | UnsetType = UNSET


class SessionUpdate(ClientEventFields, tag="session.update", frozen=True, kw_only=True):
    """Change the session; answered by ``session.updated`` or ``error``."""

    session: Session


class InputAudioBufferAppend(ClientEventFields, tag="input_audio_buffer.append", frozen=True, kw_only=True):
    """A piece of the user's speech, at most 15 MiB; not answered."""

    audio: bytes


class InputAudioBufferCommit(ClientEventFields, tag="input_audio_buffer.commit", frozen=True, kw_only=True):
    """Make an item of what was appended, at least 100 ms."""


class InputAudioBufferClear(ClientEventFields, tag="input_audio_buffer.clear", frozen=True, kw_only=True):
    """Forget what was appended."""


class OutputAudioBufferClear(ClientEventFields, tag="output_audio_buffer.clear", frozen=True, kw_only=True):
    """Stop what is being played; WebRTC and SIP only."""


class ConversationItemCreate(ClientEventFields, tag="conversation.item.create", frozen=True, kw_only=True):
    """Add an item; without ``previous_item_id`` at the end."""

    item: Item
    previous_item_id: str | UnsetType | None = UNSET


class ConversationItemRetrieve(ClientEventFields, tag="conversation.item.retrieve", frozen=True, kw_only=True):
    """Ask for an item as the server has it."""

    item_id: str


class ConversationItemTruncate(ClientEventFields, tag="conversation.item.truncate", frozen=True, kw_only=True):
    """Cut an assistant's spoken item to what was heard of it."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ConversationItemDelete(ClientEventFields, tag="conversation.item.delete", frozen=True, kw_only=True):
    """Take an item out of the conversation."""

    item_id: str


class ResponseAudio(Strict, frozen=True, kw_only=True):
    """How one response speaks."""

    output: AudioOutput | UnsetType = UNSET


class ResponseParams(Strict, frozen=True, kw_only=True):
    """What one response is to be; what is absent is as in the session."""

    conversation: Literal["auto", "none"] | UnsetType = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    instructions: str | UnsetType = UNSET
    input: list[Item | ItemReference] | UnsetType = UNSET
    output_modalities: Modalities | UnsetType = UNSET
    audio: ResponseAudio | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    max_output_tokens: MaxTokens | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    prompt: Prompt | UnsetType | None = UNSET


class ResponseCreate(ClientEventFields, tag="response.create", frozen=True, kw_only=True):
    """Ask for a response; answered by ``response.created`` or ``error``."""

    response: ResponseParams | UnsetType = UNSET


class ResponseCancel(ClientEventFields, tag="response.cancel", frozen=True, kw_only=True):
    """Stop a response, by default the one in the conversation."""

    response_id: str | UnsetType = UNSET


ClientEvent: TypeAlias = (
    SessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | OutputAudioBufferClear
    | ConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | ConversationItemDelete
    | ResponseCreate
    | ResponseCancel
)
