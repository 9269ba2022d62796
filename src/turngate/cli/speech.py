"""
Recorded speech: reading it from a WAV file, sending it at the pace of a microphone, and writing the answer to one.

Responsible for files and for time.

Must not know: what is said about it on the connection.
"""

import array
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import field, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

FRAME_S: Final = 0.02
RATES_HZ: Final = (8000, 16000, 24000, 44100, 48000)
ANSWER_RATE_HZ: Final = 24_000


class SpeechError(Exception):
    """The file cannot be sent; the text says why."""


@frozen
class Speech:
    """Speech as linear16 mono."""

    rate_hz: int
    pcm: bytes = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it takes to say."""
        return len(self.pcm) / 2 / self.rate_hz


def read_wav(path: str) -> Speech:
    """
    Read a WAV file, mixing its channels into one.

    Raises:
        SpeechError: the file is not there, is no WAV file, or is in a format that cannot be sent.
    """
    try:
        with wave.open(path, "rb") as source:
            rate_hz, channels, width = source.getframerate(), source.getnchannels(), source.getsampwidth()
            pcm = source.readframes(source.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"cannot read {path}: {error}") from None
    if width != 2:
        raise SpeechError(f"{path} has {8 * width}-bit samples; convert it to 16-bit first")
    if rate_hz not in RATES_HZ:
        raise SpeechError(f"{path} has {rate_hz} samples a second; convert it to one of {RATES_HZ} first")
    if channels > 1:
        samples = array.array("h", pcm)
        mono = (sum(samples[i : i + channels]) // channels for i in range(0, len(samples) - channels + 1, channels))
        pcm = array.array("h", mono).tobytes()
    return Speech(rate_hz, pcm)


def write_wav(path: str, pcm: bytes) -> None:
    """Write the answer."""
    with Path(path).open("wb") as sink, wave.open(sink, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(ANSWER_RATE_HZ)
        target.writeframes(pcm)


class Microphone:
    """Sends speech at real-time pace, and silence from its end on until it is switched off, as a live one would."""

    def __init__(self, speech: Speech, send: Callable[[bytes], None], show: Callable[[float, float], None]) -> None:
        self._speech = speech
        self._send = send
        self._show = show
        self._at = 0
        self._frame_bytes = int(speech.rate_hz * FRAME_S) * 2
        self._loop = LoopingCall.withCount(self._frames)

    def switch_on(self, clock: IReactorTime) -> None:
        """Begin."""
        self._loop.clock = clock
        self._loop.start(FRAME_S, now=False)

    def switch_off(self) -> None:
        """Send nothing more."""
        if self._loop.running:
            self._loop.stop()

    def _frames(self, count: int) -> None:
        for _ in range(count):
            frame = self._speech.pcm[self._at : self._at + self._frame_bytes]
            self._send(frame.ljust(self._frame_bytes, b"\0"))
            if frame:
                self._at += len(frame)
                self._show(self._at / 2 / self._speech.rate_hz, self._speech.seconds)


def progress(sent_s: float, all_s: float) -> None:
    """Show on a terminal how much of the speech was sent."""
    if sys.stderr.isatty():
        end = "\n" if sent_s >= all_s else ""
        print(f"\rspeaking {sent_s:4.1f} of {all_s:.1f} s", end=end, file=sys.stderr, flush=True)
