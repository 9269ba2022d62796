"""Upstreams that refuse, by HTTP or once they are open: what is tried again, and what the client is told."""

import base64
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from proxy_rig import COMPONENT_PATH, HASTY, settings
from test_upstream_faults import server
from twisted.internet import reactor

from turngate.cli.line import LineError, open_line
from turngate.net import BreakerLimits, Limits
from turngate.simulator import Script
from turngate.simulator.script import Close, Drop, OnServer, ReplaceWithError

KEY = "sk-canary-key"


def refusing(code: str | None, words: str = f"Bad key {KEY}, org-4711") -> Script:
    """The first event of every session is an error."""
    return Script((OnServer("session.created", ReplaceWithError(code, words)),))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("code", "tries"),
    [
        ("invalid_api_key", 1),
        ("beta_api_shape_disabled", 1),
        ("model_not_found", 1),
        ("insufficient_quota", 1),
        ("rate_limit_exceeded", 2),
        ("server_error", 2),
        (None, 1),
    ],
)
async def test_refusal_in_the_upstreams_own_words(rigs: Any, code: str | None, tries: int) -> None:
    """It is tried again where that may help; a client of Deepgram's protocol reads none of its words."""
    rig = await rigs(script=refusing(code))
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    error = await client.until("Error")
    assert "FAILED_TO_THINK" == error["code"]
    assert "canary" not in str(client.heard)
    assert "org-" not in str(client.heard)
    assert 1011 == (await client.until_closed()).code
    await rig.gone()
    assert tries == rig.simulator.counters.sessions


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("code", ["invalid_api_key", "rate_limit_exceeded"])
@pytest.mark.parametrize("words", [f"Bad key {KEY}", "Bad key hunter2", "Use Bearer abcdef"])
async def test_refusal_as_a_component_hears_it(rigs: Any, code: str, words: str) -> None:
    """The upstream's code, and its words without any key."""
    rig = await rigs(script=refusing(code, words=words), key="hunter2")
    client = await rig.connect(COMPONENT_PATH)
    client.line.say(settings())
    error = await client.until("Error")
    assert code == error["code"]
    assert error["description"].endswith("[...]")
    assert not {"canary", "hunter2", "abcdef"} & set(error["description"].replace("-", " ").split())
    await client.until_closed()


FAILED_ONCE = [
    ReplaceWithError("server_error"),
    ReplaceWithError("rate_limit_exceeded"),
    Close(1011),
    Close(1013, "busy"),
    Drop(),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("fault", FAILED_ONCE, ids=lambda fault: type(fault).__name__)
async def test_refusal_that_passes_is_not_noticed(rigs: Any, fault: Any) -> None:
    """Settings and turns are kept meanwhile, audio too, and answered when there is an upstream, each once."""
    calm = evolve(HASTY, least_pause_s=0.1, most_pause_s=0.2)
    script = Script((OnServer("session.created", fault),))
    rig = await rigs(limits=Limits(first_word_s=0.2), patience=calm, script=script)
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    client.line._connection.send_binary(b"\x01\x00" * 480)
    client.line._connection.send_binary(b"\x02\x00" * 480)
    client.say("InjectUserMessage", content="first")
    await rig.eventually(lambda: rig.simulator.counters.sessions == 1, "nobody came")
    rig.simulator.script = Script()
    await client.until("SettingsApplied")
    await client.until("AgentAudioDone")
    assert 2 == rig.simulator.counters.sessions
    appended = [base64.b64decode(frame["audio"]) for frame in rig.upstream_frames("input_audio_buffer.append")]
    assert b"\x01\x00" * 480 + b"\x02\x00" * 480 == b"".join(appended)
    answers = [line for line in client.of("ConversationText") if line["role"] == "assistant"]
    assert 1 == len([line for line in answers if "first" in line["content"]])
    assert not client.of("Error") + client.of("Warning")


@pytest_twisted.ensureDeferred
async def test_upstream_that_is_down_for_all_is_left_alone(rigs: Any) -> None:
    """New clients are told so before the upgrade, with the time to come again; when it is back they are let in."""
    port = await server(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
    breaker = BreakerLimits(failures=2, probe_s=0.3)
    rig = await rigs(upstream=f"ws://127.0.0.1:{port.getHost().port}/v1", breaker=breaker)
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    await client.until("Error")
    await client.until_closed()
    with pytest.raises(LineError, match="503"):
        await open_line(reactor, rig.url)
    assert 1 == rig.listener.refusals[503]
    await port.stopListening()
    await rig.eventually(lambda: rig.dialler.busy_s() is None, "the circuit is never probed")
    again = await rig.connect()
    await again.until("Welcome")
