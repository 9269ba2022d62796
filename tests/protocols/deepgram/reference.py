"""
The reference page of the client protocol, made from the code: ``make reference``.

Responsible for finding out, field by field, what becomes of it: a message is built with that one field set, the real
functions are asked, and what they say is the verdict. It stands with the tests since only they need it.

Must not know: how a verdict comes about.

Comes from: the structs of the protocol, their docstrings, and the functions that take them. Goes to:
``docs/reference/deepgram.md``, which a test holds to it.
"""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from turngate.protocols.deepgram import Face, Maps
from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.codes import CODES
from turngate.protocols.deepgram.server_events import ServerEvent
from turngate.session.messages import Cause, ClientFault, ConfigureSession, Problem, UnsupportedRequest, UpdateSession

PAGE: Final = Path(__file__).parents[3] / "docs" / "reference" / "deepgram.md"
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
    "encoding": "mulaw",
    "sample_rate": 8000,
    "container": "wav",
    "voice": "cedar",
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
    "type": "open_ai",
    "context_length": "max",
    "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
    "headers": {"x-key": "1"},
    "url": "https://example.org/f",
    "method": "PUT",
    "role": "user",
    "arguments": "{}",
    "tags": ["a"],
}
"""A value that can be served, for fields whose type alone does not say one."""
ABOVE: Final[dict[str, Any]] = {
    "agent.think.provider.model": "gpt-realtime-2.1",
    "agent.speak.provider.model": "aura-2-zeus-en",
    "speak.provider.model": "aura-2-zeus-en",
    "think.provider.model": "gpt-realtime-2",
}
BESIDE: Final[dict[str, dict[str, Any]]] = {
    "audio.input.encoding": {"sample_rate": 8000},
    "provider.model": DEEPGRAM,
    "provider.voice": OPEN_AI,
    "provider.language_hints": {**DEEPGRAM, "version": "v2"},
    "provider.language_hint": {**DEEPGRAM, "version": "v2"},
    "provider.eot_threshold": {**DEEPGRAM, "version": "v2"},
    "provider.eot_timeout_ms": {**DEEPGRAM, "version": "v2", "eot_threshold": 1.0},
    "messages[].type": {"role": "user", "content": "Hello"},
    "messages[].role": {"content": "Hello"},
    "messages[].content": {"role": "user"},
    "functions[]": {"name": "f"},
    "function_calls[]": {"id": "c", "name": "f", "client_side": True, "arguments": "{}", "response": "1"},
}
"""What a field needs beside it to mean anything, by the end of its path."""

NOTES: Final = {
    "Settings.agent": "; a string is refused with `AGENT_ID_NOT_SUPPORTED`",
    "Settings.agent.think.functions[].endpoint.url": ", if the operator has listed the host; else refused",
    "UpdateThink.think.functions[].endpoint.url": ", if the operator has listed the host; else the update is not taken",
    "Settings.agent.listen.provider.eot_timeout_ms": ", with an `eot_threshold` of 1.0; else named in a `Warning`",
    "UpdateListen.listen.provider.eot_timeout_ms": ", with an `eot_threshold` of 1.0; else named in a `Warning`",
}
NEVER_SENT: Final = {
    "ThinkLiveUpdated": "Never sent: nothing of Think Live can be updated here.",
    "FrustrationDetected": "Never sent: the upstream does not tell.",
    "__customFromThinkProvider": "Never sent: no model of the client's own is connected.",
}
TAKES_EFFECT: Final = "takes effect"
NO_DIFFERENCE: Final = "accepted; makes no difference"
NAMED: Final = "no effect; named in a `Warning`"
WARNED: Final = "no effect; a `Warning` says so"


# --- structs --------------------------------------------------------------------------------------------------------


def tag(event: type) -> str:
    """The ``type`` of a message."""
    return str(event.__struct_config__.tag)  # type: ignore[attr-defined]


