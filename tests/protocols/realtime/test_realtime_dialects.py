"""The dialects: which is spoken where, and what of ours goes over the wire in each."""

from typing import Any

import msgspec
import pytest
from dialects_page import PAGE, page
from openai.types.beta.realtime import ConversationItemCreateEvent, ResponseCreateEvent, SessionUpdateEvent
from pydantic import TypeAdapter

from openai_judge import extras
from turngate.protocols.realtime import DIALECTS, Translation, completed, decode_server, dialect_of
from turngate.protocols.realtime.placement import Place, placed, put_back
from turngate.session import messages as m

TOOL = m.ToolSpec("get_time", "Tells the time.")
CONFIG = m.SessionConfig(
    "Be kind.", (TOOL,), voice="eve", speed=2.0, language="de", keyterms=("Turngate",), turn_end=m.BySilence(100, 9000)
)
SEMANTIC = m.SessionConfig("Be kind.", turn_end=m.ByMeaning(m.Eagerness.LOW))


def sent(name: str, effect: m.UpstreamEffect) -> dict[str, Any]:
    """What goes over the wire."""
    return msgspec.json.decode(Translation(dialect=DIALECTS[name]).to_wire(effect))


def session(name: str, config: m.SessionConfig = CONFIG) -> Any:
    return sent(name, m.SendUpdate("e1", config, None))["session"]


def meant(name: str, **event: Any) -> m.UpstreamMessage | None:
    """What an event means in a dialect."""
    decoded = decode_server(msgspec.json.encode(event))
    return Translation(dialect=DIALECTS[name]).to_session(decoded)


# --- where ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("wss://api.openai.com/v1/realtime?model={model}", "ga"),
        ("wss://anything.example/v1/realtime", "ga"),
        ("wss://me.openai.azure.com/openai/v1/realtime?model=d", "azure"),
        ("wss://me.cognitiveservices.azure.com/openai/v1/realtime?model=d", "azure"),
        ("wss://me.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=d", "azure-preview"),
        ("wss://me.openai.azure.com.evil.example/openai/realtime", "ga"),
        ("wss://api.x.ai/v1/realtime?model=grok-voice-latest", "xai"),
        ("wss://notapi.x.ai/v1/realtime", "ga"),
        ("wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime", "qwen"),
        ("wss://ws1.cn-beijing.maas.aliyuncs.com/api-ws/v1/realtime", "qwen"),
        ("simulator", "ga"),
        ("wss://[", "ga"),
    ],
)
def test_dialect_is_known_by_the_url(url: str, name: str) -> None:
    """By its host and the beginning of its path; nothing that only looks like a known host is taken for it."""
    assert name == dialect_of(url).name


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_is_known_at_its_own_address(dialect: Any) -> None:
    """What is dialled by default is recognised, where it can be; a bare host gets the dialect's path, others stay."""
    if dialect.known_by:
        end, _ = dialect.known_by[0]
        assert dialect is dialect_of(completed(f"wss://x{end}" if end.startswith(".") else f"wss://{end}", dialect))
    assert f"ws://h:1{dialect.path}" == completed("ws://h:1", dialect)
    assert "ws://h:1/x" == completed("ws://h:1/x", dialect)
    assert 24_000 == dialect.output_rate_hz, "a session has no other rate for what it is sent"


# --- the session ------------------------------------------------------------------------------------------------------

VAD = {"type": "server_vad", "threshold": 0.5}
OURS = {"create_response": False, "interrupt_response": True}
GA_TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "Tells the time.",
    "parameters": {"type": "object", "properties": {}},
}
FUNCTION = {name: value for name, value in GA_TOOL.items() if name != "type"}


def test_session_of_ga_and_azure() -> None:
    """Azure's GA API is OpenAI's."""
    expected = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": "Be kind.",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {
                    "model": "gpt-4o-transcribe",
                    "language": "de",
                    "prompt": "Words to expect: Turngate",
                },
                "turn_detection": {
                    **VAD,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 100,
                    "idle_timeout_ms": 9000,
                    **OURS,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "eve", "speed": 2.0},
        },
        "tools": [GA_TOOL],
        "tool_choice": "auto",
    }
    assert expected == session("ga") == session("azure")


