"""Many clients that do anything at random, with an upstream that does too: every promise is judged as it happens."""

import random
from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Client, Rig, settings
from test_conversation import TIME, speech
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, gatherResults

from turngate.proxy.ports import Closed
from turngate.session.policy import Waits
from turngate.simulator import Manner, Pace, Script

SECONDS = 4.0
CLIENTS = 12
HASTY = Waits(
    update_answer_s=1.0, create_answer_s=1.0, response_silence_s=1.0, cancel_answer_s=0.5, items_answer_s=1.0,
    tool_results_s=1.0, tool_patience_s=0.3, floor_s=1.0, transcript_s=0.2,
)  # fmt: skip
SPOKEN = speech(24000)


def act(client: Client, chance: random.Random) -> None:
    """One thing that a client may do, sensible or not."""
    match chance.randrange(12):
        case 0 | 1 | 2:
            client.say("InjectUserMessage", content=chance.choice(["hello", "What time is it?", "a long story " * 20]))
        case 3:
            client.say("UpdatePrompt", prompt=f"Be {chance.random()}.")
        case 4:
            client.say("UpdateThink", think={"provider": {"type": "open_ai"}, "prompt": "x", "functions": [TIME]})
        case 5:
            voice = chance.choice(["alloy", "cedar"])
            client.say("UpdateSpeak", speak={"provider": {"type": "open_ai", "voice": voice, "speed": 1.1}})
        case 6:
            client.say("UpdateListen", listen={"provider": {"language": chance.choice(["en", "de"])}})
        case 7 | 8:
            behavior = chance.choice(["default", "queue", "interrupt"])
            client.say("InjectAgentMessage", message="One moment please.", behavior=behavior)
        case 9:
            client.say("ForceEndTurn")
        case 10:
            client.say("FunctionCallResponse", id=chance.choice(["nobody", "call_1"]), name="get_time", content="noon")
        case _:
            start = chance.randrange(0, len(SPOKEN) // 2) * 2
            for at in range(start, min(start + 96_000, len(SPOKEN)), 960):
                client.line.speak(SPOKEN[at : at + 960])


async def live(rig: Rig, chance: random.Random) -> None:
    """One client, until time is up or its session ends; then it leaves, in the middle of whatever there is."""
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings(think={"functions": [TIME]}, greeting=chance.choice(["", "Hello!"])))
    until = reactor.seconds() + SECONDS
    closed: list[Closed] = []

    async def listen() -> None:
        while not closed:
            heard: Any = await client.line.hear()
            if isinstance(heard, Closed):
                closed.append(heard)
            elif isinstance(heard, dict) and heard["type"] == "FunctionCallRequest" and chance.random() < 0.8:
                for call in heard["functions"]:
                    client.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")

    listening = Deferred.fromCoroutine(listen())
    while reactor.seconds() < until and not closed:
        act(client, chance)
        await task.deferLater(reactor, chance.choice([0.0, 0.01, 0.1, 0.3]))
    if not closed:
        client.line.hang_up()
    await listening


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("chaos", [0.0, 0.01], ids=["a good upstream", "a bad one"])
async def test_no_promise_is_broken(rigs: Any, chaos: float) -> None:
    """No actor fails, nothing is left behind; and a good upstream refuses nothing for an active response."""
    rig = await rigs(manner=Manner(pace=Pace(speed=20.0)), script=Script((), chaos) if chaos else None, waits=HASTY)
    seeds = [random.Random(f"{chaos}:{number}") for number in range(CLIENTS)]
    await gatherResults([Deferred.fromCoroutine(live(rig, chance)) for chance in seeds])
    await rig.gone()
    assert [] == rig.failures
    assert CLIENTS <= rig.simulator.counters.sessions
    assert rig.simulator.counters.responses_started > CLIENTS
    if not chaos:
        assert 0 == rig.simulator.counters.active_response_refusals
