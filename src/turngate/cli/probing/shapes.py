"""
The ways in which servers want a session written.

Responsible for each of them as what is sent, and for recognising it in what a server says of its session.

Must not know: where a dialect has its fields (its tables say); when anything is sent.

Comes from: the modules of trials, which want a session configured. Goes to: the same places, as JSON.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from attrs import frozen

from turngate.cli.probing.words import JsonObject, part
from turngate.protocols.realtime.dialect_wire import session_of
from turngate.protocols.realtime.dialects import BETA, GA, QWEN, SPEACHES, XAI, Dialect
from turngate.protocols.realtime.placement import get, placed

BRIEF: Final = "Answer in five words at most, unless you are asked for more."
TOOL: Final = {
    "type": "function",
    "name": "get_time",
    "description": "Tells what time it is.",
    "parameters": {"type": "object", "properties": {}, "required": []},
}
RATES_HZ: Final = (8000, 16000, 24000, 32000, 44100, 48000)


class Detection(Enum):
    """Who finds where the user's turns end."""

    SERVER = "the server"
    CLIENT = "the client, by a commit"


@frozen
class Wish:
    """What a trial wants of the session."""

    detection: Detection = Detection.SERVER
    silence_ms: int = 500
    speaks: bool = True
    transcribes: bool = False
    has_tool: bool = False


class Shape(Enum):
    """A way of writing the session; the fuller before the barer, where a server may take both."""

    NESTED = "nested, with a type (GA)"
    FLAT = "flat (beta)"
    XAI = "nested audio, turn_detection at the top (xAI)"
    QWEN = "flat, with format pcm (Qwen)"
    BARE = "flat, without formats (speaches)"

    @property
    def dialect(self) -> Dialect:
        """The dialect whose tables say where everything stands."""
        return _DIALECTS[self]

    def session(self, wish: Wish) -> dict[str, Any]:
        """The session for a wish."""
        given: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": 24000},
            "turn_detection": None if wish.detection is Detection.CLIENT else _silence(wish.silence_ms),
        }
        if wish.transcribes:
            model = self.dialect.transcription_model
            given["transcription"] = {} if model is None else {"model": model}
        tree: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": ["audio"] if wish.speaks else ["text"],
            "instructions": BRIEF,
            "audio": {"input": given},
        }
        if wish.has_tool:
            tree |= {"tools": [TOOL], "tool_choice": "required"}
        return session_of(tree, self.dialect)

    def voiced(self, voice: str) -> dict[str, Any]:
        """A session with another voice and nothing else."""
        return placed({"type": "realtime", "audio": {"output": {"voice": voice}}}, self.dialect.session)

    def silence_ms(self, session: JsonObject) -> object:
        """Where a server that understood shows ``silence_duration_ms`` again."""
        place = next(place.own for place in self.dialect.session if place.api == "audio.input.turn_detection")
        return get(session, f"{place}.silence_duration_ms")


_DIALECTS: Final = {
    Shape.NESTED: GA,
    Shape.FLAT: BETA,
    Shape.XAI: XAI,
    Shape.QWEN: QWEN,
    Shape.BARE: SPEACHES,
}


def _silence(silence_ms: int) -> dict[str, Any]:
    return {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": silence_ms,
        "create_response": False,
    }


def shape_for(dialect: Dialect) -> Shape:
    """How a dialect wants its session written."""
    return next(shape for shape in Shape if shape.dialect.session == dialect.session)


def shape_of(session: JsonObject) -> Shape | None:
    """The way in which a server itself writes the session, as far as that can be seen."""
    if isinstance(part(session, "audio", "input"), Mapping) and "turn_detection" in session:
        return Shape.XAI
    if isinstance(session.get("audio"), Mapping):
        return Shape.NESTED
    if session.get("input_audio_format") == "pcm":
        return Shape.QWEN
    if "input_audio_format" in session:
        return Shape.FLAT
    return Shape.BARE if "modalities" in session or "turn_detection" in session else None


def rate_of(session: JsonObject) -> int | None:
    """The rate of the sound that the server is sent, where its session says so."""
    for path in (("audio", "input", "format", "rate"), ("audio", "input", "format", "sample_rate")):
        rate = part(session, *path)
        if isinstance(rate, int) and rate in RATES_HZ:
            return rate
    return None
