"""
A client with a script, on a virtual clock: what it sends, what it was told, and what it has a right to expect of it.

A script is a generator: it sends by the methods of its :class:`Caller` and yields what it waits for.
"""

import json
from collections import Counter
from collections.abc import Callable, Generator
from enum import Enum
from typing import Any
from zlib import crc32

import numpy as np
from attrs import define, frozen
from twisted.internet.task import Clock
from zope.interface import implementer

from turngate.proxy.ports import Closed, IConnection

RATE_HZ = 24_000
FRAME_S = 0.1
FRAME_BYTES = int(RATE_HZ * FRAME_S) * 2
PATIENCE_S = 100.0
GRACE_S = 35.0
"""How long an answer is still awaited when something was reported that may mean that there will be none."""
KEEP_ALIVE_S = 25.0
MODEL = {"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": "Be brief."}
PCM = {"encoding": "linear16", "sample_rate": RATE_HZ}
IGNORED = ("SETTINGS_FIELDS_IGNORED", "settings_ignored")
"""Codes of warnings that report the loss of nothing."""
ACKNOWLEDGED = {
    "UpdatePrompt": "PromptUpdated",
    "UpdateThink": "ThinkUpdated",
    "UpdateSpeak": "SpeakUpdated",
    "UpdateListen": "ListenUpdated",
}


@frozen
class Wait:
    """What a script waits for, which only what the client is told can bring about, and how long at most."""

    until: Callable[[], bool]
    patience_s: float = PATIENCE_S


Steps = Generator[Wait, None, None]
Script = Callable[["Caller"], Steps]


class Kind(Enum):
    """How a client asked for something."""

    WRITTEN = "written"
    SPOKEN = "spoken"
    LINE = "a line for the agent"


@define
class Turn:
    """Something that the client asked for: what it said, or what the agent is to say."""

    words: str
    at: int
    """How much the client had been told when it asked."""
    token: str
    """What its answer is known by."""
    kind: Kind = Kind.WRITTEN
    may_be_cut: bool = False
    """Whether the client spoke into the answer, so that it need not be complete."""


@define
class Update:
    """A change of the settings, and how much the client had been told when it asked for it."""

    kind: str
    at: int


def sound_of(words: str, seconds: float = 1.2) -> bytes:
    """A noise that no other words have."""
    noise = np.random.default_rng(crc32(words.encode())).integers(-8000, 8000, int(RATE_HZ * seconds))
    return noise.astype("<i2").tobytes()


def described(message: dict[str, Any]) -> str:
    """A message in a line, with what matters of it."""
    words = [str(message["type"])]
    words += [
        str(message[name])
        for name in ("role", "name", "code", "behavior", "content", "message", "prompt")
        if message.get(name)
    ]
    words += [call["name"] for name in ("functions", "function_calls") for call in message.get(name, ())]
    return " ".join(words)


