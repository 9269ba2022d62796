"""
What waits for a client that reads slowly.

Responsible for keeping order, for the bound, and for dropping the agent's audio when it is not to be heard.

Must not know: what a message says, who reads it.

The model speaks faster than real time, so that audio for a slow client piles up somewhere. It does so here, where it is
counted and can be dropped, rather than in the transport. The upstream goes on being read: its news of the user's speech
comes behind the same audio.
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


class Outbox:
    """
    The way to one client: straight through while it reads, and a bounded queue while it does not.

    ``on_audio`` is called with every piece of audio that was handed to the connection.
    """

    __slots__ = ("_connection", "_flow", "_max_bytes", "_on_audio", "_waiting", "dropped_bytes", "waiting_bytes")

    def __init__(self, connection: IConnection, max_bytes: int, on_audio: Callable[[Audio], None]) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._on_audio = on_audio
        self._flow = Flow.OPEN
        self._waiting: deque[Parcel] = deque()
        self.waiting_bytes = 0
        self.dropped_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether more waits than may."""
        return self.waiting_bytes > self._max_bytes

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
        self._flow = Flow.CONGESTED

    def relieved(self) -> None:
        """The connection takes data again: send the next, as long as there is one and it does."""
        self._flow = Flow.OPEN

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
            self._connection.send_text(parcel.payload)
