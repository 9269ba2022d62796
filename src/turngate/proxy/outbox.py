"""
What waits for a client that reads slowly.

Responsible for keeping order, for the bound, and for dropping the agent's audio when the user begins to speak.

Must not know: what a message says, who reads it.

The model speaks faster than real time, so that audio for a slow client piles up somewhere. It does so here, where it is
counted and can be dropped, rather than in the transport. The upstream goes on being read: its news of the user's speech
comes behind the same audio.
"""

from collections import deque
from enum import Enum

from turngate.proxy.ports import IConnection


class Kind(Enum):
    """What is sent; only audio is ever dropped."""

    TEXT = "text"
    AUDIO = "audio"


class Flow(Enum):
    """Whether the connection takes data."""

    OPEN = "open"
    CONGESTED = "congested"


class Outbox:
    """The way to one client: straight through while it reads, and a bounded queue while it does not."""

    __slots__ = ("_connection", "_flow", "_max_bytes", "_waiting", "dropped_bytes", "waiting_bytes")

    def __init__(self, connection: IConnection, max_bytes: int) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._flow = Flow.OPEN
        self._waiting: deque[tuple[Kind, bytes]] = deque()
        self.waiting_bytes = 0
        self.dropped_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether more waits than may."""
        return self.waiting_bytes > self._max_bytes

    def send(self, kind: Kind, payload: bytes) -> None:
        """Send now, or after all that waits."""
        if self._flow is Flow.OPEN and not self._waiting:
            self._pass_on(kind, payload)
        else:
            self._waiting.append((kind, payload))
            self.waiting_bytes += len(payload)

    def congested(self) -> None:
        """The connection takes no more."""
        self._flow = Flow.CONGESTED

    def relieved(self) -> None:
        """The connection takes data again; one message at a time, since it may fill up with any of them."""
        self._flow = Flow.OPEN
        if self._waiting:
            kind, payload = self._waiting.popleft()
            self.waiting_bytes -= len(payload)
            self._pass_on(kind, payload)

    @property
    def has_waiting(self) -> bool:
        """Whether :meth:`relieved` has more to do, should the connection still take data."""
        return self._flow is Flow.OPEN and bool(self._waiting)

    def drop_audio(self) -> None:
        """The user speaks: what the client has not been sent of the agent's speech, it is never to hear."""
        kept = deque(entry for entry in self._waiting if entry[0] is not Kind.AUDIO)
        if len(kept) == len(self._waiting):
            return
        before, self.waiting_bytes = self.waiting_bytes, sum(len(payload) for _, payload in kept)
        self.dropped_bytes += before - self.waiting_bytes
        self._waiting = kept

    def _pass_on(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.AUDIO:
            self._connection.send_binary(payload)
        else:
            self._connection.send_text(payload)
