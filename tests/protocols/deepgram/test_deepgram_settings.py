import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turngate.audio import (
    INBOUND_RATES_HZ,
    OUTBOUND_RATES_HZ,
    AudioFormat,
    ClientAudio,
    Container,
    Encoding,
    SessionAudio,
)
from turngate.protocols.deepgram import AcceptedSettings, Malformed, Maps, Settings, accept_settings, decode_client
from turngate.protocols.deepgram.thinking import MAX_PROMPT_CHARS
from turngate.session.messages import (
    BySilence,
    Cause,
    ConfigureSession,
    ContextCall,
    ContextLine,
    Effort,
    Problem,
    Role,
    SessionConfig,
    Sound,
    ToolCall,
    ToolSpec,
)

CANARY = "canary-8c1f"


def settings_with(message: dict[str, Any], maps: Maps | None = None) -> AcceptedSettings | Problem:
    """What becomes of a Settings message with these fields."""
    payload = json.dumps({"type": "Settings", **message}).encode()
    event = decode_client(payload)
    assert isinstance(event, Settings), event
    return accept_settings(event, payload, maps or Maps())


def configured(**agent: Any) -> ConfigureSession:
    """What the session is asked for by Settings with this agent."""
    accepted = settings_with({"agent": agent})
    assert isinstance(accepted, AcceptedSettings), accepted
    return accepted.configure


def think(**fields: Any) -> dict[str, Any]:
    """A think object of a usual client."""
    return {"provider": {"type": "open_ai", "model": "gpt-realtime"}, **fields}


def named(configure: ConfigureSession) -> tuple[str, ...]:
    """The paths that are named as without effect, in one notice."""
    ignored = [notice.detail for notice in configure.notices if notice.cause is Cause.SETTINGS_IGNORED]
    assert len(ignored) <= 1
    return tuple(ignored[0].partition(": ")[2].removesuffix(".").split(", ")) if ignored else ()


def ignored(message: dict[str, Any]) -> tuple[str, ...]:
    """The paths of a message that are named as without effect."""
    accepted = settings_with({"agent": {}, **message})
    assert isinstance(accepted, AcceptedSettings), accepted
    return named(accepted.configure)


def refusal(message: dict[str, Any]) -> tuple[Cause, str]:
    """Why settings are refused."""
    refused = settings_with({"agent": {}, **message})
    assert isinstance(refused, Problem)
    return refused.cause, refused.detail


def test_the_smallest_settings_leave_everything_to_the_upstream() -> None:
    """An empty agent is a session with defaults, and audio at the session's own rate."""
    own = AudioFormat(Encoding.LINEAR16, 24_000)
    assert AcceptedSettings(ConfigureSession(SessionConfig()), ClientAudio(own, own)) == settings_with({"agent": {}})


def test_all_that_is_supported_is_taken_and_nothing_is_named() -> None:
    """Settings that this proxy can follow in full cause no warning."""
    accepted = settings_with(
        {
            "tags": ["a"],
            "experimental": True,
            "mip_opt_out": True,
            "flags": {"history": False},
            "audio": {
                "input": {"encoding": "linear16", "sample_rate": 16_000},
                "output": {"encoding": "linear16", "sample_rate": 24_000, "container": "none"},
            },
            "agent": {
                "language": "de",
                "greeting": "Guten Tag!",
                "listen": {
                    "provider": {
                        "type": "deepgram",
                        "version": "v2",
                        "language": "de-CH",
                        "model": None,
                        "keyterms": ["Turngate"],
                        "eot_threshold": 1.0,
                        "eot_timeout_ms": 1500,
                    }
                },
                "think": think(
                    provider={"type": "open_ai", "model": "gpt-realtime-2", "reasoning_mode": "low"},
                    prompt="Be kind.",
                    functions=[
                        {"name": "now", "description": "The time", "endpoint": None, "defer_until_eot": True},
                        {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}},
                    ],
                ),
                "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en", "speed": 1.2}, "endpoint": {}},
                "context": {
                    "messages": [
                        {"type": "History", "role": "user", "content": "Hello"},
                        {"type": "History", "role": "assistant", "content": "Hi"},
                        {
                            "type": "History",
                            "function_calls": [
                                {
                                    "id": "c1",
                                    "name": "now",
                                    "client_side": True,
                                    "arguments": "{}",
                                    "response": "noon",
                                }
                            ],
                        },
                    ]
                },
            },
        }
    )
    tools = (
        ToolSpec("now", "The time"),
        ToolSpec("add", "", '{"type":"object","properties":{"a":{"type":"number"}}}'),
    )
    expected = ConfigureSession(
        SessionConfig(
            "Be kind.",
            tools,
            voice="marin",
            speed=1.2,
            language="de",
            keyterms=("Turngate",),
            turn_end=BySilence(1500),
            effort=Effort.LOW,
        ),
        greeting="Guten Tag!",
        context=(
            ContextLine(Role.USER, "Hello"),
            ContextLine(Role.ASSISTANT, "Hi"),
            ContextCall(ToolCall("c1", "now", "{}"), "noon"),
        ),
        model="gpt-realtime-2",
    )
    assert accepted.wants_history is False
    assert isinstance(accepted, AcceptedSettings)
    assert expected == accepted.configure
    assert AudioFormat(Encoding.LINEAR16, 16_000) == accepted.audio.input_format
    assert AudioFormat(Encoding.LINEAR16, 24_000) == accepted.audio.output_format


