"""
The service that twistd runs.

Responsible for the beginning and the end: what is said when the proxy starts, and in which order it stops.

Must not know: how its parts were made.

Comes from: ``whole.py``. Goes to: twistd.
"""

import os
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort

from turngate import __version__
from turngate.assembly.doors import take_up
from turngate.ops import config
from turngate.ops.drain import Drain
from turngate.ops.logging import Log
from turngate.ops.notify import Notifier
from turngate.ops.pulse import Pulse
from turngate.proxy.reception import Reception
from turngate.simulator import Simulator


class TurngateService(Service):
    """The running proxy. Its sockets are bound already when it is made."""

    def __init__(
        self,
        reactor: Any,
        log: Log,
        settings: config.Config,
        ports: tuple[IListeningPort, ...],
        reception: Reception,
        simulator: Simulator | None,
        *,
        drain: Drain,
        admin: IListeningPort | None = None,
        on_lag: Callable[[float], None] = lambda _lag_s: None,
    ) -> None:
        self.ports = ports
        self.reception = reception
        self.drain = drain
        self.reload: Callable[[], None] = lambda: None
        """Reads again what may change while sessions go on."""
        self.admin = admin
        self._pulse = Pulse(reactor, log, on_lag)
        self._reactor = reactor
        self._log = log
        self._settings = settings
        self._simulator = simulator
        self._notifier = Notifier(os.environ, reactor)

    def startService(self) -> None:
        """Twisted calls this when the reactor is about to run."""
        super().startService()
        take_up(self.ports, self.admin, self._settings, self._log)
        self._pulse.start()
        self._reactor.callWhenRunning(self._started)

    def stopService(self) -> "Deferred[None]":
        """Twisted calls this at SIGTERM, and waits: take nobody in, let every session end, and be done in time."""
        super().stopService()
        self._log.info("proxy.stopping", sessions=self.reception.sessions)
        self._notifier.stopping()
        done: Deferred[Any] = Deferred()
        self.drain.begin(lambda: done.callback(None))
        return done.addCallback(lambda _: self._stopped())

    def _started(self) -> None:
        upstream = config.SIMULATOR if self._simulator else self._settings.upstream.partition("?")[0]
        self._log.info("proxy.started", version=__version__, upstream=upstream, model=self._settings.model)
        self._notifier.ready()

    def _stopped(self) -> "Deferred[None]":
        self._log.info("proxy.stopped", sessions=self.reception.sessions)
        self._notifier.stopped()
        self._pulse.stop()
        if self._simulator is not None:
            self._simulator.stop()
        # until now clients were told to come again; a socket of the file system is removed only when this is waited for
        ports = (*self.ports, *(() if self.admin is None else (self.admin,)))
        closed = [maybeDeferred(port.stopListening) for port in ports]
        return DeferredList(closed, consumeErrors=True).addCallback(lambda _: None)
