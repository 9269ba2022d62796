"""
The bounded queue of messages before an actor, and what happens when it is full.

Responsible for order, bounds and loss. Must not know: actors, supervision, clocks. Messages come from
``_ref.py`` and due timers from ``_cell.py``; both go, in the order of their arrival, to ``_cell.py``.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen
from attrs.validators import ge

from turngate.actors._timers import Timer

M = TypeVar("M")


class Overflow(Enum):
    """What happens when a message finds no room. Each message lost is counted."""

    FAIL = "the message is lost and the actor fails"
    DROP_OLDEST = "the oldest messages are lost, until there is room"
    DROP_NEWEST = "the message is lost"


class MailboxFullError(Exception):
    """An actor with :attr:`Overflow.FAIL` was told more than its mailbox holds."""


@frozen
class Mailbox:
    """
    The bounds of a mailbox; due timers do not count.

    ``weigh`` returns a message's weight, not negative, in the unit of ``max_weight``, such as bytes; either both are
    given or neither is. A message that alone weighs more than ``max_weight`` is lost alone.
    """

    max_messages: int = field(default=1_024, validator=ge(1))
    max_weight: int | None = None
    weigh: Callable[[Any], int] | None = None
    overflow: Overflow = Overflow.FAIL

    def __attrs_post_init__(self) -> None:
        if (self.max_weight is None) != (self.weigh is None):
            raise ValueError("give both max_weight and weigh, or neither")


DEFAULT_MAILBOX: Final = Mailbox()


class Inbox(Generic[M]):
    """The queue itself; ``mail`` is for others to look at, not to change."""

    __slots__ = ("_bounds", "_due", "_weight", "_weights", "mail")

    def __init__(self, bounds: Mailbox) -> None:
        self._bounds = bounds
        self._due = 0  # timers in the mail
        self._weight = 0
        self._weights: deque[int] = deque()  # of the messages in the mail, where they are weighed
        self.mail: deque[M | Timer[M]] = deque()

    def put(self, message: M) -> int:
        """Queue a message within the bounds; return how many messages were lost, be it this one or older ones."""
        bounds = self._bounds
        if bounds.weigh is None and len(self.mail) - self._due < bounds.max_messages:
            self.mail.append(message)
            return 0
        weight = 0 if bounds.weigh is None else bounds.weigh(message)
        max_weight = weight if bounds.max_weight is None else bounds.max_weight
        lost = 0
        while len(self.mail) - self._due >= bounds.max_messages or self._weight + weight > max_weight:
            if bounds.overflow is not Overflow.DROP_OLDEST or weight > max_weight:
                return 1
            self._drop_oldest()
            lost += 1
        self.mail.append(message)
        if bounds.weigh is not None:
            self._weights.append(weight)
            self._weight += weight
        return lost

    def put_due(self, timer: Timer[M]) -> None:
        """Queue a timer whose time has come; there is always room, because an actor has one of a key."""
        self.mail.append(timer)
        self._due += 1

    def take(self) -> M | Timer[M]:
        """Return what came first; the mail must not be empty."""
        message = self.mail.popleft()
        if isinstance(message, Timer):
            self._due -= 1
        elif self._weights:
            self._weight -= self._weights.popleft()
        return message

    def clear(self) -> int:
        """Discard everything; return how many messages that were."""
        discarded = len(self.mail) - self._due
        self.mail.clear()
        self._weights.clear()
        self._due = self._weight = 0
        return discarded

    def _drop_oldest(self) -> None:
        index = next(index for index, queued in enumerate(self.mail) if not isinstance(queued, Timer))
        del self.mail[index]
        if self._weights:
            self._weight -= self._weights.popleft()
