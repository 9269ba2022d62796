"""Both legs close in every order, at every point, and nothing is left behind."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Client, Rig, settings
from test_conversation import SLOW
from twisted.internet.defer import Deferred

from turngate.protocols.realtime import Translation
from turngate.simulator import Script
from turngate.simulator.script import Close, Delay, OnServer

TIME = {"name": "get_time", "description": "Tells the time."}


async def before_settings(client: Client) -> None:
    await client.until("Welcome")


async def settings_just_sent(client: Client) -> None:
    await client.until("Welcome")
    client.line.say(settings())


async def serving(client: Client) -> None:
    await client.begin()


async def responding(client: Client) -> None:
    await client.begin()
    client.say("InjectUserMessage", content="Tell me a long story about the sea")
    await client.until("AgentStartedSpeaking")


async def with_an_update_waiting(client: Client) -> None:
    await responding(client)
    client.say("UpdatePrompt", prompt="Be merry.")


async def with_a_call_open(client: Client) -> None:
    await client.begin(think={"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    await client.until("FunctionCallRequest")


POINTS = [before_settings, settings_just_sent, serving, responding, with_an_update_waiting, with_a_call_open]
WAYS = ["close", "vanish"]


def leave(client: Client, way: str) -> None:
    if way == "close":
        client.line.hang_up()
    else:
        client.line._connection.abort()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("point", POINTS, ids=[point.__name__ for point in POINTS])
async def test_a_client_that_leaves(rigs: Any, point: Callable[[Client], Awaitable[None]], way: str) -> None:
    """Its upstream is closed with it, wherever the session stood, and its neighbour goes on."""
    rig: Rig = await rigs(manner=SLOW)
    neighbour = await rig.talking()
    client = await rig.connect()
    await point(client)
    leave(client, way)
    await rig.gone(sessions=1)
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 1, "the upstream is still open")
    neighbour.say("InjectUserMessage", content="hi")
    await neighbour.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
@pytest.mark.row(96)
async def test_a_client_that_leaves_while_the_upstream_is_not_ready(rigs: Any) -> None:
    """An upstream that has not greeted yet is closed too."""
    rig: Rig = await rigs(script=Script((OnServer("session.created", Delay(0.5)),)))
    client = await rig.connect()
    await settings_just_sent(client)
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 1, "the upstream was not dialled")
    leave(client, "close")
    await rig.gone()
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 0, "the upstream is still open")


@pytest_twisted.ensureDeferred
async def test_a_client_that_closes_hears_its_own_code(rig: Rig) -> None:
    """An orderly goodbye is answered as one."""
    client = await rig.talking()
    client.line.hang_up()
    assert 1000 == (await client.until_closed()).code


@pytest_twisted.ensureDeferred
@pytest.mark.row(96)
async def test_both_legs_that_close_at_once(rigs: Any) -> None:
    """Each leg ends once, whoever was first."""
    rig: Rig = await rigs(script=Script((OnServer("response.done", Close(1011)),)))
    clients = [await rig.talking() for _ in range(8)]
    for client in clients:
        client.say("InjectUserMessage", content="hi")
    for client in clients:
        while client.kinds[-1] != "AgentStartedSpeaking":
            await client.next()
        client.line.hang_up()
    await rig.gone()


@pytest_twisted.ensureDeferred
async def test_a_proxy_that_stops(rigs: Any) -> None:
    """Every client is told why, and closed with 1001, whatever its session was doing."""
    rig: Rig = await rigs(manner=SLOW)
    clients = []
    for point in POINTS:
        client = await rig.connect()
        await point(client)
        clients.append(client)
    done: Deferred[None] = Deferred()
    rig.reception.shut_down(lambda: done.callback(None))
    for client in clients:
        assert "SERVER_GOING_AWAY" == (await client.until("Error"))["code"]
        assert 1001 == (await client.until_closed()).code
    await done


@pytest_twisted.ensureDeferred
@pytest.mark.row(84)
async def test_an_actor_that_fails(rigs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets an Error and 1011, the upstream is closed, and the neighbour notices nothing."""
    rig: Rig = await rigs()
    rig.expects_failures = True
    neighbour, client = await rig.talking(), await rig.talking()
    real = Translation.to_upstream

    def faulty(self: Translation, effect: Any) -> Any:
        if getattr(effect, "text", None) == "break":
            raise ZeroDivisionError("with a canary in it")
        return real(self, effect)

    monkeypatch.setattr(Translation, "to_upstream", faulty)
    client.say("InjectUserMessage", content="break")
    assert "INTERNAL_SERVER_ERROR" == (await client.until("Error"))["code"]
    assert 1011 == (await client.until_closed()).code
    assert "canary" not in str(client.heard)
    await rig.gone(sessions=1)
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 1, "the upstream is still open")
    neighbour.say("InjectUserMessage", content="hi")
    await neighbour.until("AgentAudioDone")
    assert ["ZeroDivisionError"] == [failure.error.rpartition(".")[2] for failure in rig.failures]
