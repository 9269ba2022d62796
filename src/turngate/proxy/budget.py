"""
How many bytes all sessions may hold together, and who goes when it is too much.

Responsible for adding up what sessions say they hold, now and then rather than with every byte, and for shedding: at
85 % no new session, at 92 % those whose clients are silent end, at 95 % the one that holds most.

Must not know: what the bytes are, how a session ends.

Comes from: the sessions, each with its account. Goes to: the listener, which asks whether there is room, and whoever
has a clock, who asks it to look.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from attrs import define

from turngate.proxy.log import EventLog

MAX_BYTES: Final = 512 * 1024 * 1024
LOOK_EVERY_S: Final = 1.0
SILENT_S: Final = 15.0
"""How long a client has sent nothing that is shed before others: longer than clients wait between two signs of life."""


ROOM_AGAIN_S: Final = 5.0
"""When a client that there is no room for may come again."""


class Level(Enum):
    """How much is held, by the share from which on it is so."""

    PLENTY = 0.0
    SCARCE = 0.85
    SHORT = 0.92
    CRITICAL = 0.95


@define(eq=False)
class Holding:
    """One session's."""

    name: str
    held_bytes: Callable[[], int]
    silent_s: Callable[[], float]
    """How long its client has sent nothing."""
    shed: Callable[[], None]
    """Ends the session."""


class Budget:
    """What all sessions hold; the bound is one for shedding, and each session has bounds of its own besides."""

    def __init__(self, log: EventLog, max_bytes: int = MAX_BYTES) -> None:
        self.shed_count = 0
        """How many sessions were ended for want of room."""
        self.held_bytes = 0
        """At the last look."""
        self._log = log
        self._max_bytes = max_bytes
        self._accounts: dict[str, Holding] = {}

    @property
    def level(self) -> Level:
        """How much was held at the last look."""
        share = self.held_bytes / self._max_bytes
        return max((level for level in Level if share >= level.value), key=lambda level: level.value)

    def open(self, account: Holding) -> None:
        """A session begins."""
        self._accounts[account.name] = account

    def close(self, name: str) -> None:
        """A session has ended."""
        self._accounts.pop(name, None)

    def busy_s(self) -> float | None:
        """When a client that there is no room for may come again; ``None`` where there is."""
        return None if self.level is Level.PLENTY else ROOM_AGAIN_S

    def look(self) -> None:
        """Add up, and end whom there is no room for."""
        held = {name: account.held_bytes() for name, account in self._accounts.items()}
        self.held_bytes = sum(held.values())
        for name in self._who_goes(held):
            self.shed_count += 1
            self._log.warn("session.shed", session=name, held_bytes=held[name], all_bytes=self.held_bytes)
            self._accounts.pop(name).shed()

    def _who_goes(self, held: Mapping[str, int]) -> list[str]:
        match self.level:
            case Level.PLENTY | Level.SCARCE:
                return []
            case Level.SHORT:
                return [name for name in held if held[name] and self._accounts[name].silent_s() >= SILENT_S]
            case Level.CRITICAL:
                return [max(held, key=lambda name: held[name])]
