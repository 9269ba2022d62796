"""
What an actor is, and what it may do.

Responsible for the two classes that an author of actors meets. Must not know: how any of it is done (``_cell.py``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from turngate.actors._mailbox import DEFAULT_MAILBOX, Mailbox
from turngate.actors._messages import Ended
from turngate.actors._ref import Ref, cell_of
from turngate.actors._supervision import WhenChildFails

if TYPE_CHECKING:
    from turngate.actors._cell import Cell

M = TypeVar("M")
N = TypeVar("N")


class Context(Generic[M]):
    """An actor's hands; its own only, and never to be passed on. After the actor's stop they do nothing."""

    __slots__ = ("_cell", "self_ref")

    self_ref: Ref[M]

    def __init__(self, cell: "Cell[M]", self_ref: Ref[M]) -> None:
        self._cell = cell
        self.self_ref = self_ref

    def spawn(
        self,
        actor: "Actor[N]",
        name: str,
        *,
        mailbox: Mailbox = DEFAULT_MAILBOX,
        when_fails: WhenChildFails = WhenChildFails.STOP,
    ) -> Ref[N]:
        """
        Make a child, which starts in a turn of its own.

        Raises:
            ValueError: The name is empty, has a slash, or is that of a living child.
            RuntimeError: This actor is stopping.
        """
        return self._cell.spawn(actor, name, mailbox, when_fails)

    def stop(self, ref: Ref[Any] | None = None) -> None:
        """
        Stop a child, or this actor itself; the message in progress is finished, and none is received after it.

        Raises:
            ValueError: The ref is alive, and neither this actor nor its child.
        """
        self._cell.stop_own(self._cell if ref is None else cell_of(ref))

    def watch(self, ref: Ref[Any], to_message: Callable[[Ended], M]) -> None:
        """Receive what ``to_message`` returns, once, when the other has ended; watching again replaces it."""
        self._cell.watch(ref, to_message)

    def unwatch(self, ref: Ref[Any]) -> None:
        """Do not receive it, even if the other has ended already."""
        self._cell.unwatch(ref)

    def set_timer(self, key: Hashable, delay_s: float, message: M) -> None:
        """
        Receive a message after a while; setting a key again replaces its message and its time.

        Raises:
            ValueError: The delay is negative or not a number.
        """
        self._cell.set_timer(key, delay_s, message)

    def cancel_timer(self, key: Hashable) -> None:
        """Do not receive the message of this key, even if it is queued already."""
        self._cell.timers.cancel(key)

    def seconds(self) -> float:
        """Return the time of the injected clock."""
        return self._cell.schedule.clock.seconds()


class Actor(ABC, Generic[M]):
    """State, and how it changes by messages. An instance is spawned once."""

    def on_start(self, context: Context[M]) -> None:
        """Called once, before the first message; not called if the actor is stopped before its first turn."""

    @abstractmethod
    def receive(self, context: Context[M], message: M) -> None:
        """Called with one message at a time."""

    def on_stop(self, context: Context[M]) -> None:
        """Called exactly once on every ending, also after a failure (of the start, too), when all children ended."""
