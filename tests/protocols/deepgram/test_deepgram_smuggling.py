"""Whatever stands in Settings and updates: what goes upstream is a closed schema, and nothing else is dialled."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.protocols.deepgram import Face, Maps
from turngate.protocols.realtime import Translation, encode_client
from turngate.protocols.realtime import codec as realtime
from turngate.session import messages as m
from turngate.session.rules import begin, step
from turngate.session.state import State

URL, SECRET = "https://canary.example/9f2c", "sk-canary-9f2c"
PLANTED = [
    URL,
    SECRET,
    {"url": URL, "headers": {"authorization": SECRET}},
    {"type": "mcp", "server_label": "x", "server_url": URL, "authorization": SECRET},
    [{"type": "mcp", "server_url": URL}],
    {"type": "function", "name": "f", "endpoint": {"url": URL}},
    "gpt-realtime&call_id=1",
    "gpt-realtime\r\nHost: canary.example",
]
NAMES = st.sampled_from(
    [
        *("agent", "think", "speak", "listen", "provider", "endpoint", "url", "headers", "functions", "name", "type"),
        *("model", "voice", "id", "version", "language", "tools", "mcp", "server_url", "credentials", "audio", "input"),
        *("output", "encoding", "sample_rate", "context", "messages", "instructions", "session", "secret_access_key"),
    ]
)
TREES = st.recursive(
    st.sampled_from(PLANTED) | st.none() | st.booleans() | st.integers(0, 48_000) | st.sampled_from(["open_ai", "f"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)
BASES: dict[str, dict[str, Any]] = {
    "Settings": {"agent": {"think": {"provider": {"type": "open_ai"}, "functions": [{"name": "f"}]}}},
    "UpdateThink": {"think": {"provider": {"type": "open_ai"}, "functions": [{"name": "f"}]}},
    "UpdateSpeak": {"speak": {"provider": {"type": "open_ai", "voice": "alloy"}}},
    "UpdateListen": {"listen": {"provider": {"type": "deepgram", "language": "de"}}},
}
FREE = ("prompt", "greeting", "content", "description", "name", "parameters", "keyterms", "arguments", "response")
"""Where a client's own words are meant to go upstream."""


def planted(node: Any, tree: Any, at: int) -> Any:
    """A message with a tree at one of its places."""
    places = list(objects(node))
    place = places[at % len(places)]
    if isinstance(tree, dict):
        place.update({key: value for key, value in tree.items() if key not in FREE})
    else:
        place["endpoint" if at % 2 else "url"] = tree
    return node


def objects(node: Any) -> Any:
    """Every object of a message."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def without_free(node: Any) -> Any:
    """A tree without the places in which a client's words may stand."""
    if isinstance(node, dict):
        return {key: without_free(value) for key, value in node.items() if key not in FREE}
    return [without_free(value) for value in node] if isinstance(node, list) else node


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(BASES)), st.lists(st.tuples(TREES, st.integers(0, 50)), min_size=1, max_size=3))
def test_what_goes_upstream_is_a_closed_schema(kind: str, trees: list[tuple[Any, int]]) -> None:
    """Only our own events with their own fields, only functions for tools, and no address or secret of a client's."""
    message: Any = json.loads(json.dumps({"type": kind, **BASES[kind]}))
    for tree, at in trees:
        message = planted(message, without_free(json.loads(json.dumps(tree))), at)
    message["type"] = kind
    face, wire = Face(Maps()), Translation()
    state, done = begin(State("s"))
    told: list[m.Message] = [face.hear(json.dumps(message).encode())]
    if kind != "Settings":
        told.insert(0, Face(Maps()).hear(json.dumps({"type": "Settings", **BASES["Settings"]}).encode()))
    told[1:1] = [m.UpstreamReady(), m.UpdateConfirmed()]
    effects: list[m.Effect] = list(done)
    for one in told:
        state, done = step(state, one)
        effects += done
    for effect in effects:
        match effect:
            case m.DialUpstream(model):
                assert model is None or Maps().model_of(model) == model
                assert "canary" not in (model or "")
                assert "&" not in (model or "")
            case m.CallFunction():
                raise AssertionError("a function was called that nobody has listed")
            case m.SendUpdate() | m.StartResponse() | m.AddLine() | m.AddCall() | m.AddToolOutput():
                payload = encode_client(wire.to_upstream(effect))
                assert not isinstance(realtime.decode_client(payload), realtime.Malformed)
                assert b"canary" not in payload
                tools = json.loads(payload).get("session", {}).get("tools", [])
                assert {tool["type"] for tool in tools} <= {"function"}
            case m.Warned(problem) | m.Failed(problem):
                assert "canary" not in problem.detail
            case _:
                pass