def test_a_stored_agent_is_refused_with_its_own_cause() -> None:
    """An agent that is named by id is not looked up."""
    assert refusal({"agent": CANARY})[0] is Cause.AGENT_ID_UNSUPPORTED
    assert CANARY not in refusal({"agent": CANARY})[1]


@pytest.mark.parametrize(
    ("encoding", "rate_hz"), [(one, rate) for one, rates in INBOUND_RATES_HZ.items() for rate in rates]
)
def test_input_is_accepted_in_each_of_its_formats(encoding: Encoding, rate_hz: int) -> None:
    """Every format that can be converted is taken as it is."""
    accepted = settings_with({"agent": {}, "audio": {"input": {"encoding": encoding.value, "sample_rate": rate_hz}}})
    assert isinstance(accepted, AcceptedSettings)
    assert AudioFormat(encoding, rate_hz) == accepted.audio.input_format


@pytest.mark.parametrize("container", Container)
@pytest.mark.parametrize(
    ("encoding", "rate_hz"), [(one, rate) for one, rates in OUTBOUND_RATES_HZ.items() for rate in rates]
)
def test_output_is_accepted_in_each_of_its_formats(encoding: Encoding, rate_hz: int, container: Container) -> None:
    """Every format that can be made is, in either container."""
    wanted = {"encoding": encoding.value, "sample_rate": rate_hz, "container": container.value}
    accepted = settings_with({"agent": {}, "audio": {"output": wanted}})
    assert isinstance(accepted, AcceptedSettings)
    assert (AudioFormat(encoding, rate_hz), container) == (accepted.audio.output_format, accepted.audio.container)


def test_a_telephones_sound_is_passed_through_unless_the_operator_says_otherwise() -> None:
    """G.711 at 8 kHz needs no conversion where the upstream takes it; without a rate it is a telephone's."""
    message = {"agent": {}, "audio": {"input": {"encoding": "mulaw"}, "output": {"encoding": "alaw"}}}
    accepted = settings_with(message)
    assert isinstance(accepted, AcceptedSettings)
    assert (SessionAudio.PCMU, SessionAudio.PCMA) == (accepted.audio.hears, accepted.audio.speaks)
    assert (Sound.PCMU, Sound.PCMA) == (accepted.configure.config.input_sound, accepted.configure.config.output_sound)
    converted = settings_with(message, Maps(passes_g711=False))
    assert isinstance(converted, AcceptedSettings)
    assert (SessionAudio.PCM, SessionAudio.PCM) == (converted.audio.hears, converted.audio.speaks)
    assert converted.configure.config == SessionConfig()
    assert AudioFormat(Encoding.MULAW, 8_000) == converted.audio.input_format


