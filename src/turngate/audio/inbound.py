"""
The client's audio on its way to session audio.

Responsible for one direction of one session: parts of samples, the encoding, the sample rate, and an even flow.

Must not know: sockets, protocols, what is said.

Comes from: the client's binary messages. Goes to: :class:`turngate.session.messages.UserAudio`.

The resampler (soxr, its low-quality recipe: 16 bits exact, passband to 76 %) gives its output in blocks of its own
size. So that every message of the client becomes one of the same length upstream, a little silence stands before the
stream (:attr:`Inbound.delay_ms`), and the output is cut to the input's time.
"""

from types import MappingProxyType
from typing import Final

import soxr

from turngate.audio.formats import AudioFormat, Encoding, SessionAudio, native
from turngate.audio.samples import WholeSamples, decoder, linear16_bytes

SESSION_RATE_HZ: Final = SessionAudio.PCM.value.sample_rate_hz
SAMPLE_BYTES: Final = SessionAudio.PCM.value.encoding.sample_bytes

_LINEAR_HZ: Final = (8_000, 16_000, 24_000, 44_100, 48_000)
_G711_HZ: Final = (8_000, 16_000)

INBOUND_RATES_HZ: Final = MappingProxyType(
    {
        Encoding.LINEAR16: _LINEAR_HZ,
        Encoding.LINEAR32: _LINEAR_HZ,
        Encoding.MULAW: _G711_HZ,
        Encoding.ALAW: _G711_HZ,
    }
)
"""What a client may send: the rates of each encoding."""

_DELAY_SAMPLES: Final = MappingProxyType(
    {
        (8_000, 24_000): 960,
        (16_000, 24_000): 480,
        (44_100, 24_000): 504,
        (48_000, 24_000): 504,
        (8_000, 16_000): 992,
        (24_000, 16_000): 320,
        (44_100, 16_000): 352,
        (48_000, 16_000): 336,
    }
)
"""At least the resampler's block and its filter's delay, from one rate to another; tests feed samples one by one."""
UPSTREAM_RATES_HZ: Final = frozenset(target for _, target in _DELAY_SAMPLES)
"""The rates at which an upstream may want PCM."""


class Inbound:
    """
    Turns a client's audio into session audio.

    PCM can be made of all that :data:`INBOUND_RATES_HZ` names. G.711 as session audio is passed through or not had.
    """

    def __init__(
        self, source: AudioFormat, target: SessionAudio = SessionAudio.PCM, rate_hz: int = SESSION_RATE_HZ
    ) -> None:
        """
        Take the client's format, what the upstream has been told to expect, and its rate where that is PCM.

        Raises:
            ValueError: there is no such conversion.
        """
        if target is SessionAudio.PCM:
            passes = source == AudioFormat(Encoding.LINEAR16, rate_hz)
        else:
            passes = native(source) is target
        known = source.sample_rate_hz in INBOUND_RATES_HZ[source.encoding]
        known = known and rate_hz in UPSTREAM_RATES_HZ
        if not passes and (target is not SessionAudio.PCM or not known):
            raise ValueError(
                f"There is no conversion of {source.encoding.value} at {source.sample_rate_hz} Hz to {target.name} "
                f"at {rate_hz} Hz."
            )
        self._whole = WholeSamples(source.encoding.sample_bytes)
        self._decode = None if passes else decoder(source.encoding)
        self._rate_hz = source.sample_rate_hz
        self._resampler: soxr.ResampleStream | None = None
        self._delay_samples = 0
        self._target_hz = rate_hz
        if not passes and self._rate_hz != rate_hz:
            self._resampler = soxr.ResampleStream(self._rate_hz, rate_hz, 1, dtype="int16", quality="LQ")
            self._delay_samples = _DELAY_SAMPLES[self._rate_hz, rate_hz]
        self._waiting = bytes(self._delay_samples * SAMPLE_BYTES)
        self._samples_in = 0
        self._samples_out = 0

    @property
    def odd_bytes_seen(self) -> int:
        """How many messages have ended inside a sample; the rest is taken from the next one."""
        return self._whole.odd_bytes_seen

    @property
    def delay_ms(self) -> float:
        """By how much the audio comes later than it was sent, constantly: 0, about 20 or, from 8 kHz, 40 or 62 ms."""
        return self._delay_samples * 1000 / self._target_hz

    def feed(self, payload: bytes) -> bytes:
        """The session audio that one message of the client brings; as long as the message, in whole samples."""
        payload = self._whole.feed(payload)
        if self._decode is None or not payload:
            return payload
        samples = self._decode(payload)
        if self._resampler is None:
            return linear16_bytes(samples)
        self._samples_in += len(samples)
        due = self._samples_in * self._target_hz // self._rate_hz - self._samples_out
        waiting = self._waiting + linear16_bytes(self._resampler.resample_chunk(samples))
        out, self._waiting = waiting[: due * SAMPLE_BYTES], waiting[due * SAMPLE_BYTES :]
        self._samples_out += len(out) // SAMPLE_BYTES
        return out
