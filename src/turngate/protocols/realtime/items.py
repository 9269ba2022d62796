"""
The items that a client puts into the conversation, and their parts.

Responsible for their fields, strictly, and for which parts belong to whom: a user's message has none of an assistant's.

Must not know: what is in the conversation.

Comes from: ``translation.py``; in the simulator, ``codec.py``. Goes to: ``client_events.py``, whose events hold them.

Source: OpenAI Realtime API, GA, conversation items. What a server says of its items is in ``server_objects.py``.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from turngate.protocols.realtime.session_object import Strict

ItemId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32)]


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
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class OutputText(Strict, tag="output_text", frozen=True, kw_only=True):
    """Something written by the assistant; the only way to create what it said."""

    text: str


class OutputAudio(Strict, tag="output_audio", frozen=True, kw_only=True):
    """Something spoken by the assistant; the API refuses to create it."""

    audio: bytes | UnsetType = UNSET
    transcript: str | UnsetType | None = UNSET


Part: TypeAlias = InputText | InputAudio | InputImage | OutputText | OutputAudio

PARTS: Final[Mapping[str, tuple[type[Part], ...]]] = {
    "user": (InputText, InputAudio, InputImage),
    "assistant": (OutputText, OutputAudio),
    "system": (InputText,),
}
"""Which parts a message may have, by its role."""


class ItemFields(Strict, frozen=True, kw_only=True):
    """What every item may carry; without ``id`` the server chooses one."""

    id: ItemId | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: Literal["completed", "incomplete", "in_progress"] | UnsetType = UNSET


class MessageItem(ItemFields, tag="message", frozen=True, kw_only=True):
    """A line of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: list[Part]

    def __post_init__(self) -> None:
        if not all(isinstance(part, PARTS[self.role]) for part in self.content):
            raise ValueError("a message has parts that its role does not have")


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
