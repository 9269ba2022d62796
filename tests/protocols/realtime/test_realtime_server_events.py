"""The server's events: all that the official package knows, read tolerantly and written completely."""

import json
from typing import Any, get_args

import corpus
import pytest
from openai.types.beta.realtime import RealtimeServerEvent as BetaServerEvent
from openai.types.realtime import realtime_error, realtime_response, realtime_response_status
from openai.types.realtime.rate_limits_updated_event import RateLimit
from pydantic import BaseModel

from openai_judge import SERVER_MODELS, judge_server_event, models_of
from turngate.protocols.realtime import server_events as s
from turngate.protocols.realtime.codec import Malformed, UnknownEvent, decode_server, encode_server

GA_CLASSES = {event.__struct_config__.tag: event for event in get_args(s.GaServerEvent)}
BETA_CLASSES = {event.__struct_config__.tag: event for event in get_args(s.BetaServerEvent)}


def read(tree: corpus.Tree) -> Any:
    """The event of a JSON tree, which must be readable."""
    event = decode_server(json.dumps(tree).encode())
    assert not isinstance(event, Malformed | UnknownEvent), event
    return event


def written(event: Any) -> corpus.Tree:
    """The JSON tree of an event."""
    return json.loads(encode_server(event))


def without_nulls(tree: Any) -> Any:
    """A JSON tree in which null and absent are one."""
    if isinstance(tree, dict):
        return {name: without_nulls(value) for name, value in tree.items() if value is not None}
    return [without_nulls(value) for value in tree] if isinstance(tree, list) else tree


def test_every_event_of_the_official_package_has_a_class():
    """None is missing, and there is none that the package does not know."""
    assert set(SERVER_MODELS) == set(GA_CLASSES)
    assert len(GA_CLASSES) == 46


def test_every_event_has_a_sample():
    """Whoever adds an event adds a sample of it."""
    assert set(GA_CLASSES) == set(corpus.SERVER)


@pytest.mark.parametrize("kind", GA_CLASSES)
def test_a_class_has_every_field_of_the_official_package(kind):
    """So that the simulator can say all that the API says."""
    fields = {"type", *GA_CLASSES[kind].__struct_fields__}
    assert set(SERVER_MODELS[kind].model_fields) <= fields


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (s.Response, realtime_response.RealtimeResponse),
        (s.StatusDetails, realtime_response_status.RealtimeResponseStatus),
        (s.Error, realtime_error.RealtimeError),
        (s.RateLimit, RateLimit),
    ],
)
def test_an_object_has_every_field_of_the_official_package(ours: type, theirs: type[BaseModel]):
    """So that the simulator can say all that the API says."""
    assert set(theirs.model_fields) == set(ours.__struct_fields__)


@pytest.mark.parametrize("kind", corpus.SERVER)
def test_a_sample_is_what_the_official_package_expects(kind):
    """The samples themselves are held against the package."""
    judge_server_event(json.dumps(corpus.SERVER[kind]).encode())


@pytest.mark.parametrize("kind", corpus.SERVER)
def test_an_event_is_read_whole_and_written_as_it_was(kind):
    """Nothing is lost between reading and writing, and the official package takes what was written."""
    event = read(corpus.SERVER[kind])
    assert isinstance(event, GA_CLASSES[kind])
    judge_server_event(encode_server(event))
    assert without_nulls(corpus.SERVER[kind]) == without_nulls(written(event))


@pytest.mark.parametrize("tree", corpus.EMPTY, ids=lambda tree: tree["type"])
def test_an_empty_field_is_written(tree):
    """A required field that is empty is not taken for one that is absent."""
    judge_server_event(encode_server(read(tree)))
    assert tree == written(read(tree))


@pytest.mark.parametrize("tree", corpus.LEFT_OUT, ids=lambda tree: tree["type"])
def test_an_event_is_read_when_a_server_leaves_out_or_adds(tree):
    """What other servers make of an event is that event."""
    assert isinstance(read(tree), GA_CLASSES[tree["type"]])


@pytest.mark.parametrize("kind", corpus.SERVER)
def test_an_event_is_read_when_it_has_fields_of_a_later_day(kind):
    """Unknown fields are passed over, also inside objects."""
    tree = json.loads(json.dumps(corpus.SERVER[kind]), object_hook=lambda found: {**found, "from_tomorrow": [{}]})
    assert isinstance(read(tree), GA_CLASSES[kind])


def test_a_response_outside_the_conversation_is_told_from_one_without_the_field():
    """Null and absent differ in ``conversation_id``, when read and when written."""
    outside = read({"type": "response.created", "response": {"id": "resp_1", "conversation_id": None}})
    unsaid = read({"type": "response.created", "response": {"id": "resp_1"}})
    assert written(outside)["response"] == {"id": "resp_1", "conversation_id": None}
    assert written(unsaid)["response"] == {"id": "resp_1"}


def test_the_first_item_follows_null():
    """``previous_item_id`` is written as null where it is null."""
    tree = corpus.SERVER["conversation.item.added"]
    assert "previous_item_id" in written(read(tree))


def test_audio_is_bytes():
    """Base64 is the wire's affair."""
    event = read(corpus.SERVER["response.output_audio.delta"])
    assert event.delta == corpus.PCM
    assert written(event)["delta"] == corpus.PCM_BASE64


def test_the_beta_names_are_those_of_the_official_package():
    """The package still has the beta's events; every name there that is not in GA is one of ours."""
    renamed = {kind for kind in models_of(BetaServerEvent) if kind not in GA_CLASSES}
    assert renamed - {"transcription_session.updated"} == set(BETA_CLASSES)
    assert set(corpus.BETA_NAMES) == set(BETA_CLASSES)


@pytest.mark.parametrize(("beta", "ga"), corpus.BETA_NAMES.items())
def test_a_beta_event_is_the_event_of_ga(beta, ga):
    """A match on the GA class takes the beta's event, with its fields."""
    event = read({**corpus.SERVER[ga], "type": beta})
    assert isinstance(event, GA_CLASSES[ga])
    assert written(event) == {**written(read(corpus.SERVER[ga])), "type": beta}


@pytest.mark.parametrize("event", [*GA_CLASSES.values(), *BETA_CLASSES.values()])
def test_every_event_says_what_it_is(event):
    """Each class has a docstring of its own."""
    assert event.__doc__
    assert event.__doc__ not in [base.__doc__ for base in event.__mro__[1:]]
