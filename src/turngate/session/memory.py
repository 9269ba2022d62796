"""
What was said in a session, for an upstream session that has not heard it.

Responsible for remembering the lines and tool calls as they stand for good, and the user's audio for which there are no
words yet: the end of it, and spoken turns that were not written down. All of it is bounded; the oldest is forgotten.

Must not know: what is to be answered, when it is recalled.

It looks on, as the stopwatch does: at what the client is told for good, so that the conversation that is restored is
the one that the client knows.
"""

from collections import deque
from typing import Final, TypeVar

from attrs import define, frozen

from turngate.evolving import evolve
from turngate.session.messages import (
    AppendAudio,
    ByPause,
    CallsRecorded,
    ContextCall,
    ContextEntry,
    ContextLine,
    ConversationLine,
    Effect,
    LineRecorded,
    Message,
    Recall,
    Recalled,
    Role,
    SendUpdate,
    SpeechCommitted,
    SpeechStarted,
    UserHeard,
    UserTranscribed,
)

MAX_ENTRIES: Final = 2_000
MAX_CHARS: Final = 512 * 1024
MAX_AUDIO_BYTES: Final = 60 * 48_000
"""A minute of session audio."""
BEFORE_BYTES: Final = 48_000
"""What is kept while nobody speaks: an upstream says that somebody does a while after they began."""
MAX_TURNS: Final = 16
MAX_UNSETTLED: Final = 64
"""Lines of which it is not known yet how much was heard; and lines of which that is known before they are told."""

V = TypeVar("V")


@define(eq=False)
class Entry:
    """A line or a call, and how much it takes to remember."""

    what: ContextEntry
    chars: int


@frozen
class Turn:
    """A spoken turn that was not written down; where its audio begins and ends, in bytes since the session began."""

    item_id: str
    begins: int
    ends: int


def put(unsettled: dict[str, V], item_id: str, what: V) -> None:
    """Keep something of an item, and forget the oldest where that is too much."""
    unsettled[item_id] = what
    if len(unsettled) > MAX_UNSETTLED:
        del unsettled[next(iter(unsettled))]


class Memory:
    """The memory of one session."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._open: dict[str, Entry] = {}
        """Lines of the agent of which it is not known yet how much was heard, by their items."""
        self._early: dict[str, str] = {}
        """What was heard of lines that are not told yet: they wait for the user's words before them."""
        self._chars = 0
        self._audio: deque[tuple[int, bytes]] = deque()
        """Pieces, each with where it begins."""
        self._total = 0
        self._turns: deque[Turn] = deque(maxlen=MAX_TURNS)
        self._speaks_from: int | None = None
        self._committed = 0
        """Where the last turn ended."""
        self._again_until = 0
        """Where the audio ends that was sent a second time; it comes faster than it is heard."""
        self._keeps_all = False
        """Whether nobody says when speech begins."""

    # --- looking on -------------------------------------------------------------------------------------------------

    def hear(self, message: Message) -> None:
        """Something happened; called before the rules decide what follows."""
        match message:
            case SpeechStarted():
                self._speaks_from = self._open_from
            case SpeechCommitted(item_id):
                self._committed_as(item_id)
            case UserTranscribed(item_id, text) if text.strip():
                self._turns = deque((turn for turn in self._turns if turn.item_id != item_id), MAX_TURNS)
                self._forget()
            case _:
                pass

    def watch(self, effect: Effect) -> None:
        """Something follows."""
        match effect:
            case AppendAudio(pcm):
                self._audio.append((self._total, pcm))
                self._total += len(pcm)
                self._forget()
            case ConversationLine(Role.ASSISTANT, text, item_id=str(item_id)) if item_id:
                self._told(item_id, text)
            case LineRecorded(Role.ASSISTANT, text, item_id) if item_id in self._open:
                self._close(self._open.pop(item_id), text)
            case LineRecorded(Role.ASSISTANT, text, item_id) if item_id:
                put(self._early, item_id, text)
            case LineRecorded(role, text, item_id) if text:
                self._add(ContextLine(role, text, item_id), len(text))
            case UserHeard(text=text, is_whole=True) if text:
                self._add(ContextLine(Role.USER, text), len(text))
            case CallsRecorded(calls):
                for call, output in calls:
                    self._add(ContextCall(call, output), len(call.arguments) + len(output))
            case SendUpdate(config=config):
                self._keeps_all = isinstance(config.turn_end, ByPause)
            case _:
                pass

    def recall(self, what: Recall) -> Recalled:
        """All of it; the audio is then the caller's to send again, and is forgotten here."""
        again = tuple(turn for turn in self._turns if turn.item_id in what.owed)
        spans = [(turn.begins, turn.ends) for turn in again] + [(self._open_from, self._total)]
        audio = tuple(piece for at, piece in self._audio if any(begins <= at < ends for begins, ends in spans))
        self._audio.clear()
        self._turns.clear()
        self._speaks_from = None
        self._committed = self._total
        self._again_until = self._total + sum(len(piece) for piece in audio) + BEFORE_BYTES
        entries: list[ContextEntry] = []
        texts: list[tuple[str, str]] = []
        for entry in self._entries:
            match entry.what:
                case ContextLine(Role.USER, text, item_id) if item_id in what.apart:
                    texts.append((item_id, text))
                case _:
                    entries.append(entry.what)
        return Recalled(tuple(entries), audio, frozenset(turn.item_id for turn in again), tuple(texts))

    # --- the user's audio -------------------------------------------------------------------------------------------

    @property
    def _open_from(self) -> int:
        """Where the audio begins that belongs to no turn yet."""
        if self._speaks_from is not None:
            return self._speaks_from
        keeps_all = self._keeps_all or self._total < self._again_until
        return self._committed if keeps_all else max(self._committed, self._total - BEFORE_BYTES)

    def _forget(self) -> None:
        """Let go of audio that no turn needs, and of what is too much."""
        first = self._turns[0].begins if self._turns else self._open_from
        first = max(first, self._total - MAX_AUDIO_BYTES)
        while self._audio and self._audio[0][0] + len(self._audio[0][1]) <= first:
            self._audio.popleft()

    def _committed_as(self, item_id: str) -> None:
        if all(turn.item_id != item_id for turn in self._turns):
            self._turns.append(Turn(item_id, self._open_from, self._total))
            self._speaks_from = None
            self._committed = self._total

    # --- lines and calls --------------------------------------------------------------------------------------------

    def _add(self, what: ContextEntry, chars: int) -> Entry:
        entry = Entry(what, chars)
        self._entries.append(entry)
        self._chars += chars
        while len(self._entries) > MAX_ENTRIES or (self._chars > MAX_CHARS and len(self._entries) > 1):
            self._chars -= self._entries.popleft().chars
        return entry

    def _told(self, item_id: str, text: str) -> None:
        """The agent said a line; how much of it was heard may be known by now, else it stands whole for a while."""
        heard = self._early.pop(item_id, None)
        if heard is None:
            put(self._open, item_id, self._add(ContextLine(Role.ASSISTANT, text, item_id), len(text)))
        elif heard:
            self._add(ContextLine(Role.ASSISTANT, heard, item_id), len(heard))

    def _close(self, entry: Entry, text: str) -> None:
        """What of a line was heard is known now; of one of which nothing was, nothing is remembered."""
        if isinstance(entry.what, ContextLine):
            entry.what = evolve(entry.what, text=text)
        if not text and entry in self._entries:
            self._entries.remove(entry)
            self._chars -= entry.chars
