"""
Client events as a dialect has them.

Responsible for what differs on the wire: where fields stand, what they are called, and the bounds of their values.

Must not know: what an event is sent for.

Comes from: ``translation.py``, with events of the GA API. Goes to: the connection, as bytes.

What a dialect has no place for is left out. A value out of its bounds is moved to the nearest within, for a refusal
would cost the whole update.
"""

from typing import Any, Final

import msgspec

from turngate.protocols.realtime import client_events as c
from turngate.protocols.realtime.codec import encode_client
from turngate.protocols.realtime.dialects import Dialect, Names, Tools
from turngate.protocols.realtime.placement import MISSING, Tree, get, placed, put

SILENCE_MS: Final = {"low": 1200, "medium": 700, "high": 400, "auto": 700}
"""How long a silence ends a turn where its meaning cannot, by eagerness."""

PARTS: Final = {"output_text": "text", "output_audio": "audio"}
"""What parts of the assistant's items are called in the beta."""


def encode(event: c.ClientEvent, dialect: Dialect) -> bytes:
    """One client event, as the dialect has it."""
    match event:
        case c.InputAudioBufferAppend():
            return encode_client(event)
        case c.SessionUpdate():
            tree = tree_of(event)
            tree["session"] = session_of(tree["session"], dialect)
        case c.ResponseCreate(response=c.ResponseParams()):
            tree = tree_of(event)
            tree["response"] = placed(tree["response"], dialect.response)
        case c.ConversationItemCreate(item=c.MessageItem()) if dialect.names is Names.BETA:
            tree = tree_of(event)
            for part in tree["item"]["content"]:
                part["type"] = PARTS.get(part["type"], part["type"])
        case c.ResponseCancel() if not dialect.cancels_by_id:
            return encode_client(c.ResponseCancel(event_id=event.event_id))
        case _:
            return encode_client(event)
    return msgspec.json.encode(tree)


def session_of(tree: Tree, dialect: Dialect) -> Tree:
    """The session object of an update, in the dialect's places and within its bounds."""
    detection = get(tree, "audio.input.turn_detection")
    if detection is not MISSING:
        put(tree, "audio.input.turn_detection", detection_of(detection, dialect))
    speed = get(tree, "audio.output.speed")
    if speed is not MISSING:
        put(tree, "audio.output.speed", bounded("speed", speed, dialect))
    if dialect.tools is Tools.WRAPPED and "tools" in tree:
        tree["tools"] = [wrapped(tool) for tool in tree["tools"]]
    return placed(tree, dialect.session)


def detection_of(detection: Tree | None, dialect: Dialect) -> object:
    """How turns are found: by silence where the dialect knows no other way."""
    if detection is None:
        return dialect.manual
    if detection["type"] == "semantic_vad":
        if dialect.detects_meaning:
            return detection
        silence_ms = SILENCE_MS[detection.get("eagerness", "auto")]
        rest = {name: value for name, value in detection.items() if name != "eagerness"}
        detection = {**rest, "type": "server_vad", "silence_duration_ms": silence_ms}
    said = {name: bounded(name, detection[name], dialect) for name in dialect.detection if name in detection}
    return {"type": "server_vad", **said}


def bounded(name: str, value: Any, dialect: Dialect) -> Any:
    """A value within the dialect's bounds for it, where it has some."""
    for bound, least, most in dialect.bounds:
        if bound == name and value is not None:
            return min(max(value, least), most)
    return value


def wrapped(tool: Tree) -> Tree:
    """A function in an object of its own."""
    return {"type": tool["type"], tool["type"]: {name: value for name, value in tool.items() if name != "type"}}


def tree_of(event: c.ClientEvent) -> Tree:
    """An event as a plain tree."""
    tree: Tree = msgspec.json.decode(encode_client(event))
    return tree
