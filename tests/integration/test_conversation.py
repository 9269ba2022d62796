"""Whole conversations over real sockets, with the simulator behind the proxy."""

import socket
import wave
from pathlib import Path

import numpy as np
import pytest
import pytest_twisted
import soxr
from proxy_rig import Rig, settings
from twisted.internet import reactor

from turngate.audio.g711 import MULAW
from turngate.cli.line import Audio
from turngate.protocols.deepgram import Maps
from turngate.proxy.client import Habits
from turngate.simulator import Manner, Pace
from turngate.simulator.voice import duration_ms

SPEECH = Path(__file__).parent.parent / "data" / "go_forward.wav"
TIME = {"name": "get_time", "description": "Tells the time."}
WEATHER = {"name": "get_weather", "description": "Tells the weather."}
SLOW = Manner(pace=Pace(speed=4.0))


def speech(rate_hz: int) -> bytes:
    """The recorded speech at a rate, with a second of silence behind it."""
    with wave.open(str(SPEECH)) as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), "<i2")
        resampled = soxr.resample(samples, source.getframerate(), rate_hz)
    return np.concatenate([resampled, np.zeros(rate_hz, "<i2")]).astype("<i2").tobytes()


def speak(client, rate_hz: int = 24000) -> None:
    pcm, size = speech(rate_hz), rate_hz // 50 * 2
    for at in range(0, len(pcm), size):
        client.line.speak(pcm[at : at + size])


@pytest_twisted.ensureDeferred
async def test_a_written_turn(rig: Rig) -> None:
    """The messages of a written turn come in the protocol's order, each once."""
    client = await rig.talking()
    client.say("InjectUserMessage", content="Hello there")
    await client.until("AgentAudioDone")
    assert [
        "Welcome",
        "SettingsApplied",
        "ConversationText",
        "History",
        "AgentThinking",
        "AgentStartedSpeaking",
        "LatencyReport",
        "audio",
        "ConversationText",
        "AgentAudioDone",
    ] == client.kinds
    assert [("user", "Hello there"), ("assistant", "You said: Hello there")] == [
        (line["role"], line["content"]) for line in client.of("ConversationText")
    ]
    (begun,) = client.of("AgentStartedSpeaking")
    assert 0 < begun["total_latency"] < 5
    assert begun["ttt_latency"] + begun["tts_latency"] == pytest.approx(begun["total_latency"])
    assert len(client.audio) > 24000


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("rate_hz", [16000, 24000, 48000])
async def test_a_spoken_turn(rig: Rig, rate_hz: int) -> None:
    """Recorded human speech is heard as one utterance, written down and answered aloud."""
    client = await rig.connect()
    await client.until("Welcome")
    wanted = settings()
    wanted["audio"] = {"input": {"encoding": "linear16", "sample_rate": rate_hz}}
    client.line.say(wanted)
    await client.until("SettingsApplied")
    speak(client, rate_hz)
    await client.until("AgentAudioDone")
    await client.quiet()
    assert 1 == len(client.of("UserStartedSpeaking"))
    # what the user said is written down in its own time, also between two pieces of audio
    beside = ("ConversationText", "History", "LatencyReport")
    told = dict.fromkeys(kind for kind in client.kinds[2:] if kind not in beside)
    assert ["UserStartedSpeaking", "AgentThinking", "AgentStartedSpeaking", "audio", "AgentAudioDone"] == list(told)
    assert 1 == len(client.of("AgentAudioDone"))
    assert ["user", "assistant"] == [line["role"] for line in client.of("ConversationText")]
    assert all("seconds of speech" in line["content"] for line in client.of("ConversationText"))


@pytest_twisted.ensureDeferred
async def test_parallel_tool_calls(rig: Rig) -> None:
    """All calls of a response come in one message, and one response follows all their results."""
    client = await rig.talking(think={"functions": [TIME, WEATHER]})
    client.say("InjectUserMessage", content="What are the time and the weather?")
    request = await client.until("FunctionCallRequest")
    assert ["get_time", "get_weather"] == sorted(call["name"] for call in request["functions"])
    assert all(call["client_side"] is True and isinstance(call["arguments"], str) for call in request["functions"])
    first, second = request["functions"]
    client.say("FunctionCallResponse", id=first["id"], name=first["name"], content="noon")
    await client.quiet()
    assert 1 == len(rig.upstream_frames("response.create"))
    client.say("FunctionCallResponse", id=second["id"], name=second["name"], content="rain")
    await client.until("AgentAudioDone")
    assert 2 == len(rig.upstream_frames("response.create"))
    said = client.of("ConversationText")[-1]["content"]
    assert "noon" in said
    assert "rain" in said


