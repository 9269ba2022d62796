"""
The events that a Realtime client sends: all eleven, and the objects in them.

Responsible for their shape, strictly: an unknown or ill-typed field is refused with its path, as the API refuses it.

Must not know: when any of them is sent, the session's own vocabulary.

Source: OpenAI Realtime API, GA, client events. Audio is base64 on the wire and bytes here. ``UNSET`` means that a field
is not sent, which differs from ``null`` in an update: absent leaves as it is, null clears.
"""

from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, UnsetType

from turngate.protocols.realtime.wire import JsonObject, Wire


class Strict(Wire, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An object of which every field is known."""


# --- the session ----------------------------------------------------------------------------------------------------


class Pcm(Strict, tag="audio/pcm", frozen=True, kw_only=True):
    """linear16, mono; the API takes 24,000 samples a second only."""

    rate: int | UnsetType = UNSET


class Pcmu(Strict, tag="audio/pcmu", frozen=True, kw_only=True):
    """G.711 mu-law at 8,000 samples a second."""


class Pcma(Strict, tag="audio/pcma", frozen=True, kw_only=True):
    """G.711 A-law at 8,000 samples a second."""


Format: TypeAlias = Pcm | Pcmu | Pcma


class Transcription(Strict, frozen=True, kw_only=True):
    """How the user's speech is written down."""

    model: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    keywords: list[str] | UnsetType = UNSET
    delay: str | UnsetType = UNSET


class NoiseReduction(Strict, frozen=True, kw_only=True):
    """How noise is taken out of the user's speech."""

    type: str | UnsetType = UNSET
    strength: float | UnsetType = UNSET


class ServerVad(Strict, tag="server_vad", frozen=True, kw_only=True):
    """Turns end with silence of a given length."""

    threshold: float | UnsetType = UNSET
    prefix_padding_ms: int | UnsetType = UNSET
    silence_duration_ms: int | UnsetType = UNSET
    idle_timeout_ms: int | UnsetType | None = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVad(Strict, tag="semantic_vad", frozen=True, kw_only=True):
    """Turns end when they sound finished."""

    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class AudioInput(Strict, frozen=True, kw_only=True):
    """What the user's audio is, and what is done with it."""

    format: Format | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: ServerVad | SemanticVad | UnsetType | None = UNSET


class CustomVoice(Strict, frozen=True, kw_only=True):
    """A voice of the operator's own."""

    id: str


class AudioOutput(Strict, frozen=True, kw_only=True):
    """How the model speaks."""

    format: Format | UnsetType = UNSET
    voice: str | CustomVoice | UnsetType = UNSET
    speed: float | UnsetType = UNSET


class Audio(Strict, frozen=True, kw_only=True):
    """Audio in both directions."""

    input: AudioInput | UnsetType = UNSET
    output: AudioOutput | UnsetType = UNSET


class FunctionTool(Strict, tag="function", frozen=True, kw_only=True):
    """A function that the model may call; ``parameters`` is a JSON Schema object."""

    name: str
    description: str | UnsetType = UNSET
    parameters: Raw | UnsetType = UNSET


class McpTool(Wire, kw_only=True, frozen=True, omit_defaults=True, tag="mcp"):
    """A tool server that the upstream itself would call; never sent by this proxy."""

    server_label: str


Tool: TypeAlias = FunctionTool | McpTool


class Prompt(Strict, frozen=True, kw_only=True):
    """A prompt that is stored upstream."""

    id: str
    version: str | UnsetType | None = UNSET
    variables: JsonObject | UnsetType | None = UNSET


class Reasoning(Strict, frozen=True, kw_only=True):
    """How much a reasoning model thinks."""

    effort: str | UnsetType = UNSET


class Session(Strict, tag="realtime", frozen=True, kw_only=True):
    """The session of a ``session.update``; only what is present changes."""

    model: str | UnsetType = UNSET
    output_modalities: list[Literal["text", "audio"]] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    tool_choice: str | JsonObject | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    prompt: Prompt | UnsetType | None = UNSET
    tracing: object | UnsetType = UNSET
    truncation: object | UnsetType = UNSET
    include: list[str] | UnsetType = UNSET


# --- items ----------------------------------------------------------------------------------------------------------


class InputText(Strict, tag="input_text", frozen=True, kw_only=True):
    """Something written by the user or the system."""

    text: str


class InputAudio(Strict, tag="input_audio", frozen=True, kw_only=True):
    """Something spoken by the user."""

    audio: bytes | UnsetType = UNSET
    transcript: str | UnsetType | None = UNSET


class InputImage(Strict, tag="input_image", frozen=True, kw_only=True):
    """Something shown by the user."""

    image_url: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET


class OutputText(Strict, tag="output_text", frozen=True, kw_only=True):
    """Something written by the assistant; the only way to create what it said."""

    text: str


class OutputAudio(Strict, tag="output_audio", frozen=True, kw_only=True):
    """Something spoken by the assistant; the API refuses to create it."""

    audio: bytes | UnsetType = UNSET
    transcript: str | UnsetType | None = UNSET


Part: TypeAlias = InputText | InputAudio | InputImage | OutputText | OutputAudio


class ItemFields(Strict, frozen=True, kw_only=True):
    """What every item may carry."""

    id: str | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: Literal["completed", "incomplete", "in_progress"] | UnsetType = UNSET


class MessageItem(ItemFields, tag="message", frozen=True, kw_only=True):
    """A line of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: list[Part]


class FunctionCallItem(ItemFields, tag="function_call", frozen=True, kw_only=True):
    """A tool call; ``arguments`` is JSON text."""

    name: str
    arguments: str
    call_id: str | UnsetType = UNSET


class FunctionCallOutputItem(ItemFields, tag="function_call_output", frozen=True, kw_only=True):
    """The result of a tool call."""

    call_id: str
    output: str


Item: TypeAlias = MessageItem | FunctionCallItem | FunctionCallOutputItem


class ItemReference(Strict, tag="item_reference", frozen=True, kw_only=True):
    """An item that is there already; in the input of a response only."""

    id: str


# --- events ---------------------------------------------------------------------------------------------------------


class ClientEventFields(Strict, frozen=True, kw_only=True):
    """What every client event may carry: an id, which an ``error`` about it names."""

    event_id: str | UnsetType = UNSET


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


class ResponseParams(Strict, frozen=True, kw_only=True):
    """What one response is to be; what is absent is as in the session."""

    conversation: Literal["auto", "none"] | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    instructions: str | UnsetType = UNSET
    input: list[Item | ItemReference] | UnsetType = UNSET
    output_modalities: list[Literal["text", "audio"]] | UnsetType = UNSET
    audio: Audio | UnsetType = UNSET
    tools: list[Tool] | UnsetType = UNSET
    tool_choice: str | JsonObject | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    max_output_tokens: int | Literal["inf"] | UnsetType = UNSET
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
