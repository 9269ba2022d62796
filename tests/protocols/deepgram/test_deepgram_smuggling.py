"""Whatever stands in Settings and later: what goes upstream is a closed schema, and nothing else is dialled."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from message_fields import leaves, tag

from turngate.protocols.deepgram import Face, Maps
from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.realtime import Translation, encode_client
from turngate.protocols.realtime import codec as realtime
from turngate.session import messages as m
from turngate.session.rules import begin, step
from turngate.session.state import State

URL, SECRET = "https://canary.example/9f2c", "sk-canary-9f2c"
WORDS = "words of the client, with https://words.example/ in them"
MODELS = ["gpt-realtime&call_id=canary", "gpt-realtime\r\nHost: canary.example", "gpt-realtime/../canary", "canary"]
MCP = {"type": "mcp", "server_label": "x", "server_url": URL, "authorization": SECRET}
PLANTED: dict[str, list[Any]] = {
    "string": [URL, SECRET, *MODELS],
    "array": [[URL], [URL, SECRET]],
    "object": [{"authorization": SECRET}, MCP],
    "anything": [MCP, [MCP], URL],
}
"""By the type of the field."""
SHAPES: list[Any] = [
    *(URL, SECRET, MCP, [MCP]),
    {"url": URL, "headers": {"authorization": SECRET}},
    {"type": "function", "endpoint": {"url": URL}},
]
NAMES = st.sampled_from(
    [
        *("agent", "think", "speak", "listen", "provider", "endpoint", "url", "headers", "functions", "type", "id"),
        *("model", "voice", "version", "language", "tools", "mcp", "server_url", "credentials", "audio", "input"),
        *("output", "encoding", "sample_rate", "context", "messages", "instructions", "session", "secret_access_key"),
    ]
)
TREES = st.recursive(
    st.sampled_from(SHAPES) | st.none() | st.booleans() | st.integers(0, 48_000) | st.sampled_from(["open_ai", "f"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)
THINK = {
    "provider": {"type": "open_ai", "model": "gpt-realtime"},
    "prompt": WORDS,
    "functions": [{"name": "f", "description": WORDS}],
}
PAST_CALL = {"id": "c", "name": "f", "client_side": True, "arguments": json.dumps(WORDS), "response": WORDS}
BASES: dict[str, dict[str, Any]] = {
    "Settings": {
        "agent": {
            "greeting": WORDS,
            "think": THINK,
            "speak": {"provider": {"type": "open_ai", "voice": "alloy"}},
            "listen": {"provider": {"type": "deepgram", "keyterms": [WORDS]}},
            "context": {"messages": [{"role": "user", "content": WORDS}, {"function_calls": [PAST_CALL]}]},
        }
    },
    "UpdatePrompt": {"prompt": WORDS},
    "UpdateThink": {"think": THINK},
    "UpdateSpeak": {"speak": {"provider": {"type": "open_ai", "speed": 1.2}}},
    "UpdateListen": {"listen": {"provider": {"type": "deepgram", "language": "de", "keyterms": [WORDS]}}},
    "InjectUserMessage": {"content": WORDS},
    "InjectAgentMessage": {"message": WORDS, "behavior": "queue"},
    "FunctionCallResponse": {"id": "c1", "name": "f", "content": WORDS},
}
OWN_WORDS = re.compile(
    r"(prompt|greeting|content|message|keyterms|role|functions\[\]\.(name|description|parameters)"
    r"|function_calls\[\]\..*)$"
)
"""The fields of a client whose words are meant to go upstream."""
FIELDS = [
    (tag(event), leaf.path, words)
    for event in get_args(ClientEvent)
    if tag(event) in BASES
    for leaf in leaves(event)
    for words in leaf.words.split(" or ")
    if words in PLANTED and not OWN_WORDS.search(leaf.path)
]
FREE = ("instructions", "description", "prompt", "text", "arguments", "output")
"""Where a client's own words may stand in what goes upstream; a transcription's prompt holds the keyterms."""


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a message but for past calls, which go upstream whole."""
    if isinstance(node, dict) and "arguments" not in node:
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from objects(below)


def grafted(message: dict[str, Any], tree: Any, at: int) -> None:
    """A message gets a tree at one of its places; a function that comes so has a name, without which it is none."""
    places = list(objects(message))
    place = places[at % len(places)]
    place.update(tree if isinstance(tree, dict) else {("endpoint", "url", "tools", "model")[at % 4]: tree})
    for one in list(objects(message)):
        functions = one.get("functions")
        for index, function in enumerate(functions if isinstance(functions, list) else ()):
            if isinstance(function, dict):
                function.setdefault("name", f"f{index}")


def planted(message: dict[str, Any], path: str, value: Any) -> None:
    """A message gets a value in one field, and keeps the rest; an object that has no place for it makes way."""
    node: Any = message
    *above, last = path.split(".")
    for one in above:
        name = one.removesuffix("[]")
        if isinstance(node.get(name), list) and node[name] and isinstance(node[name][-1], dict):
            node = node[name][-1]
            continue
        if not isinstance(node.get(name), dict):
            node[name] = [{}] if one.endswith("[]") else {}
        node = node[name][0] if one.endswith("[]") else node[name]
    node[last.removesuffix("[]")] = value


