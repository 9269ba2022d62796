"""
What waits for a client that reads slowly, or that has no connection.

Responsible for keeping order, for the bounds, for dropping the agent's audio when it is not to be heard, and for the
text that a client has missed.

Must not know: what a message says, who reads it.

The model speaks faster than real time, so that audio for a slow client piles up somewhere. It does so here, where it is
counted and can be dropped, rather than in the transport. The upstream goes on being read: its news of the user's speech
comes behind the same audio.

What was handed to a connection that breaks may have been received or not. The texts are counted, and the newest of them
kept, so that a client that comes back and says how many it has received is sent the others again.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from turngate.proxy.ports import IConnection


@frozen
class Text:
    """A text message; it is never dropped."""

    payload: bytes = field(repr=False)


@frozen
class Audio:
    """A piece of the agent's speech, in the client's own format."""

    payload: bytes = field(repr=False)
    item_id: str = ""
    """The item of the conversation that it belongs to."""
    duration_ms: float = 0.0


Parcel: TypeAlias = Text | Audio


class Flow(Enum):
    """Whether the connection takes data."""

    OPEN = "open"
    CONGESTED = "congested"
    ABSENT = "there is no connection"


@frozen
class Keep:
    """
    How much text is kept for a client that may come back: of what was sent, and of what comes while it is away.

    More than that of what was sent is forgotten, the oldest first; with more than that of what comes the outbox is
    full. What waited already when the connection was lost is kept beside, within the bound for one that does not read.
    """

    messages: int = 0
    message_bytes: int = 0


NOTHING: Keep = Keep()


class Outbox:
    """
    The way to one client: straight through while it reads, and a bounded queue while it does not.

    ``on_audio`` is called with every piece of audio that was handed to the connection.
    """

    __slots__ = (
        "_connection",
        "_flow",
        "_keep",
        "_max_bytes",
        "_on_audio",
        "_sent",
        "_sent_bytes",
        "_sent_count",
        "_waited_bytes",
        "_waited_count",
        "_waiting",
        "dropped_bytes",
        "waiting_bytes",
    )

    def __init__(
        self, connection: IConnection, max_bytes: int, on_audio: Callable[[Audio], None], keep: Keep = NOTHING
    ) -> None:
        self._connection = connection
        self._keep = keep
        self._sent: deque[Text] = deque()
        self._sent_bytes = 0
        self._sent_count = 0
        self._max_bytes = max_bytes
        self._on_audio = on_audio
        self._flow = Flow.OPEN
        self._waiting: deque[Parcel] = deque()
        self._waited_count = 0
        self._waited_bytes = 0
        """What waited when the connection was lost."""
        self.waiting_bytes = 0
        self.dropped_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether more waits than may."""
        if self.waiting_bytes > self._max_bytes:
            return True
        if self._flow is not Flow.ABSENT:
            return False
        came, came_bytes = len(self._waiting) - self._waited_count, self.waiting_bytes - self._waited_bytes
        return came > self._keep.messages or came_bytes > self._keep.message_bytes

    @property
    def held_bytes(self) -> int:
        """What waits, and what was sent and is kept."""
        return self.waiting_bytes + self._sent_bytes

    @property
    def is_absent(self) -> bool:
        """Whether there is no connection."""
        return self._flow is Flow.ABSENT

    @property
    def has_waiting(self) -> bool:
        """Whether :meth:`send_next` has something to do."""
        return self._flow is Flow.OPEN and bool(self._waiting)

    @property
    def has_audio(self) -> bool:
        """Whether audio waits."""
        return any(isinstance(parcel, Audio) for parcel in self._waiting)

    def send(self, parcel: Parcel) -> None:
        """Send now, or after all that waits."""
        if self._flow is Flow.OPEN and not self._waiting:
            self._pass_on(parcel)
        else:
            self._waiting.append(parcel)
            self.waiting_bytes += len(parcel.payload)

    def congested(self) -> None:
        """The connection takes no more."""
        if self._flow is not Flow.ABSENT:
            self._flow = Flow.CONGESTED

    def relieved(self) -> None:
        """The connection takes data again: send the next, as long as there is one and it does."""
        if self._flow is not Flow.ABSENT:
            self._flow = Flow.OPEN

    def lost(self) -> list[Audio]:
        """There is no connection: text waits, and audio is dropped; this is what was."""
        self._flow = Flow.ABSENT
        dropped = self.drop_audio()
        self._waited_count, self._waited_bytes = len(self._waiting), self.waiting_bytes
        return dropped

    def found(self, connection: IConnection, received: int | None) -> int:
        """
        There is another connection: send what the client has missed, by :meth:`send_next`.

        Args:
            connection: the new one.
            received: how many texts the client has received; ``None`` stands for all that were sent.

        Returns:
            How many texts the client has missed that are not kept.
        """
        self._connection = connection
        self._flow = Flow.OPEN
        forgotten = self._sent_count - len(self._sent)
        received = self._sent_count if received is None else min(received, self._sent_count)
        for _ in range(min(self._sent_count - received, len(self._sent))):
            again = self._sent.pop()
            self._sent_bytes -= len(again.payload)
            self._sent_count -= 1
            self._waiting.appendleft(again)
            self.waiting_bytes += len(again.payload)
        return max(0, forgotten - received)

    def send_next(self) -> None:
        """Send one of those that wait, and no more: the connection may fill up with any of them."""
        if self.has_waiting:
            parcel = self._waiting.popleft()
            self.waiting_bytes -= len(parcel.payload)
            self._pass_on(parcel)

    def drop_audio(self) -> list[Audio]:
        """What the client has not been sent of the agent's speech it is never to hear; this is what was dropped."""
        dropped = [parcel for parcel in self._waiting if isinstance(parcel, Audio)]
        if dropped:
            self._waiting = deque(parcel for parcel in self._waiting if isinstance(parcel, Text))
            size = sum(len(parcel.payload) for parcel in dropped)
            self.waiting_bytes -= size
            self.dropped_bytes += size
        return dropped

    def _pass_on(self, parcel: Parcel) -> None:
        if isinstance(parcel, Audio):
            self._connection.send_binary(parcel.payload)
            self._on_audio(parcel)
        else:
            self._remember(parcel)
            self._connection.send_text(parcel.payload)

    def _remember(self, text: Text) -> None:
        self._sent_count += 1
        self._sent.append(text)
        self._sent_bytes += len(text.payload)
        while len(self._sent) > self._keep.messages or self._sent_bytes > self._keep.message_bytes:
            self._sent_bytes -= len(self._sent.popleft().payload)