def test_session_of_the_beta() -> None:
    """All of it stands at the top, under the names of the beta."""
    assert {
        "modalities": ["text", "audio"],
        "instructions": "Be kind.",
        "input_audio_format": "pcm16",
        "output_audio_format": "pcm16",
        "input_audio_transcription": {
            "model": "gpt-4o-transcribe",
            "language": "de",
            "prompt": "Words to expect: Turngate",
        },
        "turn_detection": {**VAD, "prefix_padding_ms": 300, "silence_duration_ms": 100, **OURS},
        "voice": "eve",
        "speed": 2.0,
        "tools": [GA_TOOL],
        "tool_choice": "auto",
    } == session("beta")


def test_session_of_xai() -> None:
    """Voice and turn detection stand at the top; bounds are kept; what is not known there is left out."""
    pcm = {"type": "audio/pcm", "rate": 24000}
    assert {
        "instructions": "Be kind.",
        "tools": [GA_TOOL],
        "voice": "eve",
        "turn_detection": {**VAD, "prefix_padding_ms": 300, "silence_duration_ms": 100, "idle_timeout_ms": 9000},
        "audio": {
            "input": {"format": pcm, "transcription": {"language_hint": "de", "keyterms": ["Turngate"]}},
            "output": {"format": pcm, "speed": 1.5},
        },
    } == session("xai")
    assert {"type": None} == session("xai", m.SessionConfig(turn_end=m.ByPause()))["turn_detection"]


def test_session_of_qwen() -> None:
    """Flat, with formats and bounds of its own, and functions in an object of their own."""
    assert {
        "modalities": ["text", "audio"],
        "instructions": "Be kind.",
        "input_audio_format": "pcm",
        "output_audio_format": "pcm",
        "input_audio_transcription": {"model": "gummy-realtime-v1"},
        "turn_detection": {**VAD, "silence_duration_ms": 200},
        "voice": "eve",
        "tools": [{"type": "function", "function": FUNCTION}],
    } == session("qwen")


def test_session_of_speaches() -> None:
    """It refuses formats and padding, which it cannot change."""
    assert {
        "modalities": ["text", "audio"],
        "instructions": "Be kind.",
        "input_audio_transcription": {"language": "de"},
        "turn_detection": {**VAD, "silence_duration_ms": 100, "create_response": False},
        "voice": "eve",
        "tools": [GA_TOOL],
        "tool_choice": "auto",
    } == session("speaches")


@pytest.mark.parametrize(("name", "silence_ms"), [("xai", 1200), ("qwen", 1200), ("localai", 1200), ("speaches", 1200)])
def test_turns_that_should_end_by_meaning_end_by_silence(name: str, silence_ms: int) -> None:
    """Where a server knows no other way; low eagerness is a long silence."""
    tree = session(name, SEMANTIC)
    detection = tree.get("turn_detection") or tree["audio"]["input"]["turn_detection"]
    assert ("server_vad", silence_ms) == (detection["type"], detection["silence_duration_ms"])
    assert "eagerness" not in detection


@pytest.mark.parametrize("name", DIALECTS)
def test_update_has_only_what_changes(name: str) -> None:
    """The smallest update is the same in each."""
    tree = sent(name, m.SendUpdate("e1", m.SessionConfig("b"), m.SessionConfig("a")))["session"]
    assert {"instructions": "b"} == {key: value for key, value in tree.items() if key != "type"}


@pytest.mark.parametrize("name", ["beta", "azure-preview"])
def test_beta_events_are_those_of_the_official_package(name: str) -> None:
    """Its models of the beta know every field of ours."""
    for model, effect in (
        (SessionUpdateEvent, m.SendUpdate("e1", CONFIG, None)),
        (SessionUpdateEvent, m.SendUpdate("e1", SEMANTIC, None)),
        (ResponseCreateEvent, m.StartResponse("e1", "Hello.")),
        (ConversationItemCreateEvent, m.AddLine("e1", "i1", m.Role.ASSISTANT, "yes", after="i0")),
        (ConversationItemCreateEvent, m.AddToolOutput("e1", "i1", "c1", "noon")),
    ):
        event = TypeAdapter(model).validate_json(Translation(dialect=DIALECTS[name]).to_wire(effect), strict=True)
        assert [] == extras(event)


# --- other events -----------------------------------------------------------------------------------------------------


def test_response_create_has_what_the_server_knows() -> None:
    """A server that echoes no metadata is sent none that it does not know."""
    say = m.StartResponse("e1", "Hello.")
    ga = sent("ga", say)["response"]
    assert {"metadata", "instructions", "tool_choice", "input"} == set(ga)
    assert ga == sent("azure", say)["response"] == sent("beta", say)["response"] == sent("localai", say)["response"]
    assert {"instructions"} == set(sent("xai", say)["response"]) == set(sent("qwen", say)["response"])
    assert {"instructions", "tool_choice"} == set(sent("speaches", say)["response"])


