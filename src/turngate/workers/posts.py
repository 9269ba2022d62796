"""
The places of workers among the others, and who is in them.

Responsible for what is known of each, and for what a process has to do for the crew, and tells it.

Must not know: what follows from it.

Comes from and goes to: ``crew.py`` on one side, ``processes.py`` on the other.
"""

import socket
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from turngate.workers.handing import Handed
from turngate.workers.words import Beat, ToParent, ToWorker


class Process(Protocol):
    """A worker's process."""

    def tell(self, message: ToWorker) -> None:
        """Send a message."""

    def hand(self, connection: socket.socket, handed: Handed) -> bool:
        """Send a connection; false where it takes none now."""

    def kill(self) -> None:
        """End it at once."""


class Events(Protocol):
    """What is told of a process."""

    def heard(self, message: ToParent) -> None:
        """It said something."""

    def passed_on(self, connection: socket.socket, handed: Handed) -> None:
        """It wants another to serve a connection, which is the caller's to close."""

    def ended(self, how: str) -> None:
        """It is no more; called once, and nothing is called after it."""


Spawn = Callable[[int, Events], Process]
"""Start the worker of a place."""


class Stage(Enum):
    """How a place stands."""

    EMPTY = "nobody is in it for now"
    STARTING = "its worker begins"
    SERVING = "its worker takes connections"
    DRAINING = "its worker turns clients away, and ends"


class Keeper(Protocol):
    """Who is told what the workers say."""

    def heard(self, post: "Post", message: ToParent) -> None:
        """A worker said something."""

    def pass_on(self, sender: "Post", connection: socket.socket, handed: Handed) -> None:
        """A worker wants another to serve a connection."""

    def ended(self, post: "Post", how: str) -> None:
        """The process of a worker is no more."""


@define(eq=False)
class Post:
    """The place of one worker among the others, with who is in it."""

    index: int
    keeper: Keeper
    stage: Stage = Stage.EMPTY
    process: Process | None = None
    beat: Beat = field(factory=Beat)
    heard_s: float = 0.0
    """When its worker said something."""
    ready_s: float | None = None
    """When its worker began to serve."""
    handed: int = 0
    failures: int = 0
    """In a row."""
    words: str = ""
    """Why its worker could not begin."""
    again: IDelayedCall | None = None

    @property
    def load(self) -> int:
        """How many connections its worker has, with those that are on their way to it."""
        return self.beat.connections + self.handed - self.beat.received

    def heard(self, message: ToParent) -> None:
        """See :class:`Events`."""
        self.keeper.heard(self, message)

    def passed_on(self, connection: socket.socket, handed: Handed) -> None:
        """See :class:`Events`."""
        self.keeper.pass_on(self, connection, handed)

    def ended(self, how: str) -> None:
        """See :class:`Events`."""
        self.keeper.ended(self, how)
