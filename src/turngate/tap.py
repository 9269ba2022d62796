"""
The twistd plugin: its options, and the composition of everything else.

Responsible for putting the rooms together. It is the only place, besides the commands, that obtains a reactor, and the
only one that knows all rooms.

Must not know: anything that a room decides.

The listening sockets are bound here, before twistd goes into the background, so that a port in use is one line on the
terminal in either mode. Nothing is accepted before the reactor runs.
"""

import atexit
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, ClassVar, Final, Protocol
from uuid import uuid4

from attrs import evolve
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort
from twisted.python import usage
from zope.interface.verify import verifyObject

from turngate import __version__
from turngate.actors import ActorFailure, ActorSystem, DeadLetter
from turngate.admin import Desk, Metrics, Now, Storm, site
from turngate.errors import ConfigError
from turngate.net import (
    BearerKey,
    CircuitBreaker,
    ClientListener,
    FunctionCaller,
    FunctionHosts,
    Limits,
    Patience,
    PatientDialler,
    TrialDialler,
    UpstreamDialler,
    use_reactor,
)
from turngate.net.admission import Busy, Offer
from turngate.net.guard import Guard, Times
from turngate.ops import config, descriptors
from turngate.ops.certificates import Certificates
from turngate.ops.clients import judge_for, read_again
from turngate.ops.drain import Drain
from turngate.ops.loading import load
from turngate.ops.logging import Log
from turngate.ops.notify import Notifier
from turngate.ops.pulse import Pulse
from turngate.ops.secrets import key_from
from turngate.ops.sockets import adopt, bound, is_local, listening, shown
from turngate.protocols import component, deepgram
from turngate.protocols.deepgram import Maps
from turngate.protocols.deepgram.maps import VOICES
from turngate.protocols.realtime import DIALECTS, OWN, RealtimeOptions, Translation
from turngate.proxy.budget import LOOK_EVERY_S, Budget
from turngate.proxy.client import Habits
from turngate.proxy.first_word import RealtimeFirstWord
from turngate.proxy.log import Field
from turngate.proxy.ports import FunctionEndpoint, IDialler
from turngate.proxy.reception import Reception
from turngate.proxy.resume import InMemoryStore, comes_back
from turngate.proxy.session import DEEPGRAM_PATH, Profile, Setup
from turngate.session.capabilities import Capabilities
from turngate.session.messages import Endpoint
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Again, LateVoice, Length, Policy, Renewal, Waits
from turngate.simulator import Simulator

AFTER_DIALLING_S: Final = 1.0
"""By how much a session waits longer for its upstream than the dialler does."""

NAMED_ONE_BY_ONE: Final = {"function_hosts": "function_host"}
"""The settings whose option is not called as they are."""
OPTIONS: Final = tuple(f"--{NAMED_ONE_BY_ONE.get(key, key).replace('_', '-')}" for key in (*config.KEYS, "config"))


