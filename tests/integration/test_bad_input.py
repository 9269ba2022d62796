"""What a client may send that it should not: a clear answer, one session touched at the most."""

import base64
import struct
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Client, Rig, settings
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol


def text(payload: bytes) -> Callable[[Client], None]:
    return lambda client: client.text(payload)


def say(kind: str, **fields: Any) -> Callable[[Client], None]:
    return lambda client: client.say(kind, **fields)


def audio(payload: bytes) -> Callable[[Client], None]:
    return lambda client: client.line.speak(payload)


DEEP = b'{"type":"KeepAlive","x":' + b"[" * 9000 + b"]" * 9000 + b"}"

FATAL = [
    ("no JSON", text(b"hello"), "UNPARSABLE_CLIENT_MESSAGE", 1008, "JSON"),
    ("no object", text(b"[1, 2]"), "UNPARSABLE_CLIENT_MESSAGE", 1008, "object"),
    ("no type", text(b"{}"), "UNPARSABLE_CLIENT_MESSAGE", 1008, "type"),
    ("unknown type", say("Shout"), "UNPARSABLE_CLIENT_MESSAGE", 1008, "InjectUserMessage"),
    ("wrong field type", say("InjectUserMessage", content=7), "UNPARSABLE_CLIENT_MESSAGE", 1008, "$.content"),
    ("missing field", say("UpdatePrompt"), "UNPARSABLE_CLIENT_MESSAGE", 1008, "prompt"),
    (
        "depth bomb",
        text(DEEP),
        "UNPARSABLE_CLIENT_MESSAGE",
        1008,
        "",
    ),
    ("second Settings", lambda client: client.line.say(settings()), "SETTINGS_ALREADY_APPLIED", 1008, "UpdatePrompt"),
    ("text over the limit", say("InjectUserMessage", content="x" * 600_000), "UNPARSABLE_CLIENT_MESSAGE", 1009, ""),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "send", "code", "close", "advice"), FATAL, ids=[row[0] for row in FATAL])
@pytest.mark.row(27, 30, 31, 34)
async def test_a_message_that_cannot_be_used(
    rig: Rig, what: str, send: Any, code: str, close: int, advice: str
) -> None:
    """An Error that says what to send instead, a close code, and no effect on the neighbour."""
    neighbour = await rig.talking()
    client = await rig.talking()
    send(client)
    error = await client.until("Error")
    assert code == error["code"]
    assert advice in error["description"]
    assert close == (await client.until_closed()).code
    assert "closed" == client.kinds[client.kinds.index("Error") + 1]
    neighbour.say("InjectUserMessage", content="still here")
    await neighbour.until("AgentAudioDone")
    await rig.gone(sessions=1)


EARLY = [
    ("a message", say("InjectUserMessage", content="hi")),
    ("audio", audio(b"\0\0")),
    ("a keep-alive", say("KeepAlive")),
    ("an unsupported message", say("ForceEndTurn")),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "send"), EARLY, ids=[row[0] for row in EARLY])
@pytest.mark.row(19)
async def test_anything_before_settings(rig: Rig, what: str, send: Any) -> None:
    """The first message is Settings; nothing reaches an upstream before."""
    client = await rig.connect()
    await client.until("Welcome")
    send(client)
    assert "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS" == (await client.until("Error"))["code"]
    assert 1008 == (await client.until_closed()).code
    assert 0 == rig.simulator.counters.sessions


BAD_SETTINGS = [
    ("rate", {"audio": {"input": {"encoding": "linear16", "sample_rate": 11025}}}, "INVALID_SETTINGS", "16000"),
    ("encoding", {"audio": {"input": {"encoding": "speex", "sample_rate": 16000}}}, "INVALID_SETTINGS", "linear16"),
    ("output", {"audio": {"output": {"encoding": "mp3"}}}, "INVALID_SETTINGS", "linear16"),
    ("agent id", {"agent": "0b7e4d3a"}, "AGENT_ID_NOT_SUPPORTED", ""),
    ("types", {"audio": {"input": {"encoding": "linear16", "sample_rate": "high"}}}, "UNPARSABLE_CLIENT_MESSAGE", "$."),
]  # fmt: skip


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "more", "code", "advice"), BAD_SETTINGS, ids=[row[0] for row in BAD_SETTINGS])
async def test_settings_that_cannot_be_served(rig: Rig, what: str, more: Any, code: str, advice: str) -> None:
    """They are refused with the path or the values that are allowed, and no upstream is dialled."""
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say({**settings(), **more})
    error = await client.until("Error")
    assert code == error["code"]
    assert advice in error["description"]
    assert 1008 == (await client.until_closed()).code
    assert 0 == rig.simulator.counters.sessions


