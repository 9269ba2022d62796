"""The golden conversations where nothing goes wrong: what is said on both sides of the proxy, line by line."""

import json
from pathlib import Path
from typing import Any

import pytest
from conversations import CONVERSATIONS, Conversation
from outcomes import Course, Fate, course, fates, faults_of
from sweeping import alone
from world import condensed

from openai_judge import judge_client_event
from turngate.proxy.session import DEEPGRAM_PATH

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_conversation_when_nothing_goes_wrong_is_as_recorded(conversation: Conversation) -> None:
    """Every turn is answered once, nothing is refused, and all is said in the recorded order (``make golden``)."""
    world, call = alone(conversation)
    assert [] == faults_of(world, call)
    assert Course.HELD is course(call)
    assert set(fates(call)) <= {Fate.ANSWERED, Fate.CUT}
    assert [] == call.caller.reports(0)
    if conversation.path == DEEPGRAM_PATH:
        assert 0 == world.simulator.counters.active_response_refusals
    for frame in call.trunk.asked:
        judge_client_event(frame)
    assert (GOLDEN / f"{conversation.name}.txt").read_text().splitlines() == condensed(call.record)


def test_conversation_when_it_is_held_again_is_the_same_to_the_byte() -> None:
    """So that the index of an event means the same event in every run."""
    conversation = CONVERSATIONS[-1]
    calls = [alone(conversation)[1] for _ in range(2)]
    first, second = (call.trunk.sent for call in calls)
    assert first == second
    assert calls[0].record == calls[1].record


def test_settings_when_all_updates_were_acknowledged_are_the_models() -> None:
    """What was acknowledged is in force."""
    (updates,) = (conversation for conversation in CONVERSATIONS if conversation.name == "updates")
    _, call = alone(updates)
    session: Any = json.loads(json.dumps(call.trunk.sessions[-1].config.tree))
    assert "Always begin with: Aha" == session["instructions"]
    assert 1.25 == session["audio"]["output"]["speed"]
    assert "de" == session["audio"]["input"]["transcription"]["language"]
    assert ["get_time"] == [tool["name"] for tool in session["tools"]]
