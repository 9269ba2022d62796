"""The official Deepgram SDK, unmodified, in a thread of its own, with its environment object pointed at the proxy."""

import queue
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest_twisted
from proxy_rig import Rig
from test_conversation import SLOW, speech
from twisted.internet.threads import deferToThread

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK imports the older half of its WebSocket library
    from deepgram import DeepgramClient
    from deepgram.agent.v1.types import (
        AgentV1InjectAgentMessage,
        AgentV1InjectDynamicAgentMessage,
        AgentV1InjectUserMessage,
        AgentV1SendFunctionCallResponse,
        AgentV1Settings,
        AgentV1UpdateListen,
        AgentV1UpdatePrompt,
        AgentV1UpdateSpeak,
        AgentV1UpdateThink,
    )
    from deepgram.environment import DeepgramClientEnvironment

WITHIN_S = 10.0


class Agent:
    """A user of the SDK, who takes messages as they come."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.heard: list[Any] = []
        self._incoming: queue.Queue[Any] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for message in self.connection:
            self._incoming.put(message)

    def until(self, kind: str) -> Any:
        while True:
            message = self._incoming.get(timeout=WITHIN_S)
            self.heard.append(message)
            assert getattr(message, "type", None) != "Error", message
            if getattr(message, "type", None) == kind:
                return message

    def settings(self, **agent: Any) -> None:
        self.until("Welcome")
        think = {
            "provider": {"type": "open_ai", "model": "gpt-4o-mini"},
            "prompt": "Be brief.",
            **agent.pop("think", {}),
        }
        self.connection.send_settings(
            AgentV1Settings(
                audio={
                    "input": {"encoding": "linear16", "sample_rate": 24000},
                    "output": {"encoding": "linear16", "sample_rate": 24000},
                },
                agent={
                    "listen": {"provider": {"type": "deepgram", "model": "nova-3"}},
                    "think": think,
                    "speak": {"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}},
                    **agent,
                },
            )
        )
        self.until("SettingsApplied")

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(m.role, m.content) for m in self.heard if getattr(m, "type", None) == "ConversationText"]

    @property
    def audio(self) -> bytes:
        return b"".join(m for m in self.heard if isinstance(m, bytes))


async def with_sdk(rig: Rig, user: Callable[[Agent], None]) -> None:
    """Run what a user does, in a thread, with a connected SDK."""

    def run() -> None:
        environment = DeepgramClientEnvironment(
            base=rig.host.replace("ws", "http"),
            production=rig.host,
            agent=rig.host,
            agent_rest=rig.host.replace("ws", "http"),
        )
        client = DeepgramClient(api_key="not-a-key", environment=environment)
        with client.agent.v1.connect() as connection:
            user(Agent(connection))

    await deferToThread(run)


@pytest_twisted.ensureDeferred
async def test_a_written_turn_by_the_sdk(rig: Rig) -> None:
    """A text turn, with the types that the SDK gives to every message."""

    def user(agent: Agent) -> None:
        agent.settings(greeting="Hello!")
        agent.until("AgentAudioDone")
        agent.connection.send_inject_user_message(AgentV1InjectUserMessage(content="Good morning"))
        agent.until("AgentAudioDone")
        assert agent.lines == [
            ("assistant", "Hello!"),
            ("user", "Good morning"),
            ("assistant", "You said: Good morning"),
        ]
        (warning,) = [m for m in agent.heard if getattr(m, "type", None) == "Warning"]
        assert warning.code == "SETTINGS_FIELDS_IGNORED"
        assert "agent.listen.provider.model" in warning.description
        assert next(m for m in agent.heard if getattr(m, "type", None) == "AgentStartedSpeaking").total_latency >= 0
        assert agent.audio

    await with_sdk(rig, user)


@pytest_twisted.ensureDeferred
async def test_a_spoken_turn_by_the_sdk(rig: Rig) -> None:
    """Recorded speech, in the SDK's binary frames."""

    def user(agent: Agent) -> None:
        agent.settings()
        pcm = speech(24000)
        for at in range(0, len(pcm), 960):
            agent.connection.send_media(pcm[at : at + 960])
        agent.until("UserStartedSpeaking")
        agent.until("AgentAudioDone")
        while len(agent.lines) < 2:  # what the user said is written down in its own time
            agent.until("ConversationText")
        assert [role for role, _ in agent.lines] == ["user", "assistant"]
        assert agent.audio

    await with_sdk(rig, user)


