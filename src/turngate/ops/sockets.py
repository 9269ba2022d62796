"""
The listening sockets: bound from Twisted's endpoint strings, before the reactor runs.

Responsible for saying in one line why one cannot be had, and for whether other machines can reach it.

Must not know: what listens.

Comes from: ``ops/config.py`` (the strings). Goes to: ``assembly/doors.py``.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.python.failure import Failure
from twisted.python.lockfile import FilesystemLock

from turngate.errors import ConfigError


def listening(reactor: Any, description: str, factory: IProtocolFactory, option: str = "--listen") -> IListeningPort:
    """
    A bound port for an endpoint string.

    Raises:
        ConfigError: there is no such endpoint, or it cannot be bound.
    """
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, description)
    except Exception as error:  # noqa: BLE001 - each kind of endpoint has errors of its own
        raise ConfigError(f"{option} {description} is no endpoint: {error}") from None
    return bound(endpoint.listen(factory), description)


def bound(listen: "Deferred[IListeningPort]", what: str) -> IListeningPort:
    """
    The port of an endpoint that has it at once.

    Raises:
        ConfigError: it has none, or not yet.
    """
    outcome: list[Any] = []
    listen.addBoth(outcome.append)
    if not outcome:
        raise ConfigError(f"{what} cannot be bound before the reactor runs; use a tcp, ssl, unix or systemd endpoint")
    if isinstance(outcome[0], Failure):
        cause = getattr(outcome[0].value, "socketError", outcome[0].value)
        raise ConfigError(f"cannot listen on {what}: {getattr(cause, 'strerror', None) or cause}")
    port: IListeningPort = outcome[0]
    return port


def adopt(port: IListeningPort) -> None:
    """
    Make this process the owner of a port that was bound before twistd forked.

    The lock beside a socket of the file system names the process that bound it. Under that name it would look stale to
    others while we serve, and we could not remove it in the end.
    """
    lock: FilesystemLock | None = getattr(port, "lockFile", None)
    if lock is not None:
        Path(os.fsdecode(lock.name)).unlink()
        lock.lock()


def is_local(port: IListeningPort) -> bool:
    """Whether only this machine can reach a port, by the address that was bound."""
    match port.getHost():
        case UNIXAddress():
            return True
        case IPv4Address(host=host) | IPv6Address(host=host):
            return ip_address(host.partition("%")[0]).is_loopback
        case _:
            return False


def shown(port: IListeningPort) -> str:
    """An address as people write it."""
    match port.getHost():
        case IPv4Address(host=host, port=number):
            return f"{host}:{number}"
        case IPv6Address(host=host, port=number):
            return f"[{host}]:{number}"
        case UNIXAddress(name=bytes(name)):
            return f"unix:{os.fsdecode(name)}"
        case other:
            return str(other)
