"""Every field of every client message, wrong in every way: the answer names it, and quotes nothing of it."""

import json
from typing import Any, get_args

import pytest
from message_fields import Leaf, branches, leaves, tag
from verdicts import MAPS, REQUIRED, drop, sample_of, with_field

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
EVENTS = get_args(ClientEvent)
FIELDS = [(tag(event), leaf.path, leaf.words) for event in EVENTS for leaf in leaves(event)]
OBJECTS = [(tag(event), branch) for event in EVENTS for branch in branches(event)]
NEEDED = [
    (tag(event), path) for event in EVENTS for path, _, required in (*leaves(event), *branches(event)) if required
]
TYPED = [(kind, path, words) for kind, path, words in FIELDS if words != "anything"]
BIG = CANARY * 60_000


def wrong_for(words: str) -> list[Any]:
    """Values of types that a field has none of."""
    first, *others = words.split(" or ")
    return [value for value in WRONG[first] if all(value in WRONG[other] for other in others)]


def answer(message: dict[str, Any]) -> Any:
    return Face(MAPS).hear(json.dumps(message).encode())


def plain(path: str) -> str:
    """A path as an answer writes it, for the first item of each list."""
    return "$." + path.replace("[]", "[0]")


def normal(detail: str) -> str:
    """An answer, with every item of a list called the first; alternatives have no index."""
    return detail.replace("[...]", "[0]")


@pytest.mark.parametrize(("kind", "path", "words"), TYPED, ids=lambda value: value)
@pytest.mark.row(30)
def test_a_field_of_the_wrong_type_is_named(kind: str, path: str, words: str) -> None:
    """The message is not one of the protocol: an error with the path, which ends the session."""
    assert wrong_for(words)
    for wrong in wrong_for(words):
        if path.endswith("parameters") and isinstance(wrong, dict):
            continue
        fault = answer(with_field(kind, path, wrong))
        assert isinstance(fault, ClientFault), (wrong, fault)
        assert (Cause.UNPARSABLE, Ending.CLIENT_FAULT) == (fault.problem.cause, fault.ending)
        assert "UNPARSABLE_CLIENT_MESSAGE" == CODES[fault.problem.cause].error
        assert plain(path) in normal(fault.problem.detail), fault
        assert fault.problem.detail.startswith(f"{kind}: ")
        assert CANARY not in fault.problem.detail


@pytest.mark.parametrize(("kind", "branch"), OBJECTS, ids=lambda value: getattr(value, "path", value))
def test_an_object_of_the_wrong_type_is_named(kind: str, branch: Leaf) -> None:
    """It is so with the objects in which fields stand, and the items of their lists."""
    for wrong in [7 if value == [{CANARY: CANARY}] else value for value in wrong_for(branch.words)] + [[7]]:
        fault = answer(with_field(kind, branch.path, wrong))
        assert isinstance(fault, ClientFault), (wrong, fault)
        assert (Cause.UNPARSABLE, Ending.CLIENT_FAULT) == (fault.problem.cause, fault.ending)
        assert plain(branch.path) in normal(fault.problem.detail), fault
        assert CANARY not in fault.problem.detail


@pytest.mark.parametrize(("kind", "path"), NEEDED, ids=lambda value: value)
@pytest.mark.parametrize("is_null", [False, True], ids=["missing", "null"])
def test_a_required_field_is_named_that_is_not_there(kind: str, path: str, is_null: bool) -> None:
    """At whatever depth; null is no value either."""
    message = with_field(kind, path, None)
    if not is_null:
        drop(message, path)
    fault = answer(message)
    assert isinstance(fault, ClientFault)
    assert (Cause.UNPARSABLE, Ending.CLIENT_FAULT) == (fault.problem.cause, fault.ending)
    at, _, name = plain(path).rpartition(".")
    named = normal(fault.problem.detail)
    expected = f"{kind}: {at}.{name} must be" if is_null else f"{kind}: the field {at}.{name} is missing"
    assert named.startswith(expected), named


@pytest.mark.parametrize(("kind", "path", "words"), FIELDS, ids=lambda value: value)
def test_an_optional_field_may_be_null(kind: str, path: str, words: str) -> None:
    """Null asks for nothing: the answer is that to a message without the field."""
    if (kind, path) in NEEDED:
        return
    without = with_field(kind, path, None)
    told = answer(without)
    drop(without, path)
    assert told == answer(without)
    assert not isinstance(told, ClientFault) or path.endswith(NEEDED_BY_VALUE), told


NEEDED_BY_VALUE = ("functions[].name", "messages[].role", "messages[].content")
"""Optional in the protocol, and yet nothing can be done without."""


@pytest.mark.parametrize("event", get_args(ClientEvent), ids=tag)
def test_a_message_that_is_too_large_is_refused_as_that(event: type) -> None:
    """Over half a megabyte, or over one for settings: with the sizes that may be sent, and close code 1009."""
    size = 1024 * 1024 if tag(event) == "Settings" else 512 * 1024
    message = {"type": tag(event), **REQUIRED.get(tag(event), {}), "padding": "x" * size}
    told = answer(message)
    assert isinstance(told, ClientFault)
    assert (Cause.MESSAGE_TOO_LARGE, Ending.CLIENT_TOO_LARGE) == (told.problem.cause, told.ending)
    assert "KiB" in told.problem.detail


LATER = [(kind, path) for kind, path, words in FIELDS if "string" in words.split(" or ") and kind != "Settings"]


@pytest.mark.parametrize(("kind", "path"), LATER, ids=lambda value: value)
def test_a_long_text_in_any_later_message_is_too_large(kind: str, path: str) -> None:
    """Whatever the field; half a megabyte is more than anybody says."""
    told = answer(with_field(kind, path, BIG))
    assert isinstance(told, ClientFault)
    assert (Cause.MESSAGE_TOO_LARGE, Ending.CLIENT_TOO_LARGE) == (told.problem.cause, told.ending)
    assert CANARY not in told.problem.detail


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
    assert {word for _, _, words in TYPED for word in words.split(" or ")} == set(WRONG)
    assert len(NEEDED) > 25
    assert sample_of("Settings", "audio.input.encoding", "string") == "mulaw"
