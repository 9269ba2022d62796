"""
The edge at which the simulator speaks a dialect: the API inside, another server's wire outside.

Responsible for taking from a client only what that server takes, for saying only what it says, and for its oddities.

Must not know: the rules of the API; the session inside has them.

Comes from: ``simulator/unruly.py``, frame by frame and event by event. Goes back to it.

The fields' places are the tables of the dialect, read backwards. What they leave open stands here: which events a
server does not know, and what it is known to say otherwise.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import msgspec
import numpy as np

from turngate.protocols.realtime.client_events import ClientEvent, InputAudioBufferAppend
from turngate.protocols.realtime.codec import Malformed, decode_client, encode_server
from turngate.protocols.realtime.dialect_wire import PARTS, wrapped
from turngate.protocols.realtime.dialects import GA, Dialect, Names, Tools
from turngate.protocols.realtime.placement import MISSING, Tree, get, placed, put, put_back
from turngate.protocols.realtime.server_events import ServerEvent
from turngate.session.capabilities import DEFAULT_RATE_HZ

UNKNOWN_EVENT: Final = "There is no client event of this type."


class Oddity(Enum):
    """What a server is known to say otherwise, beyond the tables of its dialect."""

    CONVERSATION_FIRST = "conversation.created, and no session.created"
    PINGS = "a ping of its own at every response"
    ADDED_ONLY = "conversation.item.added, and no conversation.item.done"
    NO_TRANSCRIPT = "the end of a transcript without it"
    USAGE_OUTSIDE = "usage beside the response rather than inside"
    NAMELESS_CALLS = "the end of a call's arguments without its name"
    OWN_EVENTS = "events of its own about who speaks"
    NO_CODES = "errors without a code"


ODDITIES: Final[Mapping[str, frozenset[Oddity]]] = {
    "beta": frozenset({Oddity.NAMELESS_CALLS}),
    "azure-preview": frozenset({Oddity.NAMELESS_CALLS}),
    "xai": frozenset(
        {Oddity.CONVERSATION_FIRST, Oddity.PINGS, Oddity.ADDED_ONLY, Oddity.NO_TRANSCRIPT, Oddity.USAGE_OUTSIDE}
    ),
    "qwen": frozenset({Oddity.NAMELESS_CALLS}),
    "localai": frozenset({Oddity.ADDED_ONLY, Oddity.OWN_EVENTS}),
    "speaches": frozenset({Oddity.NAMELESS_CALLS, Oddity.NO_CODES}),
}

BETA_NAMES: Final = {
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "conversation.item.added": "conversation.item.created",
}
GA_PARTS: Final = {own: api for api, own in PARTS.items()}


class Edge:
    """One connection's."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._oddities = ODDITIES.get(dialect.name, frozenset())
        self._takes: Mapping[str, Callable[[Tree], Malformed | None]] = {
            "session.update": self._session_update,
            "response.create": self._response_create,
            "response.cancel": self._response_cancel,
            "conversation.item.create": self._item_create,
            "conversation.item.truncate": self._item_truncate,
        }

    # --- from the client --------------------------------------------------------------------------------------------

    def heard(self, payload: bytes) -> ClientEvent | Malformed:
        """What a client's frame is in the API, or what is wrong with it here."""
        if self._dialect is not GA:
            try:
                tree = msgspec.json.decode(payload)
            except (msgspec.DecodeError, ValueError, RecursionError):
                return decode_client(payload)
            take = self._takes.get(tree.get("type", "")) if isinstance(tree, dict) else None
            if take is not None:
                refused = take(tree)
                if refused is not None:
                    return refused
                payload = msgspec.json.encode(tree)
        event = decode_client(payload)
        if isinstance(event, InputAudioBufferAppend) and self._dialect.capabilities.input_rate_hz != DEFAULT_RATE_HZ:
            return InputAudioBufferAppend(event_id=event.event_id, audio=self._at_api_rate(event.audio))
        return event

    def _session_update(self, tree: Tree) -> Malformed | None:
        session = tree.get("session")
        if not isinstance(session, dict):
            return None
        refused = self._detection(tree, session) or self._tools(tree, session)
        if refused is not None:
            return refused
        try:
            session = put_back(session, self._dialect.session)
        except (KeyError, ValueError) as problem:
            return self._wrong(tree, problem, "session")
        speed = get(session, "audio.output.speed")
        if speed is not MISSING and not self._is_within("speed", speed):
            return self._wrong(tree, ValueError("speed"), "session")
        if all(place.api != "type" for place in self._dialect.session):
            session["type"] = "realtime"
        tree["session"] = session
        return None

    def _detection(self, tree: Tree, session: Tree) -> Malformed | None:
        path = next(p.own for p in self._dialect.session if p.api == "audio.input.turn_detection")
        detection = get(session, path)
        if detection is MISSING or not isinstance(detection, dict):
            none = detection is None and self._dialect.manual is not None
            return self._wrong(tree, ValueError(path), "session") if none else None
        if detection == self._dialect.manual:
            put(session, path, None)
            return None
        if detection.get("type") == "semantic_vad" and self._dialect.detects_meaning:
            return None
        for name, value in detection.items():
            if name != "type" and name not in self._dialect.detection:
                return self._wrong(tree, KeyError(f"{path}.{name}"), "session")
            if not self._is_within(name, value):
                return self._wrong(tree, ValueError(f"{path}.{name}"), "session")
        return None if detection.get("type") == "server_vad" else self._wrong(tree, ValueError(path), "session")

    def _tools(self, tree: Tree, session: Tree) -> Malformed | None:
        tools = session.get("tools")
        if self._dialect.tools is Tools.PLAIN or not isinstance(tools, list):
            return None
        try:
            flat = [{"type": tool["type"], **tool[tool["type"]]} for tool in tools]
        except (KeyError, TypeError):
            return self._wrong(tree, ValueError("tools"), "session")
        session["tools"] = flat
        return None

    def _response_create(self, tree: Tree) -> Malformed | None:
        if isinstance(tree.get("response"), dict):
            try:
                tree["response"] = put_back(tree["response"], self._dialect.response)
            except (KeyError, ValueError) as problem:
                return self._wrong(tree, problem, "response")
        return None

    def _response_cancel(self, tree: Tree) -> Malformed | None:
        named = "response_id" in tree and not self._dialect.cancels_by_id
        return self._wrong(tree, KeyError("response_id"), "") if named else None

    def _item_create(self, tree: Tree) -> Malformed | None:
        content = get(tree, "item.content")
        if self._dialect.names is Names.GA or not isinstance(content, list):
            return None
        for part in content:
            if not isinstance(part, dict) or part.get("type") in PARTS:
                return self._wrong(tree, ValueError("content"), "item")
            part["type"] = GA_PARTS.get(str(part.get("type")), part.get("type"))
        return None

    def _item_truncate(self, tree: Tree) -> Malformed | None:
        if self._dialect.capabilities.truncates:
            return None
        return Malformed(UNKNOWN_EVENT, "invalid_value", "type", id_of(tree))

    def _is_within(self, name: str, value: Any) -> bool:
        bounds = ((least, most) for bound, least, most in self._dialect.bounds if bound == name)
        return all(isinstance(value, int | float) and least <= value <= most for least, most in bounds)

    def _wrong(self, tree: Tree, problem: KeyError | ValueError, where: str) -> Malformed:
        path = ".".join(part for part in (where, str(problem.args[0])) if part)
        if isinstance(problem, KeyError):
            return Malformed(f"{tree['type']}: an unknown field.", "unknown_parameter", path, id_of(tree))
        return Malformed(f"{tree['type']}: Not one of the values allowed.", "invalid_value", path, id_of(tree))

    def _at_api_rate(self, audio: bytes) -> bytes:
        """The client's audio at the rate of the API; well enough for a simulation."""
        samples = np.frombuffer(audio[: len(audio) // 2 * 2], np.int16)
        rate_hz = self._dialect.capabilities.input_rate_hz
        wanted = np.arange(len(samples) * DEFAULT_RATE_HZ // rate_hz)
        return samples[wanted * rate_hz // DEFAULT_RATE_HZ].tobytes()

    # --- to the client ----------------------------------------------------------------------------------------------

    def said(self, event: ServerEvent) -> list[bytes]:
        """The frames in which this server says what the API says in one event; it may say nothing."""
        payload = encode_server(event)
        if self._dialect is GA:
            return [payload]
        tree: Tree = msgspec.json.decode(payload)
        kind, capabilities = tree["type"], self._dialect.capabilities
        if kind == "session.updated" and not capabilities.acks_update:
            return []
        if kind == "response.done" and not capabilities.sends_response_done:
            return []
        if kind == "conversation.item.done" and (self._dialect.names is Names.BETA or self._is(Oddity.ADDED_ONLY)):
            return []
        self._rename(tree)
        before = self._beside(tree)
        self._be_odd(tree)
        return [msgspec.json.encode(one) for one in (*before, tree)]

    def _is(self, oddity: Oddity) -> bool:
        return oddity in self._oddities

    def _rename(self, tree: Tree) -> None:
        """Put everything where this server has it, under its own name."""
        if "session" in tree:
            self._rename_session(tree)
        response = tree.get("response")
        if response is not None and not self._dialect.capabilities.echoes_metadata:
            response.pop("metadata", None)
        if self._dialect.names is Names.GA:
            return
        tree["type"] = BETA_NAMES.get(tree["type"], tree["type"])
        if response is not None:
            response["modalities"] = ["text", "audio"] if response.pop("output_modalities") == ["audio"] else ["text"]
        for item in (tree.get("item"), *(response or {}).get("output", ())):
            for part in (item or {}).get("content", ()):
                part["type"] = PARTS.get(part["type"], part["type"])

    def _rename_session(self, tree: Tree) -> None:
        session = tree["session"]
        kept = {name: session[name] for name in ("id", "object", "model", "expires_at") if name in session}
        shown = placed(session, self._dialect.session)
        if self._dialect.tools is Tools.WRAPPED:
            shown["tools"] = [wrapped(tool) for tool in session["tools"]]
        tree["session"] = {**kept, **shown}

    def _beside(self, tree: Tree) -> list[Tree]:
        """What this server says of its own accord beside an event."""
        match tree["type"]:
            case "response.created" if self._is(Oddity.PINGS):
                return [{"type": "ping", "event_id": tree["event_id"], "timestamp": 0}]
            case "input_audio_buffer.committed" if self._is(Oddity.OWN_EVENTS):
                return [{"type": "conversation.item.speaker", "item_id": tree["item_id"], "speaker": "unknown"}]
            case _:
                return []

    def _be_odd(self, tree: Tree) -> None:
        match tree["type"]:
            case "session.created" if self._is(Oddity.CONVERSATION_FIRST):
                tree["type"] = "conversation.created"
                tree["conversation"] = {"id": tree.pop("session")["id"], "object": "realtime.conversation"}
            case "response.output_audio_transcript.done" if self._is(Oddity.NO_TRANSCRIPT):
                del tree["transcript"]
            case "response.done" if self._is(Oddity.USAGE_OUTSIDE):
                tree["usage"] = tree["response"].pop("usage", None)
            case "response.function_call_arguments.done" if self._is(Oddity.NAMELESS_CALLS):
                del tree["name"]
            case "error" if self._is(Oddity.NO_CODES):
                tree["error"].pop("code", None)


def id_of(tree: Tree) -> str | None:
    """The id of a client's event, where it has one."""
    event_id = tree.get("event_id")
    return event_id if isinstance(event_id, str) else None