NOT_CALLED = "functions are not called by the server. Leave endpoint out, and answer FunctionCallRequest."
REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"audio": {"input": {"encoding": "opus", "sample_rate": 48000}}},
        "$.audio.input.encoding must be one of linear16, linear32, mulaw, alaw.",
    ),
    (
        {"audio": {"input": {"encoding": "linear16", "sample_rate": 22050}}},
        "$.audio.input.sample_rate must be one of 8000, 16000, 24000, 44100, 48000 for linear16.",
    ),
    (
        {"audio": {"input": {"encoding": "mulaw", "sample_rate": 24000}}},
        "$.audio.input.sample_rate must be one of 8000, 16000 for mulaw.",
    ),
    ({"audio": {"output": {"encoding": "mp3"}}}, "$.audio.output.encoding must be one of linear16, mulaw, alaw."),
    (
        {"audio": {"output": {"sample_rate": 96000}}},
        "$.audio.output.sample_rate must be one of 8000, 16000, 22050, 24000, 32000, 44100, 48000 for linear16.",
    ),
    ({"audio": {"output": {"container": "ogg"}}}, "$.audio.output.container must be none or wav."),
    ({"agent": {"think": think(functions=[{"name": ""}])}}, "$.agent.think.functions[0].name is required."),
    (
        {"agent": {"think": think(functions=[{"name": "a"}, {"name": "b", "endpoint": {"url": CANARY}}])}},
        f"$.agent.think.functions[1].endpoint cannot be used: {NOT_CALLED}",
    ),
    (
        {"agent": {"think": [think(functions=[{"name": f"a{i}"} for i in range(129)])]}},
        "$.agent.think.functions must be at most 128.",
    ),
    (
        {"agent": {"think": think(functions=[{"name": "a", "parameters": {"x": "y" * 65536}}])}},
        "$.agent.think.functions[0].parameters must be at most 64 KiB, and all together 256 KiB.",
    ),
    (
        {"agent": {"think": think(functions=[{"name": f"a{i}", "parameters": {"x": "y" * 60000}} for i in range(5)])}},
        "$.agent.think.functions[4].parameters must be at most 64 KiB, and all together 256 KiB.",
    ),
    (
        {"agent": {"think": think(functions=[{"name": "a"}, {"name": "a"}])}},
        "$.agent.think.functions[1].name is that of another function; give each a name of its own.",
    ),
    (
        {"agent": {"speak": {"provider": {"type": "deepgram", "speed": 2}}}},
        "$.agent.speak.provider.speed must be from 0.25 to 1.5.",
    ),
    (
        {"agent": {"listen": {"provider": {"version": "v2", "eot_threshold": 0.2}}}},
        "$.agent.listen.provider.eot_threshold must be from 0.5 to 1.0.",
    ),
    (
        {"agent": {"listen": {"provider": {"version": "v2", "eot_timeout_ms": 1}}}},
        "$.agent.listen.provider.eot_timeout_ms must be from 200 to 10000.",
    ),
    (
        {"agent": {"listen": {"provider": {"keyterms": ["x"] * 101}}}},
        "$.agent.listen.provider.keyterms must be at most 100, together 4000 characters.",
    ),
    (
        {"agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime-2", "reasoning_mode": "much"}}}},
        "$.agent.think.provider.reasoning_mode must be one of none, minimal, low, medium, high.",
    ),
    (
        {"agent": {"context": {"messages": [{"type": "History", "role": "user"}]}}},
        "$.agent.context.messages[0] must have role and content, or function_calls.",
    ),
    (
        {"agent": {"messages": [{"role": CANARY, "content": ""}]}},
        "$.agent.messages[0].role must be user or assistant.",
    ),
    (
        {"agent": {"messages": [{"role": "user", "content": ""}] * 257}},
        "$.agent.messages must be at most 256 lines and calls; send the latest.",
    ),
]


@pytest.mark.parametrize(("message", "detail"), REFUSED, ids=[detail for _, detail in REFUSED])
@pytest.mark.row(48)
def test_what_cannot_be_done_is_refused_with_its_path(message: dict[str, Any], detail: str) -> None:
    """A refusal names the field and what it may be, and quotes nothing."""
    assert (Cause.SETTINGS_INVALID, detail) == refusal(message)


def test_settings_are_refused_when_an_unused_field_cannot_be_read() -> None:
    """A number that is out of range is no reason to fail, wherever it stands."""
    payload = b'{"type":"Settings","agent":{},"new":1e400}'
    event = decode_client(payload)
    assert isinstance(event, Settings)
    refused = accept_settings(event, payload, Maps())
    assert isinstance(refused, Problem)
    assert refused.cause is Cause.SETTINGS_INVALID


def test_legacy_messages_are_the_context_when_there_is_no_context() -> None:
    """The older spelling of the earlier conversation still works, and the newer one goes first."""
    older = [{"role": "user", "content": "older"}]
    newer = [{"role": "user", "content": "newer"}]
    assert (ContextLine(Role.USER, "older"),) == configured(messages=older).context
    assert named(configured(messages=older)) == ()
    both = configured(messages=older, context={"messages": newer})
    assert (ContextLine(Role.USER, "newer"),) == both.context
    assert named(both) == ("agent.messages",)


@pytest.mark.row(48)
def test_a_long_prompt_is_cut_and_named() -> None:
    """The model gets as much of the prompt as the original service would give it, and the client is told."""
    whole = configured(think=think(prompt="x" * MAX_PROMPT_CHARS))
    assert whole.notices == ()
    cut = configured(think=think(prompt="x" * (MAX_PROMPT_CHARS + 1)))
    assert whole.config == cut.config
    detail = "$.agent.think.prompt is used up to 25000 characters only; send a shorter one."
    assert cut.notices == (Problem(Cause.PROMPT_TOO_LONG, detail),)


