"""
What the session is configured to: the ``session`` object of ``session.created`` and ``session.updated``.

Responsible for its defaults, for merging an update into it (what is absent stays, null clears), for refusing what may
not change, and for reading it. An update is taken whole or not at all.

Must not know: events, responses, the wire's classes: an update comes as a plain tree that was validated already.

Comes from: ``simulator/session.py``, with each ``session.update``. Goes to: the same place, as a new value.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from attrs import field, frozen

from turngate.simulator import mind
from turngate.simulator.items import Refusal
from turngate.simulator.vad import VadSettings

DEFAULT_MODEL: Final = "gpt-realtime"
DEFAULT_INSTRUCTIONS: Final = "Be brief and friendly."

_SERVER_VAD: Final[Mapping[str, object]] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: Final[Mapping[str, object]] = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_EAGER_SILENCE_MS: Final = {"low": 1200, "medium": 700, "high": 400, "auto": 700}
"""Semantic turn detection is played by the energy detector: eagerness is patience."""

_MERGED: Final = frozenset({"audio", "input", "output", "transcription"})
"""Objects whose absent fields stay; every other value is replaced."""

_CLEARED: Final[Mapping[str, object]] = {"instructions": "", "tools": [], "tool_choice": "auto"}
"""What null means where the session shows something else than null."""


@frozen
class Config:
    """One configuration; ``tree`` is the session object as the client sees it."""

    tree: Mapping[str, Any] = field(repr=False)

    @property
    def instructions(self) -> str:
        """Give the instructions."""
        return str(self.tree["instructions"])

    @property
    def tools(self) -> tuple[mind.Tool, ...]:
        """Give the function tools; tools of other kinds are accepted and never called."""
        return tools_of(self.tree["tools"])

    @property
    def choice(self) -> mind.ToolChoice:
        """Give the tool choice."""
        return choice_of(self.tree["tool_choice"])

    @property
    def speaks(self) -> bool:
        """Whether answers are spoken; else they are written."""
        return bool(self.tree["output_modalities"] == ["audio"])

    @property
    def max_output_tokens(self) -> int | None:
        """Give the bound on an answer; None is ``inf``."""
        return limit_of(self.tree["max_output_tokens"])

    @property
    def voice(self) -> str:
        """Give the voice's name or id."""
        return voice_of(self.tree["audio"]["output"]["voice"])

    @property
    def speed(self) -> float:
        """Give the speed of speech."""
        return float(self.tree["audio"]["output"]["speed"])

    @property
    def input_format(self) -> str:
        """Give the name of the input audio format."""
        return str(self.tree["audio"]["input"]["format"]["type"])

    @property
    def output_format(self) -> str:
        """Give the name of the output audio format."""
        return str(self.tree["audio"]["output"]["format"]["type"])

    @property
    def transcribes(self) -> bool:
        """Whether the user's speech is written down."""
        return self.tree["audio"]["input"]["transcription"] is not None

    @property
    def vad(self) -> VadSettings | None:
        """Give the turn detection; None where the client decides."""
        tree = self.tree["audio"]["input"]["turn_detection"]
        if tree is None:
            return None
        if tree["type"] == "semantic_vad":
            return VadSettings(silence_duration_ms=_EAGER_SILENCE_MS[tree["eagerness"]])
        return VadSettings(tree["threshold"], tree["prefix_padding_ms"], tree["silence_duration_ms"])

    @property
    def answers_turns(self) -> bool:
        """Whether the end of a detected turn makes a response."""
        tree = self.tree["audio"]["input"]["turn_detection"]
        return tree is not None and bool(tree["create_response"])

    @property
    def yields_floor(self) -> bool:
        """Whether the beginning of a detected turn cancels the response."""
        tree = self.tree["audio"]["input"]["turn_detection"]
        return tree is not None and bool(tree["interrupt_response"])

    def updated(self, patch: Mapping[str, Any], *, voice_locked: bool) -> "Config | Refusal":
        """
        Merge an update.

        Args:
            patch: the ``session`` of a ``session.update``, without what was absent.
            voice_locked: whether the assistant has spoken already.

        Returns:
            The whole new configuration, or why nothing of the update is taken.
        """
        model = patch.get("model", self.tree["model"])
        if model != self.tree["model"]:
            return Refusal("invalid_value", "The model of a session cannot be changed.", "session.model")
        if self.tree["tracing"] is not None and patch.get("tracing", self.tree["tracing"]) != self.tree["tracing"]:
            return Refusal("invalid_value", "Tracing cannot be changed once it is on.", "session.tracing")
        merged = _merged(self.tree, patch)
        merged["audio"]["input"]["turn_detection"] = _detection(
            self.tree["audio"]["input"]["turn_detection"], merged["audio"]["input"]["turn_detection"]
        )
        config = Config(merged)
        if voice_locked and config.voice != self.voice:
            message = "Cannot update a conversation's voice if assistant audio is present."
            return Refusal("cannot_update_voice", message, "session.audio.output.voice")
        return config


def default_config(session_id: str, model: str, expires_at: int) -> Config:
    """Give the configuration that a session begins with; ``expires_at`` is in seconds since the epoch."""
    return Config(
        {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": model,
            "output_modalities": ["audio"],
            "instructions": DEFAULT_INSTRUCTIONS,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "expires_at": expires_at,
            "include": None,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": None,
                    "noise_reduction": None,
                    "turn_detection": dict(_SERVER_VAD),
                },
                "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy", "speed": 1.0},
            },
        }
    )


def tools_of(tree: object) -> tuple[mind.Tool, ...]:
    """Read a list of tools."""
    return tuple(
        mind.Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
        for tool in (tree if isinstance(tree, list) else [])
        if tool["type"] == "function"
    )


def choice_of(tree: object) -> mind.ToolChoice:
    """Read a tool choice."""
    match tree:
        case "none":
            return mind.NoTools()
        case "required":
            return mind.SomeTool()
        case {"type": "function", "name": str(name)}:
            return mind.SomeTool(name)
        case _:
            return mind.FREE


def limit_of(tree: object) -> int | None:
    """Read a bound on output tokens."""
    return tree if isinstance(tree, int) else None


def voice_of(tree: object) -> str:
    """Read a voice: a name, or an object with an id."""
    return str(tree["id"]) if isinstance(tree, Mapping) else str(tree)


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    new = dict(old)
    for name, value in patch.items():
        before = old.get(name)
        if name in _MERGED and isinstance(value, Mapping):
            new[name] = _merged(before if isinstance(before, Mapping) else {}, value)
        elif value is None and name in _CLEARED:
            new[name] = _CLEARED[name]
        else:
            new[name] = value
    # a copy, so that no two configurations share a part that could change
    copied: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(new))
    return copied


def _detection(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Complete a turn detection: from the present one if it is of the same type, else from the defaults."""
    if new is None:
        return None
    defaults = _SEMANTIC_VAD if new.get("type") == "semantic_vad" else _SERVER_VAD
    known = old if old is not None and old.get("type") == defaults["type"] else defaults
    return {**known, **{name: value for name, value in new.items() if value is not None}}
