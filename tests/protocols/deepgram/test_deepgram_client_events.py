import msgspec
import pytest
from deepgram.agent.v1.types import (
    AgentV1CustomToThinkProvider,
    AgentV1ForceEndTurn,
    AgentV1InjectAgentMessage,
    AgentV1InjectDynamicAgentMessage,
    AgentV1InjectUserMessage,
    AgentV1KeepAlive,
    AgentV1SendFunctionCallResponse,
    AgentV1Settings,
    AgentV1UpdateListen,
    AgentV1UpdatePrompt,
    AgentV1UpdateSpeak,
    AgentV1UpdateThink,
    AgentV1UpdateThinkLive,
)
from deepgram_sdk import as_sent, client_models, literal_type
from pydantic import BaseModel

from turngate.protocols.deepgram import Malformed, client_events, decode_client
from turngate.protocols.deepgram.codec import CLIENT_TYPES

THINK = {
    "provider": {"type": "open_ai", "model": "gpt-4o-mini", "temperature": 1.0, "reasoning_mode": "low"},
    "endpoint": {"url": "https://llm.example", "headers": {"authorization": "Bearer x"}},
    "functions": [
        {
            "name": "look_up",
            "description": "Look it up",
            "parameters": {"type": "object", "properties": {}},
            "endpoint": {"url": "https://f.example", "method": "post", "headers": {"k": "v"}},
            "defer_until_eot": True,
            "initial_agent_filler": False,
            "agent_filler_max_count": 2,
            "agent_filler_interval_ms": 1000,
        }
    ],
    "prompt": "Be kind.",
    "context_length": 4000.0,
}
BEDROCK = {
    "provider": {
        "type": "aws_bedrock",
        "model": "anthropic/claude",
        "credentials": {"type": "sts", "region": "eu", "access_key_id": "a", "secret_access_key": "b"},
    },
    "context_length": "max",
}
SPEAK = [
    {"provider": {"type": "deepgram", "model": "aura-2-thalia-en", "speed": 1.0, "expressivity": 1}},
    {
        "provider": {
            "type": "cartesia",
            "model_id": "sonic-2",
            "voice": {"mode": "id", "id": "x"},
            "volume": 0.5,
        },
        "endpoint": {"url": "https://tts.example", "headers": {"k": "v"}},
    },
    {"provider": {"type": "eleven_labs", "model_id": "eleven_turbo_v2_5", "language_code": "en"}},
    {"provider": {"type": "open_ai", "model": "tts-1", "voice": "alloy"}},
    {
        "provider": {
            "type": "aws_polly",
            "voice": "Matthew",
            "language": "en-US",
            "engine": "standard",
            "credentials": {"type": "iam", "region": "eu", "access_key_id": "a", "secret_access_key": "b"},
        }
    },
]
FLUX = {
    "version": "v2",
    "type": "deepgram",
    "model": "flux-general-multi",
    "language_hints": ["en", "de"],
    "eot_threshold": 1.0,
    "eager_eot_threshold": 0.5,
    "eot_timeout_ms": 5000,
    "keyterms": ["Turngate"],
}
NOVA = {"version": "v1", "type": "deepgram", "model": "nova-3", "language": "multi", "smart_format": True}
THINK_LIVE = {
    "provider": {
        "type": "deepgram",
        "version": "v1",
        "agent_backchannel_sensitivity": 0.0,
        "presence_check_max_count": 1,
        "restricted_terms": ["no"],
    }
}
PAST = [
    {"type": "History", "role": "user", "content": "Hello"},
    {
        "type": "History",
        "function_calls": [
            {"id": "c1", "name": "look_up", "client_side": True, "arguments": "{}", "response": "ok"},
        ],
    },
]
AGENT = {
    "language": "en",
    "greeting": "Hi!",
    "context": {"messages": PAST},
    "listen": {"provider": FLUX},
    "think": [THINK, BEDROCK],
    "think_live": THINK_LIVE,
    "speak": SPEAK,
}
AUDIO = {
    "input": {"encoding": "linear16", "sample_rate": 24000.0},
    "output": {"encoding": "mulaw", "sample_rate": 8000, "bitrate": 64000, "container": "none"},
}

