"""One conversation with every kind of upstream, over real sockets, every promise judged."""

import re

import pytest
import pytest_twisted
from attrs import evolve
from test_component import said, settings, talking
from test_conversation import speech

from turngate.cli.line import Audio
from turngate.protocols.realtime import DIALECTS, Dialect
from turngate.session.capabilities import Capabilities
from turngate.session.policy import Waits
from turngate.simulator import Manner, Pace

TIME = {"name": "get_time", "description": "Tells the time."}
SPOKEN_S = 2.7
"""How long the recorded speech is, with what turn detection adds to it."""
QUICK_TO_COUNT = Waits(own_start_s=0.5, update_silence_s=0.1, output_end_s=0.15)
GAPS = evolve(
    DIALECTS["ga"],
    name="gaps",
    capabilities=Capabilities(
        acks_update=False, sends_response_done=False, echoes_metadata=False, truncates=False, lets_us_start=False
    ),
)
"""A server that leaves out whatever can be left out."""


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("dialect", [*DIALECTS.values(), GAPS], ids=lambda dialect: dialect.name)
async def test_a_conversation(rigs, dialect: Dialect) -> None:
    """Settings, greeting, a written turn, a spoken one, a tool, an update, an interruption, and the end."""
    rig = await rigs(dialect=dialect, manner=Manner(pace=Pace(speed=20.0)), waits=QUICK_TO_COUNT, key="k")
    client = await rig.talking(greeting="Hello.", think={"functions": [TIME]})
    await client.until("AgentAudioDone")

    client.say("InjectUserMessage", content="Yes")
    await client.until("AgentAudioDone")

    pcm = speech(24000)
    for at in range(0, len(pcm), 4800):
        client.line.speak(pcm[at : at + 4800])
    await client.until("AgentAudioDone")

    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    client.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")
    client.say("UpdatePrompt", prompt="Always begin with: Ahoy")
    await client.until("PromptUpdated")
    assert "get_time" == call["name"]

    client.say("InjectUserMessage", content="Tell me of the sea, and of all the ships that ever sailed it")
    while not isinstance(await client.next(), Audio):
        pass
    for at in range(0, len(pcm), 4800):
        client.line.speak(pcm[at : at + 4800])
    await client.until("UserStartedSpeaking")
    await client.until("AgentAudioDone")

    said = [(line["role"], line["content"]) for line in client.of("ConversationText")]
    agents = [words for role, words in said if role == "assistant"]
    assert "Hello." == agents[0]
    assert "You said: Yes" == agents[1]
    assert any("noon" in words for words in agents)
    assert agents[-1].startswith("Ahoy")
    assert 2 == len(client.of("UserStartedSpeaking"))
    heard_s = [float(m[1]) for role, words in said if role == "user" and (m := re.match(r"\((\d+\.\d) seconds", words))]
    # what was recorded is as long at every rate
    assert heard_s == pytest.approx([heard_s[0]] * 2, abs=0.15)
    assert heard_s[0] == pytest.approx(SPOKEN_S, abs=0.15)
    cuts = rig.upstream_frames("conversation.item.truncate")
    replaced = [one for one in rig.upstream_frames("conversation.item.create") if one.get("previous_item_id")]
    assert bool(cuts) is dialect.capabilities.truncates
    assert bool(replaced) is not dialect.capabilities.truncates
    client.line.hang_up()
    await rig.gone()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("dialect", [*DIALECTS.values(), GAPS], ids=lambda dialect: dialect.name)
async def test_a_components_conversation(rigs, dialect: Dialect) -> None:
    """Settings, two written turns, a tool and settings again, for a component with any kind of upstream."""
    rig = await rigs(dialect=dialect, manner=Manner(pace=Pace(speed=20.0)), waits=QUICK_TO_COUNT, key="k")
    client = await talking(rig, {"functions": [TIME]})
    client.say("InjectUserMessage", content="Yes")
    await client.until("AgentAudioDone")

    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    client.say("FunctionCallResponse", id=call["id"], name=call["name"], content="noon")
    await client.until("AgentAudioDone")

    client.line.say(settings({"prompt": "Always begin with: Ahoy"}))
    await client.until("SettingsApplied")
    client.say("InjectUserMessage", content="No")
    while not said(client, "assistant")[-1].startswith("Ahoy"):
        await client.until("ConversationText")

    first, *others = said(client, "assistant")
    assert "You said: Yes" == first
    assert any("noon" in words for words in others)
    client.line.hang_up()
    await rig.gone()
