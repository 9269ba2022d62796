"""
Bytes to client events, and server events to bytes.

Responsible for refusing what is not a client event: over its limits, not JSON, of no known type, or with a field of
the wrong type, whose path is named. A refusal is a value, :class:`Malformed`; nothing here raises on what a client
sends, and no refusal quotes it.

Must not know: what an event leads to.

Comes from: the text frames of a client, and ``translation.py``. Goes to: ``translation.py`` and ``settings.py``, and
the frames for a client.

A good message costs one decoding and two counts of its bytes; only a message with many brackets or colons is walked.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar, get_args

import msgspec
from attrs import frozen

from turngate.protocols.deepgram.client_events import ClientEvent, Settings
from turngate.protocols.deepgram.settings_tree import Wire
from turngate.session.messages import Cause, Problem

MAX_TEXT_BYTES: Final = 512 * 1024
"""The size of any text message but ``Settings``."""

MAX_SETTINGS_BYTES: Final = 1024 * 1024

MAX_DEPTH: Final = 64
"""Objects and arrays inside each other, the outermost counted."""

MAX_KEYS: Final = 4096
"""Keys of all objects of one message together."""

CLIENT_TYPES: Final = tuple(sorted(event.__struct_config__.tag for event in get_args(ClientEvent)))
"""Every ``type`` that a client may send."""

_ANYTHING: Final = msgspec.json.Decoder()
_EVENTS: Final[msgspec.json.Decoder[ClientEvent]] = msgspec.json.Decoder(ClientEvent)
_ENCODER: Final = msgspec.json.Encoder()

_EXPECTED: Final = re.compile(r"Expected `(?P<expected>[^`]*)`(?:, got `(?P<got>[^`]*)`)?")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>\w+)`")
_PATH: Final = re.compile(r" - at `(?:key in )?(?P<path>\$[\w.\[\]]*)`$")


E = TypeVar("E")


@frozen
class Malformed:
    """A message that is no client event; ``problem.detail`` says where it fails and what to send instead."""

    problem: Problem


def decode_client(payload: bytes) -> ClientEvent | Malformed:
    """The event that a client's text message holds, or why it holds none."""
    return decode(payload, _EVENTS, CLIENT_TYPES, Settings)


def decode(
    payload: bytes, events: msgspec.json.Decoder[E], types: Sequence[str], settings: type[object]
) -> E | Malformed:
    """
    The event that a client's text message holds in a protocol of this family, or why it holds none.

    Args:
        payload: the message.
        events: decodes the protocol's events.
        types: every ``type`` that they have.
        settings: the event that may be larger than others.
    """
    if len(payload) > MAX_SETTINGS_BYTES:
        return _too_large()
    try:
        if not _is_modest(payload) and (excess := _excess(_ANYTHING.decode(payload))):
            return _unparsable(excess)
        event = events.decode(payload)
    except RecursionError:
        return _unparsable(f"Send at most {MAX_DEPTH} levels of objects and arrays.")
    except msgspec.ValidationError as refusal:
        return _where(payload, str(refusal), types)
    except (msgspec.DecodeError, UnicodeError):
        return _unparsable("The text is not JSON in UTF-8; send one JSON object.")
    if len(payload) > MAX_TEXT_BYTES and not isinstance(event, settings):
        return _too_large()
    return event


def encode_server(event: Wire) -> bytes:
    """The text message that holds an event to a client, in any protocol of this family."""
    return _ENCODER.encode(event)


def _is_modest(payload: bytes) -> bool:
    """Whether the bytes alone show that neither the depth nor the keys can be too many."""
    return payload.count(b"{") + payload.count(b"[") <= MAX_DEPTH and payload.count(b":") <= MAX_KEYS


def _excess(tree: object) -> str | None:
    """What a message has too much of, if it has."""
    keys = 0
    level: list[object] = [tree]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for node in level:
            if isinstance(node, dict):
                keys += len(node)
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        if keys > MAX_KEYS:
            return f"Send at most {MAX_KEYS} keys in one message."
        level = [node for node in below if isinstance(node, dict | list)]
        if not level:
            return None
    return f"Send at most {MAX_DEPTH} levels of objects and arrays."


def _where(payload: bytes, refusal: str, types: Sequence[str]) -> Malformed:
    """Say which field is wrong, in words that hold nothing of the message but the path."""
    kind = _type_of(payload, types)
    if isinstance(kind, Malformed):
        return kind
    path = _PATH.search(refusal)
    at = path["path"] if path else "$"
    if missing := _MISSING.match(refusal):
        return _unparsable(f"{kind}: the field {at}.{missing['name']} is missing; it is required.")
    if expected := _EXPECTED.match(refusal):
        got = f", not {expected['got']}" if expected["got"] else ""
        return _unparsable(f"{kind}: {at} must be {expected['expected'].replace(' | ', ' or ')}{got}.")
    return _unparsable(f"{kind}: the value of {at} is not one of those allowed.")


def _type_of(payload: bytes, types: Sequence[str]) -> str | Malformed:
    """The known type of a message, or what is wrong with it."""
    try:
        message: Any = _ANYTHING.decode(payload)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _unparsable("The message holds a number out of range; send finite numbers.")
    if not isinstance(message, dict):
        return _unparsable("The message is not a JSON object; send one object with a type.")
    if "type" not in message:
        return _unparsable(f"The field $.type is missing; it is one of {', '.join(types)}.")
    if message["type"] not in types:
        detail = f"The value of $.type is not known; it is one of {', '.join(types)}."
        return Malformed(Problem(Cause.UNKNOWN_TYPE, detail))
    return str(message["type"])


def _unparsable(detail: str) -> Malformed:
    return Malformed(Problem(Cause.UNPARSABLE, detail))


def _too_large() -> Malformed:
    detail = (
        f"A text message is at most {MAX_TEXT_BYTES // 1024} KiB, Settings at most {MAX_SETTINGS_BYTES // 1024} KiB."
    )
    return Malformed(Problem(Cause.MESSAGE_TOO_LARGE, detail))
