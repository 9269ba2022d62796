"""
The proxy, put together.

Responsible for composing all rooms into one service on a reactor that it is given.

Must not know: anything that a room decides, where a setting comes from.

Comes from: ``tap.py``, with the configuration. Goes to: ``service.py``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from zope.interface.verify import verifyObject

from turngate.actors import ActorFailure, ActorSystem, DeadLetter
from turngate.admin import Metrics, Now, Storm
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
from turngate.ops import config
from turngate.ops.certificates import Certificates
from turngate.ops.clients import judge_for
from turngate.ops.drain import Drain
from turngate.ops.loading import Survey
from turngate.ops.logging import Log
from turngate.ops.prices import prices_of
from turngate.ops.usage_file import UsageFile
from turngate.proxy.budget import LOOK_EVERY_S, Budget
from turngate.proxy.client import Habits
from turngate.proxy.log import Field
from turngate.proxy.meters import Meters
from turngate.proxy.ports import IDialler, nothing
from turngate.proxy.reception import Reception
from turngate.proxy.resume import InMemoryStore
from turngate.proxy.session import Setup


def compose(reactor: Any, settings: config.Config, again: Callable[[], Survey]) -> TurngateService:
    """
    The proxy on a reactor, with its sockets bound; ``again`` reads the configuration another time.

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

    log = Log(settings.log_level, watch=watch if settings.admin or traces is not None else None)
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
    simulator, key, url = simulated(reactor, settings)
    dialler = dialler_for(reactor, settings, url, key, limits, log)
    verifyObject(IDialler, dialler)
    functions = FunctionCaller(hosts=FunctionHosts.listed(settings.function_hosts), log=log, reactor=reactor)
    profiles = profiles_for(settings, functions, key.conceal)
    budget = Budget(log)
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
    reception = Reception(system, setup, lambda: str(uuid4()), InMemoryStore(settings.resume_s, reactor.seconds))
    drain = Drain(reception, reactor, Random().uniform, log, settings.drain_s)  # noqa: S311 - it spreads ends in time
    source = key_source_for(reactor, settings, log)
    judging = partial(judge_for, fetched=source)
    guard = guard_for(reactor, settings, judging(settings), log, ledger)
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
    certificates = Certificates(log)
    ports = client_ports(reactor, settings, listener.factory, certificates)
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
    admin = admin_port(reactor, settings, metrics, reception, reasons, ledger) if settings.admin else None
    service = TurngateService(
        reactor, log, settings, ports, reception, simulator, drain=drain, admin=admin, on_lag=metrics.lagged
    )
    reloading = Reloading(settings, again, judging, Parts(log, guard, listener, key))
    fetch = source.refresh if source is not None else nothing

    def terms() -> None:
        take_terms(ledger, guard, reloading.running)

    terms()
    service.reload = reading_again(certificates.reload, reloading, terms, fetch)
    # once it runs, and until the process ends
    for looks in (budget, meters, usage_file):
        if looks is not None:
            reactor.callWhenRunning(keep_looking, reactor, looks)
    return service


def reading_again(*reads: Callable[[], None]) -> Callable[[], None]:
    """Read all that may change while sessions go on; each keeps what it has where it cannot."""

    def read() -> None:
        for one in reads:
            one()

    return read


def keep_looking(reactor: Any, somebody: Budget | Meters | UsageFile) -> None:
    """Have somebody look, again and again, whatever becomes of one look."""
    reactor.callLater(LOOK_EVERY_S, keep_looking, reactor, somebody)
    somebody.look()


def report_failure(log: Log, failure: ActorFailure) -> None:
    """A fault of ours, as far as it may be told."""
    log.error("actor.failed", actor=failure.actor, error=failure.error, at=" < ".join(reversed(failure.traceback[-3:])))


def report_dead_letter(log: Log, letter: DeadLetter) -> None:
    """A message that came too late."""
    log.debug("actor.dead_letter", to=letter.to, type=letter.message_type)
