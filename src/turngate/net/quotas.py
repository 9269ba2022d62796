"""
How many may be in at once, and how fast they may come.

Responsible for counting by any kind of name, with a memory that is bounded: who has nothing in and has not come lately
is forgotten.

Must not know: what is counted, who is refused.

Comes from: ``guard.py``, and goes back to it.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Final, Protocol, TypeAlias

from attrs import define, field, frozen
from attrs.validators import ge, gt

MAX_REMEMBERED: Final = 10_000
"""Names whose pace is remembered; beyond these, those are forgotten first that have not come for the longest."""


@frozen(kw_only=True)
class Quotas:
    """What clients may have. None of them can be switched off; a ``ValueError`` says so."""

    max_sessions: int = field(default=1000, validator=gt(0))
    """Of all clients together."""

    max_key_sessions: int = field(default=100, validator=gt(0))
    """Of one key, where the key does not say otherwise."""

    max_address_sessions: int = field(default=20, validator=gt(0))

    connects_per_s: float = field(default=5.0, validator=gt(0))
    """Of one key, and of one address, on the average ..."""

    connect_burst: int = field(default=20, validator=ge(1))
    """... and at once."""


@frozen
class Full:
    """There is no place in this name."""

    name: Hashable


Leave: TypeAlias = Callable[[], None]
"""Gives places back, once however often it is called."""


class CountsPlaces(Protocol):
    """Counts who is in."""

    def take(self, *limits: tuple[Hashable, int]) -> Leave | Full:
        """Take a place in each of these names that has fewer than so many; or in none of them."""


class KeepsPaces(Protocol):
    """Knows how fast each comes."""

    def wait_s(self, name: Hashable, now_s: float) -> float:
        """Let it come; or the seconds until it may, which are 0 if it came."""

    def change(self, per_s: float, burst: int, now_s: float) -> None:
        """Go by another measure from now on."""


@define
class Places:
    """Counts who is in, in this process."""

    taken: Counter[Hashable] = field(factory=Counter)

    def take(self, *limits: tuple[Hashable, int]) -> Leave | Full:
        """See :class:`CountsPlaces`."""
        for name, most in limits:
            if self.taken.get(name, 0) >= most:
                return Full(name)
        names = [name for name, _ in limits]
        self.taken.update(names)

        def leave() -> None:
            while names:
                self._give_back(names.pop())

        return leave

    def _give_back(self, name: Hashable) -> None:
        """Who has no place is forgotten."""
        self.taken[name] -= 1
        if self.taken[name] <= 0:
            del self.taken[name]


@define
class Paces:
    """
    How fast each comes: a bucket of ``burst`` tokens that fills with ``per_s``, kept as the time when it is full.

    It is that of this process. Full buckets are forgotten, which changes nothing; those that were not touched for long
    stand in front.
    """

    per_s: float
    burst: int
    max_remembered: int = MAX_REMEMBERED
    full_at_s: dict[Hashable, float] = field(factory=dict)

    def change(self, per_s: float, burst: int, now_s: float) -> None:
        """Fill by another measure; what each has taken it has taken, but nobody waits longer for it than a new one."""
        for name, full_at_s in self.full_at_s.items():
            taken = min(max(0.0, full_at_s - now_s) * self.per_s, burst)
            self.full_at_s[name] = now_s + taken / per_s
        self.per_s, self.burst = per_s, burst

    def wait_s(self, name: Hashable, now_s: float) -> float:
        """See :class:`KeepsPaces`."""
        self._forget(now_s)
        full_at_s = max(self.full_at_s.get(name, now_s), now_s)
        wait_s = wait_until_s(full_at_s, now_s, self.per_s, self.burst)
        if wait_s:
            return wait_s
        self.full_at_s.pop(name, None)
        self.full_at_s[name] = full_at_s + 1 / self.per_s
        return 0.0

    def _forget(self, now_s: float) -> None:
        while self.full_at_s:
            first = next(iter(self.full_at_s))
            if self.full_at_s[first] > now_s and len(self.full_at_s) < self.max_remembered:
                return
            del self.full_at_s[first]


def wait_until_s(full_at_s: float, now_s: float, per_s: float, burst: int) -> float:
    """How long until a bucket has a token; 0 where it has one."""
    wait_s = full_at_s - now_s - (burst - 1) / per_s
    # who comes in vain is not held against it, else a client that asks too often would never be let in
    return wait_s if wait_s > 1e-9 else 0.0