@pytest_twisted.ensureDeferred
async def test_prompt_update_during_a_response_waits_for_its_end(rigs) -> None:
    """The scenario that began it all: no session.update while a response is active, and the truth to the client."""
    rig = await rigs(manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content="Tell me a long story about the sea, please, and take your time")
    await client.until("LatencyReport")
    client.say("UpdatePrompt", prompt="Always begin with: Ahoy")
    client.say("UpdatePrompt", prompt="Be merry.")
    for _ in range(3):
        assert isinstance(await client.next(), Audio)
    assert 1 == len(rig.upstream_frames("session.update"))
    await client.until("AgentAudioDone")
    assert 0 == len(client.of("PromptUpdated"))
    await client.until("PromptUpdated")
    await client.until("PromptUpdated")
    (_, update) = rig.upstream_frames("session.update")
    assert "Be brief.\nAlways begin with: Ahoy\nBe merry." == update["session"]["instructions"]
    client.say("InjectUserMessage", content="Again")
    await client.until("AgentAudioDone")
    assert "Ahoy You said: Again" == client.of("ConversationText")[-1]["content"]


@pytest_twisted.ensureDeferred
async def test_updates_of_every_kind(rig: Rig) -> None:
    """Each is acknowledged by its own name once the upstream confirmed it, and is in force from then on."""
    client = await rig.talking()
    client.say(
        "UpdateThink",
        think={"provider": {"type": "open_ai"}, "prompt": "Always begin with: Ahoy", "functions": [TIME]},
    )
    client.say("UpdateSpeak", speak={"provider": {"type": "open_ai", "voice": "cedar", "speed": 1.25}})
    client.say("UpdateListen", listen={"provider": {"version": "v2", "language_hints": ["de"], "eot_threshold": 0.9}})
    for kind in ("ThinkUpdated", "SpeakUpdated", "ListenUpdated"):
        await client.until(kind)
    said = [frame["session"] for frame in rig.upstream_frames("session.update")[1:]]
    assert "Always begin with: Ahoy" in [session.get("instructions") for session in said]
    assert {"voice": "cedar", "speed": 1.25} in [session.get("audio", {}).get("output") for session in said]
    heard = [session["audio"]["input"] for session in said if "input" in session.get("audio", {})]
    assert ("de", "low") == (heard[0]["transcription"]["language"], heard[0]["turn_detection"]["eagerness"])
    client.say("InjectUserMessage", content="What time is it?")
    assert "get_time" == (await client.until("FunctionCallRequest"))["functions"][0]["name"]
    assert [] == client.of("Warning")


@pytest_twisted.ensureDeferred
async def test_a_voice_that_can_no_longer_change(rig: Rig) -> None:
    """After the first audio the API locks it: one Warning names it, the speed is in force, nothing else is lost."""
    client = await rig.talking()
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentAudioDone")
    client.say("UpdateSpeak", speak={"provider": {"type": "open_ai", "voice": "cedar", "speed": 1.5}})
    client.say("UpdatePrompt", prompt="Always begin with: Ahoy")
    await client.until("PromptUpdated")
    await client.quiet()
    (warning,) = client.of("Warning")
    assert ("INVALID_UPDATE", True) == (warning["code"], "voice" in warning["description"])
    assert [] == client.of("SpeakUpdated")
    assert {"speed": 1.5} in [
        f["session"].get("audio", {}).get("output") for f in rig.upstream_frames("session.update")
    ]
    client.say("InjectUserMessage", content="again")
    await client.until("AgentAudioDone")
    assert "Ahoy You said: again" == client.of("ConversationText")[-1]["content"]


@pytest_twisted.ensureDeferred
async def test_a_greeting_and_the_conversation_before(rig: Rig) -> None:
    """The greeting is read word for word before it is heard; the earlier conversation is in place before it."""
    context = {
        "messages": [
            {"type": "History", "role": "user", "content": "I am Ada."},
            {"type": "History", "role": "assistant", "content": "Hello Ada."},
            {
                "type": "History",
                "function_calls": [
                    {"id": "c1", "name": "f", "client_side": True, "arguments": "{}", "response": "42"},
                ],
            },
        ]
    }
    client = await rig.talking(greeting="Welcome back!", context=context)
    await client.until("AgentAudioDone")
    assert ["ConversationText", "AgentStartedSpeaking", "LatencyReport", "audio", "AgentAudioDone"] == client.kinds[2:]
    assert [{"type": "ConversationText", "role": "assistant", "content": "Welcome back!"}] == [
        {name: line[name] for name in ("type", "role", "content")} for line in client.of("ConversationText")
    ]
    kinds = [frame["type"] for frame in rig.upstream_frames()]
    assert ["session.update", *["conversation.item.create"] * 4, "response.create"] == kinds