@pytest_twisted.ensureDeferred
async def test_a_function_call_by_the_sdk(rig: Rig) -> None:
    """A function of the client's, called and answered."""

    def user(agent: Agent) -> None:
        agent.settings(think={"functions": [{"name": "get_time", "description": "Tells the time.", "parameters": {}}]})
        agent.connection.send_inject_user_message(AgentV1InjectUserMessage(content="What time is it?"))
        request = agent.until("FunctionCallRequest")
        (call,) = request.functions
        assert (call.name, call.client_side) == ("get_time", True)
        agent.connection.send_function_call_response(
            AgentV1SendFunctionCallResponse(id=call.id, name=call.name, content="half past nine")
        )
        agent.until("AgentAudioDone")
        assert "half past nine" in agent.lines[-1][1]

    await with_sdk(rig, user)


@pytest_twisted.ensureDeferred
async def test_a_prompt_update_by_the_sdk(rigs: Any) -> None:
    """An update sent while the agent speaks: applied afterwards, acknowledged once, and obeyed."""
    rig = await rigs(manner=SLOW)

    def user(agent: Agent) -> None:
        agent.settings()
        agent.connection.send_inject_user_message(AgentV1InjectUserMessage(content="Tell me a long story of the sea"))
        agent.until("AgentStartedSpeaking")
        agent.connection.send_update_prompt(AgentV1UpdatePrompt(prompt="Always begin with: Ahoy"))
        agent.until("AgentAudioDone")
        agent.until("PromptUpdated")
        agent.connection.send_inject_user_message(AgentV1InjectUserMessage(content="More"))
        agent.until("AgentAudioDone")
        assert agent.lines[-1] == ("assistant", "Ahoy You said: More")

    await with_sdk(rig, user)
    assert 2 == len(rig.upstream_frames("session.update"))


@pytest_twisted.ensureDeferred
async def test_every_other_message_of_the_sdk(rig: Rig) -> None:
    """Each update is acknowledged by its own message, lines are said, and the record has the SDK's own types."""

    def user(agent: Agent) -> None:
        agent.settings(greeting="Hello!")
        agent.until("AgentAudioDone")
        connection = agent.connection
        connection.send_keep_alive()
        connection.send_update_think(
            AgentV1UpdateThink(think={"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": "Be kind."})
        )
        agent.until("ThinkUpdated")
        connection.send_update_speak(
            AgentV1UpdateSpeak(speak={"provider": {"type": "deepgram", "model": "aura-2-thalia-en", "speed": 1.1}})
        )
        agent.until("SpeakUpdated")
        connection.send_update_listen(
            AgentV1UpdateListen(
                listen={
                    "provider": {
                        "version": "v2",
                        "type": "deepgram",
                        "model": "flux-general-multi",
                        "language_hints": ["de"],
                        "eot_threshold": 0.9,
                    }
                }
            )
        )
        agent.until("ListenUpdated")
        connection.send_inject_agent_message(AgentV1InjectAgentMessage(message="One moment.", behavior="queue"))
        agent.until("AgentAudioDone")
        connection.send_inject_dynamic_agent_message(AgentV1InjectDynamicAgentMessage(behavior="queue"))
        agent.until("AgentAudioDone")
        connection.send_inject_user_message(AgentV1InjectUserMessage(content="hello"))
        connection.send_inject_agent_message(AgentV1InjectAgentMessage(message="Not now."))
        agent.until("InjectionRefused")
        agent.until("AgentAudioDone")
        pcm = speech(24000)[: 24000 * 2 * 2]
        for at in range(0, len(pcm), 960):
            connection.send_media(pcm[at : at + 960])
        agent.until("UserStartedSpeaking")
        connection.send_force_end_turn()
        agent.until("AgentAudioDone")
        kinds = [getattr(message, "type", "") for message in agent.heard]
        assert {"History", "LatencyReport"} <= set(kinds)
        report = next(message for message in agent.heard if getattr(message, "type", "") == "LatencyReport")
        assert report.total_latency >= 0
        assert ("assistant", "One moment.") in agent.lines

    await with_sdk(rig, user)
    assert 1 == len(rig.upstream_frames("input_audio_buffer.commit"))
