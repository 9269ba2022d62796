"""The reference page is that of the code, and leaves out nothing that the vendor's SDK knows."""

from typing import Any, get_args

import pytest
from deepgram_sdk import client_models, literal_type, server_models
from pydantic import BaseModel
from reference import NAMED, NEVER_SENT, NO_DIFFERENCE, PAGE, TAKES_EFFECT, WARNED, leaves, page, tag, verdict

from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.server_events import ServerEvent


def section(name: str) -> str:
    """What the page says about one message; both directions of a name together."""
    found = [part for part in PAGE.read_text().split("\n### ")[1:] if part.startswith(f"`{name}`\n")]
    assert found, name
    return "\n".join(found)


def test_the_page_is_that_of_the_code() -> None:
    """``make reference`` rewrites it."""
    assert page() == PAGE.read_text()


def fields(model: type[BaseModel], at: str = "") -> set[str]:
    """The top level of a model of the SDK's, by the names on the wire."""
    return {f.alias or name for name, f in model.model_fields.items()} - {"type"}


@pytest.mark.parametrize("model", [*client_models(), *server_models()], ids=lambda model: model.__name__)
def test_every_message_and_field_that_the_sdk_knows_is_on_the_page(model: type[BaseModel]) -> None:
    """A new SDK shows what the page does not have."""
    text = section(literal_type(model))
    missing = [name for name in fields(model) if not any(f"| `{name}{end}" in text for end in ("`", ".", "[]"))]
    assert [] == missing


@pytest.mark.parametrize("event", get_args(ClientEvent), ids=tag)
def test_every_field_has_a_verdict(event: Any) -> None:
    """Each is taken, named, or refused; a sample that cannot be served would say otherwise."""
    verdicts = {path: verdict(tag(event), path, kind) for path, kind in leaves(event)}
    assert {path for path, said in verdicts.items() if said == "refused"} == REFUSED.get(tag(event), set())
    assert set(verdicts.values()) <= {TAKES_EFFECT, NO_DIFFERENCE, NAMED, WARNED, "refused"}


REFUSED: dict[str, set[str]] = {}
"""Fields that no value can be served of."""

KNOWN = [
    ("Settings", "agent.think.prompt", "string", TAKES_EFFECT),
    ("Settings", "audio.input.encoding", "string", TAKES_EFFECT),
    ("Settings", "audio.output.container", "string", TAKES_EFFECT),
    ("Settings", "audio.output.bitrate", "integer", NAMED),
    ("Settings", "agent.think.provider.temperature", "number", NAMED),
    ("Settings", "agent.think.provider.credentials.access_key_id", "string", NAMED),
    ("Settings", "agent.speak.provider.speed", "number", TAKES_EFFECT),
    ("Settings", "tags", "array", NO_DIFFERENCE),
    ("UpdateThink", "think.prompt", "string", TAKES_EFFECT),
    ("UpdateListen", "listen.provider.keyterms", "array", TAKES_EFFECT),
    ("UpdateThink_Live", "think_live.provider.type", "string", WARNED),
]


@pytest.mark.parametrize(("kind", "path", "type_words", "expected"), KNOWN)
def test_verdicts_are_what_is_known_of_a_few(kind: str, path: str, type_words: str, expected: str) -> None:
    """The page would be worth nothing if its verdicts were all alike."""
    assert expected == verdict(kind, path, type_words)


def test_messages_that_are_never_sent_exist() -> None:
    """And say why."""
    assert set(NEVER_SENT) <= {tag(event) for event in get_args(ServerEvent)}
