import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turngate.protocols.deepgram import Malformed, client_events, decode_client
from turngate.protocols.deepgram.codec import CLIENT_TYPES, MAX_DEPTH, MAX_KEYS, MAX_SETTINGS_BYTES, MAX_TEXT_BYTES
from turngate.session.messages import Cause

CANARY = "canary-8c1f"


def nested(depth: int) -> bytes:
    """A message with so many objects and arrays inside each other, in a field that is not known."""
    return b'{"type":"KeepAlive","x":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def keyed(count: int) -> bytes:
    """A message with so many keys."""
    return json.dumps({"type": "KeepAlive", **{f"k{index}": index for index in range(count - 1)}}).encode()


def padded(event: dict[str, object], size: int) -> bytes:
    """A message of exactly so many bytes."""
    bare = len(json.dumps({**event, "pad": ""}))
    return json.dumps({**event, "pad": "x" * (size - bare)}).encode()


UNREADABLE = "The text is not JSON in UTF-8; send one JSON object."
TYPES = ", ".join(CLIENT_TYPES)
NO_TYPE = f"The field $.type is missing; it is one of {TYPES}."
UNKNOWN = f"The value of $.type is not known; it is one of {TYPES}."
NO_OBJECT = "The message is not a JSON object; send one object with a type."
TOO_DEEP = f"Send at most {MAX_DEPTH} levels of objects and arrays."
TOO_MANY = f"Send at most {MAX_KEYS} keys in one message."

BAD_INPUT = [
    (b"", UNREADABLE),
    (b"{", UNREADABLE),
    (b'{"type":"KeepAlive"} x', UNREADABLE),
    (b"\xef\xbb\xbf{}", UNREADABLE),
    (b'{"type":"InjectUserMessage","content":"\xff"}', UNREADABLE),
    (b'{"type":"InjectUserMessage","content":"\\ud800"}', UNREADABLE),
    (b'{"type":"InjectUserMessage","content":"\\udc00\\ud800"}', UNREADABLE),
    (b'{"type":"KeepAlive","x":NaN}', UNREADABLE),
    (b"[]", NO_OBJECT),
    (b"null", NO_OBJECT),
    (b'"KeepAlive"', NO_OBJECT),
    (b"{}", NO_TYPE),
    (b'{"type":null}', UNKNOWN),
    (b'{"type":["Settings"]}', UNKNOWN),
    (b'{"type":"keepalive"}', UNKNOWN),
    (b'{"type":"Welcome"}', UNKNOWN),
    (b'{"type":"InjectUserMessage"}', "InjectUserMessage: the field $.content is missing; it is required."),
    (b'{"type":"InjectUserMessage","content":7}', "InjectUserMessage: $.content must be str, not int."),
    (b'{"type":"UpdatePrompt","prompt":null}', "UpdatePrompt: $.prompt must be str, not null."),
    (
        b'{"type":"FunctionCallResponse","id":1,"name":"f","content":""}',
        "FunctionCallResponse: $.id must be str or null, not int.",
    ),
    (b'{"type":"Settings"}', "Settings: the field $.agent is missing; it is required."),
    (b'{"type":"Settings","agent":3}', "Settings: $.agent must be str or object, not int."),
    (
        b'{"type":"Settings","agent":{},"audio":{"input":{"sample_rate":"16000"}}}',
        "Settings: $.audio.input.sample_rate must be int or null, not str.",
    ),
    (
        b'{"type":"Settings","agent":{"think":[{"provider":{"type":"x"}},{"provider":{}}]}}',
        "Settings: the field $.agent.think[1].provider.type is missing; it is required.",
    ),
    (
        b'{"type":"Settings","agent":{"think":{"provider":{"type":"x"},"functions":[{"parameters":[]}]}}}',
        "Settings: $.agent.think.functions[0].parameters must be object or null, not array.",
    ),
    (
        b'{"type":"UpdateThink","think":{"provider":{"type":"x","temperature":1e400}}}',
        "The message holds a number out of range; send finite numbers.",
    ),
    (nested(MAX_DEPTH + 1), TOO_DEEP),
    (nested(500), TOO_DEEP),
    (nested(100_000), TOO_DEEP),
    (b"[" * 100_000, TOO_DEEP),
    (keyed(MAX_KEYS + 1), TOO_MANY),
    (b"[" + b",".join([b'{"k":1}'] * (MAX_KEYS + 1)) + b"]", TOO_MANY),
]


