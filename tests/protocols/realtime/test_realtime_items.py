"""The items that a client adds: whose parts are whose."""

import json
from typing import Any

import pytest
from openai.types import realtime as theirs
from pydantic import BaseModel

from openai_judge import judge_client_event
from turngate.protocols.realtime import items
from turngate.protocols.realtime.client_events import ConversationItemCreate
from turngate.protocols.realtime.codec import Malformed, decode_client, encode_client

PARTS: dict[str, dict[str, Any]] = {
    "input_text": {"type": "input_text", "text": "Hello"},
    "input_audio": {"type": "input_audio", "audio": "AAAA", "transcript": "Hello"},
    "input_image": {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
    "output_text": {"type": "output_text", "text": "Hello"},
    "output_audio": {"type": "output_audio", "transcript": "Hello"},
}
OWNERS = {
    "user": {"input_text", "input_audio", "input_image"},
    "assistant": {"output_text", "output_audio"},
    "system": {"input_text"},
}


def created(item: object) -> object:
    """What the decoder makes of a ``conversation.item.create``."""
    return decode_client(json.dumps({"type": "conversation.item.create", "item": item}).encode())


@pytest.mark.parametrize(
    ("ours", "model"),
    [
        (items.MessageItem, theirs.RealtimeConversationItemUserMessage),
        (items.MessageItem, theirs.RealtimeConversationItemAssistantMessage),
        (items.MessageItem, theirs.RealtimeConversationItemSystemMessage),
        (items.FunctionCallItem, theirs.RealtimeConversationItemFunctionCall),
        (items.FunctionCallOutputItem, theirs.RealtimeConversationItemFunctionCallOutput),
    ],
)
def test_an_item_has_the_fields_of_the_official_package(ours: type[items.ItemFields], model: type[BaseModel]):
    """No more and no fewer."""
    assert set(model.model_fields) == {"type", *ours.__struct_fields__}


@pytest.mark.parametrize(("role", "part"), [(role, part) for role, parts in OWNERS.items() for part in sorted(parts)])
def test_a_message_has_the_parts_of_its_role(role, part):
    """It is read, and the official package takes what is written."""
    item = {"type": "message", "role": role, "content": [PARTS[part]]}
    event = created(item)
    assert isinstance(event, ConversationItemCreate)
    judge_client_event(encode_client(event))
    assert item == json.loads(encode_client(event))["item"]


@pytest.mark.parametrize(
    ("role", "part"), [(role, part) for role, parts in OWNERS.items() for part in PARTS if part not in parts]
)
def test_a_message_is_refused_when_a_part_is_not_of_its_role(role, part):
    """As the API refuses it."""
    refusal = created({"type": "message", "role": role, "content": [PARTS["input_text"], PARTS[part]]})
    assert isinstance(refusal, Malformed)
    assert ("invalid_value", "item") == (refusal.code, refusal.param)


@pytest.mark.parametrize(
    ("item", "code", "param"),
    [
        ({"type": "message", "role": "user", "content": []}, None, None),
        ({"type": "message", "role": "nobody", "content": []}, "invalid_value", "item.role"),
        ({"type": "message", "role": "user", "content": "hi"}, "invalid_type", "item.content"),
        ({"type": "message", "role": "user", "content": [], "id": "i" * 32}, None, None),
        ({"type": "message", "role": "user", "content": [], "id": "i" * 33}, "invalid_value", "item.id"),
        ({"type": "message", "role": "user", "content": [], "id": ""}, "invalid_value", "item.id"),
        (
            {"type": "message", "role": "user", "content": [{"type": "text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "%"}]},
            "invalid_value",
            "item.content[0].audio",
        ),
        ({"type": "function_call", "name": "clock", "arguments": {}}, "invalid_type", "item.arguments"),
        ({"type": "function_call_output", "output": ""}, "missing_required_parameter", "item.call_id"),
        ({"type": "function_call_output", "call_id": "call_1", "output": ""}, None, None),
        ({"type": "item_reference", "id": "item_1"}, "invalid_value", "item.type"),
        ({"role": "user", "content": []}, "missing_required_parameter", "item.type"),
    ],
)
def test_an_item_is_refused_when_the_api_would_refuse_it(item, code, param):
    """With the path of the field, in the API's own codes."""
    event = created(item)
    assert (code, param) == ((event.code, event.param) if isinstance(event, Malformed) else (None, None))
