"""
Bytes to Realtime events, and back.

Responsible for decoding and validating in one step, and for saying what is wrong in words that quote no value.

Must not know: what any event means.

Nothing here raises for what a peer sent: an event that is not known, or cannot be read, is a value.
"""

from typing import Final, get_args

import msgspec
from attrs import evolve, frozen

from turngate.protocols.realtime.client_events import ClientEvent
from turngate.protocols.realtime.server_events import ServerEvent


@frozen
class UnknownEvent:
    """A server event of a type that is not known here; ``kind`` is cut to 64 characters."""

    kind: str


@frozen
class Malformed:
    """
    A message that cannot be read.

    ``code`` and ``param`` are as the API would name them in its ``error`` (``unknown_parameter``, ``session.voice``).
    """

    reason: str
    code: str = "invalid_value"
    param: str | None = None
    event_id: str | None = None


class _Head(msgspec.Struct):
    """What every event has; the first look where the whole cannot be read."""

    type: str
    event_id: str | None = None


# mypy takes no union where a type is wanted, and so cannot tell what these decode to
_server_decoder: Final[msgspec.json.Decoder[ServerEvent]] = msgspec.json.Decoder(ServerEvent)
_client_decoder: Final[msgspec.json.Decoder[ClientEvent]] = msgspec.json.Decoder(ClientEvent)
_head_decoder: Final = msgspec.json.Decoder(_Head)
_encoder: Final = msgspec.json.Encoder()


def _kinds(union: object) -> frozenset[str]:
    tags = (event.__struct_config__.tag for event in get_args(union))
    return frozenset(str(tag) for tag in tags)


SERVER_KINDS: Final = _kinds(ServerEvent)
CLIENT_KINDS: Final = _kinds(ClientEvent)

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
            return Malformed(f"There is no client event {explained.kind}.", "invalid_value", "type")
        return explained


def encode_client(event: ClientEvent) -> bytes:
    """One client event, as the wire has it."""
    return _encoder.encode(event)


def encode_server(event: ServerEvent) -> bytes:
    """One server event, as the wire has it."""
    return _encoder.encode(event)


def _explained(payload: bytes, error: Exception, kinds: frozenset[str]) -> UnknownEvent | Malformed:
    """A second look, for what the first could not read."""
    try:
        head = _head_decoder.decode(payload)
        kind = head.type
    except msgspec.ValidationError:
        return Malformed("The message is no JSON object with a type.", "missing_required_parameter", "type")
    except _UNREADABLE:
        return Malformed("The message is no valid JSON.", "invalid_json")
    if kind not in kinds:
        return UnknownEvent("".join(c if c.isprintable() else "?" for c in kind[:64]))
    return evolve(_fault(kind, str(error)), event_id=head.event_id)


def _fault(kind: str, text: str) -> Malformed:
    """What is wrong with an event of a known type, from the decoder's words; they name types and paths, not values."""
    problem, _, path = text.partition(" - at `")
    param = path.rstrip("`").removeprefix("$").removeprefix(".") or None
    code = "invalid_value"
    if "unknown field" in problem:
        name = problem.rpartition("unknown field `")[2].rstrip("`")
        param, code = f"{param}.{name}" if param else name, "unknown_parameter"
    elif "missing required field" in problem:
        name = problem.rpartition("missing required field `")[2].rstrip("`")
        param, code = f"{param}.{name}" if param else name, "missing_required_parameter"
    elif problem.startswith("Invalid value"):
        problem = "Invalid value"  # the decoder's words quote it
    shown = "".join(c if c.isprintable() else "?" for c in (param or "")[:128]) or None
    return Malformed(f"{kind}: {_words(code, problem)}", code, shown)


def _words(code: str, problem: str) -> str:
    match code:
        case "unknown_parameter":
            return "Unknown parameter."
        case "missing_required_parameter":
            return "A required parameter is missing."
        case _:
            return f"{problem[:128]}."
