import json
from typing import get_args

import pytest
from deepgram_sdk import literal_type, server_models
from pydantic import TypeAdapter

from turngate.protocols.deepgram import ServerEvent, encode_server, server_events
from turngate.protocols.deepgram.settings_tree import PastCall

CALL = PastCall("c1", "look_up", client_side=True, arguments="{}", response="ok")

EVENTS: list[ServerEvent] = [
    server_events.Welcome("2f5b3a1e"),
    server_events.SettingsApplied(),
    server_events.ConversationText("user", "Hello", "default"),
    server_events.ConversationText("assistant", "Hi", "filler", ["en"], ["en", "de"]),
    server_events.UserStartedSpeaking(),
    server_events.AgentThinking(""),
    server_events.AgentStartedSpeaking(1.5, 0.0, 0.25),
    server_events.AgentAudioDone(),
    server_events.LatencyReport(),
    server_events.LatencyReport(total_latency=1.0),
    server_events.FunctionCallRequest([server_events.RequestedCall("c1", "look_up", "{}", client_side=True)]),
    server_events.FunctionCallCancelled([server_events.CancelledCall("c1", "look_up")]),
    server_events.FunctionResult("look_up", "ok"),
    server_events.PromptUpdated(),
    server_events.SpeakUpdated(),
    server_events.ThinkUpdated(),
    server_events.ListenUpdated(),
    server_events.ThinkLiveUpdated(),
    server_events.InjectionRefused("The user is speaking."),
    server_events.FrustrationDetected(1, escalated=False),
    server_events.History(role="user", content="Hello"),
    server_events.History(function_calls=[CALL]),
    server_events.WarningEvent("PROMPT_TOO_LONG", "Shorten it."),
    server_events.ErrorEvent("INVALID_SETTINGS", "Correct them."),
    server_events.CustomFromThinkProvider({"any": 1}),
]


def test_server_types_are_those_that_the_sdk_reads() -> None:
    """Every message type of the installed SDK is known, and none besides."""
    known = {event.__struct_config__.tag for event in get_args(ServerEvent)}
    assert {literal_type(model) for model in server_models()} == known


def test_events_hold_an_example_of_each_class() -> None:
    """No server event is left out of the examples."""
    assert set(get_args(ServerEvent)) == {type(event) for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_valid_for_the_sdk_when_encoded(event: ServerEvent) -> None:
    """A model of the SDK accepts each event strictly, finds no field that it does not know, and misses none."""
    message = json.loads(encode_server(event))
    accepted = []
    for model in server_models():
        if literal_type(model) == message["type"]:
            known = set(model.model_fields)
            required = {name for name, about in model.model_fields.items() if about.is_required()}
            if required <= set(message) <= known:
                accepted.append(TypeAdapter(model).validate_json(encode_server(event), strict=True))
    assert len(accepted) == 1, message


def test_latencies_are_written_as_numbers_with_a_fraction() -> None:
    """A client that reads floats strictly finds floats."""
    encoded = encode_server(server_events.AgentStartedSpeaking(total_latency=0.0, tts_latency=0.0, ttt_latency=1.0))
    assert encoded == b'{"type":"AgentStartedSpeaking","total_latency":0.0,"tts_latency":0.0,"ttt_latency":1.0}'


def test_conversational_behavior_is_always_written() -> None:
    """The field stands in every line, as new servers send it."""
    line = json.loads(encode_server(server_events.ConversationText("user", "Hello", "default")))
    assert line == {
        "type": "ConversationText",
        "role": "user",
        "content": "Hello",
        "conversational_behavior": "default",
    }
