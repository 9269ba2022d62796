"""
What becomes of each field of a client's message, found out from the code.

Responsible for building a message with that one field set, for asking the real functions, and for reading the verdict
from what they say: is the field named, is the message refused, would the session be another without it?

Must not know: how a verdict comes about, where it is written.

Comes from: the structs of the protocol, and the functions that take them. Goes to: ``reference.py``, and the tests that
send every field wrong.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from turngate.protocols.deepgram import Face, Maps
from turngate.session.messages import Cause, ClientFault, ConfigureSession, Problem, UnsupportedRequest, UpdateSession

MAPS: Final = Maps(model="gpt-realtime-2", refuses=lambda endpoint: None)
"""An operator's who allows what can be allowed, so that the verdicts are about the protocol."""

OPEN_AI: Final = {"type": "open_ai"}
DEEPGRAM: Final = {"type": "deepgram"}
REQUIRED: Final[dict[str, dict[str, Any]]] = {
    "Settings": {"agent": {}},
    "UpdatePrompt": {"prompt": "Be brief."},
    "UpdateThink": {"think": {"provider": OPEN_AI}},
    "UpdateThink_Live": {"think_live": {"provider": DEEPGRAM}},
    "UpdateSpeak": {"speak": {"provider": {**OPEN_AI, "voice": "alloy"}}},
    "UpdateListen": {"listen": {"provider": {**DEEPGRAM, "language": "en"}}},
    "InjectUserMessage": {"content": "Hello"},
    "InjectAgentMessage": {"message": "Hello"},
    "FunctionCallResponse": {"name": "f", "content": "1", "id": "c"},
}
"""What a message needs to be one."""

SAMPLES: Final[dict[str, Any]] = {
    "Settings.agent": {"greeting": "Hello"},
    "encoding": "mulaw",
    "sample_rate": 8000,
    "container": "wav",
    "voice": "cedar",
    "voice.id": "cedar",
    "language": "de",
    "language_hints": ["fr"],
    "language_hint": "fr",
    "keyterms": ["Ada"],
    "eot_threshold": 0.9,
    "eager_eot_threshold": 0.5,
    "eot_timeout_ms": 2000,
    "speed": 1.1,
    "history": False,
    "behavior": "queue",
    "reasoning_mode": "low",
    "version": "v1",
    "listen.provider.version": "v2",
    "provider.type": "open_ai",
    "listen.provider.type": "deepgram",
    "Settings.agent.think.provider.model": "gpt-realtime-2.1",
    "UpdateThink.think.provider.model": "gpt-realtime-2",
    "speak.provider.model": "aura-2-zeus-en",
    "context_length": "max",
    "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    "headers": {"x-key": "1"},
    "url": "https://example.org/f",
    "method": "PUT",
    "role": "user",
    "arguments": "{}",
}
"""A value that can be served, for fields whose type alone does not say one; by the end of the path."""

OTHERS: Final[dict[str, Any]] = {
    "Settings.agent": {"greeting": "Good morning"},
    "provider.type": "deepgram",
    "role": "assistant",
    "client_side": False,
}
"""Another value that can be served, for fields that no message is without; else a longer text."""

BESIDE: Final[dict[str, dict[str, Any]]] = {
    "audio.input.encoding": {"sample_rate": 8000},
    "speak.provider.type": {"voice": "cedar"},
    "speak.provider.model": DEEPGRAM,
    "provider.voice": OPEN_AI,
    "provider.voice.mode": {"id": "cedar"},
    "provider.language_hints": {**DEEPGRAM, "version": "v2", "language": None},
    "provider.language_hint": {**DEEPGRAM, "version": "v2", "language": None},
    "provider.eot_threshold": {**DEEPGRAM, "version": "v2"},
    "provider.eot_timeout_ms": {**DEEPGRAM, "version": "v2", "eot_threshold": 1.0},
    "messages[].type": {"role": "user", "content": "Hello"},
    "messages[].role": {"content": "Hello"},
    "messages[].content": {"role": "user"},
    "functions[]": {"name": "f"},
    "function_calls[]": {"id": "c", "name": "f", "client_side": True, "arguments": "{}", "response": "1"},
}
"""What a field needs beside it to mean anything, by the end of its path."""

