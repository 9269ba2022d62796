"""Every field of every client message, wrong in every way: the answer names it, and quotes nothing of it."""

import json
from typing import Any, get_args

import pytest
from reference import MAPS, REQUIRED, leaves, sample_of, tag, with_field

from turngate.protocols.deepgram import Face
from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.codes import CODES
from turngate.session.messages import Cause, ClientFault, Ending, UnsupportedRequest

CANARY = "canary-7b1e"
WRONG: dict[str, list[Any]] = {
    "string": [7, True, [CANARY], {CANARY: CANARY}],
    "integer": [CANARY, 1.5, True, [CANARY], {CANARY: CANARY}],
    "number": [CANARY, True, [CANARY], {CANARY: CANARY}],
    "boolean": [CANARY, 7, [CANARY], {CANARY: CANARY}],
    "array": [CANARY, 7, True, {CANARY: CANARY}, [{CANARY: CANARY}]],
    "object": [CANARY, 7, True, [CANARY]],
}
FIELDS = [(tag(event), path, kind) for event in get_args(ClientEvent) for path, kind in leaves(event)]
TYPED = [(kind, path, words) for kind, path, words in FIELDS if words in WRONG]
BIG = CANARY * 60_000


def answer(message: dict[str, Any]) -> Any:
    return Face(MAPS).hear(json.dumps(message).encode())


def plain(path: str) -> str:
    """A path as an answer writes it, for the first item of each list."""
    return "$." + path.replace("[]", "[0]")


def normal(detail: str) -> str:
    """An answer, with every item of a list called the first; alternatives have no index."""
    return detail.replace("[...]", "[0]")


@pytest.mark.parametrize(("kind", "path", "words"), TYPED, ids=lambda value: value)
def test_a_field_of_the_wrong_type_is_named(kind: str, path: str, words: str) -> None:
    """The message is not one of the protocol: an error with the path, which ends the session."""
    for wrong in WRONG[words]:
        if path.endswith("parameters") and isinstance(wrong, dict):
            continue
        fault = answer(with_field(kind, path, wrong))
        assert isinstance(fault, ClientFault), (wrong, fault)
        assert (Cause.UNPARSABLE, Ending.CLIENT_FAULT) == (fault.problem.cause, fault.ending)
        assert "UNPARSABLE_CLIENT_MESSAGE" == CODES[fault.problem.cause].error
        # a list, or an object in its place, is told by the field that holds it
        named = normal(fault.problem.detail)
        assert plain(path) in named or plain(path).rpartition(".")[0] in named, named
        assert fault.problem.detail.startswith(f"{kind}: ")
        assert CANARY not in fault.problem.detail


@pytest.mark.parametrize(("kind", "path", "words"), FIELDS, ids=lambda value: value)
def test_an_optional_field_may_be_null(kind: str, path: str, words: str) -> None:
    """As if it were absent; a required one is named."""
    told = answer(with_field(kind, path, None))
    if isinstance(told, ClientFault):
        required = path.rpartition(".")[2].removesuffix("[]")
        assert required in told.problem.detail
    else:
        without = with_field(kind, path, None)
        assert "null" not in str(told)
        assert type(told) is type(answer(without))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, fields in REQUIRED.items() for name in fields])
def test_a_required_field_that_is_missing_is_named(kind: str, name: str) -> None:
    """The answer says which; an id that may be missing is matched by name, and a line may be dynamic."""
    message = {"type": kind, **REQUIRED[kind]}
    del message[name]
    told = answer(message)
    if (kind, name) == ("FunctionCallResponse", "id"):
        assert told.call_id is None
    elif (kind, name) == ("InjectAgentMessage", "message"):
        assert isinstance(told, UnsupportedRequest)
        assert "$.message" in told.problem.detail
    else:
        assert isinstance(told, ClientFault)
        assert f"{kind}: the field $.{name} is missing; it is required." == told.problem.detail


