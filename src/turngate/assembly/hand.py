"""
One worker, put together: a whole proxy but for the sockets that listen.

Responsible for a worker's beginning, its signs of life and its end, and for its lines, which the parent writes.

Must not know: other workers, how it was started.

Comes from: ``worker.py``, with the parent's first message. Goes to: the parent, by the channel.
"""

import pickle
import socket
from functools import partial
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import ILogObserver, LogEvent, formatEvent
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from turngate.admin.sums import families_of
from turngate.assembly.signals import stop, take_reload, take_signals
from turngate.assembly.whole import Share, assembled
from turngate.errors import ConfigError
from turngate.net import Limits
from turngate.net.shared_quotas import SharedTables
from turngate.ops.certificates import PREFIX as TLS
from turngate.ops.certificates import Certificates
from turngate.ops.config import Config
from turngate.ops.drain import CLOSE_WITHIN_S
from turngate.ops.loading import Survey
from turngate.ops.pulse import Pulse
from turngate.ops.renewing import Renewed
from turngate.proxy.ports import nothing
from turngate.workers.channel import Channel
from turngate.workers.handing import Handed, Taker, adopted, hand
from turngate.workers.owners import new_id
from turngate.workers.processes import TABLES_FD
from turngate.workers.relays import Arrivals, Relays
from turngate.workers.sorting import Sorter
from turngate.workers.words import Answered, Ask, Beat, Begin, Drain, Hurry, Line, Ready, Reload, ToWorker, What

BEAT_EVERY_S: Final = 0.5


class Hand:
    """
    A worker that serves.

    Args:
        reactor: it lives on it until both end.
        channel: to the parent.
        handing: where connections come from.
        begin: who it is.

    Raises:
        ConfigError: it cannot run; the line says why.
    """

    def __init__(self, reactor: Any, channel: Channel[ToWorker], handing: socket.socket, begin: Begin) -> None:
        settings: Config = pickle.loads(begin.settings)  # noqa: S301 - its parent has written it, and nobody else can
        share = share_of(begin, SharedTables(TABLES_FD, settings.quotas, begin.index))
        # it is the parent that reads another time, and says what is new
        self._proxy = assembled(reactor, settings, share, lambda: Survey({}, (), settings))
        listener = self._proxy.listener.factory
        self._relays = Relays(reactor, partial(hand, handing))
        most = Limits().handshake_max_bytes
        sorter = Sorter(listener, begin.index, begin.of, most, self._relays.begin) if settings.resume_s else listener
        self._factories = tuple(factory_at(endpoint, sorter, self._proxy.certificates) for endpoint in settings.listen)
        self._reactor = reactor
        self._channel = channel
        self._taker = Taker(reactor, handing, self._take)
        self._pulse = Pulse(reactor, self._proxy.log, self._proxy.metrics.lagged)

    def start(self) -> None:
        """Take connections; the reactor runs."""
        take_signals(self._reactor, self._proxy.drain)
        # the parent reads, where it has got this signal too
        take_reload(self._reactor, nothing)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._drained)
        self._pulse.start()
        self._taker.start()
        self._proxy.log.info("worker.started")
        self._channel.tell(Ready())
        self._beat()

    def heard(self, message: ToWorker) -> None:
        """The parent said something."""
        match message:
            case Drain():
                stop(self._reactor)
            case Hurry():
                self._proxy.drain.hurry()
                stop(self._reactor)
            case Reload():
                self._proxy.read_again(partial(self._take_settings, message.renewed))
            case Ask():
                self._channel.tell(self._answered(message))
            case Begin():
                pass

    def _take_settings(self, written: bytes | None) -> None:
        if written is not None:
            new: Renewed = pickle.loads(written)  # noqa: S301 - its parent has written it, and nobody else can
            self._proxy.reloading.take(new)

    def _answered(self, ask: Ask) -> Answered:
        match ask.what:
            case What.METRICS:
                return Answered(ask.number, metrics=families_of(self._proxy.metrics.registry))
            case What.SESSIONS:
                return Answered(ask.number, sessions=self._proxy.house.entries())
            case What.USAGE:
                return Answered(ask.number, usage=self._proxy.house.usage())
            case What.DISMISS:
                return Answered(ask.number, was_there=self._proxy.reception.dismiss(ask.name))

    def _take(self, connection: socket.socket, handed: Handed) -> None:
        if handed.to is None:
            adopted(self._reactor, connection, self._factories[handed.endpoint])
        else:
            adopted(self._reactor, connection, Arrivals(self._proxy.listener.factory, handed))

    def _beat(self) -> None:
        self._reactor.callLater(BEAT_EVERY_S, self._beat)
        self._tell_beat()

    def _tell_beat(self) -> None:
        self._channel.tell(
            Beat(
                received=self._taker.taken,
                connections=self._proxy.listener.connection_count + len(self._relays.open),
                sessions=self._proxy.reception.sessions,
                unready=self._proxy.unready(),
                is_draining=self._proxy.drain.busy_s() is not None,
            )
        )

    def _drained(self) -> "Deferred[None]":
        done: Deferred[None] = Deferred()
        # clients of other workers that come through here go on as long as those may, and no longer
        self._proxy.drain.begin(lambda: self._relays.when_none(lambda: done.callback(None)))
        self._reactor.callLater(self._proxy.drain.within_s + CLOSE_WITHIN_S, self._relays.cut)
        self._tell_beat()
        return done.addCallback(lambda _: self._stopped())

    def _stopped(self) -> "Deferred[None]":
        self._taker.stop()
        self._pulse.stop()
        # the last lines are on their way
        return self._channel.close()