@pytest.mark.parametrize(("payload", "detail"), BAD_INPUT, ids=range(len(BAD_INPUT)))
@pytest.mark.row(27, 28, 29, 30, 36)
def test_bad_input_is_refused_with_what_is_wrong(payload: bytes, detail: str) -> None:
    """Each kind of bad text is a value that says where it fails, with the types or limits that are allowed."""
    refused = decode_client(payload)
    assert isinstance(refused, Malformed)
    cause = Cause.UNKNOWN_TYPE if detail == UNKNOWN else Cause.UNPARSABLE
    assert (cause, detail) == (refused.problem.cause, refused.problem.detail)


@pytest.mark.parametrize("payload", [nested(MAX_DEPTH), keyed(MAX_KEYS), b' {"type" : "KeepAlive"}\n'])
def test_a_message_is_taken_when_it_is_just_inside_the_limits(payload: bytes) -> None:
    """The limits are as large as they say."""
    assert client_events.KeepAlive() == decode_client(payload)


@pytest.mark.parametrize(
    ("event", "limit"),
    [({"type": "KeepAlive"}, MAX_TEXT_BYTES), ({"type": "Settings", "agent": {}}, MAX_SETTINGS_BYTES)],
)
@pytest.mark.row(31)
def test_a_message_is_refused_when_it_is_over_its_size(event: dict[str, object], limit: int) -> None:
    """Each type may have its size and not one byte more."""
    assert not isinstance(decode_client(padded(event, limit)), Malformed)
    refused = decode_client(padded(event, limit + 1))
    assert isinstance(refused, Malformed)
    assert Cause.MESSAGE_TOO_LARGE is refused.problem.cause


def test_a_broken_settings_message_is_told_its_fault_when_it_is_large() -> None:
    """The larger size of Settings holds also for the ones that are wrong in a field."""
    refused = decode_client(padded({"type": "Settings", "agent": 3}, MAX_TEXT_BYTES + 1))
    assert isinstance(refused, Malformed)
    assert Cause.UNPARSABLE is refused.problem.cause


@pytest.mark.parametrize(
    "message",
    [
        {"type": CANARY},
        {"type": "Settings", "agent": {"think": {"provider": {"type": CANARY, "model": {CANARY: CANARY}}}}},
        {"type": "Settings", "agent": {"think": {"provider": {"type": "x"}, "endpoint": {"headers": {CANARY: 1}}}}},
        {"type": "FunctionCallResponse", "name": CANARY, "content": [CANARY]},
    ],
)
def test_a_refusal_quotes_nothing_of_the_message(message: dict[str, object]) -> None:
    """Neither the detail nor any repr holds what the client sent."""
    refused = decode_client(json.dumps(message).encode())
    assert isinstance(refused, Malformed)
    assert CANARY not in repr(refused)


@pytest.mark.parametrize("kind", CLIENT_TYPES)
def test_unknown_fields_are_tolerated(kind: str) -> None:
    """A newer client may send fields that are not known here."""
    needed = {
        "agent": {"new": 1},
        "prompt": "",
        "content": "",
        "name": "",
        "think": {"provider": {"type": "new", "new": []}, "new": {}},
        "think_live": {"provider": {}},
        "speak": {"provider": {"type": "new"}},
        "listen": {},
    }
    event = decode_client(json.dumps({"new": {"deep": [1.5]}, **needed, "type": kind}).encode())
    assert not isinstance(event, Malformed), event.problem.detail
    assert kind == event.__struct_config__.tag


@given(st.binary(max_size=200))
@pytest.mark.row(29)
def test_decode_gives_a_value_for_any_bytes(payload: bytes) -> None:
    """Nothing that comes as a text frame raises."""
    assert isinstance(decode_client(payload), Malformed | client_events.Wire)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["agent", "audio", "think", "speak", "listen", "prompt", "content", "message", "name", "id", "think_live"],
    ),
    JSON,
)


@given(st.sampled_from(CLIENT_TYPES) | st.text(max_size=8), FIELDS)
def test_decode_gives_a_value_for_any_json_of_any_type(kind: str, fields: dict[str, object]) -> None:
    """Wrong values in any field are an event or a refusal, and never raise."""
    payload = json.dumps({"type": kind, **fields}).encode()
    assert isinstance(decode_client(payload), Malformed | client_events.Wire)


def test_a_refusal_of_a_type_given_twice_names_no_value() -> None:
    """An ambiguous type is refused, whichever of the two a parser would take."""
    refused = decode_client(b'{"type":"KeepAlive","type":"UpdatePrompt","prompt":"x"}')
    assert isinstance(refused, Malformed)
    assert refused.problem.detail == "UpdatePrompt: the value of $.type is not one of those allowed."
