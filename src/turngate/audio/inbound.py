"""
The client's audio on its way to session audio.

Responsible for one direction of one session: odd bytes, the sample rate, and an even flow.

Must not know: sockets, protocols, what is said.

Comes from: the client's binary messages. Goes to: :class:`turngate.session.messages.UserAudio`.

The resampler (soxr, its low-quality recipe: 16 bits exact, passband to 80 %) gives its output in blocks of its own
size. So that every message of the client becomes one of the same length upstream, a little silence stands before the
stream (:attr:`Inbound.delay_ms`), and the output is cut to the input's time.
"""

from typing import Final

import numpy as np
import soxr

from turngate.audio.formats import AudioFormat

SESSION_RATE_HZ: Final = 24_000
SAMPLE_BYTES: Final = 2

_DELAY_SAMPLES: Final = {8_000: 960, 16_000: 480}
_DELAY_SAMPLES_ELSE: Final = 504
"""At least the resampler's block and its filter's delay; measured for each rate by the tests."""


class Inbound:
    """
    Turns a client's audio into linear16 mono at 24 kHz.

    Attributes:
        odd_bytes_seen: how many messages have ended inside a sample; the rest is taken from the next one.
    """

    def __init__(self, source: AudioFormat) -> None:
        self.odd_bytes_seen = 0
        self._rest = b""
        self._rate_hz = source.sample_rate_hz
        self._resampler: soxr.ResampleStream | None = None
        self._delay_samples = 0
        if self._rate_hz != SESSION_RATE_HZ:
            self._resampler = soxr.ResampleStream(self._rate_hz, SESSION_RATE_HZ, 1, dtype="int16", quality="LQ")
            self._delay_samples = _DELAY_SAMPLES.get(self._rate_hz, _DELAY_SAMPLES_ELSE)
        self._waiting = bytes(self._delay_samples * SAMPLE_BYTES)
        self._samples_in = 0
        self._samples_out = 0

    @property
    def delay_ms(self) -> float:
        """By how much the audio comes later than it was sent, constantly: 0, about 20 or, from 8 kHz, 40 ms."""
        return self._delay_samples * 1000 / SESSION_RATE_HZ

    def feed(self, payload: bytes) -> bytes:
        """The session audio that one message of the client brings; as long as the message, in whole samples."""
        if self._rest:
            payload, self._rest = self._rest + payload, b""
        if len(payload) % SAMPLE_BYTES:
            self.odd_bytes_seen += 1
            payload, self._rest = payload[:-1], payload[-1:]
        if self._resampler is None or not payload:
            return payload
        samples: np.ndarray = self._resampler.resample_chunk(np.frombuffer(payload, dtype="<i2"))
        self._samples_in += len(payload) // SAMPLE_BYTES
        due = self._samples_in * SESSION_RATE_HZ // self._rate_hz - self._samples_out
        waiting = self._waiting + samples.astype("<i2", copy=False).tobytes()
        out, self._waiting = waiting[: due * SAMPLE_BYTES], waiting[due * SAMPLE_BYTES :]
        self._samples_out += len(out) // SAMPLE_BYTES
        return out
