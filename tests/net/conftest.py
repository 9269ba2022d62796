"""Always on: Autobahn's timers on our clock and put back, no leftover call, no fault that was not looked at."""

from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock
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
