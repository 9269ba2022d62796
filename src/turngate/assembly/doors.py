"""
The sockets that listen, and who may come in by them.

Responsible for the clients' ports and the operator's, for what is asked of those who come, and for refusing a
configuration that would let anybody in.

Must not know: what a session is, the upstream.

Comes from: ``ops/config.py``. Goes to: ``whole.py``, which has the listener built with these.
"""

import os
import time
from collections.abc import Callable
from random import Random
from typing import Any, Protocol

from twisted.internet.interfaces import IListeningPort, IProtocolFactory

from turngate.admin import Desk, site
from turngate.admin.house import House
from turngate.assembly.signals import stop
from turngate.errors import ConfigError
from turngate.net.admission import Busy, Offer
from turngate.net.credentials import Judges
from turngate.net.guard import Guard, Times
from turngate.net.key_source import KeySource
from turngate.net.shared_quotas import SharedTables
from turngate.ops import config
from turngate.ops.certificates import Certificates
from turngate.ops.jwks import jwks_fetched, place_of
from turngate.ops.logging import Log
from turngate.ops.secrets import key_from
from turngate.ops.sockets import adopt, is_local, listening, shown
from turngate.proxy.ledger import Books
from turngate.proxy.resume import comes_back


def key_source_for(reactor: Any, settings: config.Config, log: Log) -> KeySource | None:
    """Who fetches the keys of those who sign clients' tokens, while the reactor runs; ``None`` where nobody has to."""
    if settings.client_jwks_url is None:
        return None
    source = KeySource(
        place=place_of(settings.client_jwks_url),
        read=jwks_fetched,
        reactor=reactor,
        log=log,
        uniform=Random().uniform,  # noqa: S311 - it spreads fetches in time, and keeps no secret
    )
    reactor.callWhenRunning(source.refresh)
    reactor.addSystemEventTrigger("before", "shutdown", source.stop)
    return source


def guard_for(
    reactor: Any,
    settings: config.Config,
    judge: Judges | None,
    log: Log,
    books: Books,
    tables: SharedTables | None = None,
) -> Guard:
    """
    Who asks clients for credentials, counts them, and knows from the books what they have used.

    With other processes, they are counted in the tables that all share.
    """
    return Guard(
        judge=judge,
        quotas=settings.quotas,
        clock=Times(reactor.seconds, time.time),
        log=log,
        comes_back=comes_back,
        trusted_proxies=settings.trusted_proxies,
        places=tables.places if tables is not None else None,
        paces=tables.paces if tables is not None else None,
        books=books,
    )


def client_ports(
    reactor: Any, settings: config.Config, factory: IProtocolFactory, certificates: Certificates
) -> tuple[IListeningPort, ...]:
    """
    Where clients connect, bound, and not accepting yet.

    Raises:
        ConfigError: one cannot be had, or lets anybody of other machines spend the upstream key.
    """
    ports = tuple(listening(certificates.on(reactor, endpoint), endpoint, factory) for endpoint in settings.listen)
    for endpoint, port in zip(settings.listen, ports, strict=True):
        if not settings.knows_clients and not settings.allow_anonymous and not is_local(port):
            raise ConfigError(
                f"{endpoint} is open to other machines, and clients need no credentials: anybody could spend the "
                "upstream key. Give --client-keys-file, add interface=127.0.0.1 to the endpoint, or give "
                "--allow-anonymous"
            )
    return ports


def take_up(ports: tuple[IListeningPort, ...], admin: IListeningPort | None, settings: config.Config, log: Log) -> None:
    """Take up what was bound before twistd went into the background, and say where the proxy listens."""
    for name, meant in settings.near_misses:
        log.warn("config.unknown_variable", name=name, meant=meant)  # noqa: G010 - ours, which has no other
    for port in ports:
        adopt(port)
        log.info("proxy.listening", address=shown(port))
    if admin is not None:
        adopt(admin)
        log.info("admin.listening", address=shown(admin))


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
    reactor: Any, settings: config.Config, house: House, unready: Callable[[], str | None]
) -> IListeningPort:
    """
    Where the operator looks at the proxy; ``unready`` says why no new client should come.

    Raises:
        ConfigError: it cannot be had, or is open to other machines without a token.
    """
    path = settings.admin_token_file
    desk = Desk(
        house=house,
        unready=unready,
        # a moment later, when it was answered
        drain=lambda: reactor.callLater(0, stop, reactor),
        drain_s=settings.drain_s,
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
