"""
The parent of several workers, put together.

Responsible for what a proxy of several processes has once: the sockets that listen, the simulator, the log, the
operator's endpoint, what systemd is told; and for the order of its beginning and its end.

Must not know: sessions, the upstream's protocol, how a worker serves.

Comes from: ``tap.py``, in the place of ``whole.py``. Goes to: twistd.
"""

import atexit
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import ServerFactory
from twisted.logger import LogLevel

from turngate import __version__
from turngate.admin import Metrics
from turngate.admin.sums import families_of
from turngate.assembly.doors import admin_port, client_ports, take_up
from turngate.assembly.shared_settings import Renewing, check, secrets_of
from turngate.assembly.signals import stop
from turngate.assembly.upstream import simulated
from turngate.net.shared_quotas import SharedTables
from turngate.ops import config
from turngate.ops.certificates import Certificates
from turngate.ops.loading import Survey
from turngate.ops.logging import Log
from turngate.ops.notify import Notifier
from turngate.ops.pulse import Pulse
from turngate.proxy.ports import nothing
from turngate.simulator import Simulator
from turngate.workers.asking import Asking
from turngate.workers.crew import Crew
from turngate.workers.doorman import Doorman
from turngate.workers.posts import Events, Process, Stage
from turngate.workers.processes import WorkerProcess, inherited
from turngate.workers.whole_house import WholeHouse
from turngate.workers.words import Begin, Line


class CrewService(Service):
    """The parent: it listens and hands on, and serves nobody. Its sockets are bound already when it is made."""

    def __init__(
        self,
        reactor: Any,
        log: Log,
        settings: config.Config,
        ports: tuple[IListeningPort, ...],
        crew: Crew,
        simulator: Simulator | None,
        admin: IListeningPort | None = None,
    ) -> None:
        self.ports = ports
        self.admin = admin
        self.drain = crew
        self.reload: Callable[[], None] = nothing
        self._crew = crew
        self._doorman = Doorman(reactor, tuple(port.socket for port in ports), crew.place)  # type: ignore[attr-defined]  # of Twisted's ports
        self._pulse = Pulse(reactor, log)
        self._reactor = reactor
        self._log = log
        self._settings = settings
        self._simulator = simulator
        self._notifier = Notifier(os.environ, reactor)
        self._tell_started: Callable[[], None] = self._started
        crew.on_change = self._changed
        crew.on_line = self._line
        crew.on_give_up = self._gave_up

    def startService(self) -> None:
        """Twisted calls this when the reactor is about to run."""
        super().startService()
        take_up(self.ports, self.admin, self._settings, self._log)
        self._pulse.start()
        self._reactor.callWhenRunning(self._crew.start)

    def stopService(self) -> "Deferred[None]":
        """Twisted calls this at SIGTERM, and waits for the workers."""
        super().stopService()
        self._log.info("proxy.stopping", sessions=self._crew.sessions)
        self._notifier.stopping()
        done: Deferred[Any] = Deferred()
        self._crew.drain(lambda: done.callback(None))
        return done.addCallback(lambda _: self._stopped())

    def _changed(self) -> None:
        """A worker has come or gone: somebody takes connections, or they wait."""
        if self._crew.having(Stage.SERVING, Stage.DRAINING):
            self._doorman.open()
        else:
            self._doorman.close()
        if len(self._crew.having(Stage.SERVING)) == len(self._crew.posts):
            self._tell_started()

    def _started(self) -> None:
        # once
        self._tell_started = lambda: None
        upstream = config.SIMULATOR if self._simulator else self._settings.upstream.partition("?")[0]
        workers = len(self._crew.posts)
        self._log.info(
            "proxy.started", version=__version__, upstream=upstream, model=self._settings.model, workers=workers
        )
        self._notifier.ready()

    def _line(self, index: int, line: Line) -> None:
        """A line of a worker, in the one log."""
        level, log = LogLevel.lookupByName(line.level), self._log.logger
        if line.event is None:
            log.emit(level, "[worker {worker}] {words}", worker=index, words=line.words)
        else:
            log.emit(level, "{line}", line=line.words, event=line.event, fields=dict(line.fields))

    def _gave_up(self, words: str) -> None:
        self._log.error("proxy.gave_up", reason=words)
        # twistd knows no other end than a good one; and it is to tidy up before
        atexit.register(fail)
        stop(self._reactor)

    def _stopped(self) -> "Deferred[None]":
        self._log.info("proxy.stopped", sessions=self._crew.sessions)
        self._notifier.stopped()
        self._pulse.stop()
        self._doorman.close()
        if self._simulator is not None:
            self._simulator.stop()
        ports = (*self.ports, *(() if self.admin is None else (self.admin,)))
        closed = [maybeDeferred(port.stopListening) for port in ports]
        return DeferredList(closed, consumeErrors=True).addCallback(lambda _: None)


class Nobody(ServerFactory):
    """What listens in the parent, and is never asked."""

    noisy = False


def compose_crew(
    reactor: Any, settings: config.Config, again: Callable[[], Survey], environment: Mapping[str, str]
) -> CrewService:
    """
    The parent on a reactor, with its sockets bound; ``again`` reads the configuration another time.

    Raises:
        ConfigError: it cannot run; the line says why.
    """
    log = Log(settings.log_level)
    # what only workers need is looked at all the same, while the operator looks on
    check(settings)
    simulator, _, url = simulated(reactor, settings)
    ports = client_ports(reactor, settings, Nobody(), Certificates(log))
    for port in ports:
        # they are read by the doorman
        port.stopReading()  # type: ignore[attr-defined]  # of Twisted's ports

    renewing = Renewing(settings, again, log)
    tables = SharedTables.made(settings.quotas)

    def spawn(index: int, events: Events) -> Process:
        begin = Begin(
            index=index,
            of=settings.worker_count,
            settings=pickle.dumps(renewing.running),
            upstream_url=url if simulator is not None else None,
        )
        around = inherited(environment, secrets_of(settings))
        return WorkerProcess(reactor, events, begin, around, tables.descriptor)

    crew = Crew(settings.worker_count, spawn, reactor, log, settings.drain_s)
    asking = Asking(crew, reactor, log)
    house = WholeHouse(crew, asking, partial(families_of, Metrics().registry))
    crew.on_answer = asking.answered

    def lost(index: int) -> None:
        for tell in (tables.forget, asking.lost, house.lost):
            tell(index)

    crew.on_lost = lost
    admin = admin_port(reactor, settings, house, crew.unready) if settings.admin else None
    service = CrewService(reactor, log, settings, ports, crew, simulator, admin)
    service.reload = lambda: crew.reload(renewing.read())
    return service


def fail() -> None:
    """The end of the process with status 1."""
    sys.stdout.flush()
    os._exit(1)