@pytest.mark.parametrize(("name", "kind"), [("ga", "output_text"), ("xai", "output_text"), ("beta", "text")])
def test_lines_of_the_agent_are_named_as_the_server_does(name: str, kind: str) -> None:
    """A user's are the same everywhere."""
    agents = sent(name, m.AddLine("e1", "i1", m.Role.ASSISTANT, "yes"))["item"]["content"]
    users = sent(name, m.AddLine("e1", "i1", m.Role.USER, "yes"))["item"]["content"]
    assert ([{"type": kind, "text": "yes"}], "input_text") == (agents, users[0]["type"])


@pytest.mark.parametrize("name", DIALECTS)
def test_cancel_names_its_response_where_it_may(name: str) -> None:
    """Elsewhere it is about the only one."""
    cancel = sent(name, m.CancelResponse("e1", "r1"))
    assert DIALECTS[name].cancels_by_id is ("response_id" in cancel)
    assert "e1" == cancel["event_id"]


# --- what they say ----------------------------------------------------------------------------------------------------


def test_conversation_created_is_readiness_where_nothing_else_is() -> None:
    """With others ``session.created`` comes as well, and that is it."""
    event = {"type": "conversation.created", "conversation": {"id": "c1"}}
    assert m.UpstreamReady() == meant("xai", **event)
    assert meant("ga", **event) is None
    assert m.UpstreamReady() == meant("xai", type="session.created", session={})


def test_code_of_an_error_is_where_the_dialect_has_it() -> None:
    """The type says it where no code is sent."""
    error = {"type": "invalid_request_error", "message": "no"}
    assert "invalid_request_error" == meant("speaches", type="error", error=error).code  # type: ignore[union-attr]
    assert meant("ga", type="error", error=error).code is None  # type: ignore[union-attr]
    assert meant("speaches", type="error", error="no").code is None  # type: ignore[union-attr]


def test_transcript_that_is_left_out_is_no_text() -> None:
    """It comes with its item; an empty one is one."""
    done = {"type": "response.output_audio_transcript.done", "response_id": "r1", "item_id": "i1"}
    assert meant("xai", **done) is None
    assert m.AgentTextEnded("r1", "i1", "") == meant("ga", **done, transcript="")


def test_binary_message_is_speech_where_the_dialect_has_that() -> None:
    """It says of no response whose it is."""
    assert m.AgentAudioChunk("", "", b"\0\1") == Translation(dialect=DIALECTS["xai"]).audio_to_session(b"\0\1")
    assert Translation().audio_to_session(b"\0\1") is None


def test_usage_beside_a_response_and_a_call_without_its_name_are_read() -> None:
    """Neither costs the event; the call comes with its item."""
    done = {"type": "response.done", "response": {"id": "r1", "status": "completed"}, "usage": {"total_tokens": 1}}
    assert m.ResponseEnded("r1", m.ResponseStatus.COMPLETED) == meant("xai", **done)
    arguments = {"type": "response.function_call_arguments.done", "call_id": "c1", "arguments": "{}"}
    assert meant("qwen", **arguments) is None


# --- places -----------------------------------------------------------------------------------------------------------


def test_places_lead_there_and_back() -> None:
    """What was moved is put back; what has no place is left out one way, and refused the other."""
    places = (Place("a.b", "x", ((1, "one"),)), Place("a.c", "y.z"), Place("o", "o", inner=(("p", "q"),)))
    tree = {"a": {"b": 1, "c": None}, "o": {"p": 2}}
    own = placed({**tree, "unknown": 3}, places)
    assert {"x": "one", "y": {"z": None}, "o": {"q": 2}} == own
    assert tree == put_back(own, places)
    for wrong, path, kind in (
        ({"w": 1}, "w", KeyError),
        ({"y": {"w": {}}}, "y.w", KeyError),
        ({"x": 1}, "x", ValueError),
        ({"o": {"p": 2}}, "o", ValueError),
    ):
        with pytest.raises(kind) as refused:
            put_back(wrong, places)
        assert (path,) == refused.value.args


# --- the page ---------------------------------------------------------------------------------------------------------


def test_reference_page_is_made_of_the_data() -> None:
    """``make reference`` writes it again."""
    assert PAGE.read_text(encoding="utf-8") == page()