@implementer(IConnection)
class Caller:
    """One client. The proxy sees it as a connection."""

    peer = "caller"

    def __init__(self, clock: Clock, vocabulary: dict[str, bytes], record: Callable[[str], None]) -> None:
        self.clock = clock
        self.record = record
        self.events: Any = None
        self.trunk: Any = None
        """The links of its session, for scripts that compare both ends."""
        self.told: list[dict[str, Any] | bytes] = []
        self.count: Counter[str] = Counter()
        self.turns: list[Turn] = []
        self.updates: list[Update] = []
        self.results: dict[str, str] = {}
        """What functions answer, by name; one that is not here does not answer."""
        self.delays_s: dict[str, float] = {}
        self.closed: Closed | None = None
        self._lines: list[tuple[int, str, str]] = []
        """Who said what, after how much else that the client was told."""
        self._reports: list[tuple[int, str]] = []
        self._vocabulary = vocabulary
        self._to_say = b""
        self._microphone: Any = None
        self._keeping = clock.callLater(KEEP_ALIVE_S, self._keep_alive)

    # --- the connection, as the proxy has it ------------------------------------------------------------------------

    def send_text(self, payload: bytes) -> None:
        message = json.loads(payload)
        self.record(f"    < {described(message)}")
        self._note(message)
        self.told.append(message)
        self.count[message["type"]] += 1
        if message["type"] == "FunctionCallRequest":
            for call in message["functions"]:
                if call["name"] in self.results:
                    delay_s = self.delays_s.get(call["name"], 0.0)
                    self.clock.callLater(delay_s, self._answer, call, self.results[call["name"]])

    def _note(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "ConversationText", "role": role, "content": content}:
                self._lines.append((len(self.told), role, content))
            case {"type": "Warning" | "Error", "code": code} if code not in IGNORED:
                self._reports.append((len(self.told), code))
            case {"type": "InjectionRefused"}:
                self._reports.append((len(self.told), "InjectionRefused"))

    def send_binary(self, payload: bytes) -> None:
        self.record("    < (audio)")
        self.told.append(payload)
        self.count["audio"] += 1

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        self.clock.callLater(0, self._gone, Closed(code, reason, by_us=True))

    def abort(self) -> None:
        self.clock.callLater(0, self._gone, Closed(1006, by_us=True))

    def _gone(self, how: Closed) -> None:
        if self.closed is None:
            self.closed = how
            self.hush()
            if self._keeping.active():
                self._keeping.cancel()
            self.events.closed(how)

    # --- what it does -----------------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """Leave."""
        self._gone(Closed(1000))

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message."""
        if self.closed is None:
            if kind != "KeepAlive":
                self.record(f"    > {described({'type': kind, **fields})}")
            self.events.text_received(json.dumps({"type": kind, **fields}).encode())

    def settle(self, think: dict[str, Any] | None = None, **agent: Any) -> None:
        """Send settings; a greeting among them is a turn."""
        if "greeting" in agent:
            self._ask(agent["greeting"], None, Kind.LINE)
        audio = {"input": PCM, "output": PCM}
        self.send("Settings", audio=audio, agent={"think": {**MODEL, **(think or {})}, **agent})

    def write(self, text: str, token: str | None = None) -> Turn:
        """A written turn; ``token`` is what its answer is known by, if not its own words."""
        turn = self._ask(text, token, Kind.WRITTEN)
        self.send("InjectUserMessage", content=text)
        return turn

    def line(self, text: str, behavior: str = "default") -> Turn:
        """A line that the agent is given to say."""
        turn = self._ask(text, None, Kind.LINE)
        self.send("InjectAgentMessage", message=text, behavior=behavior)
        return turn

    def update(self, kind: str, **fields: Any) -> None:
        """A change of the settings."""
        self.updates.append(Update(kind, len(self.told)))
        self.send(kind, **fields)

    def speak(self, words: str, token: str | None = None) -> Turn:
        """A spoken turn: sound, and then silence until :meth:`hush`."""
        self._vocabulary[words] = sound_of(words)
        self._to_say += self._vocabulary[words]
        turn = self._ask(words, token, Kind.SPOKEN)
        if self._microphone is None:
            self._send_sound()
        return turn

    def _ask(self, words: str, token: str | None, kind: Kind) -> Turn:
        turn = Turn(words, len(self.told), token or words, kind)
        self.turns.append(turn)
        return turn

    def hush(self) -> None:
        """Switch the microphone off."""
        if self._microphone is not None:
            self._microphone.cancel()
            self._microphone = None

    def _send_sound(self) -> None:
        self._microphone = self.clock.callLater(FRAME_S, self._send_sound)
        frame, self._to_say = self._to_say[:FRAME_BYTES], self._to_say[FRAME_BYTES:]
        self.record("    > (audio)" if frame else "    > (silence)")
        self.events.binary_received(frame.ljust(FRAME_BYTES, b"\0"))

    def _keep_alive(self) -> None:
        self._keeping = self.clock.callLater(KEEP_ALIVE_S, self._keep_alive)
        self.send("KeepAlive")

    def _answer(self, call: dict[str, Any], content: str) -> None:
        self.send("FunctionCallResponse", id=call["id"], name=call["name"], content=content)

    # --- what it waits for ------------------------------------------------------------------------------------------

    def until(self, kind: str, more: int = 1) -> Wait:
        """So many more messages of a kind."""
        target = self.count[kind] + more
        return Wait(lambda: self.count[kind] >= target)

    def ready(self) -> Wait:
        """The settings are in force."""
        return Wait(lambda: self.count["SettingsApplied"] > 0)

    def settled(self, turn: Turn) -> Steps:
        """Wait until a turn was answered to its end; where something is reported instead, a while longer."""
        done = self.count["AgentAudioDone"]

        def answered() -> bool:
            return self.count["AgentAudioDone"] > done and self.answers(turn) > 0

        yield Wait(lambda: answered() or bool(self.reports(turn.at)))
        yield Wait(answered, GRACE_S)

    def wait(self, seconds: float) -> Wait:
        """Time passes."""
        return Wait(lambda: False, seconds)

    # --- what it was told -------------------------------------------------------------------------------------------

    def of(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        """The messages of a kind."""
        return [said for said in self.told[since:] if isinstance(said, dict) and said["type"] == kind]

    def said(self, role: str = "assistant", since: int = 0) -> list[str]:
        """The lines of one of the two."""
        return [line for at, who, line in reversed(self._lines) if who == role and at >= since][::-1]

    def answers(self, turn: Turn) -> int:
        """How often a turn was answered."""
        return sum(turn.token in line for line in self.said(since=turn.at))

    def has_answer(self, turn: Turn, since: int) -> bool:
        """Whether a turn that had been reported lost by then was answered after all."""
        lost = any(turn.at <= at < since for at, _ in self._reports)
        return lost and any(turn.token in line for line in self.said(since=since))

    def reports(self, since: int) -> list[str]:
        """The codes by which something was reported as not done."""
        return [code for at, code in self._reports if at >= since]

    @property
    def kinds(self) -> list[str]:
        """What it was told, by name; several pieces of audio as one."""
        names: list[str] = []
        for said in self.told:
            name = said["type"] if isinstance(said, dict) else "audio"
            if not (name == "audio" and names[-1:] == ["audio"]):
                names.append(name)
        return names
