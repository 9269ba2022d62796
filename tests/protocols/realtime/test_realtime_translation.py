"""What each request of the session is on the wire."""

import json
from typing import Any

import msgspec
import pytest
from attrs import evolve
from msgspec import UNSET

from openai_judge import judge_client_event
from turngate.protocols.realtime import Malformed, RealtimeOptions, Translation, decode_client, encode_client
from turngate.protocols.realtime.readings import TAG
from turngate.protocols.realtime.translation import SAY_PREFIX
from turngate.session import messages as m

CLOCK = m.ToolSpec("clock", "Tells the time.", '{"type":"object","properties":{"zone":{"type":"string"}}}')
FULL = m.SessionConfig("Be brief.", (CLOCK, m.ToolSpec("bell")), voice="ash", speed=1.25, language="de")
PLAIN = m.SessionConfig()


def sent(effect: m.UpstreamEffect, options: RealtimeOptions | None = None) -> dict[str, Any]:
    """The JSON tree of what asks for an effect; the official package and the strict decoder both take it."""
    payload = encode_client(Translation(options).to_upstream(effect))
    judge_client_event(payload)
    assert not isinstance(decode_client(payload), Malformed)
    tree: dict[str, Any] = json.loads(payload)
    return tree


def session(config: m.SessionConfig, confirmed: m.SessionConfig | None, options: RealtimeOptions | None = None) -> Any:
    """The session of the update from one configuration to another."""
    event = sent(m.SendUpdate("tg_1", config, confirmed), options)
    assert (event["type"], event["event_id"]) == ("session.update", "tg_1")
    return event["session"]


# --- the first update -----------------------------------------------------------------------------------------------


def test_the_first_update_sets_everything():
    """The proxy alone starts responses; the user's speech is written down; audio is session audio both ways."""
    assert session(FULL, None) == {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "Be brief.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {"model": "gpt-4o-transcribe", "language": "de"},
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "create_response": False,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "ash", "speed": 1.25},
        },
        "tools": [
            {
                "type": "function",
                "name": "clock",
                "description": "Tells the time.",
                "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}},
            },
            {"type": "function", "name": "bell", "parameters": {"type": "object", "properties": {}}},
        ],
        "tool_choice": "auto",
    }


def test_the_first_update_leaves_the_upstreams_defaults_where_nothing_was_asked_for():
    """No voice, speed or language is made up; empty instructions and tools clear what the upstream had."""
    first = session(PLAIN, None)
    assert first["audio"]["output"] == {"format": {"type": "audio/pcm", "rate": 24000}}
    assert first["audio"]["input"]["transcription"] == {"model": "gpt-4o-transcribe"}
    assert (first["instructions"], first["tools"]) == ("", [])


def test_the_first_update_follows_the_operator():
    """Transcription can be off, and turn detection and voice are the operator's to set."""
    options = RealtimeOptions(
        transcription_model=None,
        vad_threshold=0.8,
        vad_prefix_padding_ms=100,
        vad_silence_duration_ms=900,
        voice="marin",
    )
    first = session(PLAIN, None, options)["audio"]
    assert first["input"]["transcription"] is None
    assert first["input"]["turn_detection"]["threshold"] == 0.8
    assert first["input"]["turn_detection"]["prefix_padding_ms"] == 100
    assert first["input"]["turn_detection"]["silence_duration_ms"] == 900
    assert first["output"]["voice"] == "marin"
    assert session(FULL, None, options)["audio"]["output"]["voice"] == "ash"


# --- later updates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({}, {}),
        ({"instructions": "Be long."}, {"instructions": "Be long."}),
        ({"instructions": ""}, {"instructions": ""}),
        ({"tools": ()}, {"tools": []}),
        ({"voice": "marin"}, {"audio": {"output": {"voice": "marin"}}}),
        ({"voice": None}, {}),
        ({"speed": 0.5}, {"audio": {"output": {"speed": 0.5}}}),
        ({"speed": None}, {"audio": {"output": {"speed": 1.0}}}),
        ({"language": "en"}, {"audio": {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}}}),
        ({"language": None}, {"audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}}),
        ({"instructions": "x", "speed": 0.5}, {"instructions": "x", "audio": {"output": {"speed": 0.5}}}),
    ],
)
def test_a_later_update_holds_only_what_differs(change, difference):
    """The voice least of all: named again after the first audio, it would have the whole update refused."""
    assert session(evolve(FULL, **change), FULL) == {"type": "realtime", **difference}


def test_a_later_update_does_not_name_the_operators_voice_again():
    """It was in the first; a client that gives up its own voice gets the operator's back."""
    options = RealtimeOptions(voice="marin")
    assert session(evolve(PLAIN, instructions="x"), PLAIN, options) == {"type": "realtime", "instructions": "x"}
    assert session(evolve(PLAIN, voice="marin"), PLAIN, options) == {"type": "realtime"}
    assert session(PLAIN, evolve(PLAIN, voice="ash"), options)["audio"] == {"output": {"voice": "marin"}}