MESSAGES: list[tuple[type[BaseModel], dict[str, object]]] = [
    (AgentV1Settings, {"audio": AUDIO, "agent": AGENT, "tags": ["t"], "flags": {"history": True}, "mip_opt_out": True}),
    (AgentV1Settings, {"audio": {}, "agent": {"messages": PAST, "think": THINK, "listen": {"provider": NOVA}}}),
    (AgentV1Settings, {"audio": {}, "agent": "2f5b3a1e-0000-4000-8000-000000000000"}),
    (AgentV1UpdateListen, {"listen": {"provider": NOVA}}),
    (AgentV1UpdateListen, {"listen": {"provider": FLUX}}),
    (AgentV1UpdateThink, {"think": THINK}),
    (AgentV1UpdateThink, {"think": [THINK, BEDROCK]}),
    (AgentV1UpdateThinkLive, {"think_live": THINK_LIVE}),
    *((AgentV1UpdateSpeak, {"speak": speak}) for speak in SPEAK),
    (AgentV1UpdateSpeak, {"speak": SPEAK}),
    (AgentV1UpdatePrompt, {"prompt": "More."}),
    (AgentV1InjectUserMessage, {"content": "Hello"}),
    (AgentV1InjectAgentMessage, {"message": "Hello", "behavior": "queue"}),
    (AgentV1InjectDynamicAgentMessage, {"behavior": "interrupt"}),
    (AgentV1SendFunctionCallResponse, {"id": "c1", "name": "look_up", "content": "ok"}),
    (AgentV1KeepAlive, {}),
    (AgentV1ForceEndTurn, {}),
    (AgentV1CustomToThinkProvider, {"content": {"any": [1, None]}}),
]


def test_client_types_are_those_that_the_sdk_sends() -> None:
    """Every message type of the installed SDK is known, and none besides."""
    assert sorted({literal_type(model) for model in client_models()}) == list(CLIENT_TYPES)


def test_messages_hold_an_example_of_each_model_of_the_sdk() -> None:
    """No message that the SDK can send is left out of the examples below."""
    assert {model.__name__ for model in client_models()} == {model.__name__ for model, _ in MESSAGES}


@pytest.mark.parametrize(("model", "fields"), MESSAGES)
def test_a_message_decodes_when_the_sdk_sends_it(model: type[BaseModel], fields: dict[str, object]) -> None:
    """What the SDK puts on the wire becomes the event of its type, with nothing refused."""
    event = decode_client(as_sent(model(**fields)))
    assert not isinstance(event, Malformed), event.problem.detail
    assert literal_type(model) == event.__struct_config__.tag


def test_settings_keep_every_field_when_the_sdk_sends_them() -> None:
    """The typed tree has a place for each field of the SDK's models, so that nothing is lost in decoding."""
    event = decode_client(as_sent(AgentV1Settings(audio=AUDIO, agent=AGENT)))
    assert isinstance(event, client_events.Settings)
    assert_holds(msgspec.to_builtins(event.agent), AGENT, "agent")
    assert_holds(msgspec.to_builtins(event.audio), AUDIO, "audio")


def assert_holds(decoded: object, sent: object, at: str) -> None:
    """Everything sent is found again at its place."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            assert isinstance(decoded, dict)
            assert_holds(decoded[key], value, f"{at}.{key}")
    elif isinstance(sent, list):
        assert isinstance(decoded, list)
        for index, (one, other) in enumerate(zip(decoded, sent, strict=True)):
            assert_holds(one, other, f"{at}[{index}]")
    else:
        assert sent == decoded, at


@pytest.mark.parametrize("event", [client_events.UpdatePrompt("hush"), client_events.InjectUserMessage("hush")])
def test_repr_says_no_content_of_an_event(event: object) -> None:
    """What a client says never reaches a log by way of a repr."""
    assert "hush" not in repr(event)
