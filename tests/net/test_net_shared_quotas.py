"""The limits of several processes together; here, two views of one file."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from turngate.net.quotas import Full, Paces, Quotas
from turngate.net.shared_quotas import SharedTables

QUOTAS = Quotas(max_sessions=4, connects_per_s=5, connect_burst=3)


@pytest.fixture
def parent() -> Iterator[SharedTables]:
    tables = SharedTables.made(QUOTAS)
    yield tables
    os.close(tables.descriptor)


@pytest.fixture
def two(parent: SharedTables) -> tuple[SharedTables, SharedTables]:
    """As two workers see it."""
    first, second = (SharedTables(parent.descriptor, QUOTAS, owner) for owner in (0, 1))
    return first, second


def test_places_are_those_of_all(two: tuple[SharedTables, SharedTables]) -> None:
    """Of a name, and of all together; one that is given back is there for both, and once."""
    first, second = two
    one = first.places.take(("all", 4), ("phone", 2))
    two_more = [second.places.take(("all", 4), ("phone", 2)), second.places.take(("all", 4), ("other", 2))]
    assert first.places.take(("all", 4), ("phone", 2)) == Full("phone")
    assert callable(first.places.take(("all", 4)))
    assert second.places.take(("all", 4), ("third", 2)) == Full("all")
    assert not isinstance(one, Full)
    one()
    assert callable(second.places.take(("all", 4), ("third", 2)))
    one()
    assert first.count("all") == 4
    for leave in two_more:
        assert not isinstance(leave, Full)
        leave()
    assert (first.count("all"), second.count("phone")) == (2, 0)


def test_places_of_a_process_that_has_died_come_back(parent: SharedTables) -> None:
    """Those of others stay."""
    first, second = (SharedTables(parent.descriptor, QUOTAS, owner) for owner in (0, 1))
    first.places.take(("all", 4), ("phone", 2))
    second.places.take(("all", 4), ("phone", 2))
    parent.forget(0)
    assert (parent.count("all"), parent.count("phone")) == (1, 1)


def test_limit_of_all_may_be_raised_and_lowered_while_sessions_are_open(two: tuple[SharedTables, SharedTables]) -> None:
    """Those that are above it count."""
    first, second = two
    for _ in range(6):
        assert callable(first.places.take(("all", 6)))
    assert second.places.take(("all", 6)) == Full("all")
    assert callable(second.places.take(("all", 7)))
    assert first.places.take(("all", 2)) == Full("all")


def test_pace_is_that_of_all(two: tuple[SharedTables, SharedTables]) -> None:
    """As if there were one process."""
    alone = Paces(QUOTAS.connects_per_s, QUOTAS.connect_burst)
    for number, now_s in enumerate([100.0, 100.0, 100.0, 100.0, 100.1, 100.19, 100.21, 100.5, 103.0, 103.0, 103.0]):
        assert two[number % 2].paces.wait_s("a", now_s) == pytest.approx(alone.wait_s("a", now_s))
    assert two[0].paces.wait_s("b", 103.0) == 0


def test_pace_may_be_another_one_later(two: tuple[SharedTables, SharedTables]) -> None:
    """Nobody waits longer for what it took before than one that took all of it by the new measure."""
    first, _ = two
    first.paces.change(0.001, 10, 0.0)
    for _ in range(10):
        assert first.paces.wait_s("a", 100.0) == 0
    assert first.paces.wait_s("a", 100.0) == pytest.approx(1000.0)
    first.paces.change(10, 5, 100.0)
    assert first.paces.wait_s("a", 100.0) == pytest.approx(0.1)


def test_paces_forget_who_means_nothing_any_more(two: tuple[SharedTables, SharedTables]) -> None:
    """However many come, those who came lately and often are remembered."""
    first, second = two
    for _ in range(3):
        first.paces.wait_s("hasty", 1000.0)
    for name in range(200):
        second.paces.wait_s(name, 1000.0)
    assert first.paces.wait_s("hasty", 1000.0) > 0


PROGRAM = """
import fcntl
import sys
from turngate.net.quotas import Full, Quotas
from turngate.net.shared_quotas import SharedTables
tables = SharedTables(int(sys.argv[1]), Quotas(max_sessions=300), int(sys.argv[2]))
try:
    fcntl.lockf(tables.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("the table is not locked", flush=True)
except OSError:
    print("ready", flush=True)
sys.stdin.readline()
taken = 0
for _ in range(400):
    taken += not isinstance(tables.places.take(("all", 250), ("key", 200)), Full)
print(taken, flush=True)
sys.stdin.readline()
"""


def started(descriptor: int, owner: int) -> "subprocess.Popen[str]":
    """A process that takes places when it is told to."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(descriptor), str(owner)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=[descriptor],
    )


def test_limit_is_met_and_not_exceeded_by_processes_at_the_same_time() -> None:
    """Two that take as fast as they can; of the one that is killed then, all comes back."""
    quotas = Quotas(max_sessions=300)
    tables = SharedTables.made(quotas)
    with tables._locked():
        other = started(tables.descriptor, 0)
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    other.stdin.write("go\n")
    other.stdin.flush()
    here = SharedTables(tables.descriptor, quotas, 1)
    mine = sum(callable(here.places.take(("all", 250), ("key", 200))) for _ in range(400))
    its = int(other.stdout.readline())
    assert mine + its == tables.count("key") == 200
    other.kill()
    other.communicate()
    tables.forget(0)
    assert tables.count("key") == tables.count("all") == mine
    os.close(tables.descriptor)
