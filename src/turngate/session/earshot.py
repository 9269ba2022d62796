"""
The user's audio for which there are no words yet, for an upstream session that has not heard it.

Responsible for keeping it: the end of it while nobody speaks, a turn from its beginning, and spoken turns that were not
written down; at most a minute in all, of which the oldest is forgotten.

Must not know: what was said, what is owed an answer.

An upstream says that somebody speaks a while after they began, and of what it finds in one piece it tells behind all of
that piece. So the audio of a turn begins a second before the upstream's word, or where its piece began.
"""

from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from attrs import frozen

from turngate.session.messages import Sound

MAX_S: Final = 60
"""What is kept at most."""
BEFORE_S: Final = 1
"""What is kept while nobody speaks."""
LOOK_EVERY_S: Final = 0.25
SETTLING_S: Final = 10
"""How long the upstream has to say what it heard in audio that was sent a second time, faster than it was spoken."""
MAX_TURNS: Final = 16
QUIET_PEAK: Final = 500
"""Linear samples up to here are quiet."""
STRIDE: Final = 16
"""Every so many samples one is looked at."""
QUIET_CODES: Final = {
    sound: bytes(code for code in range(256) if (code ^ inverted) >> 4 & 7 <= 1)
    for sound, inverted in ((Sound.PCMU, 0xFF), (Sound.PCMA, 0x55))
}
"""The codes of G.711 for quiet samples: those of the two lowest segments."""
WORD_S: Final = 0.3
"""How much that is loud may have been a word."""


@frozen
class Turn:
    """A spoken turn that was not written down; where its audio begins and ends, in bytes since the session began."""

    item_id: str
    begins: int
    ends: int


@frozen
class Unheard:
    """What another upstream session is to hear: pieces of audio, the turns in them, and turns of which none is left."""

    audio: tuple[bytes, ...]
    turns: frozenset[str]
    gone: frozenset[str]
    missed_s: float
    """How much that was loud came after the last that the upstream said, and is not kept."""