UNSUPPORTED = [
    ("UpdateThink_Live", {"think_live": {"provider": {"type": "deepgram", "version": "v1"}}}),
    ("__customToThinkProvider", {"content": {"a": 1}}),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("kind", "fields"), UNSUPPORTED, ids=[row[0] for row in UNSUPPORTED])
async def test_a_message_that_has_no_effect_here(rig: Rig, kind: str, fields: Any) -> None:
    """It is answered with a Warning that says so, never with an acknowledgement, and the session goes on."""
    client = await rig.talking()
    client.say(kind, **fields)
    warning = await client.until("Warning")
    assert kind in warning["description"]
    client.say("InjectUserMessage", content="go on")
    await client.until("AgentAudioDone")
    assert not [name for name in client.kinds if name.endswith("Updated")]


@pytest_twisted.ensureDeferred
@pytest.mark.row(33)
async def test_audio_of_odd_length(rig: Rig) -> None:
    """One Warning, no byte lost: the rest of a sample is taken from the next message."""
    client = await rig.talking()
    for _ in range(3):
        client.line.speak(b"\1\2\3")
        client.line.speak(b"\4\5\6")
    await client.until("Warning")
    await client.quiet()
    assert ["USER_AUDIO_FORMAT"] == [warning["code"] for warning in client.of("Warning")]
    sent = b"".join(base64.b64decode(f["audio"]) for f in rig.upstream_frames("input_audio_buffer.append"))
    assert bytes([1, 2, 3, 4, 5, 6]) * 3 == sent


@pytest_twisted.ensureDeferred
@pytest.mark.row(32)
async def test_json_in_a_binary_frame(rig: Rig) -> None:
    """What is binary is audio, whatever it looks like; what is text is a message, and this is none."""
    client = await rig.talking()
    message = b'{"type":"UpdatePrompt","prompt":"x"}'
    client.line.speak(message)
    await client.quiet()
    sent = b"".join(base64.b64decode(f["audio"]) for f in rig.upstream_frames("input_audio_buffer.append"))
    assert message == sent
    assert [] == client.of("PromptUpdated")
    text(b"\0\1\2\3")(client)
    assert "UNPARSABLE_CLIENT_MESSAGE" == (await client.until("Error"))["code"]


@pytest_twisted.ensureDeferred
@pytest.mark.row(31)
async def test_a_frame_over_a_mebibyte(rig: Rig) -> None:
    """It is refused on its header, with 1009."""
    client = await rig.talking()
    client.line.speak(bytes(1024 * 1024 + 2))
    assert 1009 == (await client.until_closed()).code


@pytest_twisted.ensureDeferred
async def test_tool_results_that_nobody_waits_for(rig: Rig) -> None:
    """A result for an unknown call, and a repeated one: a Warning each, nothing goes upstream (B8, B10)."""
    client = await rig.talking(think={"functions": [{"name": "get_time", "description": "Tells the time."}]})
    client.say("FunctionCallResponse", id="call_nobody", name="get_time", content="noon")
    assert "UNMATCHED_FUNCTION_RESPONSE" == (await client.until("Warning"))["code"]
    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    for _ in range(2):
        client.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert 2 == len(client.of("Warning"))
    outputs = [
        f for f in rig.upstream_frames("conversation.item.create") if f["item"]["type"] == "function_call_output"
    ]
    assert 1 == len(outputs)
    assert 2 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
@pytest.mark.row(24)
async def test_text_that_is_no_utf8(rig: Rig) -> None:
    """The WebSocket layer refuses it, with 1007."""

    class Raw(Protocol):
        def __init__(self) -> None:
            self.seen = b""
            self.gone: Deferred[bytes] = Deferred()

        def dataReceived(self, data: bytes) -> None:
            self.seen += data

        def connectionLost(self, reason: Any = None) -> None:
            self.gone.callback(self.seen)

    raw = await connectProtocol(HostnameEndpoint(reactor, "127.0.0.1", rig.port), Raw())
    raw.transport.write(
        b"GET /v1/agent/converse HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        b"\x81\x82\0\0\0\0\xff\xfe"
    )
    assert struct.pack("!H", 1007) in await raw.gone