TAKES_EFFECT: Final = "takes effect"
NO_DIFFERENCE: Final = "accepted; makes no difference"
NAMED: Final = "no effect; named in a `Warning`"
WARNED: Final = "no effect; a `Warning` says so"
REFUSED: Final = "refused"

V = TypeVar("V")


def with_field(kind: str, path: str, sample: Any) -> dict[str, Any]:
    """A message of a kind with one more field set."""
    message: dict[str, Any] = json.loads(json.dumps({"type": kind, **REQUIRED.get(kind, {})}))
    node: Any = message
    steps = path.split(".")
    for index, step in enumerate(steps):
        here = ".".join(steps[: index + 1])
        name = step.removesuffix("[]")
        if index == len(steps) - 1:
            node[name] = sample
            for end, others in BESIDE.items():
                if path.endswith(end):
                    node.update({key: value for key, value in others.items() if key != name})
            break
        if not isinstance(node.get(name), dict | list):
            node[name] = [{}] if step.endswith("[]") else {}
        below = node[name]
        node = below[0] if isinstance(below, list) else below
        for end, others in BESIDE.items():
            if here.endswith(end) and end.endswith("[]"):
                node.update(others)
        if name == "provider":
            node.setdefault("type", "deepgram" if "listen" in here or "think_live" in here else "open_ai")
        if name in ("think", "speak", "listen", "think_live"):
            node.setdefault("provider", {"type": "deepgram" if name in ("listen", "think_live") else "open_ai"})
    return message


def by_end(table: Mapping[str, V], kind: str, path: str) -> V | None:
    """What a table has for the longest end of a path, which begins with the type of its message."""
    steps = [kind, *path.split(".")]
    ends = (".".join(steps[index:]) for index in range(len(steps)))
    return next((table[end] for end in ends if end in table), None)


def sample_of(kind: str, path: str, type_words: str) -> Any:
    """A value for a field."""
    sample = by_end(SAMPLES, kind, path)
    if sample is not None:
        return sample
    plain = {"integer": 1, "number": 0.5, "boolean": True, "array": ["a"], "object": {"a": "b"}}
    return plain.get(type_words.partition(" or ")[0], "word")


def other_of(kind: str, path: str, sample: Any) -> Any:
    """Another value for a field that is required."""
    other = by_end(OTHERS, kind, path)
    return f"{sample} " if other is None else other


def heard(message: dict[str, Any]) -> tuple[Any, Any, bool]:
    """What a message means, by the real functions: to the session, to the audio, and to what the client is told."""
    face = Face(MAPS)
    return face.hear(json.dumps(message).encode()), face.audio, face._wants_history


def verdict(kind: str, path: str, type_words: str) -> str:
    """What becomes of one field."""
    sample = sample_of(kind, path, type_words)
    message = with_field(kind, path, sample)
    told = heard(message)
    match told[0]:
        case UnsupportedRequest():
            return WARNED
        case ClientFault(Problem(Cause.SETTINGS_INVALID)):
            return REFUSED
        case ConfigureSession(notices=notices) | UpdateSession(notices=notices):
            ignored = " ".join(notice.detail for notice in notices if notice.cause is Cause.SETTINGS_IGNORED)
            named = path.replace("[]", "")
            if any(named == one or named.startswith(f"{one}.") for one in mentioned(ignored)):
                return NAMED
    drop(message, path)
    before = heard(message)
    if isinstance(before[0], ClientFault):
        # no message is without it, so that what counts is whether its value makes a difference
        before = heard(with_field(kind, path, other_of(kind, path, sample)))
    return NO_DIFFERENCE if told == before else TAKES_EFFECT


def mentioned(notice: str) -> list[str]:
    """The paths that a notice names, without the marks of lists."""
    return [one.strip(" .").replace("[]", "").replace("[0]", "") for one in notice.partition(": ")[2].split(", ")]


def drop(message: dict[str, Any], path: str) -> None:
    """Take a field out of a message again."""
    node: Any = message
    *above, last = path.split(".")
    for step in above:
        node = node[step.removesuffix("[]")]
        node = node[0] if isinstance(node, list) else node
    node.pop(last.removesuffix("[]"), None)
