"""
What was said in a session, for an upstream session that has not heard it.

Responsible for remembering the lines and tool calls as they stand for good, within bounds, of which the oldest are
forgotten. The user's audio for which there are no words yet is kept beside them (``earshot.py``).

Must not know: what is to be answered, when it is recalled.

It looks on, as the stopwatch does: at what the client is told for good, so that the conversation that is restored is
the one that the client knows.
"""

from collections import deque
from typing import Final, TypeVar, get_args

from attrs import define

from turngate.evolving import evolve
from turngate.session.capabilities import DEFAULT_RATE_HZ
from turngate.session.earshot import Earshot
from turngate.session.messages import (
    AppendAudio,
    ByPause,
    CallsRecorded,
    ContextCall,
    ContextEntry,
    ContextLine,
    ConversationLine,
    DialUpstream,
    Effect,
    LineRecorded,
    Message,
    MoveOver,
    NextLost,
    NextReady,
    Recall,
    Recalled,
    Role,
    SendUpdate,
    SpeechCommitted,
    SpeechStarted,
    UpstreamCongested,
    UpstreamLost,
    UpstreamMessage,
    UpstreamReady,
    UpstreamRelieved,
    UserHeard,
    UserTranscribed,
)

MAX_ENTRIES: Final = 2_000
MAX_CHARS: Final = 512 * 1024
MAX_UNSETTLED: Final = 64
"""Lines of which it is not known yet how much was heard; and lines of which that is known before they are told."""

V = TypeVar("V")


@define(eq=False)
class Entry:
    """A line or a call, and how much it takes to remember."""

    what: ContextEntry
    chars: int


def put(unsettled: dict[str, V], item_id: str, what: V) -> None:
    """Keep something of an item, and forget the oldest where that is too much."""
    unsettled[item_id] = what
    if len(unsettled) > MAX_UNSETTLED:
        del unsettled[next(iter(unsettled))]


SIGNS_OF_LIFE: Final = frozenset(get_args(UpstreamMessage)) - {
    UpstreamReady,
    UpstreamLost,
    NextReady,
    NextLost,
    UpstreamCongested,
    UpstreamRelieved,
}
"""What only an upstream session that hears can say."""

WATCHED: Final = frozenset(
    {
        AppendAudio,
        CallsRecorded,
        ConversationLine,
        DialUpstream,
        LineRecorded,
        MoveOver,
        SendUpdate,
        UserHeard,
    }
)
"""What follows and is of importance here."""


class Memory:
    """
    The memory of one session.

    Args:
        input_rate_hz: samples a second of linear audio that goes upstream.
    """

    def __init__(self, input_rate_hz: int = DEFAULT_RATE_HZ) -> None:
        self._entries: deque[Entry] = deque()
        self._open: dict[str, Entry] = {}
        """Lines of the agent of which it is not known yet how much was heard, by their items."""
        self._early: dict[str, str] = {}
        """What was heard of lines that are not told yet: they wait for the user's words before them."""
        self._chars = 0
        self._earshot = Earshot(input_rate_hz)

    # --- looking on -------------------------------------------------------------------------------------------------

    def hear(self, message: Message) -> None:
        """Something happened; called before the rules decide what follows."""
        if type(message) not in SIGNS_OF_LIFE:
            return
        self._earshot.alive()
        match message:
            case SpeechStarted():
                self._earshot.started()
            case SpeechCommitted(item_id):
                self._earshot.committed(item_id)
            case UserTranscribed(item_id, text) if text.strip():
                self._earshot.written(item_id)
            case _:
                pass

    def watch(self, effect: Effect) -> None:
        """Something follows."""
        if type(effect) not in WATCHED:
            return
        match effect:
            case AppendAudio(pcm):
                self._earshot.take(pcm)
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
            case DialUpstream() | MoveOver():
                self._earshot.left()
            case SendUpdate(config=config):
                self._earshot.use(config.input_sound, keeps_all=isinstance(config.turn_end, ByPause))
            case _:
                pass

    def recall(self, what: Recall) -> Recalled:
        """All of it; the audio is then the caller's to send again, and is forgotten here."""
        unheard = self._earshot.recall(what.owed)
        entries: list[ContextEntry] = []
        texts: list[tuple[str, str]] = []
        for entry in self._entries:
            match entry.what:
                case ContextLine(Role.USER, text, item_id) if item_id in what.apart:
                    texts.append((item_id, text))
                case _:
                    entries.append(entry.what)
        gone = unheard.gone | (what.apart - {item_id for item_id, _ in texts})
        return Recalled(tuple(entries), unheard.audio, unheard.turns, tuple(texts), gone, unheard.missed_s)

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
