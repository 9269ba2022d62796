"""
Those who call in the measurements: who waits, who talks, who calls the simulator directly, who comes and goes.

Each keeps what it asked and what it was told, and can be judged in the end.
"""

import base64
import wave
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from peer import BINARY, Peer, Place, frame, text_frame
from twisted.internet import reactor, task
from twisted.internet.defer import Deferred

SPEECH = Path(__file__).parent.parent / "tests" / "data" / "go_forward.wav"
PATH = "/v1/agent/converse"
RATE_HZ, SIMULATOR_RATE_HZ = 16_000, 24_000
PERIOD_S = 8
"""A sentence of less than three seconds, its answer, and silence around them."""


class Figures:
    """What was measured, by name and by phase."""

    def __init__(self) -> None:
        self.phase = "opening"
        self.counts: Counter = Counter()
        self.failures: list[str] = []
        self._times_s: dict[tuple[str, str], list[float]] = {}

    def took(self, what: str, seconds: float, phase: str | None = None) -> None:
        self._times_s.setdefault((what, phase or self.phase), []).append(seconds)

    def quantiles(self, what: str, phase: str) -> tuple[int, float, float, float]:
        """How many there are; the median, the 99th percentile and the longest, in ms."""
        times = self._times_s.get((what, phase)) or [float("nan")]
        ms = np.array(times) * 1000
        return len(times), *(float(np.percentile(ms, share)) for share in (50, 99, 100))

    def fail(self, words: str) -> None:
        self.failures.append(words)


class Speech:
    """A sentence and its silence, frame by frame; who hears the frames is told by ``build``."""

    def __init__(self, rate_hz: int, frame_ms: int, build: Callable[[bytes], bytes]) -> None:
        with wave.open(str(SPEECH)) as source:
            recorded = np.frombuffer(source.readframes(source.getnframes()), "<i2")
            samples = soxr.resample(recorded, source.getframerate(), rate_hz).astype("<i2")
        period = np.zeros(rate_hz * PERIOD_S, "<i2")
        period[: len(samples)] = samples
        pcm, size = period.tobytes(), rate_hz * frame_ms // 1000 * 2
        self.frames = [build(pcm[at : at + size]) for at in range(0, len(pcm), size)]
        self.last = (len(samples) * 2 - 1) // size
        """The frame with which the sentence ends."""


class Session(Peer):
    """A client with settings, which may wait, and asks in the end."""

    def __init__(self, figures: Figures, place: Place, name: str, settings: dict) -> None:
        super().__init__(place)
        self.figures, self.name, self.settings = figures, name, settings
        self.ready: Deferred = Deferred()
        self.over: Deferred = Deferred()
        self.lines: list[str] = []
        """What the agent said."""
        self.done = 0
        """How many answers have ended."""
        self.answer_bytes = 0
        self.asked: list[str] = []
        """What it ought to have said."""
        self.is_leaving = False

    def heard(self, message: dict) -> None:
        match message["type"]:
            case "Welcome":
                self.say(self.settings)
            case "SettingsApplied":
                self.figures.counts["sessions"] += 1
                self.ready.callback(None)
            case "ConversationText" if message["role"] == "assistant":
                self.lines.append(message["content"])
            case "AgentAudioDone":
                self.done += 1
            case "Error":
                self.figures.fail(f"{self.name}: {message}")
            case "Warning" if message["code"] != "SETTINGS_FIELDS_IGNORED":
                self.figures.counts[f"Warning {message['code']}"] += 1
                self.figures.fail(f"{self.name}: {message}")

    def heard_audio(self, pcm: bytes) -> None:
        self.answer_bytes += len(pcm)

    def refused(self) -> None:
        self.figures.fail(f"{self.name} was refused with {self.status}")

    def ended(self) -> None:
        if not self.is_leaving:
            self.figures.counts["sessions cut"] += 1
            self.figures.fail(f"{self.name} was closed with {self.code}")
        if not self.ready.called:
            self.ready.callback(None)
        if not self.over.called:
            self.over.callback(None)

    def ask(self) -> None:
        """A written turn, which tells whether it still has a session and an upstream."""
        words = f"message {len(self.asked) + 1}"
        self.asked.append(f"{self.name} You said: {words}")
        self.say({"type": "InjectUserMessage", "content": words})

    def keep_alive(self, data: bytes = text_frame({"type": "KeepAlive"})) -> None:
        self.write(data)

    def leave(self) -> None:
        self.is_leaving = True
        if self.status == 101:
            self.hang_up()