@pytest_twisted.ensureDeferred
async def test_barge_in(rigs) -> None:
    """When the user begins to speak, the client hears so at once and no byte of the old answer after it."""
    rig = await rigs(manner=SLOW)
    client = await rig.talking()
    client.say("InjectUserMessage", content="Tell me a long story about the sea, please, and take your time")
    await client.until("AgentStartedSpeaking")
    speak(client)
    await client.until("UserStartedSpeaking")
    cut = len(client.heard)
    while True:
        heard = await client.next()
        if isinstance(heard, dict) and heard["type"] == "AgentStartedSpeaking":
            break
    between = client.heard[cut:]
    assert not [heard for heard in between if isinstance(heard, Audio)]
    assert not [heard for heard in between if isinstance(heard, dict) and heard["type"] == "AgentAudioDone"]
    await client.until("AgentAudioDone")


@pytest_twisted.ensureDeferred
@pytest.mark.row(52)
async def test_barge_in_on_a_slow_client_with_a_megabyte_queued(rigs) -> None:
    """
    From the upstream's speech_started on, the client is sent not one byte of the old answer.

    The client reads nothing while the model makes more than a megabyte of speech, faster than it is played; what its
    own machine has buffered by then is all that it gets of it. The item upstream is cut to what it can have heard.
    """
    rig = await rigs(manner=Manner(pace=Pace(speed=400.0)))
    rig.port_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    client = await rig.talking()
    client.line._connection._wire._protocol.transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.line._connection.pause_reading()
    story = "a very long story about the sea " * 18
    client.say("InjectUserMessage", content=story)
    await rig.eventually(lambda: rig.simulator.counters.responses_completed == 1, "the answer is not complete")
    made = duration_ms(f"You said: {story}") * 48
    assert made > 1_500_000
    speak(client)
    await rig.eventually(lambda: rig.upstream_frames("conversation.item.truncate"), "nothing was truncated")
    client.line._connection.resume_reading()
    await client.until("UserStartedSpeaking")
    cut = len(client.heard)
    heard_bytes = len(client.audio)
    assert heard_bytes < made - 1_000_000
    while True:
        heard = await client.next()
        if isinstance(heard, dict) and heard["type"] == "AgentStartedSpeaking":
            break
    assert not [heard for heard in client.heard[cut:] if isinstance(heard, Audio)]
    (truncated,) = rig.upstream_frames("conversation.item.truncate")
    assert 0 < truncated["audio_end_ms"] <= heard_bytes / 48


@pytest_twisted.ensureDeferred
async def test_what_was_not_heard_is_not_in_the_conversation(rigs) -> None:
    """The model, the client's history and the lines say the same: as far as it was heard."""
    rig = await rigs(manner=Manner(pace=Pace(speed=8.0)))
    client = await rig.talking()
    client.say("InjectUserMessage", content="Tell me a long story about the sea, please, and take your time with it")
    await client.until("AgentAudioDone")
    speak(client)
    await client.until("UserStartedSpeaking")
    await client.until("AgentAudioDone")
    (truncated,) = rig.upstream_frames("conversation.item.truncate")
    assert 0 < truncated["audio_end_ms"] < 5000
    said = next(line["content"] for line in client.of("ConversationText") if line["role"] == "assistant")
    stands = next(line["content"] for line in client.of("History") if line.get("role") == "assistant")
    assert said.startswith(stands)
    assert len(stands) < len(said)
    assert 0 == rig.simulator.counters.malformed


@pytest_twisted.ensureDeferred
async def test_lines_that_the_client_gives_the_agent_to_say(rigs) -> None:
    """By default only into silence, queued after what is being said, or instead of it."""
    rig = await rigs(manner=SLOW)
    client = await rig.talking()
    client.say("InjectAgentMessage", message="One moment please.")
    await client.until("AgentAudioDone")
    assert "One moment please." == client.of("ConversationText")[-1]["content"]
    client.say("InjectUserMessage", content="Tell me a long story about the sea, please, and take your time")
    await client.until("AgentStartedSpeaking")
    client.say("InjectAgentMessage", message="Not now.")
    assert "agent" in (await client.until("InjectionRefused"))["message"]
    client.say("InjectAgentMessage", message="And then?", behavior="queue")
    client.say("InjectAgentMessage", message="Stop!", behavior="interrupt")
    while "And then?" not in [line["content"] for line in client.of("ConversationText")]:
        await client.until("ConversationText")
    await client.until("AgentAudioDone")
    lines = [line["content"] for line in client.of("ConversationText") if line["role"] == "assistant"]
    assert ["Stop!", "And then?"] == lines[-2:]
    assert 1 == len(rig.upstream_frames("response.cancel"))