class Options(usage.Options):
    """The options of ``twistd turngate``."""

    synopsis = "[options]"
    longdesc = (
        "A realtime voice proxy: Deepgram Voice Agent clients on one side, an OpenAI Realtime upstream on the other. "
        "Each option can also be set in the file given by --config (with _ for -) and as TURNGATE_..., and the "
        f"upstream key as {config.KEY_VARIABLE}."
    )
    optFlags: ClassVar = [
        ["allow-anonymous", None, "Listen beyond the loopback although clients need no credentials."],
    ]
    optParameters: ClassVar = [
        [
            "upstream",
            "u",
            None,
            "A ws:// or wss:// URL, with {model} replaced, or 'simulator' [default: OpenAI]",
        ],
        ["upstream-dialect", None, None, f"One of {', '.join(DIALECTS)} [default: by the URL, else ga]"],
        ["model", "m", None, f"The upstream's model [default: {config.DEFAULT_MODEL}]"],
        ["upstream-key-file", "k", None, f"A file that holds the upstream key [default: ${config.KEY_VARIABLE}]"],
        ["client-keys-file", None, None, "A file with the hashes of clients' keys; see turngate token [default: none]"],
        ["component-path", None, None, f"Where components connect [default: {config.DEFAULT_COMPONENT_PATH}]"],
        ["component-settings", None, None, "apply or acknowledge those during a response [default: apply]"],
        ["rollover", None, None, "on or off: go on with another upstream session when one ends [default: on]"],
        ["late-voice", None, None, "refuse it, or move to another upstream session that takes it [default: refuse]"],
        ["admin", None, None, "A port of the loopback, or an endpoint, to look at the proxy [default: none]"],
        ["admin-token-file", None, None, "A file that holds what is shown there [default: nothing is]"],
        ["log-level", None, None, "debug, info, warn or error [default: info]"],
        ["config", "c", None, "A TOML file with the settings above."],
    ]

    def __init__(self) -> None:
        super().__init__()
        self["listen"] = None
        self["function-hosts"] = None

    def opt_listen(self, endpoint: str) -> None:
        """A Twisted server endpoint; may be repeated [default: tcp:8080:interface=127.0.0.1]."""
        self["listen"] = (*(self["listen"] or ()), endpoint)

    opt_l = opt_listen

    def opt_function_host(self, host: str) -> None:
        """A host where functions may be called; may be repeated, is function_hosts in a file [default: none]."""
        self["function-hosts"] = (*(self["function-hosts"] or ()), host)

    def opt_version(self) -> None:
        """Print the version of Turngate and exit."""
        print(f"turngate {__version__}")  # noqa: T201 - it was asked for
        raise SystemExit(0)

    def parseOptions(self, options: Any = None) -> None:
        """Say what is wrong in one line, rather than after a page of help."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            words = str(error)
            name = words.removeprefix("option ").partition(" ")[0]
            hint = config.suggestion(name, OPTIONS) if "not recognized" in words else ""
            raise stopped(f"{words}{hint}") from None

    def parseArgs(self, *arguments: str) -> None:
        """Take options only."""
        if arguments:
            raise usage.UsageError(f"there are options only, and {arguments[0]!r} is none")

    def postOptions(self) -> None:
        """Read the configuration, of which the options are a part."""
        try:
            self.config = load(self.given(), os.environ)
        except ConfigError as error:
            raise stopped(str(error)) from None

    def given(self) -> dict[str, Any]:
        """The settings on the command line; ``None`` where it says nothing."""
        given = {name.replace("-", "_"): value for name, value in self.items()}
        return {**given, "allow_anonymous": True if self["allow-anonymous"] else None}


def stopped(reason: str) -> SystemExit:
    """The end of the process with one line on stderr and status 1."""
    line = "".join(c if c.isprintable() else " " for c in reason)
    return SystemExit(f"turngate: {line}")


def makeService(options: Options) -> Service:
    """Compose the proxy, and bind its sockets; see ``docs/design/house.md``."""
    from twisted.internet import reactor as the_reactor

    reactor: Any = the_reactor
    # Twisted's clock is the wall clock: setting it forward by an hour would end every session
    reactor.seconds = time.monotonic
    use_reactor(reactor)
    try:
        descriptors.ensure(options.config.max_connections)
        service = compose(reactor, options.config)
    except ConfigError as error:
        raise stopped(str(error)) from None
    # once it runs, for the reactor takes the signals when it starts
    reactor.callWhenRunning(take_signals, reactor, service.drain)
    reactor.callWhenRunning(take_reload, reactor, service)
    return service


def take_signals(reactor: Any, drain: Drain) -> None:
    """
    Stop at SIGTERM, and at SIGINT without waiting for calls; with status 0 and however often they come.

    By itself twistd would kill itself by the same signal after an orderly end, which orchestrators report as a failure,
    and would log a traceback for the second signal.
    """

    def interrupt() -> None:
        drain.hurry()
        stop(reactor)

    def over() -> None:
        # from here to the end of the process Python would give them back their default effect, which is to kill
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    reactor.addSystemEventTrigger("after", "shutdown", over)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(stop, reactor))
    signal.signal(signal.SIGINT, lambda *_: reactor.callFromThread(interrupt))
    # the interpreter takes its handlers away in its last moments, when a signal would change the status still
    for number in (signal.SIGTERM, signal.SIGINT):
        atexit.register(signal.signal, number, signal.SIG_IGN)


def stop(reactor: Any) -> None:
    """Begin the end, unless it has begun."""
    with suppress(ReactorNotRunning):
        reactor.stop()


def take_reload(reactor: Any, service: "TurngateService") -> None:
    """At SIGHUP, which would end the process otherwise, read what may change while sessions go on."""
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(service.reload))


def compose(reactor: Any, settings: config.Config) -> "TurngateService":
    """
    The proxy on a reactor, with its sockets bound.

    Raises:
        ConfigError: it cannot run; the line says why.
    """
    metrics, storm = Metrics(), Storm(reactor.seconds)

    def watch(event: str, fields: Mapping[str, Field]) -> None:
        metrics.see(event, fields)
        storm.see(event)

    log = Log(settings.log_level, watch=watch if settings.admin else None)
    system = ActorSystem(
        reactor,
        on_dead_letter=lambda letter: report_dead_letter(log, letter),
        on_failure=lambda failure: report_failure(log, failure),
    )
    limits = Limits(
        dial_s=settings.dial_try_s,
        first_word_s=settings.dial_first_word_s,
        max_connections=settings.max_connections,
    )
    simulator, url = None, settings.upstream
    if url == config.SIMULATOR:
        simulator = Simulator(reactor, dialect=settings.dialect)
        settings = evolve(settings, upstream_key=BearerKey("simulated"))
        bound(simulator.listen(TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")), "the loopback")
        url = f"{simulator.url}{settings.dialect.path[len(simulator.path) :]}"
    dialler = dialler_for(reactor, settings, url, limits, log)
    verifyObject(IDialler, dialler)
    functions = FunctionCaller(hosts=FunctionHosts.listed(settings.function_hosts), log=log, reactor=reactor)
    profiles = profiles_for(settings, functions)
    budget = Budget(log)
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
    )
    reception = Reception(system, setup, lambda: str(uuid4()), InMemoryStore(settings.resume_s, reactor.seconds))
    drain = Drain(reception, reactor, Random().uniform, log, settings.drain_s)  # noqa: S311 - it spreads ends in time
    guard = guard_for(reactor, settings, log)
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
    ports = tuple(
        listening(certificates.on(reactor, endpoint), endpoint, listener.factory) for endpoint in settings.listen
    )
    for endpoint, port in zip(settings.listen, ports, strict=True):
        if not settings.knows_clients and not settings.allow_anonymous and not is_local(port):
            raise ConfigError(
                f"{endpoint} is open to other machines, and clients need no credentials: anybody could spend the "
                "upstream key. Give --client-keys-file, add interface=127.0.0.1 to the endpoint, or give "
                "--allow-anonymous"
            )
    metrics.now = Now(
        accounts=lambda: (standing.account for standing in reception.standings.values()),
        refusals=lambda: listener.refusals,
        is_draining=lambda: drain.busy_s() is not None,
    )
    reasons = {
        "the proxy is draining": lambda: drain.busy_s() is not None,
        "the upstream is down": lambda: dialler.busy_s() is not None,
        "memory is short": lambda: budget.busy_s() is not None,
        "too many sessions crash": lambda: storm.rages,
    }
    admin = admin_port(reactor, settings, metrics, reception, reasons) if settings.admin else None
    service = TurngateService(
        reactor, log, settings, ports, reception, simulator, drain=drain, admin=admin, on_lag=metrics.lagged
    )
    service.reload = reading_again(partial(read_again, guard, settings, log), certificates.reload)
    # once it runs, and until the process ends
    reactor.callWhenRunning(keep_looking, reactor, budget)
    return service


def reading_again(*reads: Callable[[], None]) -> Callable[[], None]:
    """Read all that may change while sessions go on; each keeps what it has where it cannot."""

    def read() -> None:
        for one in reads:
            one()

    return read


def guard_for(reactor: Any, settings: config.Config, log: Log) -> Guard:
    """Who asks clients for credentials, and counts them."""
    return Guard(
        judge=judge_for(settings),
        quotas=settings.quotas,
        clock=Times(reactor.seconds, time.time),
        log=log,
        comes_back=comes_back,
        trusted_proxies=settings.trusted_proxies,
    )


def keep_looking(reactor: Any, budget: Budget) -> None:
    """Have the budget look, again and again, whatever becomes of one look."""
    reactor.callLater(LOOK_EVERY_S, keep_looking, reactor, budget)
    budget.look()


class Gatekeeper(Protocol):
    """Somebody who knows when it is of no use to come with a new session."""

    def busy_s(self) -> float | None:
        """For how long it is not; ``None`` if it may be of use now."""


def turns_away(*gatekeepers: Gatekeeper) -> Busy:
    """Clients are turned away while there is nothing here for them; one that comes back has its session."""

    def busy_s(offer: Offer) -> float | None:
        if comes_back(offer):
            return None
        return max((wait_s for one in gatekeepers if (wait_s := one.busy_s()) is not None), default=None)

    return busy_s


def admin_port(
    reactor: Any,
    settings: config.Config,
    metrics: Metrics,
    reception: Reception,
    reasons: Mapping[str, Callable[[], bool]],
) -> IListeningPort:
    """
    Where the operator looks at the proxy; ``reasons`` says when no new client should come.

    Raises:
        ConfigError: it cannot be had, or is open to other machines without a token.
    """
    path = settings.admin_token_file
    desk = Desk(
        metrics=metrics,
        standings=lambda: reception.standings,
        dismiss=reception.dismiss,
        unready=lambda: next((reason for reason, holds in reasons.items() if holds()), None),
        # a moment later, when it was answered
        drain=lambda: reactor.callLater(0, stop, reactor),
        drain_s=settings.drain_s,
        seconds=reactor.seconds,
        token=key_from(path, os.environ, "admin token")() if path is not None else None,
    )
    given = settings.admin or ""
    endpoint = f"tcp:{given}:interface=127.0.0.1" if given.isdecimal() else given
    port = listening(reactor, endpoint, site(desk), "--admin")
    if desk.token is None and not is_local(port):
        raise ConfigError(
            f"--admin {endpoint} is open to other machines: anybody could end every session. Add "
            "interface=127.0.0.1 to the endpoint, or give --admin-token-file"
        )
    return port


def profiles_for(settings: config.Config, functions: FunctionCaller) -> dict[str, Profile]:
    """Which protocol is spoken at which path."""
    maps = Maps(
        model=settings.model,
        models=settings.models,
        voices=settings.voices,
        languages=settings.languages,
        refuses=partial(why_not, functions),
        model_prefixes=settings.dialect.model_prefixes,
        default_voices=VOICES if settings.dialect.has_openai_voices else {},
        passes_g711=settings.pass_g711 and settings.dialect.takes_g711,
    )
    absence = Absence.LASTS if settings.resume_s else Absence.ENDS
    policy = evolve(renewing(DEEPGRAM, settings), absence=absence)
    profiles = {DEEPGRAM_PATH: Profile(partial(deepgram.Face, maps), policy)}
    if settings.component_path:
        again = Again.APPLIED if settings.component_settings == "apply" else Again.ACKNOWLEDGED
        policy = evolve(renewing(COMPONENT, settings), repeated_settings=again)
        conceal = settings.upstream_key.conceal if settings.upstream_key is not None else str
        profiles[settings.component_path] = Profile(partial(component.Face, maps, conceal), policy)
    return profiles


def translation_for(settings: config.Config) -> Translation:
    """How the configured upstream is spoken to."""
    options = RealtimeOptions(
        transcription_model=settings.transcription_model or OWN, text_ends_response=settings.text_ends_response
    )
    return Translation(options, settings.dialect)


def capabilities_of(settings: config.Config) -> Capabilities:
    """What the configured upstream does otherwise than the API: its dialect knows, or the operator."""
    capabilities = evolve(
        settings.dialect.capabilities,
        max_session_s=settings.session_limit_s or settings.dialect.capabilities.max_session_s,
    )
    return evolve(capabilities, sends_response_done=False) if settings.text_ends_response else capabilities


def renewing(policy: Policy, settings: config.Config) -> Policy:
    """The policy with what the operator decided for upstream sessions that end."""
    return evolve(
        policy,
        renewal=Renewal.ON if settings.rollover == "on" else Renewal.OFF,
        length=Length.UNLIMITED if capabilities_of(settings).max_session_s is None else Length.LIMITED,
        late_voice=LateVoice.REFUSED if settings.late_voice == "refuse" else LateVoice.RENEWS,
    )


def waits_for(settings: config.Config) -> Waits:
    """
    The waits of every session, with those that follow from other settings.

    Of an hour that an upstream session may last, the last ten minutes are for moving, since the session that is moved
    to may have stood for half of them; where none is moved to, the client has five minutes' warning. The dialler says
    by itself that its time is over, so that the session waits a little longer than that.
    """
    waits = evolve(
        settings.waits,
        client_return_s=settings.resume_s,
        upstream_ready_s=max(settings.waits.upstream_ready_s, settings.dial_total_s + AFTER_DIALLING_S),
    )
    limit_s = capabilities_of(settings).max_session_s
    if limit_s is None:
        return waits
    near_s = limit_s * (5 / 6 if settings.rollover == "on" else 11 / 12)
    return evolve(waits, limit_near_s=near_s, limit_s=limit_s * 3 / 40)


def dialler_for(reactor: Any, settings: config.Config, url: str, limits: Limits, log: Log) -> PatientDialler:
    """The only way to an upstream, and to nothing but the configured one."""
    key, dialect = settings.upstream_key, settings.dialect
    one_try = UpstreamDialler(
        url=url,
        model=settings.model,
        key=key if key is not None else lambda: None,
        limits=limits,
        reactor=reactor,
        # what translation accepts as a model of this family, and the operator's own names for others; the key's owner
        # limits which of them it may use
        may_choose=lambda model: model.startswith(dialect.model_prefixes) or model in settings.models.values(),
        key_header=dialect.key_header,
        dialect_headers=dict(dialect.headers),
        now_s=time.time,
        uniform=Random().uniform,  # noqa: S311 - it spreads pings in time, and keeps no secret
    )
    return PatientDialler(
        inner=TrialDialler(one_try, RealtimeFirstWord(), limits.first_word_s, reactor),
        breaker=CircuitBreaker(reactor, log),
        patience=Patience(tries=settings.dial_tries, budget_s=settings.dial_budget_s, total_s=settings.dial_total_s),
        clock=reactor,
        uniform=Random().uniform,  # noqa: S311 - it spreads sessions in time, and keeps no secret
        log=log,
    )


def why_not(functions: FunctionCaller, endpoint: Endpoint) -> str | None:
    """Why the proxy does not call a client's function, in words for the client."""
    return functions.allows(FunctionEndpoint(endpoint.url, endpoint.method, dict(endpoint.headers)))


def report_failure(log: Log, failure: ActorFailure) -> None:
    """A fault of ours, as far as it may be told."""
    log.error("actor.failed", actor=failure.actor, error=failure.error, at=" < ".join(reversed(failure.traceback[-3:])))


def report_dead_letter(log: Log, letter: DeadLetter) -> None:
    """A message that came too late."""
    log.debug("actor.dead_letter", to=letter.to, type=letter.message_type)


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
        """Reads the certificates and the clients' keys again."""
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
        for name, meant in self._settings.near_misses:
            self._log.warn("config.unknown_variable", name=name, meant=meant)
        for port in self.ports:
            adopt(port)
            self._log.info("proxy.listening", address=shown(port))
        if self.admin is not None:
            adopt(self.admin)
            self._log.info("admin.listening", address=shown(self.admin))
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
