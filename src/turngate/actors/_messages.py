"""
The values that the kernel itself hands out. None of them carries a message or the text of an exception.

Must not know: how any of this comes about. Comes from: ``_cell.py`` and ``_system.py``. Goes to: watchers, and the
callbacks and counters of an :class:`~turngate.actors.ActorSystem`.
"""

from collections import deque
from enum import Enum
from traceback import walk_tb
from typing import Any, Final, TypeVar

from attrs import frozen

from turngate.actors._ref import Ref
from turngate.actors._supervision import Moment

MAX_TRACEBACK_LINES: Final = 24
"""The innermost lines of a traceback that are kept; a runaway recursion has a thousand."""

M = TypeVar("M")


class Reason(Enum):
    """Why an actor ended."""

    STOPPED = "it was stopped"
    FAILED = "it failed"


@frozen
class ActorFailure:
    """A failure as data: an exception's own text may quote a message, and its frames keep messages alive."""

    actor: str
    moment: Moment
    error: str
    """The exception's type, with its module."""
    traceback: tuple[str, ...] = ()
    """``file:line in function``, innermost last."""


def capture(actor: str, moment: Moment, error: Exception) -> ActorFailure:
    """Return what may be kept of an exception."""
    lines = deque(
        (
            f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_qualname}"
            for frame, line in walk_tb(error.__traceback__)
        ),
        maxlen=MAX_TRACEBACK_LINES,
    )
    return ActorFailure(actor, moment, f"{type(error).__module__}.{type(error).__qualname__}", tuple(lines))


@frozen
class Ended:
    """An actor has ended; ``cause`` is the failure, its own or an escalated one, where ``reason`` is FAILED."""

    ref: Ref[Any]
    reason: Reason
    cause: ActorFailure | None = None


@frozen
class DeadLetter:
    """A message was told to an actor that had ended."""

    to: str
    message_type: str


@frozen
class Counts:
    """What an actor system has counted since it was made; ``alive`` is the number of actors that have not ended."""

    alive: int
    dead_letters: int
    discarded: int
    failures: int
    overflows: int
