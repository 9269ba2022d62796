"""
The component profile over real sockets, item by item of its contract: a test or more for each number.

The contract is what clients of an older proxy rely on; the numbers of its faults (B1 to B25), which must not come back,
stand in the docstrings of the tests that hold them.
"""

import json
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from proxy_rig import COMPONENT_PATH, QUICK, Client, Rig
from test_conversation import SLOW, speak, speech
from test_upstream_faults import ACTIVE, IMPATIENT
from twisted.internet import reactor, task
from twisted.logger import globalLogPublisher

from turngate.cli.line import Audio, open_line
from turngate.protocols.realtime import RealtimeOptions
from turngate.session.policy import COMPONENT, Again, Waits
from turngate.simulator import Script
from turngate.simulator.script import (
    Close,
    Delay,
    Drop,
    Duplicate,
    FailResponse,
    OnClient,
    OnServer,
    RawText,
    ReplaceWithError,
)

TIME = {"name": "get_time", "description": "Tells the time."}
WEATHER = {"name": "get_weather", "description": "Tells the weather."}
STORY = "Tell me a long story about the sea, please, and take your time"
UPDATED = {"type": "session.updated", "event_id": "event_x", "session": {}}


def settings(think: dict[str, Any] | None = None, **agent: Any) -> dict[str, Any]:
    """A component's settings."""
    return {"type": "Settings", "agent": {"think": {"prompt": "Be brief.", **(think or {})}, **agent}}


async def talking(rig: Rig, think: dict[str, Any] | None = None, **agent: Any) -> Client:
    """A component whose session serves."""
    client = await rig.connect(COMPONENT_PATH)
    client.line.say(settings(think, **agent))
    await client.until("SettingsApplied")
    return client


async def sent(rig: Rig, kind: str, count: int = 1) -> list[dict[str, Any]]:
    """So many events of a kind that went upstream, as soon as they did."""
    await rig.eventually(lambda: len(rig.upstream_frames(kind)) >= count, f"{count} {kind} went upstream")
    return rig.upstream_frames(kind)


def order(client: Client) -> list[str]:
    """What a component was told, but for what may come at any time."""
    return [kind for kind in client.kinds if kind not in ("Welcome", "SettingsApplied", "AgentThinking", "Transcript")]


def said(client: Client, role: str) -> list[str]:
    """The lines of one role."""
    return [line["content"] for line in client.of("ConversationText") if line["role"] == role]


async def rest(seconds: float) -> None:
    """Let time pass."""
    await task.deferLater(reactor, seconds)


# --- connection and readiness ---------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_a01_the_upstream_is_dialled_when_the_client_connects(rig: Rig) -> None:
    """Before it has said anything; what it says before the upstream is ready is held, in order, and replayed (B15)."""
    client = await rig.connect(COMPONENT_PATH)
    client.say("InjectUserMessage", content="one")
    client.line.speak(bytes(640))
    client.say("InjectUserMessage", content="two")
    await rig.eventually(lambda: rig.simulator.counters.open_sessions == 1, "the upstream was not dialled")
    assert [] == rig.upstream_frames()
    client.line.say(settings())
    await client.until("AgentAudioDone")
    kinds = [frame["type"] for frame in rig.upstream_frames()]
    assert [
        "session.update",
        "conversation.item.create",
        "input_audio_buffer.append",
        "conversation.item.create",
        "response.create",
    ] == kinds


@pytest_twisted.ensureDeferred
async def test_a01_b18_what_is_held_is_bounded(rig: Rig) -> None:
    """A client that sends and sends without settings is not read any more, and its neighbours notice nothing."""
    client = await rig.connect(COMPONENT_PATH)
    for _ in range(400):
        client.line.speak(bytes(64 * 1024))
    # this client gives up a proxy that does not read
    assert "the peer does not read" == (await client.until_closed()).reason
    assert [] == rig.upstream_frames()
    other = await talking(rig)
    other.say("InjectUserMessage", content="hello")
    await other.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a02_nothing_is_an_error_before_settings(rig: Rig) -> None:
    """A welcome may come; a turn, a result and audio wait for readiness (B8: a result does not block the settings)."""
    client = await rig.connect(COMPONENT_PATH)
    client.say("KeepAlive")
    client.say("FunctionCallResponse", id="call_x", name="f", content="42")
    client.line.speak(bytes(640))
    await client.quiet()
    assert client.kinds in (["Welcome"], [])
    client.line.say(settings())
    await client.until("SettingsApplied")
    await client.quiet()
    assert [] == client.of("Error")


