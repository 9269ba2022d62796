"""Functions of clients that the proxy calls: at listed hosts, and at no others."""

import json
from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Rig
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import Site

from turngate.net import FunctionCaller, FunctionHosts
from turngate.ops.logging import Log

CANARY = "canary-5d2e"


class Clock(Resource):
    """A function: it tells the time, and keeps what it was asked."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, status: int = 200) -> None:
        super().__init__()
        self.asked: list[tuple[bytes, Any, str | None]] = []
        self.status = status

    def render_POST(self, request: Any) -> bytes:
        self.asked.append((request.path, json.loads(request.content.read()), request.getHeader("x-key")))
        request.setResponseCode(self.status)
        return b"half past nine"


class Canary(Factory):
    """Listens, and counts who comes."""

    def __init__(self) -> None:
        self.connections = 0

    def buildProtocol(self, addr: Any) -> Protocol:
        self.connections += 1
        return Protocol()


async def listening(factory: Any) -> Any:
    return await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)


def function(url: str, **more: Any) -> dict[str, Any]:
    return {"name": "get_time", "description": "Tells the time.", "endpoint": {"url": url, "method": "POST", **more}}


def caller(*hosts: str) -> FunctionCaller:
    return FunctionCaller(hosts=FunctionHosts.listed(hosts), log=Log("debug"), reactor=reactor)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", [200, 500])
async def test_a_function_at_a_listed_host(rigs, status: int) -> None:
    """The client sees the call and its result, and answers nothing; a failure is a warning, and the talk goes on."""
    clock = Clock(status)
    port = await listening(Site(clock))
    rig = await rigs(functions=caller(f"localhost:{port.getHost().port}+http"))
    url = f"http://localhost:{port.getHost().port}/clock"
    client = await rig.talking(think={"functions": [function(url, headers={"x-key": "secret"})]})
    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    assert ("get_time", False) == (call["name"], call["client_side"])
    answered = await client.until("FunctionCallResponse")
    assert (call["id"], "get_time") == (answered["id"], answered["name"])
    await client.until("AgentAudioDone")
    assert ("half past nine" in client.of("ConversationText")[-1]["content"]) is (status == 200)
    assert (["FUNCTION_CALL_FAILED"] if status == 500 else []) == [warning["code"] for warning in client.of("Warning")]
    assert [(b"/clock", {}, "secret")] == clock.asked
    await port.stopListening()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("listed", [(), ("example.org",)], ids=["none", "others"])
@pytest.mark.parametrize("place", ["Settings", "UpdateThink"])
@pytest.mark.row(37, 39)
async def test_a_function_anywhere_else_is_never_dialled(rigs, listed: tuple[str, ...], place: str) -> None:
    """A client's URL outside the list is refused, whatever message holds it; a listener there sees nothing."""
    canary = Canary()
    port = await listening(canary)
    rig: Rig = await rigs(functions=caller(*listed))
    url = f"http://127.0.0.1:{port.getHost().port}/{CANARY}"
    think = {"provider": {"type": "open_ai", "model": "m"}, "functions": [function(url)]}
    if place == "Settings":
        client = await rig.connect()
        await client.until("Welcome")
        client.line.say({"type": "Settings", "agent": {"think": think}})
        error = await client.until("Error")
        assert "INVALID_SETTINGS" == error["code"]
        assert "$.agent.think.functions[0].endpoint" in error["description"]
        assert CANARY not in error["description"]
        await client.until_closed()
    else:
        client = await rig.talking()
        client.say("UpdateThink", think=think)
        warning = await client.until("Warning")
        assert "INVALID_UPDATE" == warning["code"]
        assert "$.think.functions[0].endpoint" in warning["description"]
        client.say("InjectUserMessage", content="What time is it?")
        await client.until("AgentAudioDone")
    assert 0 == canary.connections
    await port.stopListening()


@pytest_twisted.ensureDeferred
@pytest.mark.row(37, 39)
async def test_urls_that_look_like_anything_else_are_never_dialled(rig: Rig) -> None:
    """Providers' endpoints are named as having no effect, in either form, and a listener there sees nothing."""
    canary = Canary()
    port = await listening(canary)
    endpoint = {"url": f"http://127.0.0.1:{port.getHost().port}/", "headers": {"authorization": CANARY}}
    client = await rig.talking(
        think={"endpoint": endpoint},
        speak=[{"provider": {"type": "open_ai", "voice": "alloy"}, "endpoint": endpoint}],
        listen={"provider": {"type": "deepgram", "endpoint": endpoint}},
    )
    warning = await client.until("Warning")
    for path in ("agent.think.endpoint", "agent.speak[0].endpoint", "agent.listen.provider.endpoint"):
        assert path in warning["description"]
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    assert 0 == canary.connections
    assert CANARY not in str(rig.upstream_frames())
    await port.stopListening()