def share_of(begin: Begin, tables: SharedTables) -> Share:
    """The part of the whole that a worker is."""
    return Share(
        of=begin.of,
        new_id=partial(new_id, begin.index, begin.of),
        upstream_url=begin.upstream_url,
        fields={"worker": begin.index},
        tables=tables,
        is_watched=True,
    )


def factory_at(endpoint: str, factory: IProtocolFactory, certificates: Certificates) -> IProtocolFactory:
    """
    What makes the protocols of connections at an endpoint, which speak TLS first if it says so.

    Raises:
        ConfigError: its certificate cannot be used.
    """
    if not endpoint.startswith(TLS):
        return factory
    shown = certificates.on(_Layer(), endpoint)
    wrapped: list[Any] = []
    try:
        serverFromString(shown, endpoint).listen(factory).addBoth(wrapped.append)
        if isinstance(wrapped[0], Failure):
            wrapped[0].raiseException()
    except Exception as error:  # noqa: BLE001 - files, keys and certificates have errors of many kinds
        raise ConfigError(f"cannot listen on {endpoint}: {type(error).__name__}: {error}") from None
    layer: IProtocolFactory = wrapped[0]
    return layer


class _Layer:
    """A reactor to Twisted's endpoint, that listens nowhere, and gives what would listen instead of a port."""

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **_: Any) -> Any:  # noqa: N802, N803
        """See ``IReactorSSL``."""
        return TLSMemoryBIOFactory(contextFactory, False, factory)


@implementer(ILogObserver)
@frozen
class Lines:
    """Has the parent write what is logged here. Where it does not keep up lines are lost, and nothing else."""

    channel: Channel[ToWorker]

    def __call__(self, event: LogEvent) -> None:
        """Twisted calls this with each event."""
        if self.channel.is_congested:
            return
        level, failure = event.get("log_level"), event.get("log_failure")
        name = level.name if level is not None else "info"
        if "event" in event:
            self.channel.tell(Line(name, event["line"], event["event"], event["fields"]))
            return
        words = formatEvent(event)
        # where it failed, and not what was said there
        trace = "" if failure is None else f": {failure.type.__name__} at {at(failure)}"
        self.channel.tell(Line("error" if failure is not None else name, words + trace))


def at(failure: Any) -> str:
    """The last calls before a failure."""
    frames = failure.frames or failure.stack
    return " < ".join(f"{name} ({file.rpartition('/')[2]}:{line})" for name, file, line, *_ in reversed(frames[-4:]))