NAMED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-4o"}}}}, ("agent.think.provider.model",)),
    (
        {"agent": {"think": {"provider": {"type": "groq", "temperature": 0.0, "reasoning_mode": None}}}},
        ("agent.think.provider.temperature",),
    ),
    (
        {"agent": {"think": [think(context_length="max"), think()]}},
        ("agent.think[0].context_length", "agent.think[1]"),
    ),
    (
        {"agent": {"think": think(endpoint={"url": CANARY, "headers": {CANARY: CANARY}})}},
        ("agent.think.endpoint",),
    ),
    (
        {"agent": {"think": {"provider": {"type": "aws_bedrock", "credentials": {"secret_access_key": CANARY}}}}},
        ("agent.think.provider.credentials",),
    ),
    (
        {"agent": {"think": think(functions=[{"name": "a", "new": 1}, {"name": "b", "new": 2}])}},
        ("agent.think.functions[].new",),
    ),
    ({"agent": {"think_live": {"provider": {"type": "deepgram"}}}}, ("agent.think_live",)),
    (
        {"agent": {"speak": {"provider": {"type": "open_ai", "model": "tts-1", "voice": "vox"}}}},
        ("agent.speak.provider.model", "agent.speak.provider.voice"),
    ),
    (
        {"agent": {"speak": {"provider": {"type": "cartesia", "voice": {"mode": "id", "id": CANARY}}}}},
        ("agent.speak.provider.voice",),
    ),
    (
        {"agent": {"listen": {"provider": {"type": "deepgram", "model": "nova-3", "keyterms": [], "language": "x"}}}},
        ("agent.listen.provider.model", "agent.listen.provider.language"),
    ),
    ({"agent": {"language": "fr", "listen": {"provider": {"language": "en"}}}}, ("agent.language",)),
    ({"flags": {"history": True}}, ()),
    ({"settings": {"flags": {"history": True, "new": 1}}}, ("settings.flags.new",)),
    ({"settings": {"flags": {"history": False}}}, ()),
    (
        {"agent": {"listen": {"provider": {"version": "v2", "eot_timeout_ms": 900}}}},
        ("agent.listen.provider.eot_timeout_ms",),
    ),
    (
        {"agent": {"listen": {"provider": {"version": "v2", "eager_eot_threshold": 0.5}}}},
        ("agent.listen.provider.eager_eot_threshold",),
    ),
    (
        {"agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime", "reasoning_mode": "low"}}}},
        ("agent.think.provider.reasoning_mode",),
    ),
    (
        {"agent": {"think": think(functions=[{"name": "a", "initial_agent_filler": True}])}},
        ("agent.think.functions[].initial_agent_filler",),
    ),
    ({"audio": {"output": {"bitrate": 64000}}}, ("audio.output.bitrate",)),
    ({"new": {"secret": CANARY}, "\n" + CANARY + " \x1b": 1}, ("new", "?")),
]


@pytest.mark.parametrize(("message", "paths"), NAMED, ids=[",".join(paths) for _, paths in NAMED])
def test_what_has_no_effect_is_named(message: dict[str, Any], paths: tuple[str, ...]) -> None:
    """Whatever a client asks for is done or named, by path and without its value."""
    assert paths == ignored(message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
        max_leaves=10,
    ),
    st.sampled_from(["audio", "agent", "flags", "settings", "new"]),
)
def test_settings_are_a_value_for_any_tree(tree: object, place: str) -> None:
    """Any JSON in any place is accepted or refused, and never raises."""
    payload = json.dumps({"type": "Settings", "agent": {}, place: tree}).encode()
    event = decode_client(payload)
    if not isinstance(event, Malformed):
        assert isinstance(event, Settings)
        assert isinstance(accept_settings(event, payload, Maps()), AcceptedSettings | Problem)


def test_secrets_stand_in_no_repr_of_what_was_accepted() -> None:
    """Credentials and the headers of endpoints end here."""
    secret = {"url": CANARY, "headers": {"authorization": CANARY}}
    credentials = {"type": "iam", "access_key_id": CANARY, "secret_access_key": CANARY, "session_token": CANARY}
    message = {
        "type": "Settings",
        "agent": {
            "think": {"provider": {"type": "aws_bedrock", "credentials": credentials}, "endpoint": secret},
            "speak": {"provider": {"type": "aws_polly", "credentials": credentials}, "endpoint": secret},
        },
    }
    payload = json.dumps(message).encode()
    event = decode_client(payload)
    assert isinstance(event, Settings)
    accepted = accept_settings(event, payload, Maps())
    assert isinstance(accepted, AcceptedSettings)
    assert CANARY not in repr((event, event.agent, accepted, accepted.configure))