def test_a_later_update_leaves_transcription_off_where_the_operator_has_it_off():
    """A language is of no use then."""
    options = RealtimeOptions(transcription_model=None)
    assert session(evolve(PLAIN, language="de"), PLAIN, options) == {"type": "realtime"}


# --- responses ------------------------------------------------------------------------------------------------------


def test_a_response_is_asked_for_with_its_tag():
    """``response.created`` does not name the event that caused it; the tag does."""
    assert sent(m.StartResponse("tg_2")) == {
        "type": "response.create",
        "event_id": "tg_2",
        "response": {"metadata": {TAG: "tg_2"}},
    }


def test_words_to_be_spoken_are_set_off_and_no_tool_is_called():
    """They come last, after a line of their own, exactly as they are."""
    words = 'Say "hi",\nand call no tool.'
    response = sent(m.StartResponse("tg_2", words))["response"]
    assert response["metadata"] == {TAG: "tg_2"}
    assert response["tool_choice"] == "none"
    assert response["instructions"] == SAY_PREFIX + words
    assert SAY_PREFIX.endswith("\n\n")


def test_a_response_is_cancelled_by_its_id():
    """So that one that has just ended is not mistaken for the next."""
    expected = {"type": "response.cancel", "event_id": "tg_3", "response_id": "resp_1"}
    assert expected == sent(m.CancelResponse("tg_3", "resp_1"))


# --- the conversation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "item"),
    [
        (
            m.AddLine("tg_4", "item_1", m.Role.USER, "Hello"),
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        ),
        (
            m.AddLine("tg_4", "item_1", m.Role.ASSISTANT, "Hello"),
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
        ),
        (
            m.AddCall("tg_4", "item_1", m.ToolCall("call_1", "clock", "{}")),
            {"type": "function_call", "call_id": "call_1", "name": "clock", "arguments": "{}"},
        ),
        (
            m.AddToolOutput("tg_4", "item_1", "call_1", ""),
            {"type": "function_call_output", "call_id": "call_1", "output": ""},
        ),
    ],
)
def test_an_item_is_added_under_our_ids(effect, item):
    """The assistant's lines are text: the API refuses to create what it said as audio."""
    expected = {"type": "conversation.item.create", "event_id": "tg_4", "item": {"id": "item_1", **item}}
    assert expected == sent(effect)


def test_audio_is_appended_as_it_is():
    """Without an id: it is never answered."""
    event = Translation().to_upstream(m.AppendAudio(b"\x01\x02"))
    assert event.event_id is UNSET
    assert sent(m.AppendAudio(b"\x01\x02")) == {"type": "input_audio_buffer.append", "audio": "AQI="}


def test_text_of_any_script_survives():
    """Nothing is escaped away or lost."""
    words = "Grüße, 世界 \U0001f600 \u2028 \x00"
    item = msgspec.json.decode(encode_client(Translation().to_upstream(m.AddLine("e", "i", m.Role.USER, words))))
    assert words == item["item"]["content"][0]["text"]


# --- what only some client protocols ask for --------------------------------------------------------------------------

RICH = m.SessionConfig(
    "Be brief.",
    (CLOCK,),
    voice=m.OwnVoice("voice_1"),
    turn_end=m.BySilence(200, idle_ms=6000),
    starter=m.Starter.UPSTREAM,
    tool_choice=m.OneTool("clock"),
    output=m.Output.TEXT,
    max_output_tokens=512,
    stored_prompt=m.StoredPrompt("pmpt_1", "2", '{"city":"Ulm"}'),
)
SERVER_VAD = {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200}


def test_the_first_update_holds_all_that_a_client_may_choose():
    """The upstream may start responses, speak by itself, be bound to a tool, to text, to a length and to a prompt."""
    first = session(RICH, None)
    detection = {**SERVER_VAD, "idle_timeout_ms": 6000, "create_response": True, "interrupt_response": True}
    assert first["audio"]["input"]["turn_detection"] == detection
    assert first["audio"]["output"]["voice"] == {"id": "voice_1"}
    assert first["tool_choice"] == {"type": "function", "name": "clock"}
    assert first["output_modalities"] == ["text"]
    assert first["max_output_tokens"] == 512
    assert first["prompt"] == {"id": "pmpt_1", "version": "2", "variables": {"city": "Ulm"}}


def test_an_update_takes_back_what_a_client_had_chosen():
    """Each choice goes back to what stands for none; what was no choice is not sent."""
    assert session(m.SessionConfig("Be brief.", (CLOCK,)), evolve(RICH, voice=None)) == {
        "type": "realtime",
        "output_modalities": ["audio"],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "prompt": None,
        "audio": {
            "input": {
                "turn_detection": {
                    **SERVER_VAD,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": False,
                    "interrupt_response": True,
                }
            }
        },
    }


def test_turns_that_end_by_pauses_are_not_detected_upstream():
    """Turn detection is off from the beginning, or from a change on."""
    assert session(m.SessionConfig(turn_end=m.ByPause()), None)["audio"]["input"]["turn_detection"] is None
    assert session(m.SessionConfig(turn_end=m.ByPause()), PLAIN) == {
        "type": "realtime",
        "audio": {"input": {"turn_detection": None}},
    }