def texts(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an event, with the key at which it stands."""
    match node:
        case str():
            yield key, node
        case dict():
            for name, below in node.items():
                yield from texts(below, name)
        case list():
            for below in node:
                yield from texts(below, key)


class Talk:
    """One session with an upstream that takes everything, whose model calls every function that it is told of."""

    def __init__(self, maps: Maps | None = None) -> None:
        self.face, self.wire = Face(maps or Maps()), Translation()
        self.is_listed = maps is not None
        self.state, _ = begin(State("s"))
        self.sent: Counter[str] = Counter()
        self.called = False

    def hear(self, message: dict[str, Any]) -> None:
        """A client's message, and all that follows from it."""
        waiting: list[m.Message] = [self.face.hear(json.dumps(message).encode())]
        while waiting:
            self.state, effects = step(self.state, waiting.pop(0))
            for effect in effects:
                waiting += self.judged(effect)

    def judged(self, effect: m.Effect) -> list[m.Message]:
        """What the upstream says to an effect, which is one that may be."""
        self.sent[type(effect).__name__] += 1
        match effect:
            case m.DialUpstream(model):
                assert model in (None, "gpt-realtime")
                return [m.UpstreamReady()]
            case m.CallFunction(call):
                assert self.is_listed, "a function was called that nobody has listed"
                return [m.FunctionDone(call.call_id, "1")]
            case m.Warned(problem) | m.Failed(problem) | m.UpdateNotApplied(_, problem):
                assert "canary" not in problem.detail
                assert "words.example" not in problem.detail
            case m.SendUpdate() | m.StartResponse() | m.AddLine() | m.AddCall() | m.AddToolOutput():
                return self.answer(effect, json.loads(self.closed(effect)))
        return []

    def closed(self, effect: m.UpstreamEffect) -> bytes:
        """The frame for an effect: strictly of the protocol, and with a client's words only where they are meant."""
        payload = encode_client(self.wire.to_upstream(effect))
        assert not isinstance(realtime.decode_client(payload), realtime.Malformed)
        assert b"canary" not in payload
        event = json.loads(payload)
        assert {tool["type"] for tool in event.get("session", {}).get("tools", [])} <= {"function"}
        assert {key for key, text in texts(event) if "words.example" in text} <= set(FREE)
        return payload

    def answer(self, effect: m.Effect, event: dict[str, Any]) -> list[m.Message]:
        """An upstream that takes what it is sent."""
        match effect:
            case m.SendUpdate():
                return [m.UpdateConfirmed()]
            case m.StartResponse(event_id):
                calls = () if self.called else (m.ToolCall("c1", "f", "{}"),)
                self.called = True
                ended = m.ResponseEnded(event_id, m.ResponseStatus.COMPLETED, calls=calls)
                return [m.ResponseStarted(event_id, event_id), ended]
        return [m.ItemConfirmed(event["item"]["id"])]


def fresh(kind: str) -> Any:
    """A message of a kind, to be changed."""
    return json.loads(json.dumps({"type": kind, **BASES[kind]}))


def test_a_session_without_anything_planted_sends_all_kinds_of_events() -> None:
    """Else the other test would find nothing in them."""
    talk = Talk()
    for kind in BASES:
        talk.hear(fresh(kind))
    assert set(talk.sent) >= {"DialUpstream", "SendUpdate", "StartResponse", "AddLine", "AddCall", "AddToolOutput"}
    assert not talk.sent["Failed"]


def talked(message: dict[str, Any]) -> Talk:
    """A session in which a message came, and after it a turn with a function call."""
    talk = Talk()
    if message["type"] != "Settings":
        talk.hear(fresh("Settings"))
    for one in (message, fresh("InjectUserMessage"), fresh("FunctionCallResponse")):
        if not talk.sent["EndSession"]:
            talk.hear(one)
    return talk


@pytest.mark.parametrize(("kind", "path", "words"), FIELDS, ids=lambda value: value)
@pytest.mark.row(38)
def test_no_field_goes_upstream_that_is_not_meant_to(kind: str, path: str, words: str) -> None:
    """An address, a secret and an odd model in each field alone."""
    for value in PLANTED[words]:
        message = fresh(kind)
        planted(message, path, value)
        talked(message)


def test_where_a_listed_function_is_called_stays_here() -> None:
    """Its address and headers go to the call, and no further."""
    message = fresh("Settings")
    planted(message, "agent.think.functions[].endpoint", {"url": URL, "headers": {"authorization": SECRET}})
    talk = Talk(Maps(refuses=lambda endpoint: None))
    talk.hear(message)
    assert 1 == talk.sent["CallFunction"]
    assert {"AddToolOutput", "StartResponse"} <= set(talk.sent)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(sorted(BASES)))
@pytest.mark.row(40)
def test_what_goes_upstream_is_a_closed_schema(data: st.DataObject, kind: str) -> None:
    """Several fields together, and trees of any shape in places that have no such field."""
    message = fresh(kind)
    here = [(path, words) for one, path, words in FIELDS if one == kind]
    for path, words in data.draw(st.lists(st.sampled_from(here), max_size=3)) if here else ():
        planted(message, path, data.draw(st.sampled_from(PLANTED[words])))
    for tree, at in data.draw(st.lists(st.tuples(TREES, st.integers(0, 50)), max_size=2)):
        grafted(message, json.loads(json.dumps(tree)), at)
    message["type"] = kind
    talked(message)
