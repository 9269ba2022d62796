"""
Two calls in real time, one of 16 kHz linear16 and one of a telephone's mu-law, for ten minutes: no drift, exact counts.

    .venv/bin/python bench/long_call.py [--seconds 600]

The recorded sentence of the tests is said over and over, one frame of 20 ms at a time, through the proxy in a process
of its own to the simulator in this one. It prints, for each call, what was sent and what arrived, and exits with 1
unless every byte arrived, every sentence was written down and answered, and every period of the audio is the one
before, sample for sample: a gap, a repetition or any drift would make it another.
"""

import argparse
import base64
import sys
import time
import wave
from pathlib import Path

import numpy as np
import soxr
from harness import RunningProxy, scratch
from twisted.internet import reactor, task
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint

from turngate.audio.g711 import MULAW
from turngate.cli.line import Audio, open_line
from turngate.simulator import Manner, Pace, Simulator

SPEECH = Path(__file__).parent.parent / "tests" / "data" / "go_forward.wav"
PERIOD_S = 10
"""A sentence, its answer, and silence around them."""
FRAME_S = 0.02
ROUNDING = 2
"""Samples that are resampled to 16 bits are dithered, and differ by so much at most."""


class Call:
    """One call, and what is known of it in the end."""

    def __init__(self, name: str, rate_hz: int, encoding: str) -> None:
        self.name, self.rate_hz, self.encoding = name, rate_hz, encoding
        with wave.open(str(SPEECH)) as source:
            recorded = np.frombuffer(source.readframes(source.getnframes()), "<i2")
            samples = soxr.resample(recorded, source.getframerate(), rate_hz).astype("<i2")
        period = np.zeros(rate_hz * PERIOD_S, "<i2")
        period[: len(samples)] = samples
        self.period = MULAW.encode(period) if encoding == "mulaw" else period.tobytes()
        self.frame_bytes = len(self.period) // int(PERIOD_S / FRAME_S)
        self.sent_bytes = 0
        self.answered = 0
        self.lines = 0
        self.heard_bytes = 0

    async def run(self, url: str, seconds: float) -> None:
        line = await open_line(reactor, url)
        while (await line.hear())["type"] != "Welcome":
            pass
        audio = {"encoding": self.encoding, "sample_rate": self.rate_hz}
        think = {"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": self.name}
        line.say({"type": "Settings", "audio": {"input": audio, "output": audio}, "agent": {"think": think}})
        while (await line.hear())["type"] != "SettingsApplied":
            pass
        listening = Deferred.fromCoroutine(self.listen(line))
        begun, frames = reactor.seconds(), int(seconds / PERIOD_S) * int(PERIOD_S / FRAME_S)
        for number in range(frames):
            await task.deferLater(reactor, max(0.0, begun + number * FRAME_S - reactor.seconds()))
            at = number * self.frame_bytes % len(self.period)
            line.speak(self.period[at : at + self.frame_bytes])
            self.sent_bytes += self.frame_bytes
        await task.deferLater(reactor, 3.0)
        listening.cancel()
        line.hang_up()

    async def listen(self, line) -> None:
        try:
            while True:
                heard = await line.hear()
                if isinstance(heard, Audio):
                    self.heard_bytes += len(heard.pcm)
                elif isinstance(heard, dict) and heard["type"] == "AgentAudioDone":
                    self.answered += 1
                elif isinstance(heard, dict) and heard["type"] == "ConversationText":
                    self.lines += heard["role"] == "user"
                elif isinstance(heard, dict) and heard["type"] in ("Warning", "Error"):
                    print(f"{self.name}: {heard}", file=sys.stderr)
        except CancelledError:
            return


def arrivals(simulator: Simulator) -> dict[str, bytes]:
    """The audio that the simulator was sent, call by call; the prompt tells which is which."""
    names: dict[int, str] = {}
    pieces: dict[str, list[bytes]] = {}
    for received in simulator.received:
        event = received.event
        if event["type"] == "session.update":
            names[received.session] = event["session"]["instructions"]
        elif event["type"] == "input_audio_buffer.append":
            pieces.setdefault(names[received.session], []).append(base64.b64decode(event["audio"]))
    return {name: b"".join(audio) for name, audio in pieces.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    calls = [Call("linear16 at 16 kHz", 16_000, "linear16"), Call("mu-law at 8 kHz", 8_000, "mulaw")]
    faults: list[str] = []

    async def run(_: object) -> None:
        manner = Manner(pace=Pace(speed=8.0))
        simulator = Simulator(reactor, manner=manner, record_frames=1_000_000)
        await simulator.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1"))
        # nothing reaches the simulator meanwhile, and nothing has to
        proxy = RunningProxy(simulator.url, scratch("call") / "turngate.log")
        begun = time.monotonic()
        url = f"ws://127.0.0.1:{proxy.port}/v1/agent/converse"
        await gatherResults([Deferred.fromCoroutine(call.run(url, options.seconds)) for call in calls])
        took_s = time.monotonic() - begun
        proxy.ask_to_stop()
        arrived = arrivals(simulator)
        for call in calls:
            judge(call, arrived.get(call.name, b""), options.seconds, took_s, faults)
        await simulator.stop()
        proxy.stop()

    try:
        task.react(lambda r: Deferred.fromCoroutine(run(r)))
    except SystemExit as end:
        if end.code:
            faults.append(f"the run ended with {end.code}")
    for fault in faults:
        print(f"FAIL  {fault}")
    print("ok" if not faults else "not ok")
    return 1 if faults else 0


def unlike(one: bytes, other: bytes, call: Call) -> bool:
    """Whether two periods differ: by a byte of G.711, or a sample by more than the resampler's rounding."""
    if call.encoding == "mulaw" or len(one) != len(other):
        return one != other
    samples = [np.frombuffer(period, "<i2").astype(int) for period in (one, other)]
    return int(np.abs(samples[0] - samples[1]).max()) > ROUNDING


def judge(call: Call, audio: bytes, seconds: float, took_s: float, faults: list[str]) -> None:
    sentences = int(seconds / PERIOD_S)
    period_bytes = len(call.period) if call.encoding == "mulaw" else PERIOD_S * 48_000
    periods = [audio[at : at + period_bytes] for at in range(0, len(audio), period_bytes)]
    # the first follows silence, and not the end of another
    strays = [number for number, period in enumerate(periods) if number > 0 and unlike(period, periods[1], call)]
    print(
        f"{call.name}: {took_s:.0f} s, {call.sent_bytes} bytes sent, {len(audio)} of {sentences * period_bytes} arrived"
    )
    print(f"    {len(strays)} of {len(periods)} periods unlike the second")
    print(f"    {sentences} sentences, {call.lines} written down, {call.answered} answered, {call.heard_bytes} bytes")
    if len(audio) != sentences * period_bytes:
        faults.append(f"{call.name}: {len(audio)} bytes arrived and not {sentences * period_bytes}")
    if strays:
        faults.append(f"{call.name}: periods {strays[:5]} are unlike the second: the audio drifts or has a gap")
    if (call.lines, call.answered) != (sentences, sentences):
        faults.append(f"{call.name}: of {sentences} sentences {call.lines} were heard and {call.answered} answered")


if __name__ == "__main__":
    sys.exit(main())
