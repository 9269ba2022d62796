"""The session that a client may set: every field of the official package, within the API's bounds."""

import json

import corpus
import pytest
from openai.types import realtime as theirs
from openai.types.realtime import (
    realtime_audio_config_input,
    realtime_audio_formats,
    realtime_audio_input_turn_detection,
    realtime_tools_config_union,
    realtime_tracing_config,
    realtime_truncation_retention_ratio,
)
from openai.types.responses import ResponsePrompt, ToolChoiceFunction, ToolChoiceMcp
from pydantic import BaseModel

from openai_judge import judge_client_event
from turngate.protocols.realtime import session_object as o
from turngate.protocols.realtime.client_events import SessionUpdate
from turngate.protocols.realtime.codec import Malformed, decode_client, encode_client


def update(session: object) -> bytes:
    """A ``session.update`` as a client sends it."""
    return json.dumps({"type": "session.update", "event_id": "event_1", "session": session}).encode()


def at(path: str, value: object) -> corpus.Tree:
    """A session with one value, at a path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return {"type": "realtime", **value}


@pytest.mark.parametrize(
    ("ours", "model"),
    [
        (o.Session, theirs.RealtimeSessionCreateRequest),
        (o.Audio, theirs.RealtimeAudioConfig),
        (o.AudioInput, theirs.RealtimeAudioConfigInput),
        (o.AudioOutput, theirs.RealtimeAudioConfigOutput),
        (o.Transcription, theirs.AudioTranscription),
        (o.NoiseReduction, realtime_audio_config_input.NoiseReduction),
        (o.ServerVad, realtime_audio_input_turn_detection.ServerVad),
        (o.SemanticVad, realtime_audio_input_turn_detection.SemanticVad),
        (o.Pcm, realtime_audio_formats.AudioPCM),
        (o.Pcmu, realtime_audio_formats.AudioPCMU),
        (o.Pcma, realtime_audio_formats.AudioPCMA),
        (o.FunctionTool, theirs.RealtimeFunctionTool),
        (o.McpTool, realtime_tools_config_union.Mcp),
        (o.FunctionChoice, ToolChoiceFunction),
        (o.McpChoice, ToolChoiceMcp),
        (o.Prompt, ResponsePrompt),
        (o.Reasoning, theirs.RealtimeReasoning),
        (o.Tracing, realtime_tracing_config.TracingConfiguration),
        (o.RetentionRatio, theirs.RealtimeTruncationRetentionRatio),
        (o.TokenLimits, realtime_truncation_retention_ratio.TokenLimits),
    ],
)
def test_an_object_has_the_fields_of_the_official_package(ours: type[o.Strict], model: type[BaseModel]):
    """No more and no fewer: what we refuse, the API refuses."""
    tagged = {"type"} if ours.__struct_config__.tag else set()
    assert set(model.model_fields) == {*tagged, *ours.__struct_fields__}


@pytest.mark.parametrize("session", corpus.SESSIONS)
def test_a_session_is_read_whole_and_written_as_it_was(session):
    """Nothing is lost, null stays null, absent stays absent, and the official package takes it."""
    event = decode_client(update(session))
    assert isinstance(event, SessionUpdate)
    judge_client_event(encode_client(event))
    assert session == json.loads(encode_client(event))["session"]


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "transcription"}, "invalid_value", "session.type"),
        (at("voice", "ash"), "unknown_parameter", "session.voice"),
        (at("turn_detection", None), "unknown_parameter", "session.turn_detection"),
        (at("temperature", 0.8), "unknown_parameter", "session.temperature"),
        (at("audio.output.pitch", 1), "unknown_parameter", "session.audio.output.pitch"),
        (at("audio.output.voice", None), "invalid_type", "session.audio.output.voice"),
        (at("audio.output.speed", 1.6), "invalid_value", "session.audio.output.speed"),
        (at("audio.output.speed", 0.2), "invalid_value", "session.audio.output.speed"),
        (at("audio.output.speed", "fast"), "invalid_type", "session.audio.output.speed"),
        (at("audio.input.format", {"type": "audio/opus"}), "invalid_value", "session.audio.input.format.type"),
        (
            at("audio.input.format", {"type": "audio/pcm", "rate": 16000}),
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            at("audio.input.format", {"type": "audio/pcmu", "rate": 8000}),
            "unknown_parameter",
            "session.audio.input.format.rate",
        ),
        (
            at("audio.input.turn_detection", {"threshold": 0.5}),
            "missing_required_parameter",
            "session.audio.input.turn_detection.type",
        ),
        (
            at("audio.input.turn_detection", {"type": "server_vad", "threshold": 1.1}),
            "invalid_value",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            at("audio.input.turn_detection", {"type": "server_vad", "silence_duration_ms": -1}),
            "invalid_value",
            "session.audio.input.turn_detection.silence_duration_ms",
        ),
        (
            at("audio.input.turn_detection", {"type": "server_vad", "eagerness": "low"}),
            "unknown_parameter",
            "session.audio.input.turn_detection.eagerness",
        ),
        (at("audio.input.transcription.delay", "long"), "invalid_value", "session.audio.input.transcription.delay"),
        (at("output_modalities", ["audio", "text"]), "invalid_value", "session.output_modalities"),
        (at("output_modalities", ["smell"]), "invalid_value", "session.output_modalities[0]"),
        (at("max_output_tokens", 0), "invalid_value", "session.max_output_tokens"),
        (at("max_output_tokens", "many"), "invalid_value", "session.max_output_tokens"),
        (at("instructions", 3), "invalid_type", "session.instructions"),
        (at("tools", [{"type": "function"}]), "missing_required_parameter", "session.tools[0].name"),
        (at("tools", [{"type": "function", "name": "a b"}]), "invalid_value", "session.tools[0].name"),
        (at("tools", [{"type": "function", "name": "a" * 65}]), "invalid_value", "session.tools[0].name"),
        (at("tools", [{"type": "function", "function": {}}]), "unknown_parameter", "session.tools[0].function"),
        (at("tools", [{"type": "code_interpreter"}]), "invalid_value", "session.tools[0].type"),
        (at("tool_choice", "sometimes"), "invalid_value", "session.tool_choice"),
        (at("truncation.type", "never"), "invalid_value", "session.truncation.type"),
        (at("include", ["everything"]), "invalid_value", "session.include[0]"),
        (None, "invalid_type", "session"),
    ],
)
def test_a_session_is_refused_when_the_api_would_refuse_it(session, code, param):
    """With the path of the field, in the API's own codes."""
    refusal = decode_client(update(session))
    assert isinstance(refusal, Malformed)
    assert (code, param, "event_1") == (refusal.code, refusal.param, refusal.event_id)


def test_the_parameters_of_a_tool_are_kept_as_they_were_written():
    """They are the client's schema, and none of ours."""
    schema = '{"type" : "object","x-odd":[1.50, null]}'
    tool = o.FunctionTool(name="clock", parameters=o.Raw(schema.encode()))
    event = SessionUpdate(session=o.Session(type="realtime", tools=[tool]))
    assert schema.encode() in encode_client(event)
