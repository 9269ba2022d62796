"""
What is read again while sessions go on.

Responsible for all or nothing: everything that can be wrong is looked at before anything is changed. And for saying
what was changed, what is not, and what is wrong.

Must not know: where settings come from, what the rooms do with them.

Comes from: SIGHUP, by way of the service. Goes to: the guard, the listener, the log and the key of the upstream.
"""

import os
from collections.abc import Callable
from typing import Final

from attrs import frozen

from turngate.errors import ConfigError
from turngate.net import ClientListener, CurrentKey
from turngate.net.credentials import Judges
from turngate.net.guard import Guard
from turngate.ops import descriptors
from turngate.ops.config import Config
from turngate.ops.loading import Survey
from turngate.ops.logging import Log
from turngate.ops.renewing import Renewed, renewed
from turngate.proxy.log import EventLog

MAX_FAULTS: Final = 20
"""Of those that one line names."""


@frozen
class Parts:
    """What of a running proxy can be changed."""

    log: Log
    guard: Guard
    listener: ClientListener
    key: CurrentKey


class Reloading:
    """
    Takes what a configuration says now; to be called at SIGHUP.

    Args:
        running: what is in force.
        again: reads it again, from where it came from.
        judge_for: who knows the clients' credentials by a configuration, with their files read again.
        parts: where it is put in force.
        ensure: has as many files as so many connections of clients need.
    """

    def __init__(
        self,
        running: Config,
        again: Callable[[], Survey],
        judge_for: Callable[[Config], Judges | None],
        parts: Parts,
        ensure: Callable[[int], None] = descriptors.ensure,
    ) -> None:
        self.running = running
        """What is in force now."""
        self._again = again
        self._judge_for = judge_for
        self._parts = parts
        self._log = parts.log
        self._ensure = ensure

    def __call__(self) -> None:
        """Read, look at all of it, and only then change."""
        new = renewed(self.running, self._again(), os.environ)
        if isinstance(new, Renewed):
            self.take(new)
        else:
            broken(self._log, new)

    def take(self, new: Renewed) -> None:
        """Put a configuration in force that was read already."""
        try:
            judge = self._judge_for(new.config)
            self._ensure(new.config.max_connections)
        except ConfigError as error:
            broken(self._log, (str(error),))
            return
        self._take(new, judge)

    def _take(self, new: Renewed, judge: Judges | None) -> None:
        """Nothing here can be refused."""
        settings, parts = new.config, self._parts
        parts.guard.judge = judge
        parts.guard.change(settings.quotas)
        parts.listener.change(allowed_origins=settings.allowed_origins, max_connections=settings.max_connections)
        if settings.upstream_key != self.running.upstream_key:
            parts.key.change(settings.upstream_key)
        self.running = settings
        if new.left:
            self._log.warn("config.not_reloaded", settings=",".join(new.left))
        # by the level from before: who asks for fewer lines is told that it has them
        self._log.info("config.reloaded", settings=",".join(new.changed))
        parts.log.level.name = settings.log_level


def broken(log: EventLog, faults: tuple[str, ...]) -> None:
    """Say all that is wrong, in one line."""
    named = {f"fault_{number}": fault for number, fault in enumerate(faults[:MAX_FAULTS], 1)}
    log.error("config.broken", faults=len(faults), **named)
