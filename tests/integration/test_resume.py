"""Clients that are cut off and come back, over real sockets: wherever the session stood, no word is lost."""

from typing import Any

import pytest
import pytest_twisted
from proxy_rig import COMPONENT_PATH, PATH, Client, Rig, settings
from test_conversation import SLOW
from twisted.logger import globalLogPublisher

from turngate.simulator import Script
from turngate.simulator.script import Delay, OnServer

STORY = "Tell me a long story about the sea"
TIME = {"name": "get_time", "description": "Tells the time."}
NOTHING_SAID = {"Welcome", "closed"}


async def lasting(rigs: Any, **how: Any) -> Rig:
    """A proxy that waits for its clients."""
    rig: Rig = await rigs(**{"resume_s": 8.0, **how})
    return rig


def cut_off(client: Client) -> None:
    """Drop the client's TCP connection, as a network does that goes away."""
    client.line._connection.abort()


async def rest(client: Client) -> None:
    """Read what was received before the connection was lost."""
    await client.until_closed()


def token_of(client: Client) -> str:
    """What the client's session is found by."""
    token: str = client.of("Welcome")[0]["request_id"]
    return token


def texts(*clients: Client) -> list[str]:
    """The types of what was told over these connections, but for welcomes."""
    return [kind for client in clients for kind in client.kinds if kind not in {*NOTHING_SAID, "audio"}]


async def come_back(rig: Rig, client: Client, *, before: tuple[Client, ...] = ()) -> Client:
    """Connect again, to the same session; what was received is counted, as a client should."""
    count = sum(isinstance(heard, dict) and heard["type"] != "Welcome" for c in (*before, client) for heard in c.heard)
    again = await rig.connect(f"{PATH}?resume={token_of(client)}&received={count}")
    assert token_of(client) == (await again.until("Welcome"))["request_id"]
    return again


async def gone(rig: Rig, lines: list[str], times: int = 1) -> None:
    """Wait until the proxy has seen that the client is gone."""
    await rig.eventually(lambda: sum("session.client_lost" in line for line in lines) >= times, "the loss is not seen")


