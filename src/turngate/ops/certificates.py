"""
The certificates that clients are shown, which are renewed while calls go on.

Responsible for reading them again when it is told to, and for keeping the old one if the new one does not do.

Must not know: what listens, or who tells it.

Comes from: ``ssl:`` endpoint strings. Goes to: the reactor's ``listenSSL``.
"""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory
from twisted.internet.ssl import ContextFactory
from twisted.python.failure import Failure

from turngate.ops.logging import Log

PREFIX: Final = "ssl:"


class Certificates:
    """Those of all endpoints."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._shown: list[_Shown] = []

    def on(self, reactor: Any, description: str) -> Any:
        """What an endpoint of this description is to listen on: the reactor, or for TLS one that shows what we know."""
        if not description.startswith(PREFIX):
            return reactor
        shown = _Shown(reactor, description)
        self._shown.append(shown)
        return shown

    def reload(self) -> None:
        """Read every certificate and key again. Connections that are open go on with what they have seen."""
        for shown in self._shown:
            try:
                shown.reload()
            except Exception as error:  # noqa: BLE001 - files, keys and certificates have errors of many kinds
                self._log.error(
                    "tls.not_renewed", endpoint=shown.description, reason=f"{type(error).__name__}: {error}"
                )
            else:
                self._log.info("tls.renewed", endpoint=shown.description)


class _Shown(ContextFactory):
    """A reactor to Twisted's endpoint, which hands it the certificate it has read; to TLS, where it asks for one."""

    isClient = 0  # noqa: N815 - Twisted's name

    def __init__(self, reactor: Any, description: str) -> None:
        self.description = description
        self._reactor = reactor
        self._context: Any = None

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **how: Any) -> IListeningPort:  # noqa: N802, N803
        """See ``IReactorSSL``."""
        self._context = contextFactory.getContext()
        bound: IListeningPort = self._reactor.listenSSL(port, factory, self, **how)
        return bound

    def getContext(self) -> Any:  # noqa: N802
        """What the next connection is shown."""
        return self._context

    def reload(self) -> None:
        """Read the files again; raises what is wrong with them, and nothing has changed then."""
        reader = _Reader()
        outcome: list[Any] = []
        reading: Deferred[Any] = serverFromString(reader, self.description).listen(Factory())
        reading.addBoth(outcome.append)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        self._context = outcome[0]


class _Reader:
    """Listens nowhere, and gives the endpoint's TLS context instead of a port."""

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **_: Any) -> Any:  # noqa: N802, N803
        """See ``IReactorSSL``."""
        return contextFactory.getContext()