@pytest_twisted.ensureDeferred
async def test_a03_a_confirmation_that_nobody_asked_for_makes_the_session_ready(rigs: Any) -> None:
    """Some servers send one on connect: then a turn is answered without settings, which may still come (B16)."""
    rig = await rigs(script=Script((OnServer("session.created", RawText(json.dumps(UPDATED))),)))
    client = await rig.connect(COMPONENT_PATH)
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert [] == client.of("SettingsApplied") + rig.upstream_frames("session.update")
    client.line.say(settings(greeting="Hi!"))
    await client.until("SettingsApplied")
    await client.until("AgentAudioDone")
    assert said(client, "assistant")[-1] == "Hi!"
    assert 1 == len(rig.upstream_frames("session.update"))


@pytest_twisted.ensureDeferred
async def test_a04_nothing_goes_upstream_before_readiness(rigs: Any) -> None:
    """The update is the first thing, and alone until it was confirmed."""
    rig = await rigs(script=Script((OnServer("session.updated", Delay(0.3)),)))
    client = await rig.connect(COMPONENT_PATH)
    client.line.say(settings())
    client.say("InjectUserMessage", content="hello")
    client.line.speak(bytes(640))
    await sent(rig, "session.update")
    await rest(0.1)
    assert ["session.update"] == [frame["type"] for frame in rig.upstream_frames()]
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a05_keep_alive_and_unknown_types(rig: Rig) -> None:
    """One never goes upstream; the other is an error that names it and what is allowed, and the session lives on."""
    client = await talking(rig)
    client.say("KeepAlive")
    client.say("Dance", steps=3)
    error = await client.until("Error")
    assert "disallowed_client_message_type" == error["code"]
    assert "Dance" in error["description"]
    assert "InjectUserMessage" in error["description"]
    client.say("InjectUserMessage", content="still there?")
    await client.until("AgentAudioDone")
    assert "Dance" not in str(rig.upstream_frames())
    assert "KeepAlive" not in str(rig.upstream_frames())


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("text", [b"hello", b"[1]", b'{"type":"InjectUserMessage"}', b'{"type":"Settings"}'])
async def test_a05_b07_what_cannot_be_read_ends_nothing(rig: Rig, text: bytes) -> None:
    """Neither the process nor the session; and it is never taken for audio (B6)."""
    client = await talking(rig)
    client.text(text)
    client.line.speak(b"\0")
    await client.until("Error")
    client.say("InjectUserMessage", content="still there?")
    await client.until("AgentAudioDone")
    assert all(len(frame["audio"]) % 4 == 0 for frame in rig.upstream_frames("input_audio_buffer.append"))


@pytest_twisted.ensureDeferred
async def test_a06_a_trace_is_in_every_line_of_the_log(rig: Rig) -> None:
    """As the client named it; without one there is the session's id."""
    lines: list[dict[str, Any]] = []
    globalLogPublisher.addObserver(keep := lambda event: lines.append(event.get("fields") or {}))
    try:
        for query in ("?traceId=trace-4711", ""):
            line = await open_line(reactor, rig.host + COMPONENT_PATH + query)
            line.say(settings())
            line.hang_up()
            await rig.gone()
    finally:
        globalLogPublisher.removeObserver(keep)
    traces = {fields["session"]: fields.get("trace") for fields in lines if "session" in fields}
    assert ["trace-4711", None] == list(traces.values())
    assert all(fields.get("trace") == traces[fields["session"]] for fields in lines if "session" in fields)


