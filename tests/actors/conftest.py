from collections.abc import Iterator

import pytest
from scripted_actors import Log, Scripted
from twisted.internet.task import Clock

from turngate.actors import Ref
from turngate.actors.testing import TestSystem


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def system(clock: Clock) -> Iterator[TestSystem]:
    """A system that must be left clean, but for actors that are alive."""
    with TestSystem(clock, may_live=True) as system:
        yield system


@pytest.fixture
def log() -> Log:
    """What happened, in order, to all scripted actors of a test."""
    return []


@pytest.fixture
def spawn(system: TestSystem, log: Log):
    """Spawn a scripted actor at the top."""

    def spawn(name: str, *, starts=None, stops=None, **options) -> Ref:
        return system.spawn(Scripted(log, name, starts=starts, stops=stops), name, **options)

    return spawn
