"""
Bytes to Realtime events, and back.

Responsible for decoding and validating in one step, and for saying what is wrong in words that quote no value.

Must not know: what any event means.

Nothing here raises for what a peer sent: an event that is not known, or cannot be read, is a value.
"""

import re
from typing import Final, get_args

import msgspec
from attrs import frozen
from pybase64 import b64encode

from turngate.protocols.realtime.client_events import ClientEvent, InputAudioBufferAppend
from turngate.protocols.realtime.server_events import ServerEvent

MAX_QUOTED: Final = 128
"""How much of a peer's own names is passed on, in characters."""


@frozen
class UnknownEvent:
    """An event of a type that is not known here; ``kind`` is cut to 64 characters."""

    kind: str
    event_id: str | None = None


@frozen
class Malformed:
    """
    A message that cannot be read.

    ``code`` and ``param`` are as the API would name them in its ``error`` (``unknown_parameter``, ``session.voice``);
    ``event_id`` is the message's own. ``reason`` never quotes a value of it.
    """

    reason: str
    code: str = "invalid_value"
    param: str | None = None
    event_id: str | None = None


class _Head(msgspec.Struct):
    """What every event has; the first look where the whole cannot be read."""

    type: str
    event_id: object = None


# mypy takes no union where a type is wanted, and so cannot tell what these decode to
_server_decoder: Final[msgspec.json.Decoder[ServerEvent]] = msgspec.json.Decoder(ServerEvent)
_client_decoder: Final[msgspec.json.Decoder[ClientEvent]] = msgspec.json.Decoder(ClientEvent)
_head_decoder: Final = msgspec.json.Decoder(_Head)
_encoder: Final = msgspec.json.Encoder()
_APPEND: Final = b'{"type":"input_audio_buffer.append","audio":"'
_APPENDED: Final = b'"}'


def _kinds(union: object) -> frozenset[str]:
    tags = (event.__struct_config__.tag for event in get_args(union))
    return frozenset(str(tag) for tag in tags)


SERVER_KINDS: Final = _kinds(ServerEvent)
CLIENT_KINDS: Final = _kinds(ClientEvent)

_PATH: Final = re.compile(r" - at `(?:key` in `)?\$(?P<path>[\w.\[\]]*)`$")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>\w+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_WRONG_TYPE: Final = re.compile(r"Expected `[^`]*`, got `")
_QUOTES_NOTHING: Final = ("Expected `", "Invalid base64 ", "Number out of range")

# UnicodeDecodeError is a ValueError; RecursionError comes from nesting that no event has
_UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def decode_server(payload: bytes) -> ServerEvent | UnknownEvent | Malformed:
    """One event from a server."""
    try:
        return _server_decoder.decode(payload)
    except _UNREADABLE as error:
        return _explained(payload, error, SERVER_KINDS)


def decode_client(payload: bytes) -> ClientEvent | Malformed:
    """One event from a client, strictly: an unknown type or field is malformed, as it is for the API."""
    try:
        return _client_decoder.decode(payload)
    except _UNREADABLE as error:
        explained = _explained(payload, error, CLIENT_KINDS)
        if isinstance(explained, UnknownEvent):
            return Malformed("There is no client event of this type.", "invalid_value", "type", explained.event_id)
        return explained


def encode_client(event: ClientEvent) -> bytes:
    """One client event, as the wire has it."""
    if type(event) is InputAudioBufferAppend and event.event_id is msgspec.UNSET:
        # nearly every event is one of these, and nearly all of it base64, for which there are faster ways
        return b"".join((_APPEND, b64encode(event.audio), _APPENDED))
    return _encoder.encode(event)


def encode_server(event: ServerEvent) -> bytes:
    """One server event, as the wire has it."""
    return _encoder.encode(event)


def _explained(payload: bytes, error: Exception, kinds: frozenset[str]) -> UnknownEvent | Malformed:
    """A second look, for what the first could not read."""
    try:
        head = _head_decoder.decode(payload)
    except msgspec.ValidationError:
        return Malformed("The message is no JSON object with a type.", "missing_required_parameter", "type")
    except _UNREADABLE:
        return Malformed("The message is no valid JSON.", "invalid_json")
    event_id = head.event_id[:MAX_QUOTED] if isinstance(head.event_id, str) else None
    if head.type not in kinds:
        return UnknownEvent(_printable(head.type)[:64], event_id)
    return _fault(head.type, str(error), event_id)


def _fault(kind: str, text: str, event_id: str | None) -> Malformed:
    """
    What is wrong with an event of a known type, from the decoder's words.

    Those quote values where one of a few was expected, so that only words that are known to quote none are passed on.
    """
    path = _PATH.search(text)
    at = path["path"].removeprefix(".") if path else ""
    problem = text[: path.start()] if path else text
    if missing := _MISSING.match(problem):
        name = _joined(at, missing["name"])
        return Malformed(f"{kind}: {name} is missing.", "missing_required_parameter", name, event_id)
    if unknown := _UNKNOWN.match(problem):
        return Malformed(f"{kind}: an unknown field.", "unknown_parameter", _joined(at, unknown["name"]), event_id)
    code = "invalid_type" if _WRONG_TYPE.match(problem) else "invalid_value"
    words = problem.removesuffix(".") if problem.startswith(_QUOTES_NOTHING) else "Not one of the values allowed"
    return Malformed(f"{kind}: {words}.", code, at or None, event_id)


def _joined(at: str, name: str) -> str:
    return _printable(f"{at}.{name}" if at else name)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_QUOTED])