# --- settings -------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_a07_further_settings_reach_the_upstream(rig: Rig) -> None:
    """Each where the API has it; what cannot be used is left out."""
    think = {
        "functions": [TIME],
        "toolChoice": {"type": "function", "name": "get_time"},
        "outputModalities": ["text", "video"],
        "maxOutputTokens": 512,
        "managedPrompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Ulm"}},
    }
    await talking(rig, think, sessionAudioOutput={"voice": "ash", "speed": 99}, idleTimeoutMs=1)
    session = rig.upstream_frames("session.update")[0]["session"]
    assert session["tool_choice"] == {"type": "function", "name": "get_time"}
    assert session["output_modalities"] == ["text"]
    assert session["max_output_tokens"] == 512
    assert session["prompt"] == {"id": "pmpt_1", "version": "2", "variables": {"city": "Ulm"}}
    assert session["audio"]["output"]["voice"] == "ash"
    assert "speed" not in session["audio"]["output"]
    assert session["audio"]["input"]["turn_detection"]["idle_timeout_ms"] == 5000


@pytest_twisted.ensureDeferred
async def test_a07_a21_g711_reaches_the_client_as_the_upstream_makes_it(rig: Rig) -> None:
    """A byte a sample, at 8 kHz."""
    client = await talking(rig, sessionAudioOutput={"format": {"type": "audio/pcmu"}})
    assert {"type": "audio/pcmu"} == rig.upstream_frames("session.update")[0]["session"]["audio"]["output"]["format"]
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    plain = await talking(rig)
    plain.say("InjectUserMessage", content="hello")
    await plain.until("AgentAudioDone")
    assert len(plain.audio) == pytest.approx(6 * len(client.audio), rel=0.01)


@pytest_twisted.ensureDeferred
async def test_a08_the_defaults_of_turns_and_audio(rig: Rig) -> None:
    """Server VAD that starts responses by itself, 24 kHz, transcription on."""
    await talking(rig)
    given = rig.upstream_frames("session.update")[0]["session"]["audio"]["input"]
    assert given == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "transcription": {"model": "gpt-4o-transcribe"},
        "turn_detection": {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 200,
            "create_response": True,
            "interrupt_response": True,
        },
    }


@pytest_twisted.ensureDeferred
async def test_a08_a_spoken_turn_is_answered_by_the_upstream_itself(rig: Rig) -> None:
    """No request of ours; the component hears and reads the turn in the profile's own messages."""
    client = await talking(rig)
    speak(client, 16000)
    await client.until("AgentAudioDone")
    await client.quiet()
    assert [] == rig.upstream_frames("response.create")
    told = list(dict.fromkeys(order(client)))
    assert ["UserStartedSpeaking", "UtteranceEnd", "AgentStartedSpeaking", "audio", "AgentDone", "AgentAudioDone"] == [
        kind for kind in told if kind != "ConversationText"
    ]
    assert 1 == len(client.of("AgentAudioDone"))


@pytest_twisted.ensureDeferred
async def test_a08_b01_a_turn_that_meets_the_upstreams_own_response_is_not_lost(rigs: Any) -> None:
    """Its request is refused, which nobody sees, and made again."""
    rig = await rigs(
        manner=SLOW, script=Script((OnClient("response.create", ReplaceWithError(ACTIVE)),)), waits=IMPATIENT
    )
    client = await talking(rig)
    client.say("InjectUserMessage", content="first")
    while "You said: first" not in said(client, "assistant"):
        await client.next()
    assert [] == client.of("Error") + client.of("Warning")


@pytest_twisted.ensureDeferred
async def test_a09_neither_temperature_nor_the_voice_of_speak_goes_upstream(rig: Rig) -> None:
    """Input is 16 kHz unless settings say otherwise, and comes upstream at 24."""
    speaking = {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}}
    client = await talking(rig, {"provider": {"type": "open_ai", "temperature": 0.7}}, speak=speaking)
    session = rig.upstream_frames("session.update")[0]["session"]
    assert "temperature" not in str(session)
    assert "voice" not in session["audio"]["output"]
    client.line.speak(bytes(640))
    (append,) = await sent(rig, "input_audio_buffer.append")
    assert 960 == len(append["audio"]) * 3 // 4
    assert [] == client.of("Warning")


@pytest_twisted.ensureDeferred
async def test_a09_b23_input_audio_is_what_settings_say(rig: Rig) -> None:
    """Another rate is not taken for 16 kHz."""
    client = await rig.connect(COMPONENT_PATH)
    client.line.say({**settings(), "audio": {"input": {"encoding": "linear16", "sample_rate": 24000}}})
    await client.until("SettingsApplied")
    client.line.speak(bytes(960))
    (append,) = await sent(rig, "input_audio_buffer.append")
    assert 960 == len(append["audio"]) * 3 // 4


