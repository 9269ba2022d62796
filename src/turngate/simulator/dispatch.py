"""
What a client's event asks of the simulated session.

Responsible for taking the wire's objects apart, for ids where the client gave none, and for answering a refusal.

Must not know: what is allowed; the session says.

Comes from: ``simulator/unruly.py``. Goes to: :class:`~turngate.simulator.session.Session`.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from turngate.protocols.realtime import client_events as c
from turngate.simulator.config import choice_of, limit_of, tools_of, voice_of
from turngate.simulator.formats import to_pcm
from turngate.simulator.items import (
    Audio,
    Author,
    FunctionCall,
    FunctionOutput,
    Image,
    Item,
    Message,
    Part,
    Refusal,
    Text,
    unknown_item,
)
from turngate.simulator.orders import Request
from turngate.simulator.session import Session

_BYTES_A_MS: Final = 48


def receive(session: Session, event: c.ClientEvent) -> None:
    """Take one client event."""
    refusal = _take(session, event)
    if refusal is not None:
        session.refuse(refusal, given(event.event_id))


def _take(session: Session, event: c.ClientEvent) -> Refusal | None:
    match event:
        case c.SessionUpdate(session=patch):
            return session.update(tree_of(patch))
        case c.InputAudioBufferAppend(audio=audio):
            return session.append(to_pcm(audio, session.config.input_format))
        case c.InputAudioBufferCommit():
            return session.commit()
        case c.InputAudioBufferClear():
            session.clear()
            return None
        case c.OutputAudioBufferClear():
            return Refusal("invalid_value", "output_audio_buffer.clear is for WebRTC and SIP only.", "type")
        case c.ConversationItemCreate(item=item, previous_item_id=previous):
            made = item_of(item, session)
            return made if isinstance(made, Refusal) else session.add(made, given(previous))
        case c.ConversationItemRetrieve(item_id=item_id):
            return session.retrieve(item_id)
        case c.ConversationItemTruncate(item_id=item_id, content_index=index, audio_end_ms=end_ms):
            return session.truncate(item_id, index, end_ms)
        case c.ConversationItemDelete(item_id=item_id):
            return session.delete(item_id)
        case c.ResponseCreate(response=params):
            request = request_of(params, session)
            return request if isinstance(request, Refusal) else session.create_response(request)
        case c.ResponseCancel(response_id=response_id):
            return session.cancel(given(response_id))


def given(value: Any) -> Any:
    """A value, or None where nothing was sent."""
    return None if value is UNSET else value


def tree_of(value: object) -> dict[str, Any]:
    """A wire object as a plain tree, without what was not sent."""
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return tree


def item_of(item: c.Item, session: Session) -> Item | Refusal:
    """A client's item as the conversation keeps it, under its own id or a new one."""
    item_id = item.id if isinstance(item.id, str) else session.new_id("item")
    match item:
        case c.MessageItem(role=role, content=content):
            if role == "assistant" and any(isinstance(part, c.OutputAudio) for part in content):
                return Refusal("invalid_value", "Assistant audio cannot be created.", "item.content")
            return Message(item_id, Author(role), tuple(_part(part) for part in content))
        case c.FunctionCallItem(name=name, arguments=arguments, call_id=call_id):
            return FunctionCall(item_id, given(call_id) or session.new_id("call"), name, arguments)
        case c.FunctionCallOutputItem(call_id=call_id, output=output):
            return FunctionOutput(item_id, call_id, output)


def _part(part: c.Part) -> Part:
    match part:
        case c.InputText(text=text) | c.OutputText(text=text):
            return Text(text)
        case c.InputAudio(audio=audio, transcript=transcript) | c.OutputAudio(audio=audio, transcript=transcript):
            return Audio(len(given(audio) or b"") // _BYTES_A_MS, given(transcript))
        case c.InputImage(image_url=url):
            return Image(given(url))


def request_of(params: c.ResponseParams | UnsetType, session: Session) -> Request | Refusal:
    """A ``response.create`` as the session takes it."""
    if isinstance(params, UnsetType):
        return Request()
    context: list[Item] | None = None
    if not isinstance(params.input, UnsetType):
        context = []
        for entry in params.input:
            found = session.find(entry.id) if isinstance(entry, c.ItemReference) else item_of(entry, session)
            if found is None:
                return unknown_item(str(entry.id), "response.input")
            if isinstance(found, Refusal):
                return found
            context.append(found)
    tree = tree_of(params)
    output = tree.get("audio", {}).get("output", {})
    return Request(
        in_conversation=params.conversation != "none",
        context=None if context is None else tuple(context),
        instructions=given(params.instructions),
        speaks=None if "output_modalities" not in tree else tree["output_modalities"] == ["audio"],
        tools=tools_of(tree["tools"]) if "tools" in tree else None,
        choice=choice_of(tree["tool_choice"]) if "tool_choice" in tree else None,
        voice=voice_of(output["voice"]) if "voice" in output else None,
        audio_format=output.get("format", {}).get("type"),
        max_output_tokens=limit_of(tree.get("max_output_tokens")),
        metadata=given(params.metadata),
    )
