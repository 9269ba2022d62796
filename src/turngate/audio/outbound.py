"""
Session audio on its way to a client.

Responsible for one direction of one session: the sample rate, the encoding, the container, and the exact length of each
reply.

Must not know: sockets, protocols, what is said, who cut a reply off.

Comes from: :class:`turngate.session.messages.AgentAudio`. Goes to: the client's binary messages.

A reply is a stream of its own. The resampler (soxr, its high-quality recipe: passband to 93 %) gives its output in
blocks of its own size, so that while a reply is being fed up to 39 ms of it are held back (74 ms at 8 kHz); what is
left comes with the flush. The samples are resampled as floats and rounded without dither: silence stays silence.
"""

from types import MappingProxyType
from typing import Final

import numpy as np
import soxr

from turngate.audio.formats import AudioFormat, Container, Encoding, SessionAudio, native
from turngate.audio.samples import WholeSamples, decoder, encoder
from turngate.audio.wav import wav_header

OUTBOUND_RATES_HZ: Final = MappingProxyType(
    {
        Encoding.LINEAR16: (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        Encoding.MULAW: (8_000, 16_000),
        Encoding.ALAW: (8_000, 16_000),
    }
)
"""What a client may be sent: the rates of each encoding."""

_SESSION: Final = SessionAudio.PCM.value
_decode: Final = decoder(_SESSION.encoding)


class Outbound:
    """
    Turns session audio into a client's.

    PCM can be made into all that :data:`OUTBOUND_RATES_HZ` names. G.711 as session audio is passed through or not had.
    """

    def __init__(
        self, target: AudioFormat, container: Container = Container.NONE, source: SessionAudio = SessionAudio.PCM
    ) -> None:
        """
        Take what the client asked for, and what the upstream has been told to send.

        Raises:
            ValueError: there is no such conversion.
        """
        self._passes = native(target) is source
        known = target.sample_rate_hz in OUTBOUND_RATES_HZ.get(target.encoding, ())
        if not self._passes and (source is not SessionAudio.PCM or not known):
            raise ValueError(
                f"There is no conversion of {source.name} to {target.encoding.value} at {target.sample_rate_hz} Hz."
            )
        self._encode = encoder(target.encoding)
        self._source_bytes = source.value.encoding.sample_bytes
        self._rate_hz = target.sample_rate_hz
        self._wav = wav_header(target) if container is Container.WAV else b""
        self.reset()

    def reset(self) -> None:
        """The reply is over where it is: what is left of it is never heard."""
        self._header = b""
        self._whole = WholeSamples(self._source_bytes)
        self._resampler: soxr.ResampleStream | None = None
        self._samples_in = 0
        self._samples_out = 0

    def begin_reply(self) -> None:
        """What is fed from here on is a reply of its own, with a header where the container has one."""
        self.reset()
        self._header = self._wav

    def feed(self, audio: bytes) -> bytes:
        """What can be sent of the reply so far, in whole samples; it may be nothing."""
        audio = self._whole.feed(audio)
        if not self._passes and audio:
            audio = self._converted(audio)
        return self._headed(audio)

    def flush(self) -> bytes:
        """The rest of the reply. All of it together is as long as it was in session audio, to the nearest sample."""
        rest = self._headed(self._tail())
        self.reset()
        return rest

    def _headed(self, audio: bytes) -> bytes:
        if not self._header or not audio:
            return audio
        header, self._header = self._header, b""
        return header + audio

    def _converted(self, pcm: bytes) -> bytes:
        samples = _decode(pcm)
        if self._resampler is None:
            self._resampler = soxr.ResampleStream(_SESSION.sample_rate_hz, self._rate_hz, 1, quality="HQ")
        self._samples_in += len(samples)
        resampled = self._resampler.resample_chunk(samples.astype(np.float32))
        self._samples_out += len(resampled)
        return self._rounded(resampled)

    def _tail(self) -> bytes:
        if self._resampler is None:
            return b""
        due = (2 * self._samples_in * self._rate_hz + _SESSION.sample_rate_hz) // (2 * _SESSION.sample_rate_hz)
        missing = due - self._samples_out
        tail = self._resampler.resample_chunk(np.empty(0, dtype=np.float32), last=True)[:missing]
        return self._rounded(np.pad(tail, (0, missing - len(tail))))

    def _rounded(self, samples: np.ndarray) -> bytes:
        return self._encode(np.rint(samples).clip(-32_768, 32_767).astype(np.int16))
