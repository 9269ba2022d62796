"""An upstream that refuses, stalls, closes early or talks nonsense: the client's exact answer, and no hanging."""

from typing import Any

import pytest
import pytest_twisted
from proxy_rig import QUICK, Rig, settings
from test_conversation import SLOW
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol

from turngate.net import Limits
from turngate.session.policy import Waits
from turngate.simulator import Script
from turngate.simulator.script import (
    Abort,
    Close,
    Delay,
    Drop,
    Duplicate,
    FailResponse,
    MakeResponse,
    OnClient,
    OnServer,
    RawText,
    Reorder,
    ReplaceWithError,
    Stall,
    StripMetadata,
)

IMPATIENT = Waits(
    upstream_ready_s=0.6,
    update_answer_s=0.4,
    items_answer_s=0.4,
    create_answer_s=0.4,
    retry_s=0.05,
    response_silence_s=0.5,
    cancel_answer_s=0.3,
    tool_results_s=0.4,
    tool_patience_s=0.2,
    floor_s=1.0,
)
ACTIVE = "conversation_already_has_active_response"


def faulty(rigs: Any, *rules: Any, **how: Any) -> Any:
    return rigs(script=Script(rules), waits=IMPATIENT, **how)


# --- before the session serves --------------------------------------------------------------------------------------


class Answers(Protocol):
    """A server that answers every connection with the same bytes, or not at all."""

    def dataReceived(self, data: bytes) -> None:
        if self.factory.answer is not None:
            self.transport.write(self.factory.answer)
            self.transport.loseConnection()


async def server(answer: bytes | None) -> Any:
    factory = Factory.forProtocol(Answers)
    factory.answer = answer
    factory.noisy = False
    return await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)