class Talker(Session):
    """Speaks its sentence again and again, and expects an answer to each."""

    def __init__(self, figures: Figures, place: Place, name: str, settings: dict) -> None:
        super().__init__(figures, place, name, settings)
        self.loop = task.LoopingCall.withCount(self.speak)
        self.at = 0
        self.said_at_s, self.is_heard = 0.0, True

    def begin(self, speech: Speech, frame_s: float, turns: int) -> None:
        self.speech, self.turns = speech, turns
        self.loop.start(frame_s)

    def speak(self, count: int) -> None:
        for _ in range(count):
            number = self.at % len(self.speech.frames)
            if number == 0:
                if len(self.asked) == self.turns:
                    self.loop.stop()
                    return
                self.asked.append(self.answer_to(len(self.asked) + 1))
            self.write(self.speech.frames[number])
            self.at += 1
            if number == self.speech.last:
                self.said_at_s, self.is_heard = reactor.seconds(), False

    def answer_to(self, turn: int) -> str:
        return f"{self.name} You said: {words_of(turn)}"

    def heard_audio(self, pcm: bytes) -> None:
        super().heard_audio(pcm)
        self.first_heard("spoken turn")

    def first_heard(self, what: str) -> None:
        """The first of an answer; the first turn is left out, for the simulator has to learn what silence is."""
        if not self.is_heard:
            self.is_heard = True
            if len(self.asked) > 1:
                self.figures.took(what, reactor.seconds() - self.said_at_s)

    def ended(self) -> None:
        super().ended()
        if self.loop.running:
            self.loop.stop()


class Direct(Talker):
    """The same call, straight to the simulator."""

    def heard(self, message: dict) -> None:
        match message["type"]:
            case "session.created":
                session = {
                    "type": "realtime",
                    "instructions": f"Always begin with: {self.name}",
                    "audio": {"input": {"transcription": {"model": "whisper-1"}}},
                }
                self.say({"type": "session.update", "session": session})
            case "session.updated":
                self.ready.callback(None)
            case "response.output_audio.delta":
                self.first_heard("direct turn")
            case "response.output_audio_transcript.done":
                self.lines.append(message["transcript"])
            case "response.done":
                self.done += 1


class Newcomer(Peer):
    """Connects, waits for `Welcome`, and goes."""

    def __init__(self, figures: Figures, place: Place) -> None:
        super().__init__(place)
        self.figures, self.begun_s, self.is_welcome = figures, reactor.seconds(), False

    def heard(self, message: dict) -> None:
        self.is_welcome = True
        self.figures.took("new client", reactor.seconds() - self.begun_s)
        self.hang_up()

    def ended(self) -> None:
        if not self.is_welcome:
            self.figures.counts[f"new clients turned away with {self.status}"] += 1
            self.figures.fail(f"a new client was not let in ({self.status or 'cut off'})")


def words_of(turn: int) -> str:
    return f"sentence {turn}"


def address(number: int) -> str:
    """Ten clients share one, as in an office."""
    return f"10.1.{number // 2560}.{number // 10 % 256}"


def settings_of(name: str) -> dict:
    return {
        "type": "Settings",
        "flags": {"history": False},
        "audio": {
            "input": {"encoding": "linear16", "sample_rate": RATE_HZ},
            "output": {"encoding": "linear16", "sample_rate": SIMULATOR_RATE_HZ, "container": "none"},
        },
        "agent": {
            "think": {
                "provider": {"type": "open_ai", "model": "gpt-realtime"},
                "prompt": f"Always begin with: {name}",
            }
        },
    }


def append_of(pcm: bytes) -> bytes:
    return text_frame({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()})


def spoken(frame_ms: int) -> Speech:
    """The sentence as the proxy's clients send it."""
    return Speech(RATE_HZ, frame_ms, lambda pcm: frame(BINARY, pcm))


def appended(frame_ms: int) -> Speech:
    """The sentence as the simulator is sent it."""
    return Speech(SIMULATOR_RATE_HZ, frame_ms, append_of)


def heard_options(turns: int) -> list[str]:
    """Options for the simulator, by which it hears every sentence of a session as another."""
    return [word for turn in range(turns) for word in ("--heard", words_of(turn + 1))]
