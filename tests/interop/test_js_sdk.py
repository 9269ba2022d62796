"""The official JavaScript SDK, unmodified, in a node of its own, with its base URL pointed at the proxy."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest_twisted
from proxy_rig import Rig
from test_conversation import SLOW, speech
from twisted.internet.threads import deferToThread

from turngate.net.admission import Offer

WITHIN_S = 20.0
QUIET = {**os.environ, "NODE_NO_WARNINGS": "1"}
"""What a newer node thinks of the SDK is not ours to judge; what the SDK complains of is."""


class Heard:
    """What a scenario of ``js/driver.mjs`` heard, in order."""

    def __init__(self, printed: str) -> None:
        self.messages: list[dict[str, Any]] = [json.loads(line) for line in printed.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == kind]

    @property
    def kinds(self) -> list[str]:
        """What was heard, by name; several pieces of audio as one."""
        names: list[str] = []
        for message in self.messages:
            if not (message["type"] == "audio" and names[-1:] == ["audio"]):
                names.append(message["type"])
        return names

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(line["role"], line["content"]) for line in self.of("ConversationText")]

    @property
    def audio_bytes(self) -> int:
        return sum(piece["bytes"] for piece in self.of("audio"))


async def drive(js_sdk: Path, rig: Rig, scenario: str, *more: object) -> Heard:
    """Play a scenario to its end; it fails by itself at an Error or a close that it does not expect."""
    command = ["node", "driver.mjs", rig.host, scenario, *map(str, more)]

    def run() -> Heard:
        try:
            played = subprocess.run(
                command, cwd=js_sdk, env=QUIET, capture_output=True, text=True, timeout=WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"still waits after {WITHIN_S} s, and heard {late.stdout}") from None
        assert played.returncode == 0, f"{played.stdout}\n{played.stderr}"
        assert played.stderr == ""
        return Heard(played.stdout)

    return await deferToThread(run)


def offers_to(rig: Rig) -> list[Offer]:
    """The requests that reach a proxy from now on, all of which it lets in."""
    offers: list[Offer] = []
    rig.listener._admit = offers.append
    return offers


@pytest_twisted.ensureDeferred
async def test_a_greeting_and_a_written_turn_by_the_js_sdk(js_sdk: Path, rig: Rig) -> None:
    """The greeting is spoken, a text turn is answered, and the key came in a header."""
    offers = offers_to(rig)
    heard = await drive(js_sdk, rig, "written")
    assert heard.lines == [
        ("assistant", "Hello!"),
        ("user", "Good morning"),
        ("assistant", "You said: Good morning"),
    ]
    said = [kind for kind in heard.kinds if kind != "Warning"]
    assert said[:8] == [
        *("open", "Welcome", "SettingsApplied"),
        *("ConversationText", "AgentStartedSpeaking", "LatencyReport", "audio", "AgentAudioDone"),
    ]
    assert said[-2:] == ["AgentAudioDone", "close"]
    assert heard.audio_bytes > 24000
    (warning,) = heard.of("Warning")
    assert warning["code"] == "SETTINGS_FIELDS_IGNORED"
    assert [(offer.credential, offer.subprotocols) for offer in offers] == [("Token not-a-key", ())]
    assert heard.messages[0] == {"type": "open", "subprotocol": ""}


@pytest_twisted.ensureDeferred
async def test_the_js_sdk_in_a_browser(js_sdk: Path, rig: Rig) -> None:
    """Where no header can be set, the key comes as a subprotocol, and the scheme's word is the one selected."""
    offers = offers_to(rig)
    heard = await drive(js_sdk, rig, "browser")
    (offer,) = offers
    assert offer.authorization is None
    assert offer.subprotocols[:3] == ("token", "not-a-key", "x-deepgram-session-id")
    assert len(offer.subprotocols) == 4
    assert offer.credential == "token not-a-key"
    assert heard.messages[0] == {"type": "open", "subprotocol": "token"}
    assert heard.lines[-1] == ("assistant", "You said: Good morning")
    assert heard.audio_bytes > 24000


@pytest_twisted.ensureDeferred
async def test_a_spoken_turn_by_the_js_sdk(js_sdk: Path, rig: Rig, tmp_path: Path) -> None:
    """Recorded speech, in the SDK's binary frames, is heard as one utterance, written down and answered aloud."""
    pcm = tmp_path / "speech.pcm"
    pcm.write_bytes(speech(24000))
    heard = await drive(js_sdk, rig, "spoken", pcm)
    assert 1 == len(heard.of("UserStartedSpeaking"))
    assert sorted(role for role, _ in heard.lines) == ["assistant", "user"]
    assert all("seconds of speech" in content for _, content in heard.lines)
    assert heard.audio_bytes > 24000


@pytest_twisted.ensureDeferred
async def test_a_function_call_by_the_js_sdk(js_sdk: Path, rig: Rig) -> None:
    """A function of the client's, called and answered."""
    heard = await drive(js_sdk, rig, "call")
    (request,) = heard.of("FunctionCallRequest")
    (call,) = request["functions"]
    assert (call["name"], call["arguments"], call["client_side"]) == ("get_time", "{}", True)
    assert heard.lines[-1] == ("assistant", "The answer from get_time is: half past nine.")


@pytest_twisted.ensureDeferred
async def test_a_prompt_update_by_the_js_sdk(js_sdk: Path, rigs: Any) -> None:
    """An update sent while the agent speaks: applied afterwards, acknowledged once, and obeyed."""
    rig = await rigs(manner=SLOW)
    heard = await drive(js_sdk, rig, "prompt")
    assert 1 == len(heard.of("PromptUpdated"))
    assert heard.kinds.index("AgentAudioDone") < heard.kinds.index("PromptUpdated")
    assert heard.lines[-1] == ("assistant", "Ahoy You said: More")
    assert 2 == len(rig.upstream_frames("session.update"))


@pytest_twisted.ensureDeferred
async def test_refused_settings_by_the_js_sdk(js_sdk: Path, rig: Rig) -> None:
    """The SDK hears why, and then that the connection closed by the client's fault."""
    heard = await drive(js_sdk, rig, "refused")
    assert heard.kinds == ["open", "Welcome", "Error", "close"]
    (error,) = heard.of("Error")
    assert "audio.output.encoding" in error["description"]
    assert 1008 == heard.messages[-1]["code"]


@pytest_twisted.ensureDeferred
async def test_each_message_of_the_js_sdk_is_understood(js_sdk: Path, rig: Rig) -> None:
    """Every update that the SDK can send is acknowledged and in force, and a line that it injects is said."""
    heard = await drive(js_sdk, rig, "each")
    assert [kind for kind in heard.kinds if kind.endswith("Updated")] == [
        *("ThinkUpdated", "SpeakUpdated", "ListenUpdated", "PromptUpdated")
    ]
    assert "Be merry.\nAlways begin with: Ahoy" == rig.upstream_frames("session.update")[-1]["session"]["instructions"]
    assert heard.lines[-1] == ("assistant", "Ahoy You said: More")
    assert ("assistant", "One moment.") in heard.lines
    assert {warning["code"] for warning in heard.of("Warning")} <= {"SETTINGS_FIELDS_IGNORED"}
