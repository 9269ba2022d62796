"""Always on: Autobahn's timers on our clock and put back, no leftover call, no fault that was not looked at."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_twisted
from socket_rig import Town, busy, the_reactor, until
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher

from turngate.net._autobahn import use_reactor


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that our timers and Autobahn's run on; nothing may be left on it."""
    clock = Clock()
    before = use_reactor(clock)
    yield clock
    use_reactor(before)
    assert clock.getDelayedCalls() == []


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[str]]:
    """Every event at warning or above; a test that expects one takes it out."""
    events: list[str] = []

    def observe(event: LogEvent) -> None:
        if event.get("log_level") in {LogLevel.warn, LogLevel.error, LogLevel.critical}:
            events.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)
    assert events == []


@pytest.fixture
def everything_logged() -> Iterator[list[str]]:
    """Every event of Twisted's log, at any level, with all that is in it."""
    events: list[str] = []

    def observe(event: LogEvent) -> None:
        events.append(repr(event))

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


@pytest_twisted.async_yield_fixture
async def town() -> AsyncIterator[Town]:
    """A place to listen; in the end the reactor has no more to do than before."""
    before_loop = use_reactor(the_reactor)
    await deferToThread(lambda: None)  # the thread pool has a socket of its own
    before = busy()
    town = Town()
    yield town
    for port in town.ports:
        await port.stopListening()
    await until(lambda: busy() <= before)
    use_reactor(before_loop)
