"""Fixtures of the whole proxy, for the ``conftest.py`` of every directory whose tests talk to it."""

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from proxy_rig import Rig
from twisted.internet import reactor

from turngate.net import use_reactor


@pytest.fixture(autouse=True)
def autobahn_on_this_reactor() -> Iterator[None]:
    """Autobahn's timers run where the tests do."""
    before = use_reactor(reactor)
    yield
    use_reactor(before)


@pytest_twisted.async_yield_fixture
async def rig() -> Any:
    """A proxy with a well-behaved simulator behind it."""
    running = await Rig().start()
    yield running
    await running.stop()


@pytest_twisted.async_yield_fixture
async def rigs() -> Any:
    """Proxies as a test wants them, each awaited: a callable that takes what a rig takes."""
    running: list[Rig] = []

    async def make(**how: Any) -> Rig:
        made = await Rig(**how).start()
        running.append(made)
        return made

    yield make
    for one in running:
        await one.stop()
