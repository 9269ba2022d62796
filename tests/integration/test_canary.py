"""No payload, no transcript and no secret in any log line, at the chattiest level."""

import pytest
import pytest_twisted
from proxy_rig import settings
from twisted.logger import globalLogPublisher

from turngate.session.policy import Policy, Renewal
from turngate.simulator import Manner, Pace, Script
from turngate.simulator.script import Close, OnServer

CANARIES = {
    "prompt": "canary-prompt",
    "text": "canary-text",
    "tool": "canary-tool",
    "heard": "canary-heard",
    "key": "canary-key",
    "reason": "canary-reason",
}


@pytest_twisted.ensureDeferred
@pytest.mark.row(38, 43)
async def test_nothing_that_was_said_is_logged(rigs, capfd: pytest.CaptureFixture[str]) -> None:
    """A conversation with a canary in every place that holds words; the logs of all libraries are searched."""
    lines: list[str] = []
    globalLogPublisher.addObserver(keep := lambda event: lines.append(repr(event)))
    try:
        manner = Manner(pace=Pace(speed=0.0), heard=(CANARIES["heard"],))
        script = Script((OnServer("response.done", Close(3000, CANARIES["reason"]), nth=3),))
        policy = Policy(renewal=Renewal.OFF)
        rig = await rigs(manner=manner, script=script, key=CANARIES["key"], policy=policy)
        client = await rig.connect()
        await client.until("Welcome")
        functions = [{"name": "get_time", "description": "Tells the time."}]
        client.line.say(settings(think={"prompt": CANARIES["prompt"], "functions": functions}))
        await client.until("SettingsApplied")
        client.say("InjectUserMessage", content=f"What time is it? {CANARIES['text']}")
        (call,) = (await client.until("FunctionCallRequest"))["functions"]
        client.say("FunctionCallResponse", id=call["id"], name=call["name"], content=CANARIES["tool"])
        await client.until("AgentAudioDone")
        assert CANARIES["tool"] in str(client.heard)
        client.say("UpdatePrompt", prompt=CANARIES["prompt"])
        await client.until("PromptUpdated")
        client.say("InjectUserMessage", content=CANARIES["text"])
        await client.until("Error")
        await client.until_closed()
        assert CANARIES["reason"] not in str(client.heard)
        crooked = await rig.talking()
        crooked.say("InjectUserMessage", content={"x": CANARIES["text"]})
        await crooked.until_closed()
        await rig.gone()
    finally:
        globalLogPublisher.removeObserver(keep)
    printed = capfd.readouterr()
    everything = "\n".join(lines) + printed.out + printed.err
    assert "session.ended" in everything
    assert [] == [name for name, canary in CANARIES.items() if canary in everything]