@pytest_twisted.ensureDeferred
async def test_a10_context_is_part_of_the_instructions(rig: Rig) -> None:
    """Under its heading, with a hint to use functions; no item is made of it."""
    messages = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello, Ada."}]
    await talking(rig, {"functions": [TIME]}, context={"messages": messages})
    instructions = rig.upstream_frames("session.update")[0]["session"]["instructions"]
    assert instructions.startswith("Be brief.\n\nUse the functions")
    assert instructions.endswith("\n\nPrevious conversation:\nuser: I am Ada.\nassistant: Hello, Ada.")
    assert [] == rig.upstream_frames("conversation.item.create")


@pytest_twisted.ensureDeferred
async def test_a11_the_greeting_never_goes_upstream(rig: Rig) -> None:
    """The settings are acknowledged, then come its line and the two ends of it; context suppresses it."""
    client = await talking(rig, greeting="Hello!")
    await client.until("AgentAudioDone")
    assert ["SettingsApplied", "ConversationText", "AgentDone", "AgentAudioDone"] == client.kinds[1:]
    assert ["Hello!"] == said(client, "assistant")
    assert ["session.update"] == [frame["type"] for frame in rig.upstream_frames()]
    other = await talking(rig, greeting="Hello!", context={"messages": [{"role": "user", "content": "I am Ada."}]})
    await other.quiet()
    assert [] == other.of("ConversationText") + other.of("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a11b_identical_settings_are_acknowledged_and_not_sent_again(rig: Rig) -> None:
    """Others are applied (B2), and acknowledged when they are in force."""
    client = await talking(rig)
    client.line.say(settings())
    await client.until("SettingsApplied")
    assert 1 == len(rig.upstream_frames("session.update"))
    client.line.say(settings({"prompt": "Always begin with: Ahoy"}))
    await client.until("SettingsApplied")
    assert 2 == len(rig.upstream_frames("session.update"))
    client.say("InjectUserMessage", content="hi")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert said(client, "assistant") == ["Ahoy You said: hi"]


@pytest_twisted.ensureDeferred
async def test_a11b_b02_settings_during_a_response_wait_for_its_end(rigs: Any) -> None:
    """The race that this proxy is for: nothing goes upstream before ``response.done``, and nothing is lost."""
    rig = await rigs(manner=SLOW)
    client = await talking(rig)
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    client.line.say(settings({"prompt": "Always begin with: Ahoy"}))
    await client.until("AgentAudioDone")
    assert 1 == len(client.of("SettingsApplied"))
    await client.until("SettingsApplied")
    assert 2 == len(rig.upstream_frames("session.update"))
    client.say("InjectUserMessage", content="hi")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert said(client, "assistant")[-1] == "Ahoy You said: hi"


@pytest_twisted.ensureDeferred
async def test_a11b_settings_during_a_response_are_only_acknowledged_where_the_operator_wants_it(rigs: Any) -> None:
    """As the older proxy did: at once, and without effect."""
    rig = await rigs(manner=SLOW, component=evolve(COMPONENT, repeated_settings=Again.ACKNOWLEDGED))
    client = await talking(rig)
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    client.line.say(settings({"prompt": "Always begin with: Ahoy"}))
    await client.until("SettingsApplied")
    assert [] == client.of("AgentAudioDone")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert 1 == len(rig.upstream_frames("session.update"))


@pytest_twisted.ensureDeferred
async def test_b05_refused_settings_can_be_corrected(rigs: Any) -> None:
    """What waited meanwhile is taken up then; the error has the upstream's code."""
    rig = await rigs(script=Script((OnClient("session.update", ReplaceWithError("invalid_value")),)))
    client = await rig.connect(COMPONENT_PATH)
    client.line.say(settings())
    client.say("InjectUserMessage", content="hello")
    assert "invalid_value" == (await client.until("Error"))["code"]
    client.line.say(settings({"prompt": "Be kind."}))
    await client.until("SettingsApplied")
    await client.until("AgentAudioDone")
    assert ["hello"] == said(client, "user")


# --- manual commit --------------------------------------------------------------------------------------------------

HASTY = Waits(commit_pause_s=0.1, commit_cap_s=0.15, commit_latest_s=0.6)
SECOND = 32_000
"""Bytes of a second at 16 kHz."""


def commits(rig: Rig) -> list[int]:
    """How much audio each commit took, in bytes of 24 kHz."""
    taken, total = [], 0
    for frame in rig.upstream_frames():
        if frame["type"] == "input_audio_buffer.append":
            total += len(frame["audio"]) * 3 // 4 - frame["audio"].count("=")
        elif frame["type"] == "input_audio_buffer.commit":
            taken.append(total)
            total = 0
    return taken


@pytest_twisted.ensureDeferred
async def test_a12_audio_is_committed_after_a_pause(rigs: Any) -> None:
    """And answered once, by a request of ours; nobody else finds turns in it."""
    rig = await rigs(waits=evolve(HASTY, commit_cap_s=5.0))
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    assert rig.upstream_frames("session.update")[0]["session"]["audio"]["input"]["turn_detection"] is None
    pcm = speech(16000)
    for at in range(0, len(pcm), 640):
        client.line.speak(pcm[at : at + 640])
    await client.until("AgentAudioDone")
    assert [len(pcm) * 3 // 2] == pytest.approx(commits(rig), abs=4)
    assert 1 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_a12_the_real_times_are_400_and_600_ms() -> None:
    """The defaults; the other tests hurry."""
    assert (0.4, 0.6) == (Waits().commit_pause_s, Waits().commit_cap_s)


@pytest_twisted.ensureDeferred
async def test_a12_audio_that_goes_on_is_committed_by_the_cap(rigs: Any) -> None:
    """Frames keep coming and no pause comes: a while after there was enough it is committed."""
    rig = await rigs(waits=HASTY)
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    client.line.speak(bytes(SECOND))
    for _ in range(12):
        client.line.speak(bytes(640))
        await rest(0.03)
    assert 1 == len(rig.upstream_frames("input_audio_buffer.commit"))
    assert commits(rig)[0] >= 48_000
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a12_b25_running_speech_is_not_cut_by_the_cap(rigs: Any) -> None:
    """While somebody speaks the cap waits for a quiet moment, at the latest for the end of a longer wait."""
    rig = await rigs(waits=HASTY)
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    loud = b"\0\x40" * 320
    client.line.speak(loud * 50)
    for _ in range(12):
        client.line.speak(loud)
        await rest(0.03)
    assert [] == rig.upstream_frames("input_audio_buffer.commit")
    await client.until("AgentAudioDone")
    assert 1 == len(commits(rig))


@pytest_twisted.ensureDeferred
async def test_a13_b25_the_first_commit_has_a_second_and_later_ones_a_tenth(rigs: Any) -> None:
    """A shorter first utterance is padded with silence, and not lost; less than the upstream takes is none."""
    rig = await rigs(waits=HASTY)
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    client.line.speak(bytes(2000))
    await rest(0.3)
    assert [] == rig.upstream_frames("input_audio_buffer.commit")
    client.line.speak(bytes(SECOND // 2))
    await client.until("AgentAudioDone")
    client.line.speak(bytes(3200))
    await client.until("AgentAudioDone")
    assert [48_000, 4_800] == pytest.approx(commits(rig), abs=4)


@pytest_twisted.ensureDeferred
async def test_a14_nothing_is_committed_while_a_response_is_active(rigs: Any) -> None:
    """It is made up for at the end, with silence where it is too short."""
    rig = await rigs(manner=SLOW, waits=HASTY)
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    client.line.speak(bytes(SECOND))
    await rest(0.3)
    assert [] == client.of("AgentAudioDone") + rig.upstream_frames("input_audio_buffer.commit")
    await client.until("AgentAudioDone")
    await sent(rig, "input_audio_buffer.commit")
    await client.until("AgentAudioDone")
    assert 2 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_a15_audio_is_committed_when_the_client_leaves(rigs: Any) -> None:
    """Padded, committed, asked for, at once; then the upstream is closed."""
    rig = await rigs()
    client = await talking(rig, useOpenAIManualAudioCommit=True)
    client.line.speak(bytes(SECOND // 2))
    await sent(rig, "input_audio_buffer.append")
    client.line.hang_up()
    await rig.gone()
    await sent(rig, "response.create")
    assert [48_000] == pytest.approx(commits(rig), abs=4)


@pytest_twisted.ensureDeferred
async def test_a16_with_server_vad_the_proxy_never_commits(rigs: Any) -> None:
    """Neither in a pause nor at the end."""
    rig = await rigs(waits=HASTY)
    client = await talking(rig)
    client.line.speak(bytes(2 * SECOND))
    await rest(0.3)
    client.line.hang_up()
    await rig.gone()
    assert [] == rig.upstream_frames("input_audio_buffer.commit")


# --- turns ----------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_a17_a_written_turn_is_answered_when_its_item_was_confirmed(rigs: Any) -> None:
    """The echo comes at once; the item's confirmations, late and twice, make one request (B9)."""
    late = OnServer("conversation.item.added", Delay(0.2)), OnServer("conversation.item.done", Duplicate())
    rig = await rigs(script=Script(late))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("ConversationText")
    await sent(rig, "conversation.item.create")
    assert [] == rig.upstream_frames("response.create")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert 1 == len(rig.upstream_frames("response.create"))
    assert ["hello"] == said(client, "user")


@pytest_twisted.ensureDeferred
async def test_a17_b01_b09_quick_turns_are_all_answered(rigs: Any) -> None:
    """One of them while a response is active."""
    rig = await rigs(manner=SLOW)
    client = await talking(rig)
    client.say("InjectUserMessage", content="one")
    client.say("InjectUserMessage", content="two")
    await client.until("AgentStartedSpeaking")
    client.say("InjectUserMessage", content="three")
    while not any("three" in line for line in said(client, "assistant")):
        await client.next()
    assert ["one", "two", "three"] == said(client, "user")
    assert 3 == len(rig.upstream_frames("conversation.item.create"))
    assert 2 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_a17_a_server_that_confirms_no_items_answers_all_the_same(rigs: Any) -> None:
    """After a wait."""
    none = (OnServer("conversation.item.added", Drop(), nth=None), OnServer("conversation.item.done", Drop(), nth=None))
    rig = await rigs(script=Script(none), waits=Waits(placing_s=0.2))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a18_a_server_that_ends_written_answers_with_their_text(rigs: Any) -> None:
    """Where the operator says so, the session goes on without ``response.done``."""
    options = RealtimeOptions(text_ends_response=True)
    rig = await rigs(script=Script((OnServer("response.done", Drop(), nth=None),)), options=options, waits=IMPATIENT)
    client = await talking(rig, {"outputModalities": ["text"]})
    for word in ("one", "two"):
        client.say("InjectUserMessage", content=word)
        while not any(word in line for line in said(client, "assistant")):
            await client.next()
    assert [] == client.of("Error") + client.of("Warning")


@pytest_twisted.ensureDeferred
async def test_a18_the_end_of_the_sound_ends_nothing(rigs: Any) -> None:
    """A turn that comes between that and ``response.done`` waits for the latter."""
    rig = await rigs(script=Script((OnServer("response.done", Delay(0.3)),)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="one")
    await client.until("AgentAudioDone")
    client.say("InjectUserMessage", content="two")
    await client.quiet(0.1)
    assert 1 == len(rig.upstream_frames("response.create"))
    while not any("two" in line for line in said(client, "assistant")):
        await client.next()


@pytest_twisted.ensureDeferred
async def test_a19_a_spoken_answer_begins_and_ends_once(rigs: Any) -> None:
    """The beginning before the first sound, the two ends at its end, though the response goes on (B14)."""
    rig = await rigs(script=Script((OnServer("response.done", Delay(0.2)),)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet(0.4)
    told = order(client)
    assert told == [
        "ConversationText",
        "AgentStartedSpeaking",
        "audio",
        "AgentDone",
        "AgentAudioDone",
        "ConversationText",
    ]


@pytest_twisted.ensureDeferred
async def test_a19_a_written_answer_begins_and_ends_once(rig: Rig) -> None:
    """The ends come with the text, before its line."""
    client = await talking(rig, {"outputModalities": ["text"]})
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    told = ["ConversationText", "AgentStartedSpeaking", "AgentDone", "AgentAudioDone", "ConversationText"]
    assert told == order(client)


@pytest_twisted.ensureDeferred
async def test_a19_a_function_call_begins_too(rig: Rig) -> None:
    """Before the request for it."""
    client = await talking(rig, {"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    await client.until("FunctionCallRequest")
    assert ["ConversationText", "AgentStartedSpeaking", "FunctionCallRequest"] == order(client)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    "lost",
    [(), ("response.output_item.done",), ("response.output_item.done", "response.output_audio_transcript.done")],
    ids=["nothing", "item", "item and transcript"],
)
async def test_a20_the_line_of_an_answer_comes_once_from_the_best_source(rigs: Any, lost: tuple[str, ...]) -> None:
    """The item, else the transcript, else the response's own list (B14)."""
    rig = await rigs(script=Script(tuple(OnServer(kind, Drop(), nth=None) for kind in lost)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert ["You said: hello"] == said(client, "assistant")


@pytest_twisted.ensureDeferred
async def test_a21_only_speech_is_binary(rig: Rig) -> None:
    """Unchanged; all else is JSON in the profile's own types, and no event of the upstream is passed on."""
    client = await talking(rig, {"functions": [TIME]})
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert len(client.audio) > 24_000
    assert all("." not in heard["type"] for heard in client.heard if isinstance(heard, dict))


@pytest_twisted.ensureDeferred
async def test_a22_b04_calls_come_in_one_request(rig: Rig) -> None:
    """With their ids, for the client to make; words that read like a call are none."""
    plain = await talking(rig)
    plain.say("InjectUserMessage", content="Function call: get_time({})")
    await plain.until("AgentAudioDone")
    await plain.quiet()
    assert ["You said: Function call: get_time({})"] == said(plain, "assistant")
    assert [] == plain.of("FunctionCallRequest")
    client = await talking(rig, {"functions": [TIME, WEATHER]})
    client.say("InjectUserMessage", content="What are the time and the weather?")
    request = await client.until("FunctionCallRequest")
    assert ["get_time", "get_weather"] == sorted(call["name"] for call in request["functions"])
    assert all(call["client_side"] is True and call["id"].startswith("call") for call in request["functions"])


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"content": "noon"}, "noon"),
        ({"error": {"message": "broken"}}, '{"message":"broken"}'),
        ({"result": {"time": "noon"}}, '{"time":"noon"}'),
    ],
)
async def test_a23_b03_a_result_is_answered_once(rig: Rig, fields: dict[str, Any], output: str) -> None:
    """The client is told at once that the model thinks; however fast the result, one request follows it."""
    client = await talking(rig, {"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    (call,) = (await client.until("FunctionCallRequest"))["functions"]
    client.say("FunctionCallResponse", id=call["id"], name=call["name"], **fields)
    assert "AgentThinking" == (await client.next())["type"]
    await client.until("AgentAudioDone")
    assert output == rig.upstream_frames("conversation.item.create")[-1]["item"]["output"]
    assert 2 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_a23_b10_a_result_that_nobody_asked_for_delays_nothing(rig: Rig) -> None:
    """It is warned of, and the next turn has one answer, at once."""
    client = await talking(rig)
    client.say("FunctionCallResponse", id="call_x", name="f", content="42")
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert ["unknown_tool_result"] == [warning["code"] for warning in client.of("Warning")]
    assert 1 == len(rig.upstream_frames("response.create"))


@pytest_twisted.ensureDeferred
async def test_a23_a_result_that_does_not_come_is_made_up_for(rigs: Any) -> None:
    """After the wait for it the model goes on without."""
    rig = await rigs(waits=Waits(tool_results_s=0.2))
    client = await talking(rig, {"functions": [TIME]})
    client.say("InjectUserMessage", content="What time is it?")
    await client.until("FunctionCallRequest")
    assert "tool_timeout" == (await client.until("Warning"))["code"]
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a24_the_users_speech_is_told_as_it_is_heard(rigs: Any) -> None:
    """Its beginning, its end, and its transcript, which grows until it is final (B17)."""
    rig = await rigs(manner=evolve(QUICK, heard=("What time is it now?",)))
    client = await talking(rig)
    speak(client, 16000)
    await client.until("AgentAudioDone")
    await client.quiet()
    (end,) = client.of("UtteranceEnd")
    assert end == {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 0}
    transcripts = client.of("Transcript")
    assert transcripts[-1]["transcript"] == "What time is it now?"
    assert [False] * (len(transcripts) - 1) + [True] == [one["is_final"] for one in transcripts]
    assert all(transcripts[-1]["transcript"].startswith(one["transcript"]) for one in transcripts)
    assert set(transcripts[-1]) == {
        "type",
        "transcript",
        "is_final",
        "speech_final",
        "channel",
        "channel_index",
        "start",
        "duration",
        "alternatives",
    }


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_a25_b24_errors_of_the_upstream_are_told_by_their_code(rigs: Any) -> None:
    """With the upstream's words but for what may be secret; without a code they are unknown. The session goes on."""
    words = "Bad things about sk-proj-abcdef happened."
    rules = (
        OnServer("rate_limits.updated", ReplaceWithError("server_error", words, with_event_id=False)),
        OnServer("rate_limits.updated", ReplaceWithError(None, "Oops.", with_event_id=False), nth=2),
    )
    rig = await rigs(script=Script(rules))
    client = await talking(rig)
    for word in ("one", "two", "three"):
        client.say("InjectUserMessage", content=word)
        await client.until("AgentAudioDone")
    assert [
        {"type": "Error", "code": "server_error", "description": "Bad things about [...] happened."},
        {"type": "Error", "code": "unknown", "description": "Oops."},
    ] == client.of("Error")


@pytest_twisted.ensureDeferred
async def test_a25_idle_timeout_waits_for_the_text_of_the_answer(rigs: Any) -> None:
    """It would look as if the answer had failed."""
    rule = OnServer("rate_limits.updated", ReplaceWithError("idle_timeout", "Nobody speaks.", with_event_id=False))
    rig = await rigs(script=Script((rule,)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("Error")
    assert ["You said: hello"] == said(client, "assistant")


@pytest_twisted.ensureDeferred
async def test_a25_b11_a_refused_request_leaves_nothing_behind(rigs: Any) -> None:
    """The client hears the upstream's code, and the next turn is answered, and settings are applied."""
    rig = await rigs(script=Script((OnClient("response.create", ReplaceWithError("server_error")),)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="one")
    assert "server_error" == (await client.until("Error"))["code"]
    client.line.say(settings({"prompt": "Be kind."}))
    await client.until("SettingsApplied")
    client.say("InjectUserMessage", content="two")
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("status", "told"), [("failed", "Error"), ("incomplete", "Warning")])
async def test_b12_an_answer_that_fails_is_reported(rigs: Any, status: str, told: str) -> None:
    """And the next one comes."""
    rig = await rigs(script=Script((OnServer("response.created", FailResponse(status)),)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="one")
    await client.until(told)
    client.say("InjectUserMessage", content="two")
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_b13_barge_in_is_heard_at_once(rigs: Any) -> None:
    """No sound of the old answer follows, and no end of it."""
    rig = await rigs(manner=SLOW)
    client = await talking(rig)
    client.say("InjectUserMessage", content=STORY)
    await client.until("AgentStartedSpeaking")
    speak(client, 16000)
    await client.until("UserStartedSpeaking")
    cut = len(client.heard)
    await client.until("AgentStartedSpeaking")
    between = client.heard[cut:]
    assert not [heard for heard in between if isinstance(heard, Audio)]
    assert not [heard for heard in between if isinstance(heard, dict) and heard["type"] == "AgentAudioDone"]
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
async def test_a26_b20_an_upstream_that_closes_too_early(rigs: Any) -> None:
    """Its code and its reason are passed on, then the client is closed."""
    rig = await rigs(script=Script((OnServer("session.created", Close(3000, "invalid_api_key")),)))
    client = await rig.connect(COMPONENT_PATH)
    client.line.say(settings())
    error = await client.until("Error")
    assert "upstream_closed_before_session_ready" == error["code"]
    assert "3000" in error["description"]
    assert "invalid_api_key" in error["description"]
    assert 1011 == (await client.until_closed()).code


@pytest_twisted.ensureDeferred
async def test_a27_an_unknown_event_of_the_upstream_is_no_error(rigs: Any) -> None:
    """It is logged and counted."""
    strange = RawText('{"type":"response.of_another_world","event_id":"e"}')
    rig = await rigs(script=Script((OnServer("rate_limits.updated", strange, nth=None),)))
    client = await talking(rig)
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    await client.quiet()
    assert [] == client.of("Error") + client.of("Warning")