@pytest.mark.parametrize("event", get_args(ClientEvent), ids=tag)
def test_a_message_that_is_too_large_is_refused_as_that(event: type) -> None:
    """Over half a megabyte, or over one for settings: with the sizes that may be sent, and close code 1009."""
    size = 1024 * 1024 if tag(event) == "Settings" else 512 * 1024
    message = {"type": tag(event), **REQUIRED.get(tag(event), {}), "padding": "x" * size}
    told = answer(message)
    assert isinstance(told, ClientFault)
    assert (Cause.MESSAGE_TOO_LARGE, Ending.CLIENT_TOO_LARGE) == (told.problem.cause, told.ending)
    assert "KiB" in told.problem.detail


STRINGS = [(kind, path) for kind, path, words in FIELDS if words == "string" and kind == "Settings"]


@pytest.mark.parametrize(("kind", "path"), STRINGS, ids=lambda value: value)
def test_a_long_text_in_any_setting_is_used_named_or_refused(kind: str, path: str) -> None:
    """600 KiB where a name should be: no answer quotes it, and what is not used is not passed on."""
    told = answer(with_field(kind, path, BIG))
    used = path in ("agent.greeting", "agent.think.prompt") or "messages[]" in path or "functions[]" in path
    notices = " ".join(notice.detail for notice in getattr(told, "notices", ()))
    problem = told.problem.detail if isinstance(told, ClientFault) else ""
    assert CANARY not in notices + problem
    assert len(notices + problem) < 2_000
    if not used and not isinstance(told, ClientFault):
        assert CANARY not in repr(told.config) + told.greeting + str(told.model)


RANGES = [
    ("Settings", "audio.input.encoding", CANARY, "$.audio.input.encoding"),
    ("Settings", "audio.input.sample_rate", 12_345, "$.audio.input.sample_rate"),
    ("Settings", "audio.output.sample_rate", -1, "$.audio.output.sample_rate"),
    ("Settings", "audio.output.container", "ogg", "$.audio.output.container"),
    ("Settings", "agent.speak.provider.speed", 1e9, "$.agent.speak.provider.speed"),
    ("Settings", "agent.listen.provider.eot_threshold", 2.0, "$.agent.listen.provider.eot_threshold"),
    ("Settings", "agent.listen.provider.eot_timeout_ms", 10**9, "$.agent.listen.provider.eot_timeout_ms"),
    ("Settings", "agent.think.provider.reasoning_mode", CANARY, "$.agent.think.provider.reasoning_mode"),
    ("Settings", "agent.context.messages[].role", CANARY, "$.agent.context.messages[0].role"),
    ("UpdateThink", "think.provider.reasoning_mode", CANARY, "$.think.provider.reasoning_mode"),
    ("UpdateSpeak", "speak.provider.speed", 0.0, "$.speak.provider.speed"),
    ("UpdateListen", "listen.provider.eot_threshold", 0.1, "$.listen.provider.eot_threshold"),
    ("InjectAgentMessage", "behavior", CANARY, "$.behavior"),
]


@pytest.mark.parametrize(("kind", "path", "value", "named"), RANGES)
def test_a_value_out_of_range_is_named_with_what_is_allowed(kind: str, path: str, value: Any, named: str) -> None:
    """Settings are refused, and end the session; an update is not taken, and it goes on."""
    told = answer(with_field(kind, path, value))
    assert isinstance(told, ClientFault if kind == "Settings" else UnsupportedRequest)
    code = CODES[told.problem.cause]
    assert ("INVALID_SETTINGS" if kind == "Settings" else "INVALID_UPDATE") in (code.error, code.warning)
    assert f"{named} must be" in told.problem.detail
    assert CANARY not in told.problem.detail


def test_samples_are_what_they_should_be() -> None:
    """A table that leaves fields out would find no fault in them."""
    assert len(FIELDS) > 120
    assert {words for _, _, words in TYPED} == set(WRONG)
    assert sample_of("audio.input.encoding", "string") == "mulaw"
