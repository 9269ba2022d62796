"""The client's events: all that the official package knows, to the last field, and no other."""

import json
from typing import Any, get_args

import corpus
import pytest
from msgspec import UNSET
from openai.types.realtime import RealtimeResponseCreateParams
from openai.types.realtime.realtime_response_create_audio_output import RealtimeResponseCreateAudioOutput

from openai_judge import CLIENT_MODELS, judge_client_event
from turngate.protocols.realtime import client_events as c
from turngate.protocols.realtime.codec import Malformed, decode_client, encode_client

CLASSES = {event.__struct_config__.tag: event for event in get_args(c.ClientEvent)}
SAMPLES = {kind: {"type": kind, "event_id": "event_1", **fields} for kind, fields in corpus.CLIENT.items()}


def decoded(tree: corpus.Tree) -> Any:
    """What the decoder makes of a JSON tree."""
    return decode_client(json.dumps(tree).encode())


def test_every_event_of_the_official_package_has_a_class():
    """None is missing, and there is none that the package does not know."""
    assert set(CLIENT_MODELS) == set(CLASSES)
    assert len(CLASSES) == 11


def test_every_event_has_a_sample():
    """Whoever adds an event adds a sample of it."""
    assert set(CLASSES) == set(corpus.CLIENT)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_has_the_fields_of_the_official_package(kind):
    """No more and no fewer: what we refuse, the API refuses."""
    assert set(CLIENT_MODELS[kind].model_fields) == {"type", *CLASSES[kind].__struct_fields__}


def test_a_response_has_the_fields_of_the_official_package():
    """No more and no fewer, also in its audio."""
    assert set(RealtimeResponseCreateParams.model_fields) == set(c.ResponseParams.__struct_fields__)
    assert set(RealtimeResponseCreateAudioOutput.model_fields) == set(c.ResponseAudio.__struct_fields__)


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_is_read_whole_and_written_as_it_was(kind):
    """Nothing is lost between reading and writing, and the official package takes what was written."""
    event = decoded(SAMPLES[kind])
    assert isinstance(event, CLASSES[kind])
    judge_client_event(encode_client(event))
    assert SAMPLES[kind] == json.loads(encode_client(event))


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_event_needs_no_id(kind):
    """``event_id`` is the client's to choose, and is not sent where it is not."""
    sample = {name: value for name, value in SAMPLES[kind].items() if name != "event_id"}
    event = decoded(sample)
    assert event.event_id is UNSET
    assert sample == json.loads(encode_client(event))


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_unknown_field_is_refused(kind):
    """The refusal names the field and the event's id."""
    refusal = decoded({**SAMPLES[kind], "colour": "blue"})
    assert isinstance(refusal, Malformed)
    assert ("unknown_parameter", "colour", "event_1") == (refusal.code, refusal.param, refusal.event_id)


@pytest.mark.parametrize(
    ("response", "code", "param"),
    [
        ({"voice": "ash"}, "unknown_parameter", "response.voice"),
        ({"modalities": ["audio"]}, "unknown_parameter", "response.modalities"),
        ({"audio": {"input": {}}}, "unknown_parameter", "response.audio.input"),
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "response.output_modalities"),
        ({"output_modalities": []}, "invalid_value", "response.output_modalities"),
        ({"conversation": "both"}, "invalid_value", "response.conversation"),
        ({"max_output_tokens": 4097}, "invalid_value", "response.max_output_tokens"),
        ({"metadata": {str(n): "" for n in range(17)}}, "invalid_value", "response.metadata"),
        ({"metadata": {"a": "x" * 513}}, "invalid_value", "response.metadata[...]"),
        ({"metadata": {"x" * 65: "a"}}, "invalid_value", "response.metadata"),
        ({"metadata": {"a": 1}}, "invalid_type", "response.metadata[...]"),
        ({"input": [{"type": "item_reference"}]}, "missing_required_parameter", "response.input[0].id"),
        ({"tool_choice": "perhaps"}, "invalid_value", "response.tool_choice"),
    ],
)
def test_a_response_is_refused_when_the_api_would_refuse_it(response, code, param):
    """With the path of the field, in the API's own codes."""
    refusal = decoded({"type": "response.create", "event_id": "event_1", "response": response})
    assert isinstance(refusal, Malformed)
    assert (code, param, "event_1") == (refusal.code, refusal.param, refusal.event_id)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("session.update", "session"),
        ("input_audio_buffer.append", "audio"),
        ("conversation.item.create", "item"),
        ("conversation.item.retrieve", "item_id"),
        ("conversation.item.truncate", "audio_end_ms"),
        ("conversation.item.delete", "item_id"),
    ],
)
def test_a_missing_field_is_named(kind, missing):
    """As ``missing_required_parameter``."""
    refusal = decoded({name: value for name, value in SAMPLES[kind].items() if name != missing})
    assert isinstance(refusal, Malformed)
    assert ("missing_required_parameter", missing) == (refusal.code, refusal.param)


def test_an_event_id_is_refused_when_it_is_too_long():
    """The API takes 512 characters."""
    refusal = decoded({"type": "response.cancel", "event_id": "e" * 513})
    assert isinstance(refusal, Malformed)
    assert refusal.param == "event_id"


def test_an_item_of_the_conversation_may_stand_for_itself_in_the_input_of_a_response():
    """``item_reference``, which is no item anywhere else."""
    reference = {"type": "item_reference", "id": "item_1"}
    event = decoded({"type": "response.create", "response": {"input": [reference]}})
    assert isinstance(event.response.input[0], c.ItemReference)
    assert isinstance(decoded({"type": "conversation.item.create", "item": reference}), Malformed)
