"""
The input audio buffer and its turn detection: what the user is heard to do.

Responsible for counting appended audio, running the VAD over it where turn detection is on, and turning what was
appended into a spoken item on commit. It keeps no sound, only times.

Must not know: events, responses, the conversation. What follows from a beginning or an end is the session's business.

Comes from: ``simulator/session.py``, with every append, commit and clear. Goes to: the same place, as values.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from attrs import frozen

from turngate.session.messages import SESSION_RATE_HZ
from turngate.simulator.ids import Ids
from turngate.simulator.items import Refusal
from turngate.simulator.vad import SpeechBegan, SpeechEnded, Vad, VadSettings

MIN_COMMIT_MS: Final = 100
"""The least that can be committed (the API's own bound)."""

_BYTES_A_MS: Final = SESSION_RATE_HZ * 2 // 1000


@frozen
class Began:
    """The user began to speak; the item of this turn will have this id."""

    item_id: str
    audio_start_ms: int


@frozen
class Spoken:
    """What the user said is complete and leaves the buffer."""

    item_id: str
    audio_end_ms: int
    duration_ms: int


Heard: TypeAlias = Began | Spoken


class Ear:
    """The input audio buffer of one session, and what listens to it."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._vad: Vad | None = None
        self._vad_offset_ms = 0
        self._bytes = 0
        self._start_ms = 0
        self._item_id: str | None = None

    @property
    def now_ms(self) -> int:
        """How much audio was appended in all."""
        return self._bytes // _BYTES_A_MS

    def listen(self, settings: VadSettings | None) -> None:
        """Detect turns so from now on; ``None`` detects none. A turn that has begun is forgotten if none is to be."""
        if settings is None:
            self._vad = None
            self._item_id = None
        elif self._vad is None:
            self._vad = Vad(settings)
            # the detector's clock is that of the appended audio
            self._vad_offset_ms = self.now_ms
        else:
            self._vad.adopt(settings)

    def append(self, pcm: bytes) -> Iterator[Heard]:
        """Take more audio (linear16, 24 kHz); gives what was heard in it, in order."""
        self._bytes += len(pcm)
        if self._vad is None:
            return
        for sound in self._vad.feed(pcm):
            match sound:
                case SpeechBegan():
                    begun_ms = max(self._start_ms, sound.audio_start_ms + self._vad_offset_ms)
                    self._start_ms = begun_ms
                    self._item_id = self._ids.next("item")
                    yield Began(self._item_id, begun_ms)
                case SpeechEnded():
                    yield self._take(sound.audio_end_ms + self._vad_offset_ms)

    def commit(self) -> Spoken | Refusal:
        """Make an item of what is in the buffer, as the client asks."""
        held_ms = self.now_ms - self._start_ms
        if held_ms < MIN_COMMIT_MS:
            message = (
                f"Error committing input audio buffer: buffer too small. Expected at least {MIN_COMMIT_MS}ms of audio, "
                f"but buffer only has {held_ms:.2f}ms of audio."
            )
            return Refusal("input_audio_buffer_commit_empty", message)
        return self._take(self.now_ms)

    def clear(self) -> None:
        """Forget what is in the buffer, a turn that has begun included."""
        self._start_ms = self.now_ms
        self._item_id = None
        if self._vad is not None:
            self._vad.rest_of_utterance()

    def _take(self, end_ms: int) -> Spoken:
        spoken = Spoken(self._item_id or self._ids.next("item"), end_ms, end_ms - self._start_ms)
        self._start_ms = end_ms
        self._item_id = None
        if self._vad is not None:
            self._vad.rest_of_utterance()
        return spoken