@pytest_twisted.ensureDeferred
async def test_a_turn_that_the_client_ends(rig: Rig) -> None:
    """The user is still speaking as far as anybody has heard; the client knows better."""
    client = await rig.talking()
    client.say("ForceEndTurn")
    pcm = speech(24000)[: 24000 * 2 * 2]
    for at in range(0, len(pcm), 960):
        client.line.speak(pcm[at : at + 960])
    await client.until("UserStartedSpeaking")
    client.say("ForceEndTurn")
    await client.until("AgentAudioDone")
    assert 1 == len(rig.upstream_frames("input_audio_buffer.commit"))
    assert [] == client.of("Warning")


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("passes", [True, False], ids=["passed through", "converted"])
async def test_a_telephone(rigs, passes: bool) -> None:
    """mu-law at 8 kHz both ways: recorded speech is heard as one utterance, and is answered in the same."""
    rig = await rigs(maps=Maps(passes_g711=passes))
    client = await rig.connect()
    await client.until("Welcome")
    telephone = {"encoding": "mulaw", "sample_rate": 8000}
    client.line.say({**settings(), "audio": {"input": telephone, "output": telephone}})
    await client.until("SettingsApplied")
    pcm = MULAW.encode(np.frombuffer(speech(8000), "<i2"))
    for at in range(0, len(pcm), 160):
        client.line.speak(pcm[at : at + 160])
    await client.until("AgentAudioDone")
    await client.quiet()
    assert 1 == len(client.of("UserStartedSpeaking"))
    assert "I heard 2." in client.of("ConversationText")[-1]["content"]
    (update,) = rig.upstream_frames("session.update")
    wanted = {"type": "audio/pcmu"} if passes else {"type": "audio/pcm", "rate": 24000}
    assert [wanted, wanted] == [update["session"]["audio"][way]["format"] for way in ("input", "output")]
    loud = MULAW.decode(client.audio)
    assert 8000 < len(loud) < 40000
    assert np.abs(loud).max() > 3000


@pytest_twisted.ensureDeferred
async def test_speech_at_the_pace_of_playing(rigs) -> None:
    """Where the operator wants it, a client is sent speech no further ahead than it was told."""
    rig = await rigs(habits=Habits(lead_s=0.2))
    client = await rig.talking()
    client.say("InjectUserMessage", content="hello")
    await client.until("AgentStartedSpeaking")
    begun = reactor.seconds()
    await client.until("AgentAudioDone")
    took = reactor.seconds() - begun
    assert took > len(client.audio) / 48000 - 0.5


@pytest_twisted.ensureDeferred
@pytest.mark.row(57)
async def test_a_client_that_sends_nothing(rigs) -> None:
    """It is told what it should have sent, and let go; one that says KeepAlive stays."""
    rig = await rigs(habits=Habits(idle_s=0.3))
    idle, alive = await rig.talking(), await rig.talking()
    for _ in range(6):
        alive.say("KeepAlive")
        await alive.quiet(0.1)
    error = await idle.until("Error")
    assert "CLIENT_MESSAGE_TIMEOUT" == error["code"]
    assert "KeepAlive" in error["description"]
    assert 1008 == (await idle.until_closed()).code
    assert [] == alive.of("Error")


@pytest_twisted.ensureDeferred
async def test_turns_that_come_too_soon_are_answered(rig: Rig) -> None:
    """Turns and audio sent before SettingsApplied wait, in order; several turns at once are all answered."""
    client = await rig.connect()
    await client.until("Welcome")
    client.line.say(settings())
    for word in ("one", "two", "three"):
        client.say("InjectUserMessage", content=word)
    client.say("KeepAlive")
    # the first may be answered before the others are read
    while "three" not in (client.of("ConversationText") or [{"content": ""}])[-1]["content"]:
        await client.until("AgentAudioDone")
    items = [f["item"]["content"][0]["text"] for f in rig.upstream_frames("conversation.item.create")]
    assert ["one", "two", "three"] == items
    assert "SettingsApplied" == client.kinds[1]
    await client.quiet()
    said = " ".join(line["content"] for line in client.of("ConversationText") if line["role"] == "assistant")
    assert ["one", "two", "three"] == [word for word in said.split() if word in {"one", "two", "three"}]


@pytest_twisted.ensureDeferred
@pytest.mark.row(49)
async def test_two_sessions_do_not_hear_each_other(rig: Rig) -> None:
    """No byte of one session appears in another."""
    one, two = await rig.talking(), await rig.talking()
    for _ in range(3):
        one.say("InjectUserMessage", content="canary-one")
        two.say("InjectUserMessage", content="canary-two")
        await one.until("AgentAudioDone")
        await two.until("AgentAudioDone")
    assert "canary-two" not in str(one.heard)
    assert "canary-one" not in str(two.heard)
    assert one.of("Welcome")[0]["request_id"] != two.of("Welcome")[0]["request_id"]