def parts(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, without ``None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [part for one in get_args(annotation) for part in parts(one)]
    return [] if annotation is type(None) else [annotation]


def leaves(struct: type, at: str = "") -> Iterator[tuple[str, str]]:
    """The paths of all fields of a message that hold no further object, with their types in words."""
    for name, annotation in get_type_hints(struct).items():
        path = f"{at}.{name}" if at else name
        inner = []
        for part in parts(annotation):
            item = get_args(part)[0] if get_origin(part) is list else part
            if isinstance(item, type) and issubclass(item, msgspec.Struct):
                inner.append((item, path if item in parts(annotation) else f"{path}[]"))
        simple = str in parts(annotation)
        if simple or not inner:
            yield path, words(annotation)
        for item, below in inner[:1]:
            yield from leaves(item, below)


def words(annotation: Any) -> str:
    """A type as a reader of JSON knows it."""
    named = {str: "string", int: "integer", float: "number", bool: "boolean", Any: "anything"}
    found = []
    for part in parts(annotation):
        origin = get_origin(part)
        if origin is list:
            found.append("array")
        elif origin is dict:
            found.append("object")
        elif part in named:
            found.append(named[part])
        else:
            found += [f"`{value}`" for value in get_args(part)] or ["object"]
    return " or ".join(dict.fromkeys(found))


# --- verdicts -------------------------------------------------------------------------------------------------------


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


def sample_of(path: str, kind: str) -> Any:
    """A value for a field."""
    if path in ABOVE:
        return ABOVE[path]
    name = path.rpartition(".")[2].removesuffix("[]")
    if name in SAMPLES:
        return SAMPLES[name]
    return {"integer": 1, "number": 0.5, "boolean": True, "array": ["a"], "object": {"a": "b"}}.get(kind, "word")


def heard(message: dict[str, Any]) -> tuple[Any, Any, bool]:
    """What a message means, by the real functions: to the session, to the audio, and to what the client is told."""
    face = Face(MAPS)
    return face.hear(json.dumps(message).encode()), face.audio, face._wants_history


def verdict(kind: str, path: str, type_words: str) -> str:
    """What becomes of one field."""
    sample = sample_of(path, type_words.partition(" or ")[0])
    message = with_field(kind, path, sample)
    without = with_field(kind, path, sample)
    drop(without, path)
    told, before = heard(message), heard(without)
    match told[0]:
        case UnsupportedRequest():
            return WARNED
        case ClientFault(Problem(Cause.SETTINGS_INVALID)):
            return "refused"
        case ConfigureSession(notices=notices) | UpdateSession(notices=notices):
            ignored = " ".join(notice.detail for notice in notices if notice.cause is Cause.SETTINGS_IGNORED)
            named = path.replace("[]", "")
            if any(named == one or named.startswith(f"{one}.") for one in mentioned(ignored)):
                return NAMED
            return NO_DIFFERENCE if told == before and not required(kind, path) else TAKES_EFFECT
        case _:
            return NO_DIFFERENCE if told == before and not required(kind, path) else TAKES_EFFECT


def mentioned(notice: str) -> list[str]:
    """The paths that a notice names, without the marks of lists."""
    return [one.strip(" .").replace("[]", "").replace("[0]", "") for one in notice.partition(": ")[2].split(", ")]


def required(kind: str, path: str) -> bool:
    """Whether a message is none without the field."""
    return path.partition(".")[0].removesuffix("[]") in REQUIRED.get(kind, {}) and "." not in path


def drop(message: dict[str, Any], path: str) -> None:
    """Take a field out of a message again."""
    node: Any = message
    *above, last = path.split(".")
    for step in above:
        node = node[step.removesuffix("[]")]
        node = node[0] if isinstance(node, list) else node
    node.pop(last.removesuffix("[]"), None)


# --- the page -------------------------------------------------------------------------------------------------------

HEAD: Final = """# The Deepgram protocol, message by message

Made from the code by `make reference`: every message and field of the protocol, and what the proxy does with it. The
verdicts about fields are those of the proxy itself, asked with each field set to a value that can be served, by an
operator who allows functions of any host and whose model reasons. How to connect, and what is unusual, is in
[Connect clients](../howto/clients.md).
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD, "## What a client sends", "", "Besides these, audio as binary frames.", ""]
    for event in get_args(ClientEvent):
        kind = tag(event)
        lines += [f"### `{kind}`", "", sentence(event), ""]
        fields = list(leaves(event))
        if fields:
            lines += ["| field | type | here |", "|---|---|---|"]
            for path, words_ in fields:
                note = NOTES.get(f"{kind}.{path}", "")
                lines.append(f"| `{path}` | {words_} | {verdict(kind, path, words_)}{note} |")
            lines.append("")
        else:
            outcome, _, _ = heard({"type": kind})
            lines += [f"No fields. {WARNED.capitalize() if isinstance(outcome, UnsupportedRequest) else 'Taken.'}", ""]
    lines += ["## What the proxy sends", "", "Besides these, audio as binary frames.", ""]
    for event in get_args(ServerEvent):
        lines += [f"### `{tag(event)}`", "", NEVER_SENT.get(tag(event), sentence(event)), ""]
        fields = list(leaves(event))
        if fields:
            optional = {f.name for f in msgspec.structs.fields(event) if not f.required}
            lines += ["| field | type | |", "|---|---|---|"]
            for path, words_ in fields:
                may_lack = "may be left out" if path.partition(".")[0].removesuffix("[]") in optional else ""
                lines.append(f"| `{path}` | {words_} | {may_lack} |")
            lines.append("")
    lines += ["## Codes", "", "| cause | code of an `Error` | code of a `Warning` |", "|---|---|---|"]
    lines += [f"| {cause.value} | `{codes.error}` | `{codes.warning}` |" for cause, codes in CODES.items()]
    return "\n".join(lines) + "\n"


def sentence(event: type) -> str:
    """What a message is for, as its class says it."""
    return " ".join((event.__doc__ or "").split()).replace("``", "`")


def main() -> None:
    """Rewrite the page in place."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
