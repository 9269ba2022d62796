"""
The same counts as in ``quotas.py``, of several processes together: tables in memory that all of them share.

Responsible for limits that hold for the whole at every moment, and for places that come back when a process has died.

Must not know: who is refused, what the processes are to each other.

Comes from: the parent, which makes the file; processes that it starts inherit it. Goes to: ``guard.py``.

A table is small enough to be looked through: a row for each session, and one for each name that has come lately. Who
takes a place or a token holds the file's lock meanwhile, some twenty microseconds; the lock of a process that dies is
free, and so is a row that it had begun to write, which has its number first and its names after.
"""

import fcntl
import mmap
import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from turngate.net.quotas import MAX_REMEMBERED, Full, Leave, Quotas, wait_until_s

MAX_ROWS: Final = 100_000
"""More sessions than there may be. Pages of the file that nobody has written are not there."""
NAMES: Final = 3
"""In which a session has a place: of all, of its key, of its address."""
SECRET_BYTES: Final = 16
BYTES: Final = SECRET_BYTES + MAX_ROWS * (NAMES * 8 + 4) + MAX_REMEMBERED * 16

Digest: TypeAlias = int


class SharedTables:
    """
    The file, as one process sees it.

    Args:
        descriptor: of the file; it is this object's from now on.
        quotas: as they were when it was made.
        owner: the number of this process among those that share it.
    """

    def __init__(self, descriptor: int, quotas: Quotas, owner: int = 0) -> None:
        self.descriptor = descriptor
        self._owner = owner + 1
        self._rows = quotas.max_sessions
        """So many are looked at."""
        self._memory = mmap.mmap(descriptor, BYTES)
        self._secret = bytes(self._memory[:SECRET_BYTES])

        def column(kind: Any, count: int, offset: int) -> tuple[NDArray[Any], int]:
            array = np.frombuffer(self._memory, kind, count, offset)
            return array, offset + array.nbytes

        self._names, offset = column(np.uint64, MAX_ROWS * NAMES, SECRET_BYTES)
        """Three of each row; nothing where it is free."""
        self._comers, offset = column(np.uint64, MAX_REMEMBERED, offset)
        self._full_at_s, offset = column(np.float64, MAX_REMEMBERED, offset)
        self._owners, offset = column(np.int32, MAX_ROWS, offset)
        self.places = SharedPlaces(self)
        self.paces = SharedPaces(self, quotas)

    @classmethod
    def made(cls, quotas: Quotas) -> "SharedTables":
        """A new file, which goes when the last process has closed it."""
        descriptor = os.memfd_create("turngate", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, BYTES)
        os.pwrite(descriptor, os.urandom(SECRET_BYTES), 0)
        return cls(descriptor, quotas)

    def forget(self, owner: int) -> None:
        """Give back what a process had that has died."""
        with self._locked():
            for row in np.flatnonzero(self._owners == owner + 1):
                self.give_back(int(row))

    def count(self, name: Hashable) -> int:
        """How many places somebody has."""
        return self._count(self._digest(name))

    def take(self, limits: tuple[tuple[Hashable, int], ...]) -> int | Full:
        """A row with these names, of which the first has all; or the one in which there is no place."""
        # the limit may have been raised meanwhile; where it was lowered, those above it are there still
        self._rows = max(self._rows, min(limits[0][1], MAX_ROWS))
        named = [(name, most, self._digest(name)) for name, most in limits]
        with self._locked():
            for name, most, digest in named:
                if self._count(digest) >= most:
                    return Full(name)
            row = int(np.argmin(self._owners[: self._rows]))
            if self._owners[row]:
                return Full(limits[0][0])
            self._owners[row] = self._owner
            self._names[row * NAMES : row * NAMES + len(named)] = [digest for *_, digest in named]
            return row

    def give_back(self, row: int) -> None:
        """The session of a row is over."""
        self._names[row * NAMES : (row + 1) * NAMES] = 0
        self._owners[row] = 0

    def come(self, name: Hashable, now_s: float, per_s: float, burst: int) -> float:
        """See :class:`turngate.net.quotas.KeepsPaces`."""
        digest = self._digest(name)
        with self._locked():
            found = np.flatnonzero(self._comers == digest)
            row = int(found[0]) if found.size else int(np.argmin(self._full_at_s))
            # no fuller than full, though it may have been written by another measure
            known_s = min(float(self._full_at_s[row]), now_s + burst / per_s) if found.size else now_s
            full_at_s = max(known_s, now_s)
            wait_s = wait_until_s(full_at_s, now_s, per_s, burst)
            if not wait_s:
                self._comers[row] = digest
                self._full_at_s[row] = full_at_s + 1 / per_s
            return wait_s

    def _count(self, digest: Digest) -> int:
        return int(np.count_nonzero(self._names[: self._rows * NAMES] == digest))

    def _digest(self, name: Hashable) -> Digest:
        return int.from_bytes(blake2b(repr(name).encode(), digest_size=8, key=self._secret).digest())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # not flock, which processes share that have inherited the file
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self.descriptor, fcntl.LOCK_UN)


class SharedPlaces:
    """Provides :class:`turngate.net.quotas.CountsPlaces`."""

    def __init__(self, tables: SharedTables) -> None:
        self._tables = tables

    def take(self, *limits: tuple[Hashable, int]) -> Leave | Full:
        """See :class:`turngate.net.quotas.CountsPlaces`."""
        row = self._tables.take(limits)
        if isinstance(row, Full):
            return row
        rows = [row]

        def leave() -> None:
            while rows:
                self._tables.give_back(rows.pop())

        return leave


class SharedPaces:
    """Provides :class:`turngate.net.quotas.KeepsPaces`; all processes have the same clock."""

    def __init__(self, tables: SharedTables, quotas: Quotas) -> None:
        self._tables = tables
        self._per_s = quotas.connects_per_s
        self._burst = quotas.connect_burst

    def wait_s(self, name: Hashable, now_s: float) -> float:
        """See :class:`turngate.net.quotas.KeepsPaces`."""
        return self._tables.come(name, now_s, self._per_s, self._burst)

    def change(self, per_s: float, burst: int, now_s: float) -> None:
        """See :class:`turngate.net.quotas.KeepsPaces`; what stands in the table is read by the new measure."""
        self._per_s, self._burst = per_s, burst
