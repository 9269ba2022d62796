"""Whatever a peer sends is a value: an event, an unknown event, or something malformed that quotes nothing of it."""

import copy
import json
from typing import Any

import corpus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.protocols.realtime import Translation
from turngate.protocols.realtime.codec import (
    CLIENT_KINDS,
    MAX_QUOTED,
    SERVER_KINDS,
    Malformed,
    UnknownEvent,
    decode_client,
    decode_server,
    encode_client,
    encode_server,
)

CANARY = "canary-8c1f"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CLIENT_TREES = [{"type": kind, **fields} for kind, fields in corpus.CLIENT.items()]
CLIENT_TREES += [{"type": "session.update", "session": session} for session in corpus.SESSIONS]


def encoded(tree: object) -> bytes:
    """A JSON tree as bytes."""
    return json.dumps(tree).encode()


def places(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON tree, but for its type."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = [at] if at not in ((), ("type",)) else []
    return found + [place for name, value in inner for place in places(value, (*at, name))]


def replaced(tree: Any, at: tuple[Any, ...], value: object) -> Any:
    """The tree with another value at a path."""
    tree = copy.deepcopy(tree)
    inner = tree
    for name in at[:-1]:
        inner = inner[name]
    inner[at[-1]] = value
    return tree


@pytest.mark.parametrize(
    ("payload", "code", "param"),
    [
        (b"", "invalid_json", None),
        (b"{", "invalid_json", None),
        (b"\xff", "invalid_json", None),
        (b'{"type":"error"} trailing', "invalid_json", None),
        (b'{"type":"response.output_text.done","text":"\\ud800"}', "invalid_json", None),
        (b'{"type":"error","x":' + b"[" * 100_000, "invalid_json", None),
        (b"null", "missing_required_parameter", "type"),
        (b"[]", "missing_required_parameter", "type"),
        (b"{}", "missing_required_parameter", "type"),
        (b'{"type":null}', "missing_required_parameter", "type"),
        (b'{"type":7}', "missing_required_parameter", "type"),
    ],
)
def test_what_is_no_event_is_malformed(payload, code, param):
    """In either direction, with the API's code for it."""
    for refusal in (decode_server(payload), decode_client(payload)):
        assert isinstance(refusal, Malformed)
        assert (code, param) == (refusal.code, refusal.param)


@pytest.mark.parametrize(
    ("tree", "code", "param"),
    [
        ({"type": "response.output_audio.delta", "delta": "%%%"}, "invalid_value", "delta"),
        ({"type": "response.output_audio.delta", "delta": "AAA"}, "invalid_value", "delta"),
        ({"type": "response.audio.delta", "delta": "%%%"}, "invalid_value", "delta"),
        ({"type": "response.output_audio.delta"}, "missing_required_parameter", "delta"),
        ({"type": "response.output_audio.delta", "delta": None}, "invalid_type", "delta"),
        ({"type": "response.done"}, "missing_required_parameter", "response"),
        ({"type": "response.done", "response": {"id": 4}}, "invalid_type", "response.id"),
        ({"type": "response.done", "response": {"id": "r", "output": {}}}, "invalid_type", "response.output"),
        ({"type": "error"}, "missing_required_parameter", "error"),
        ({"type": "error", "error": []}, "invalid_type", "error"),
    ],
)
def test_a_server_event_is_malformed_when_it_cannot_be_used(tree, code, param):
    """With the path of the field."""
    refusal = decode_server(encoded(tree))
    assert isinstance(refusal, Malformed)
    assert (code, param) == (refusal.code, refusal.param)
    assert tree["type"] in refusal.reason


def test_bad_base64_of_the_user_is_malformed():
    """The client's audio is refused with its field."""
    refusal = decode_client(b'{"type":"input_audio_buffer.append","audio":"not base64"}')
    assert isinstance(refusal, Malformed)
    assert ("invalid_value", "audio") == (refusal.code, refusal.param)


def test_a_server_event_of_unknown_type_is_told_from_a_malformed_one():
    """It is counted by its type, of which 64 printable characters are kept."""
    assert UnknownEvent("ping") == decode_server(b'{"type":"ping","timestamp":1}')
    assert UnknownEvent("localai.classifier.result", "e1") == decode_server(
        b'{"event_id":"e1","type":"localai.classifier.result"}'
    )
    assert UnknownEvent("a?b" + "c" * 61) == decode_server(encoded({"type": "a\nb" + "c" * 100}))
    assert UnknownEvent("") == decode_server(b'{"type":""}')


def test_a_client_event_of_unknown_type_is_malformed():
    """The API knows no other; the answer names the event's id."""
    refusal = decode_client(b'{"type":"response.invent","event_id":"event_1"}')
    assert isinstance(refusal, Malformed)
    assert ("invalid_value", "type", "event_1") == (refusal.code, refusal.param, refusal.event_id)


@pytest.mark.parametrize("kind", ["session.updated", "session.created", "error"])
def test_a_server_event_is_none_of_the_clients(kind):
    """The two directions have types of their own."""
    assert isinstance(decode_client(encoded(corpus.SERVER[kind])), Malformed)


def test_the_id_of_an_event_is_passed_on_only_as_text_and_within_bounds():
    """What a peer calls an id may be anything."""
    for given_id, kept in [("event_1", "event_1"), (7, None), ({"a": 1}, None), ("e" * 9999, "e" * MAX_QUOTED)]:
        refusal = decode_client(encoded({"type": "session.update", "event_id": given_id}))
        assert isinstance(refusal, Malformed)
        assert kept == refusal.event_id
        assert refusal.param == ("session" if given_id == "event_1" else "event_id")


def test_the_name_of_an_unknown_field_is_passed_on_printable_and_within_bounds():
    """A client's own name comes back in ``param``, and in no reason."""
    refusal = decode_client(encoded({"type": "response.cancel", "\x1b[31m" + "x" * 9999: 1}))
    assert isinstance(refusal, Malformed)
    assert refusal.param == "?[31m" + "x" * (MAX_QUOTED - 5)
    assert "x" not in refusal.reason.removeprefix("response.cancel")


@pytest.mark.parametrize("tree", [*corpus.SERVER.values(), *corpus.LEFT_OUT], ids=lambda tree: tree["type"])
def test_no_value_of_a_server_event_is_quoted(tree):
    """Whatever is put in the place of whatever, the refusal does not repeat it."""
    for place in places(tree):
        for value in (CANARY, [CANARY], {"x": CANARY}, f"' - at `$.{CANARY}`"):
            event = decode_server(encoded(replaced(tree, place, value)))
            assert not isinstance(event, UnknownEvent)
            if isinstance(event, Malformed) and place != ("event_id",):
                assert CANARY not in repr(event)


@pytest.mark.parametrize("tree", CLIENT_TREES, ids=lambda tree: tree["type"])
def test_no_value_of_a_client_event_is_quoted(tree):
    """Whatever is put in the place of whatever, the refusal does not repeat it."""
    for place in places(tree):
        for value in (CANARY, [CANARY], f"' - at `$.{CANARY}`"):
            event = decode_client(encoded(replaced(tree, place, value)))
            assert CANARY not in repr(event)


@given(st.binary() | JSON.map(encoded))
@settings(deadline=None)
def test_any_bytes_are_a_value(payload):
    """Nothing that a peer sends raises."""
    decode_server(payload)
    decode_client(payload)


@given(st.sampled_from(sorted(SERVER_KINDS)), st.dictionaries(st.text(), JSON, max_size=4))
@settings(deadline=None)
def test_any_fields_of_a_server_event_are_a_value(kind, fields):
    """Nothing that a server sends raises."""
    assert not isinstance(decode_server(encoded({**fields, "type": kind})), UnknownEvent)


@given(st.data())
@settings(deadline=None, max_examples=400)
def test_a_server_event_with_one_odd_value_is_read_translated_and_written_or_malformed(data):
    """What is read can be translated, and written again."""
    tree = data.draw(st.sampled_from([*corpus.SERVER.values(), *corpus.EMPTY, *corpus.LEFT_OUT]))
    if found := places(tree):
        tree = replaced(tree, data.draw(st.sampled_from(found)), data.draw(JSON))
    event = decode_server(encoded(tree))
    assert not isinstance(event, UnknownEvent)
    if not isinstance(event, Malformed):
        Translation().to_session(event)
        assert event == decode_server(encode_server(event))


@given(st.data())
@settings(deadline=None, max_examples=400)
def test_a_client_event_with_one_odd_value_is_read_and_written_or_malformed(data):
    """What is read can be written again, and is then the same."""
    tree = data.draw(st.sampled_from(CLIENT_TREES))
    if found := places(tree):
        tree = replaced(tree, data.draw(st.sampled_from(found)), data.draw(JSON))
    event = decode_client(encoded(tree))
    if not isinstance(event, Malformed):
        assert tree["type"] in CLIENT_KINDS
        assert encode_client(event) == encode_client(decode_client(encode_client(event)))


@given(st.binary(max_size=64))
@settings(deadline=None)
def test_audio_survives_the_wire(pcm):
    """In both directions."""
    tree = {"type": "response.output_audio.delta", "delta": ""}
    event = decode_server(encoded(tree))
    heard = decode_server(encode_server(type(event)(delta=pcm)))
    assert pcm == heard.delta
    append = decode_client(b'{"type":"input_audio_buffer.append","audio":""}')
    assert pcm == decode_client(encode_client(type(append)(audio=pcm))).audio
