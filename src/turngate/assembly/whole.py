"""
The proxy, put together.

Responsible for composing all rooms into one service on a reactor that it is given.

Must not know: anything that a room decides, where a setting comes from.

Comes from: ``tap.py``, with the configuration. Goes to: ``service.py``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any, Final
from uuid import uuid4

from attrs import field, frozen
from zope.interface.verify import verifyObject

from turngate.actors import ActorFailure, ActorSystem, DeadLetter
from turngate.admin import Metrics, Now, OneProcess, Storm
from turngate.admin.usage import listed
from turngate.assembly.doors import admin_port, client_ports, guard_for, key_source_for, turns_away
from turngate.assembly.reloading import Parts, Reloading
from turngate.assembly.rules import profiles_for, waits_for
from turngate.assembly.service import TurngateService
from turngate.assembly.tracing import send, traces_of
from turngate.assembly.upstream import capabilities_of, dialler_for, simulated, translation_for
from turngate.assembly.usage import counting, take_terms
from turngate.net import (
    ClientListener,
    FunctionCaller,
    FunctionHosts,
    Limits,
)
from turngate.net.shared_quotas import SharedTables
from turngate.ops import config
from turngate.ops.certificates import Certificates
from turngate.ops.clients import judge_for
from turngate.ops.drain import Drain
from turngate.ops.garbage import Garbage
from turngate.ops.loading import Survey
from turngate.ops.logging import Log
from turngate.ops.prices import prices_of
from turngate.ops.usage_file import UsageFile
from turngate.proxy.budget import LOOK_EVERY_S, MAX_BYTES, Budget
from turngate.proxy.client import Habits
from turngate.proxy.log import Field
from turngate.proxy.meters import Meters
from turngate.proxy.ports import IDialler, nothing
from turngate.proxy.reception import Reception
from turngate.proxy.resume import MAX_AWAY, InMemoryStore
from turngate.proxy.session import Setup
from turngate.simulator import Simulator


@frozen(kw_only=True)
class Share:
    """Which part of the whole a process is; by itself it is all of it."""

    of: int = 1
    """How many processes there are."""
    new_id: Callable[[], str] = lambda: str(uuid4())
    upstream_url: str | None = None
    """Where the simulator is, where another process has it."""
    fields: dict[str, Field] = field(factory=dict)
    """What each line of the log has."""
    tables: SharedTables | None = None
    """The limits of clients, where other processes count with this one."""
    is_watched: bool = False
    """Whether another process shows what is counted here."""


WHOLE: Final = Share()


@frozen(kw_only=True)
class Proxy:
    """All that a process needs to serve clients, but for its sockets."""

    settings: config.Config
    log: Log
    metrics: Metrics
    house: OneProcess
    simulator: Simulator | None
    reception: Reception
    drain: Drain
    listener: ClientListener
    reasons: Mapping[str, Callable[[], bool]]
    """Why no new client should come, each with whether it holds."""
    certificates: Certificates
    reloading: Reloading
    """Takes what the configuration says now."""
    afterwards: tuple[Callable[[], None], ...]
    """What follows from new settings."""

    def read_again(self, settings: Callable[[], None]) -> None:
        """Read all that may change while sessions go on; ``settings`` reads these."""
        for read in (self.certificates.reload, settings, *self.afterwards):
            read()

    def unready(self) -> str | None:
        """Why no new client should come, if it should not."""
        return next((reason for reason, holds in self.reasons.items() if holds()), None)


def compose(reactor: Any, settings: config.Config, again: Callable[[], Survey]) -> TurngateService:
    """
    The proxy on a reactor, with its sockets bound; ``again`` reads the configuration another time.

    Raises:
        ConfigError: it cannot run; the line says why.
    """
    proxy = assembled(reactor, settings, WHOLE, again)
    ports = client_ports(reactor, proxy.settings, proxy.listener.factory, proxy.certificates)
    admin = admin_port(reactor, proxy.settings, proxy.house, proxy.unready) if settings.admin else None
    service = TurngateService(
        reactor,
        proxy.log,
        proxy.settings,
        ports,
        proxy.reception,
        proxy.simulator,
        drain=proxy.drain,
        admin=admin,
        on_lag=proxy.metrics.lagged,
    )
    service.reload = partial(proxy.read_again, proxy.reloading)
    return service


def assembled(reactor: Any, settings: config.Config, share: Share, again: Callable[[], Survey]) -> Proxy:
    """
    All rooms, put together; ``again`` reads the configuration another time.

    Raises:
        ConfigError: it cannot run; the line says why.
    """
    metrics, storm = Metrics(), Storm(reactor.seconds)
    traces = traces_of(reactor, settings)

    def watch(event: str, fields: Mapping[str, Field]) -> None:
        metrics.see(event, fields)
        storm.see(event)
        if traces is not None:
            traces.see(event, fields)

    is_watched = settings.admin is not None or share.is_watched or traces is not None
    log = Log(settings.log_level, watch=watch if is_watched else None, fields=share.fields)
    if traces is not None:
        send(traces, reactor, settings, log)
    system = ActorSystem(
        reactor,
        on_dead_letter=lambda letter: report_dead_letter(log, letter),
        on_failure=lambda failure: report_failure(log, failure),
    )
    limits = Limits(
        dial_s=settings.dial_try_s,
        first_word_s=settings.dial_first_word_s,
        max_connections=settings.max_connections,
        client_max_frames_per_s=settings.client_frames_per_s,
    )
    simulator, key, url = simulated(reactor, settings, share.upstream_url)
    dialler = dialler_for(reactor, settings, url, key, limits, log)
    verifyObject(IDialler, dialler)
    functions = FunctionCaller(hosts=FunctionHosts.listed(settings.function_hosts), log=log, reactor=reactor)
    profiles = profiles_for(settings, functions, key.conceal)
    budget = Budget(log, MAX_BYTES // share.of)
    ledger, meters, usage_file = counting(reactor, settings, log)
    setup = Setup(
        dialler,
        translation_for(settings),
        log,
        profiles,
        capabilities=capabilities_of(settings),
        functions=functions,
        waits=waits_for(settings),
        habits=Habits(settings.client_idle_s, settings.speech_lead_s),
        budget=budget,
        meters=meters,
        prices=prices_of(settings),
    )
    store = InMemoryStore(settings.resume_s, reactor.seconds, MAX_AWAY // share.of)
    reception = Reception(system, setup, share.new_id, store)
    drain = Drain(reception, reactor, Random().uniform, log, settings.drain_s)  # noqa: S311 - it spreads ends in time
    source = key_source_for(reactor, settings, log)
    judging = partial(judge_for, fetched=source)
    guard = guard_for(reactor, settings, judging(settings), log, ledger, share.tables)
    listener = ClientListener(
        acceptor=reception,
        paths=frozenset(profiles),
        limits=limits,
        reactor=reactor,
        allowed_origins=settings.allowed_origins,
        busy=turns_away(dialler, drain, budget),
        admit=guard,
        uniform=Random().uniform,  # noqa: S311 - it spreads pings in time, and keeps no secret
    )
    metrics.now = Now(
        accounts=lambda: (standing.account for standing in reception.standings.values()),
        refusals=lambda: listener.refusals,
        is_draining=lambda: drain.busy_s() is not None,
        used_up=lambda: sum(1 for _ in ledger.spent_clients()),
    )
    reasons = {
        "the proxy is draining": lambda: drain.busy_s() is not None,
        "the upstream is down": lambda: dialler.busy_s() is not None,
        "memory is short": lambda: budget.busy_s() is not None,
        "too many sessions crash": lambda: storm.rages,
        "the keys of clients are not known yet": lambda: source is not None and source.keys is None,
    }
    certificates = Certificates(log)
    reloading = Reloading(settings, again, judging, Parts(log, guard, listener, key))

    def terms() -> None:
        take_terms(ledger, guard, reloading.running)

    terms()
    # once it runs, and until the process ends
    garbage = Garbage(lambda: reception.sessions, reactor.seconds)
    for looks in (budget, meters, usage_file, garbage):
        if looks is not None:
            reactor.callWhenRunning(keep_looking, reactor, looks)
    return Proxy(
        settings=settings,
        log=log,
        metrics=metrics,
        house=OneProcess(
            metrics,
            lambda: reception.standings,
            reception.dismiss,
            reactor.seconds,
            lambda: listed(ledger, prices_of(settings)),
        ),
        simulator=simulator,
        reception=reception,
        drain=drain,
        listener=listener,
        reasons=reasons,
        certificates=certificates,
        reloading=reloading,
        afterwards=(terms, source.refresh if source is not None else nothing),
    )


def keep_looking(reactor: Any, somebody: Budget | Meters | UsageFile | Garbage) -> None:
    """Have somebody look, again and again, whatever becomes of one look."""
    reactor.callLater(LOOK_EVERY_S, keep_looking, reactor, somebody)
    somebody.look()


def report_failure(log: Log, failure: ActorFailure) -> None:
    """A fault of ours, as far as it may be told."""
    log.error("actor.failed", actor=failure.actor, error=failure.error, at=" < ".join(reversed(failure.traceback[-3:])))


def report_dead_letter(log: Log, letter: DeadLetter) -> None:
    """A message that came too late."""
    log.debug("actor.dead_letter", to=letter.to, type=letter.message_type)