REFUSALS = [
    ("401", b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\nsk-canary"),
    ("429", b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n"),
    ("500", b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
    ("redirect", b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
    ("nonsense", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ("silence", None),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "answer"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_an_upstream_that_refuses_the_connection(rigs: Any, what: str, answer: bytes | None) -> None:
    """One Error without a word of the upstream's, then 1011."""
    port = await server(answer)
    limits = Limits(handshake_s=0.5)
    rig = await rigs(upstream=f"ws://127.0.0.1:{port.getHost().port}/v1", limits=limits, waits=IMPATIENT)
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    error = await client.until("Error")
    assert "FAILED_TO_THINK" == error["code"]
    assert "canary" not in str(client.heard)
    assert 1011 == (await client.until_closed()).code
    await rig.gone()
    await port.stopListening()


@pytest_twisted.ensureDeferred
async def test_no_upstream_at_all(rigs: Any) -> None:
    """A refused connection is an Error, not a bare close."""
    port = await server(None)
    number = port.getHost().port
    await port.stopListening()
    rig = await rigs(upstream=f"ws://127.0.0.1:{number}/v1")
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    assert "FAILED_TO_THINK" == (await client.until("Error"))["code"]
    assert 1011 == (await client.until_closed()).code


OPENING = [
    ("no session.created", OnServer("session.created", Drop()), "FAILED_TO_THINK", 1011),
    ("closed at once", OnServer("session.created", Close(3000, "invalid_api_key")), "FAILED_TO_THINK", 1011),
    ("dropped at once", OnServer("session.created", Abort()), "FAILED_TO_THINK", 1011),
    ("no session.updated", OnServer("session.updated", Drop()), "FAILED_TO_THINK", 1011),
    ("settings refused", OnClient("session.update", ReplaceWithError("invalid_value")), "INVALID_SETTINGS", 1008),
    ("closed on settings", OnClient("session.update", Close(1011)), "FAILED_TO_THINK", 1011),
    ("refused namelessly", OnClient("session.update", ReplaceWithError(with_event_id=False)), "FAILED_TO_THINK", 1011),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "rule", "code", "close"), OPENING, ids=[row[0] for row in OPENING])
async def test_an_upstream_that_does_not_get_ready(rigs: Any, what: str, rule: Any, code: str, close: int) -> None:
    """Settings get exactly one answer, and it is never SettingsApplied."""
    rig = await faulty(rigs, rule)
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    assert code == (await client.until("Error"))["code"]
    assert close == (await client.until_closed()).code
    assert ["Welcome", "Error", "closed"] == client.kinds
    await rig.gone()


# --- while it serves ------------------------------------------------------------------------------------------------

SURVIVED = [
    ("unknown event", OnServer("rate_limits.updated", RawText('{"type":"x.y","event_id":"e"}'), nth=None), None),
    ("rate limits as nonsense", OnServer("rate_limits.updated", RawText("no json"), nth=None), None),
    ("duplicated start", OnServer("response.created", Duplicate(), nth=None), None),
    ("duplicated end", OnServer("response.done", Duplicate(), nth=None), None),
    ("duplicated confirmation", OnServer("session.updated", Duplicate(), nth=None), None),
    ("duplicated item", OnServer("conversation.item.added", Duplicate(), nth=None), None),
    ("reordered start", OnServer("response.created", Reorder(), nth=None), None),
    ("late confirmation", OnServer("session.updated", Delay(0.1), nth=None), None),
    ("create refused, busy", OnClient("response.create", ReplaceWithError(ACTIVE)), None),
    (
        "create refused, busy, nameless",
        OnClient("response.create", ReplaceWithError(ACTIVE, with_event_id=False)),
        None,
    ),
    ("response of its own before ours", OnClient("response.create", MakeResponse()), None),
    ("response of its own after a turn", OnServer("response.done", MakeResponse()), None),
    ("metadata stripped from a start", OnServer("response.created", StripMetadata()), None),
    ("error about nothing", OnServer("rate_limits.updated", ReplaceWithError(with_event_id=False), nth=None), None),
    ("create refused", OnClient("response.create", ReplaceWithError("server_error")), "THINK_REQUEST_FAILED"),
    ("response failed", OnServer("response.created", FailResponse("failed")), "THINK_REQUEST_FAILED"),
    ("response incomplete", OnServer("response.created", FailResponse("incomplete")), "THINK_REQUEST_FAILED"),
    ("item refused", OnClient("conversation.item.create", ReplaceWithError("invalid_value")), "THINK_REQUEST_FAILED"),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "rule", "warning"), SURVIVED, ids=[row[0] for row in SURVIVED])
async def test_a_fault_that_a_session_survives(rigs: Any, what: str, rule: Any, warning: str | None) -> None:
    """Every turn is answered, or the client is told why not, and the next turn is answered."""
    rig = await faulty(rigs, rule)
    client = await rig.talking()
    client.say("InjectUserMessage", content="first")
    if warning is None or what == "item refused":
        while not any(
            "first" in line["content"] for line in client.of("ConversationText") if line["role"] == "assistant"
        ):
            if what == "item refused" and client.of("Warning"):
                break
            await client.next()
    if warning is not None:
        if not client.of("Warning"):
            await client.until("Warning")
        assert warning == client.of("Warning")[0]["code"]
    client.say("InjectUserMessage", content="second")
    client.say("UpdatePrompt", prompt="Be merry.")
    while not any("second" in line["content"] for line in client.of("ConversationText") if line["role"] == "assistant"):
        await client.next()
    if not client.of("PromptUpdated"):
        await client.until("PromptUpdated")
    await client.quiet()
    assert 1 == len(client.of("PromptUpdated"))
    assert not client.of("Error")


REPLACED = [
    ("stall in a response", OnServer("response.output_audio.delta", Stall())),
    ("no end of a response", OnServer("response.done", Stall())),
    ("end of a response lost", OnServer("response.done", Drop())),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "rule"), REPLACED, ids=[row[0] for row in REPLACED])
async def test_a_response_that_falls_silent(rigs: Any, what: str, rule: Any) -> None:
    """It is cancelled and the client told; where even that has no end, another upstream session takes over."""
    rig = await faulty(rigs, rule, OnServer("response.output_audio.done", Drop()))
    client = await rig.talking()
    client.say("InjectUserMessage", content="first")
    warning = await client.until("Warning")
    assert "silent" in warning["description"]
    assert 1 == len(rig.upstream_frames("response.cancel"))
    await rig.eventually(lambda: 2 == rig.simulator.counters.sessions, "no other upstream session")
    client.say("UpdatePrompt", prompt="Be merry.")
    await client.until("PromptUpdated")
    told = [event["item"]["content"][0]["text"] for event in rig.upstream_frames("conversation.item.create")]
    assert 2 == told.count("first")


@pytest_twisted.ensureDeferred
async def test_an_upstream_that_drops_in_the_middle_of_an_answer(rigs: Any) -> None:
    """What was said is reported as cut; the next turn is answered by one that knows of the first."""
    rig = await faulty(rigs, OnServer("response.output_audio.delta", Abort(), nth=3), manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content="first")
    warning = await client.until("Warning")
    assert ("THINK_REQUEST_FAILED", True) == (warning["code"], "cut off" in warning["description"])
    assert 1 == len(client.of("AgentAudioDone"))
    client.say("InjectUserMessage", content="second")
    items = rig.upstream_frames("conversation.item.create")
    await rig.eventually(
        lambda: 3 == len(rig.upstream_frames("conversation.item.create")), f"items are missing: {items}"
    )
    words = [event["item"]["content"][0]["text"] for event in rig.upstream_frames("conversation.item.create")]
    assert ["first", "first", "second"] == words
    assert 2 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_an_upstream_that_drops_before_an_answer_is_heard(rigs: Any) -> None:
    """The turn is asked again, once, and answered once."""
    rig = await faulty(rigs, OnServer("response.done", Drop(), nth=9), OnClient("response.create", Abort(), nth=2))
    client = await rig.talking()
    for words in ("first", "second"):
        client.say("InjectUserMessage", content=words)
        await client.until("AgentAudioDone")
    answers = [line["content"] for line in client.of("ConversationText") if line["role"] == "assistant"]
    assert 2 == len(answers)
    assert not client.of("Warning")
    assert 2 == rig.simulator.counters.sessions


FATAL = [
    ("close in a response", OnServer("response.output_audio.delta", Close(1011, "secret-canary")), "FAILED_TO_THINK"),
    ("drop in a response", OnServer("response.output_audio.delta", Abort()), "FAILED_TO_THINK"),
    ("create unanswered", OnClient("response.create", Drop(), nth=None), "FAILED_TO_THINK"),
    ("metadata never echoed", OnServer("*", StripMetadata(), nth=None), "FAILED_TO_THINK"),
]


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("what", "rule", "code"), FATAL, ids=[row[0] for row in FATAL])
async def test_a_fault_that_ends_the_session(rigs: Any, what: str, rule: Any, code: str) -> None:
    """One that every further upstream session has too: an Error and 1011, and no end of speech pretended."""
    rig = await faulty(rigs, rule, manner=SLOW if "in a response" in what else QUICK)
    client = await rig.talking()
    client.say("InjectUserMessage", content="first")
    error = await client.until("Error")
    assert code == error["code"]
    assert 1011 == (await client.until_closed()).code
    assert "canary" not in str(client.heard)
    if what.endswith("in a response"):
        assert not client.of("AgentAudioDone")
    await rig.gone()


@pytest_twisted.ensureDeferred
async def test_a_tool_result_that_never_comes(rigs: Any) -> None:
    """The model is told so, the client is warned, and the turn is answered all the same."""
    rig = await rigs(waits=IMPATIENT)
    client = await rig.talking(think={"functions": [{"name": "get_time", "description": "Tells the time."}]})
    client.say("InjectUserMessage", content="What time is it?")
    await client.until("FunctionCallRequest")
    assert "FUNCTION_CALL_TIMEOUT" == (await client.until("Warning"))["code"]
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_an_upstream_that_talks_only_nonsense(rigs: Any) -> None:
    """It is given up after a hundred messages that cannot be read."""
    nonsense = OnServer("response.output_audio_transcript.delta", RawText("{"), nth=None)
    more = OnServer("response.output_audio.delta", RawText("[]"), nth=None)
    rig = await faulty(rigs, nonsense, more)
    client = await rig.talking()
    client.say("InjectUserMessage", content="a long story about the sea " * 40)
    assert "FAILED_TO_THINK" == (await client.until("Error"))["code"]
    assert 1011 == (await client.until_closed()).code


@pytest_twisted.ensureDeferred
async def test_neighbours_of_a_session_whose_upstream_fails(rigs: Any) -> None:
    """They notice nothing."""
    # the first update of a session is its settings; only one of the two sends another
    rig: Rig = await rigs(manner=SLOW, script=Script((OnClient("session.update", Abort(), nth=2),)))
    one, two = await rig.talking(), await rig.talking()
    two.say("InjectUserMessage", content="a story")
    await two.until("AgentStartedSpeaking")
    one.say("UpdatePrompt", prompt="Be kind.")
    assert 1011 == (await one.until_closed()).code
    await two.until("AgentAudioDone")
    await rig.gone(sessions=1)
    assert [] == two.of("Warning") + two.of("Error")