class Earshot:
    """
    What was heard of one user.

    Args:
        input_rate_hz: samples a second of linear audio.
    """

    def __init__(self, input_rate_hz: int) -> None:
        self._input_rate_hz = input_rate_hz
        self._sound = Sound.PCM
        self._bytes_per_s = self._sound.bytes_per_s(input_rate_hz)
        self._audio: deque[tuple[int, bytes]] = deque()
        """Pieces of a second at most, each with where it begins."""
        self._total = 0
        self._look_at = 0
        """When to look again for what no turn needs: it is little each time, and looking costs more than keeping it."""
        self._piece_from = 0
        """Where the latest began of the pieces that came."""
        self._turns: deque[Turn] = deque(maxlen=MAX_TURNS)
        self._speaks_from: int | None = None
        self._committed = 0
        """Where the last turn ended."""
        self._settled = 0
        """Where the audio ends of which all is kept since it was sent a second time."""
        self._keeps_all = False
        self._heard_until = 0
        """Where the audio ended when the upstream said something last."""
        self._missed_bytes = 0
        self._is_left = False

    def use(self, sound: Sound, *, keeps_all: bool) -> None:
        """What the audio is from here; and whether all of it is kept, since nobody says when speech begins."""
        self._keeps_all = keeps_all
        if sound is not self._sound:
            # the two do not go into one upstream session
            self._sound = sound
            self._bytes_per_s = sound.bytes_per_s(self._input_rate_hz)
            self._audio.clear()
            self._speaks_from = None
            self._committed = self._total
            self._missed_bytes = 0

    def take(self, audio: bytes) -> None:
        """Audio goes upstream."""
        self._piece_from = self._total
        for at in range(0, len(audio), self._bytes_per_s):
            self._audio.append((self._total + at, audio[at : at + self._bytes_per_s]))
        self._total += len(audio)
        if self._total >= self._look_at:
            self._forget()

    def left(self) -> None:
        """The upstream session that heard this is left; what the next one says is no sign of it."""
        self._is_left = True

    def alive(self) -> None:
        """The upstream says something, and so has heard what came before."""
        if self._is_left:
            return
        self._heard_until = self._total
        self._missed_bytes = 0

    def started(self) -> None:
        """The upstream hears somebody speak."""
        self._speaks_from = self._open_from

    def committed(self, item_id: str) -> None:
        """What was said is a turn; where several are in one piece, each has all of it."""
        if any(turn.item_id == item_id for turn in self._turns):
            return
        begins = self._open_from
        if begins == self._total and self._turns and self._turns[-1].ends == self._total:
            begins = self._turns[-1].begins
        self._turns.append(Turn(item_id, begins, self._total))
        self._speaks_from = None
        self._committed = self._total

    def written(self, item_id: str) -> None:
        """There are words for a turn."""
        self._turns = deque((turn for turn in self._turns if turn.item_id != item_id), MAX_TURNS)
        self._forget()

    def recall(self, owed: AbstractSet[str]) -> Unheard:
        """What of it an upstream session is to hear; it is the caller's to send again, and is forgotten here."""
        self._forget()
        wanted = [turn for turn in self._turns if turn.item_id in owed]
        again = [turn for turn in wanted if self._has(turn)]
        spans = dict.fromkeys((turn.begins, turn.ends) for turn in again)
        spans[self._open_from, self._total] = None
        audio = tuple(piece for begins, ends in spans for piece in self._between(begins, ends))
        self._audio.clear()
        self._turns.clear()
        self._speaks_from = None
        self._committed = self._total
        self._settled = self._total + sum(len(piece) for piece in audio) + SETTLING_S * self._bytes_per_s
        names = frozenset(turn.item_id for turn in again)
        missed_s = self._missed_bytes / self._bytes_per_s
        self._missed_bytes = 0
        self._is_left = False
        return Unheard(
            audio,
            names,
            frozenset(turn.item_id for turn in wanted) - names,
            missed_s if missed_s >= WORD_S else 0.0,
        )

    @property
    def _open_from(self) -> int:
        """Where the audio begins that belongs to no turn yet."""
        if self._speaks_from is not None:
            return self._speaks_from
        if self._keeps_all or self._total < self._settled:
            return self._committed
        return max(self._committed, min(self._total - BEFORE_S * self._bytes_per_s, self._piece_from))

    def _has(self, turn: Turn) -> bool:
        """Whether the audio of a turn is there: all of it, or the end of one of which the rest was too much."""
        kept_from = self._audio[0][0] if self._audio else self._total
        return turn.begins < turn.ends and (
            kept_from <= turn.begins or turn.ends - kept_from >= BEFORE_S * self._bytes_per_s
        )

    def _between(self, begins: int, ends: int) -> Iterator[bytes]:
        """The audio from one place to another, in pieces of a second: a long memory of small ones would be many."""
        within = ((at, piece) for at, piece in self._audio if at < ends and at + len(piece) > begins)
        audio = b"".join(piece[max(begins - at, 0) : ends - at] for at, piece in within)
        for at in range(0, len(audio), self._bytes_per_s):
            yield audio[at : at + self._bytes_per_s]

    def _forget(self) -> None:
        """Let go of audio that no turn needs, and of what is too much."""
        self._look_at = self._total + int(LOOK_EVERY_S * self._bytes_per_s)
        first = min([self._open_from, *(turn.begins for turn in self._turns)])
        latest = self._total - MAX_S * self._bytes_per_s
        gone = []
        while self._audio and (self._audio[0][0] + len(self._audio[0][1]) <= first or self._audio[0][0] < latest):
            at, piece = self._audio.popleft()
            if at >= self._heard_until:
                gone.append(piece)
        # in one look, since nearly always all of it is quiet
        if gone and is_loud(b"".join(gone), self._sound):
            self._missed_bytes += sum(len(piece) for piece in gone if is_loud(piece, self._sound))


def is_loud(piece: bytes, sound: Sound) -> bool:
    """Whether somebody may speak in it."""
    if sound is not Sound.PCM:
        return bool(piece[::STRIDE].translate(None, QUIET_CODES[sound]))
    samples = memoryview(piece[: len(piece) // 2 * 2]).cast("h")[::STRIDE].tolist()
    return bool(samples) and (max(samples) > QUIET_PEAK or min(samples) < -QUIET_PEAK)