@pytest.fixture
def lines() -> Any:
    """What is logged."""
    kept: list[str] = []
    globalLogPublisher.addObserver(keep := lambda event: kept.append(repr(event)))
    yield kept
    globalLogPublisher.removeObserver(keep)


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_cut_off_in_an_answer(rigs: Any, lines: list[str]) -> None:
    """It gets each line of the answer once, and answers to what it says then."""
    rig = await lasting(rigs, manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    again = await come_back(rig, client)
    await again.until("AgentAudioDone")
    said = [line["content"] for line in (*client.of("ConversationText"), *again.of("ConversationText"))]
    assert [STORY] == said[:1]
    assert len(set(said)) == len(said) == 2
    assert 1 == texts(client, again).count("AgentAudioDone")
    again.say("InjectUserMessage", content="hi")
    await again.until("AgentAudioDone")
    assert again.audio
    assert 1 == rig.simulator.counters.open_sessions


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_cut_off_in_a_function_call(rigs: Any, lines: list[str]) -> None:
    """The call is still open: its result is taken over the new connection, and the model goes on."""
    rig = await lasting(rigs)
    client = await rig.talking(think={"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    again = await come_back(rig, client)
    again.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")
    await again.until("AgentAudioDone")
    assert "noon" in again.of("ConversationText")[-1]["content"]
    assert [] == again.of("FunctionCallRequest")


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_cut_off_before_it_hears_of_a_function_call(rigs: Any, lines: list[str]) -> None:
    """It is asked when it is back, once."""
    rig = await lasting(rigs, script=Script((OnServer("response.done", Delay(0.3)),)))
    client = await rig.talking(think={"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    await client.until("AgentThinking")
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    again = await come_back(rig, client)
    (call,) = (await again.until("FunctionCallRequest"))["functions"]
    again.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")
    await again.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_cut_off_before_its_settings_are_applied(rigs: Any, lines: list[str]) -> None:
    """They are applied meanwhile, and acknowledged when it is back."""
    rig = await lasting(rigs, script=Script((OnServer("session.created", Delay(0.2)),)))
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 1, "the upstream was not dialled")
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    again = await come_back(rig, client)
    await again.until("SettingsApplied")
    again.say("InjectUserMessage", content="hi")
    await again.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_cut_off_twice(rigs: Any, lines: list[str]) -> None:
    """The same ticket is good again, and the count goes over all its connections."""
    rig = await lasting(rigs, manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    second = await come_back(rig, client)
    cut_off(second)
    await rest(second)
    await gone(rig, lines, times=2)
    third = await come_back(rig, second, before=(client,))
    await third.until("AgentAudioDone")
    lines_told = [line["content"] for c in (client, second, third) for line in c.of("ConversationText")]
    assert len(set(lines_told)) == len(lines_told) == 2


@pytest_twisted.ensureDeferred
async def test_a_client_that_moves_to_another_network(rigs: Any) -> None:
    """The old connection still seems to be open; it is closed with a code of its own, and the session goes on."""
    rig = await lasting(rigs, manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    again = await come_back(rig, client)
    assert 4001 == (await client.until_closed()).code
    await again.until("AgentAudioDone")
    assert 1 == rig.reception.sessions


@pytest_twisted.ensureDeferred
@pytest.mark.row(49)
async def test_tickets_that_are_worth_nothing(rigs: Any, lines: list[str]) -> None:
    """An error that says what to do, and a close code of its own; whose session it is not, notices nothing."""
    rig = await lasting(rigs)
    client = await rig.talking()
    token = token_of(client)
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    bad = [f"{PATH}?resume={one}" for one in (changed, token[:8], f"{token}&resume={token}")]
    for path in [*bad, f"{PATH}?resume={token}&received=x", f"{COMPONENT_PATH}?resume={token}"]:
        stranger = await rig.connect(path)
        assert 4004 == (await stranger.until_closed()).code
        assert ["Error", "closed"] == stranger.kinds
    client.say("InjectUserMessage", content="hi")
    await client.until("AgentAudioDone")
    assert 5 == sum("session.not_resumed" in line for line in lines)


@pytest_twisted.ensureDeferred
async def test_a_ticket_that_has_expired(rigs: Any) -> None:
    """The session has ended, the upstream with it, and the client is told to begin anew, which it can."""
    rig = await lasting(rigs, resume_s=0.05)
    client = await rig.talking()
    cut_off(client)
    await rig.gone()
    late = await rig.connect(f"{PATH}?resume={token_of(client)}")
    assert "RESUME_FAILED" == (await late.until("Error"))["code"]
    assert 4004 == (await late.until_closed()).code
    await rig.talking()


@pytest_twisted.ensureDeferred
async def test_a_client_that_has_said_goodbye(rigs: Any) -> None:
    """Its session ends at once."""
    rig = await lasting(rigs)
    client = await rig.talking()
    client.line.hang_up()
    await rig.gone()


@pytest_twisted.ensureDeferred
async def test_a_proxy_that_stops_while_clients_are_away(rigs: Any, lines: list[str]) -> None:
    """It does not wait for them."""
    rig = await lasting(rigs)
    client = await rig.talking()
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    rig.reception.shut_down(lambda: None)
    await rig.gone()


@pytest_twisted.ensureDeferred
async def test_no_line_holds_a_ticket(rigs: Any, lines: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the log, nor a failure's report, nor what a library prints: only the beginning, by which it is found."""
    rig = await lasting(rigs, functions=None)
    client = await rig.talking()
    client.say("InjectUserMessage", content="hi")
    await client.until("AgentAudioDone")
    cut_off(client)
    await rest(client)
    await gone(rig, lines)
    again = await come_back(rig, client)
    token = token_of(client)
    (await rig.connect(f"{PATH}?resume={token}x&received=1")).line.hang_up()
    again.line.hang_up()
    await rig.gone()
    printed = capfd.readouterr()
    everything = "\n".join(lines) + printed.out + printed.err
    assert f"session={token[:8]} " in everything
    assert token[:9] not in everything
