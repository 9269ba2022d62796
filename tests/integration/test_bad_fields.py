"""Wrong fields over real sockets, a sample: an Error ends the session, a Warning does not; neither quotes a value."""

from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Rig, settings

CANARY = "canary-7b1e"
BIG = CANARY * 60_000

ENDS = [
    ("UpdateThink", {"think": {"provider": {"type": [CANARY]}}}, "$.think.provider.type", 1008),
    ("UpdateThink", {"think": {"prompt": CANARY}}, "$.think.provider", 1008),
    ("UpdateSpeak", {"speak": {"provider": {"type": "open_ai", "speed": CANARY}}}, "$.speak.provider.speed", 1008),
    ("UpdateListen", {"listen": {"provider": {"keyterms": {CANARY: 1}}}}, "$.listen.provider.keyterms", 1008),
    ("FunctionCallResponse", {"name": "f", "content": {CANARY: CANARY}}, "$.content", 1008),
    ("InjectAgentMessage", {"message": None, "is_dynamic": CANARY}, "$.is_dynamic", 1008),
    ("InjectUserMessage", {"content": BIG}, "512 KiB", 1009),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("kind", "fields", "named", "close"), ENDS, ids=[f"{row[0]}-{row[2]}" for row in ENDS])
@pytest.mark.row(30)
async def test_a_message_that_is_none_ends_the_session(
    rig: Rig, kind: str, fields: dict[str, Any], named: str, close: int
) -> None:
    """The Error names the field, and the connection is closed after it."""
    client = await rig.talking()
    client.say(kind, **fields)
    error = await client.until("Error")
    assert "UNPARSABLE_CLIENT_MESSAGE" == error["code"]
    assert named in error["description"]
    assert CANARY not in error["description"]
    assert close == (await client.until_closed()).code
    await rig.gone()


THINK: dict[str, Any] = {"provider": {"type": "open_ai"}}
REFUSED = [
    ({"agent": {"think": {**THINK, "functions": [{"description": CANARY}]}}}, "$.agent.think.functions[0].name"),
    ({"agent": {"context": {"messages": [{"role": CANARY, "content": ""}]}}}, "$.agent.context.messages[0].role"),
    (
        {"agent": {"think": {**THINK, "functions": [{"name": "f", "endpoint": {"url": f"https://{CANARY}"}}]}}},
        "$.agent.think.functions[0].endpoint",
    ),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("more", "named"), REFUSED, ids=[row[1] for row in REFUSED])
async def test_settings_that_cannot_be_served_end_the_session(rig: Rig, more: dict[str, Any], named: str) -> None:
    """No upstream is dialled for them."""
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say({**settings(), **more})
    error = await client.until("Error")
    assert "INVALID_SETTINGS" == error["code"]
    assert named in error["description"]
    assert CANARY not in error["description"]
    assert 1008 == (await client.until_closed()).code
    assert 0 == rig.simulator.counters.sessions


GOES_ON = [
    ("UpdateSpeak", {"speak": {"provider": {"type": "open_ai", "speed": 9.0}}}, "INVALID_UPDATE", "speed must be"),
    ("UpdateSpeak", {"speak": {"provider": {"type": CANARY}}}, "INVALID_UPDATE", "it is empty"),
    ("UpdateThink", {"think": {**THINK, "functions": [{}]}}, "INVALID_UPDATE", "$.think.functions[0].name"),
    (
        "UpdateThink",
        {"think": {**THINK, "endpoint": {"url": CANARY}}},
        "SETTINGS_FIELDS_IGNORED",
        "think.endpoint",
    ),
    ("InjectAgentMessage", {"message": CANARY, "behavior": CANARY}, "INVALID_UPDATE", "$.behavior"),
    ("FunctionCallResponse", {"id": CANARY, "name": "f", "content": CANARY}, "UNMATCHED_FUNCTION_RESPONSE", "id"),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("kind", "fields", "code", "named"), GOES_ON, ids=[f"{r[0]}-{r[3]}" for r in GOES_ON])
async def test_a_value_that_cannot_be_used_later_is_warned_of(
    rig: Rig, kind: str, fields: dict[str, Any], code: str, named: str
) -> None:
    """The Warning names the field, and the next turn is answered."""
    client = await rig.talking()
    client.say(kind, **fields)
    warning = await client.until("Warning")
    assert code == warning["code"]
    assert named in warning["description"]
    assert CANARY not in warning["description"]
    client.say("InjectUserMessage", content="go on")
    await client.until("AgentAudioDone")
    assert "closed" not in client.kinds
