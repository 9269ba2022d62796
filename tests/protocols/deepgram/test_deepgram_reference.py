"""The reference page is that of the code, and leaves out nothing that the vendor's SDK knows."""

from typing import Any, get_args

import pytest
from deepgram_sdk import client_models, field_paths, literal_type, server_models
from message_fields import leaves, tag
from pydantic import BaseModel
from reference import PAGE, errors, page, warnings
from reference_words import (
    ALSO_FATAL,
    CLIENT_FIELDS,
    ERRORS_NEVER_SENT,
    NEVER_SENT,
    NOT_TOLD,
    SERVER_FIELDS,
    WARNED,
    WARNINGS_NEVER_SENT,
)
from test_deepgram_codes import DOCUMENTED_ERRORS, OURS
from verdicts import NAMED, NO_DIFFERENCE, REFUSED, TAKES_EFFECT, by_end, verdict
from verdicts import WARNED as WARNS

from turngate.protocols.deepgram import translation
from turngate.protocols.deepgram.client_events import ClientEvent
from turngate.protocols.deepgram.server_events import ServerEvent
from turngate.session.messages import Cause

CLIENTS_PAGE = PAGE.parents[1] / "howto" / "clients.md"


def test_the_page_is_that_of_the_code() -> None:
    """``make reference`` rewrites it."""
    assert page() == PAGE.read_text()


@pytest.mark.parametrize("model", [*client_models(), *server_models()], ids=lambda model: model.__name__)
def test_every_message_and_field_that_the_sdk_knows_is_on_the_page(model: type[BaseModel]) -> None:
    """A new SDK shows what the page does not have, at whatever depth."""
    name = literal_type(model)
    text = "\n".join(part for part in PAGE.read_text().split("\n### ")[1:] if part.startswith(f"`{name}`\n"))
    assert text, name
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    known = {path.strip(" `").replace("[]", ""): kind.partition(",")[0].strip() for _, path, kind, *_ in rows}
    # what an object of any shape holds (headers, parameters) has no rows
    shapeless = tuple(f"{path}." for path, kind in known.items() if kind in ("object", "anything"))
    missing = [path for path in field_paths(model) if path not in known and not path.startswith(shapeless)]
    assert [] == missing


@pytest.mark.parametrize("event", get_args(ClientEvent), ids=tag)
def test_every_field_of_a_client_has_a_verdict_and_a_sentence(event: Any) -> None:
    """Each is taken, named, or makes no difference; a sample that cannot be served would be refused."""
    for path, words, _ in leaves(event):
        assert verdict(tag(event), path, words) in {TAKES_EFFECT, NO_DIFFERENCE, NAMED, WARNS} - {REFUSED}, path
        assert by_end(CLIENT_FIELDS, tag(event), path), path
    assert event.__doc__


def test_every_field_of_the_proxy_has_a_sentence() -> None:
    """And no sentence is about a field that is gone."""
    paths = [f"{tag(event)}.{leaf.path}" for event in get_args(ServerEvent) for leaf in leaves(event)]
    assert sorted(SERVER_FIELDS) == sorted(paths)
    assert all(event.__doc__ for event in get_args(ServerEvent))


def test_no_sentence_is_about_a_field_that_is_gone() -> None:
    """Each end of a path in the table is the longest one for some field."""
    used = set()
    for event in get_args(ClientEvent):
        for leaf in leaves(event):
            used.add(by_end({end: end for end in CLIENT_FIELDS}, tag(event), leaf.path))
    assert set(CLIENT_FIELDS) == used


KNOWN = [
    ("Settings", "agent", "object or string", TAKES_EFFECT),
    ("Settings", "agent.think.prompt", "string", TAKES_EFFECT),
    ("Settings", "audio.input.encoding", "string", TAKES_EFFECT),
    ("Settings", "audio.output.container", "string", TAKES_EFFECT),
    ("Settings", "audio.output.bitrate", "integer", NAMED),
    ("Settings", "agent.think.provider.type", "string", NO_DIFFERENCE),
    ("Settings", "agent.think.provider.temperature", "number", NAMED),
    ("Settings", "agent.think.provider.credentials.access_key_id", "string", NAMED),
    ("Settings", "agent.think.functions[].name", "string", TAKES_EFFECT),
    ("Settings", "agent.listen.provider.version", "string", TAKES_EFFECT),
    ("Settings", "agent.speak.provider.type", "string", TAKES_EFFECT),
    ("Settings", "agent.speak.provider.speed", "number", TAKES_EFFECT),
    ("Settings", "agent.speak.provider.voice.id", "string", TAKES_EFFECT),
    ("Settings", "agent.context.messages[].function_calls[].response", "string", TAKES_EFFECT),
    ("Settings", "agent.context.messages[].function_calls[].client_side", "boolean", NO_DIFFERENCE),
    ("Settings", "tags", "array", NO_DIFFERENCE),
    ("UpdateThink", "think.prompt", "string", TAKES_EFFECT),
    ("UpdateThink", "think.provider.type", "string", NO_DIFFERENCE),
    ("UpdateListen", "listen.provider.keyterms", "array", TAKES_EFFECT),
    ("UpdateListen", "listen.provider.language_hints", "array", TAKES_EFFECT),
    ("UpdateThink_Live", "think_live.provider.type", "string", WARNS),
]


@pytest.mark.parametrize(("kind", "path", "words", "expected"), KNOWN)
def test_verdicts_are_what_is_known_of_a_few(kind: str, path: str, words: str, expected: str) -> None:
    """A value that a message needs takes no effect by that alone; what it needs beside it is given."""
    assert expected == verdict(kind, path, words)


def test_messages_that_are_never_sent_are_those_that_the_translation_has_no_use_for() -> None:
    """And no others."""
    unused = {tag(event) for event in get_args(ServerEvent) if event.__name__ not in vars(translation)}
    assert unused == set(NEVER_SENT)


def test_every_code_is_sent_for_a_cause_or_said_to_be_never_sent() -> None:
    """Those of the protocol, and those of ours."""
    assert set(Cause) >= WARNED | NOT_TOLD
    assert WARNED > ALSO_FATAL
    assert set(errors()) | set(ERRORS_NEVER_SENT) == DOCUMENTED_ERRORS | OURS
    assert not set(errors()) & set(ERRORS_NEVER_SENT)
    assert not set(warnings()) & set(WARNINGS_NEVER_SENT)


def test_the_codes_are_those_that_clients_are_told_of() -> None:
    """The page on how to connect names the codes that are sent, by hand."""
    text = CLIENTS_PAGE.read_text().partition("## Codes")[2]
    warned, _, fatal = text.partition("| `Error` | when")
    assert set(warnings()) == {line.split("`")[1] for line in warned.splitlines() if line.startswith("| `")} - {
        "Warning"
    }
    assert set(errors()) == {line.split("`")[1] for line in fatal.splitlines() if line.startswith("| `")}
