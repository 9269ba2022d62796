"""
A client's line to the proxy, as something to await.

Responsible for one connection and for giving what comes over it, in order.

Must not know: what any message means.
"""

import json
from typing import Any, TypeAlias

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.interfaces import IReactorTime

from turngate.net import Limits, UpstreamDialler
from turngate.proxy.ports import Closed, DialFailure, IConnection


class LineError(Exception):
    """There is no line; the text says what to do."""


@frozen
class Audio:
    """The agent's speech, linear16 at 24 kHz."""

    pcm: bytes


Heard: TypeAlias = dict[str, Any] | Audio | Closed


class Line:
    """One open connection."""

    def __init__(self, connection: IConnection) -> None:
        self._connection = connection
        self._heard: DeferredQueue[Heard] = DeferredQueue()

    def say(self, message: dict[str, Any]) -> None:
        """Send one message."""
        self._connection.send_text(json.dumps(message).encode())

    def speak(self, pcm: bytes) -> None:
        """Send audio."""
        self._connection.send_binary(pcm)

    def hang_up(self) -> None:
        """Close the connection."""
        self._connection.close(1000, "")

    def hear(self) -> "Deferred[Heard]":
        """The next thing that the proxy sends."""
        return self._heard.get()

    def text_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._heard.put(json.loads(payload))

    def binary_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._heard.put(Audio(payload))

    def congested(self) -> None:
        """What this client sends is little; the transport holds it."""

    def relieved(self) -> None:
        """See ``congested``."""

    def closed(self, how: Closed) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._heard.put(how)


class _Opening:
    def __init__(self) -> None:
        self.line: Deferred[Line] = Deferred()

    def dialled(self, connection: IConnection) -> Line:
        line = Line(connection)
        self.line.callback(line)
        return line

    def dial_failed(self, failure: DialFailure) -> None:
        self.line.errback(LineError(failure.detail))


def open_line(reactor: IReactorTime, url: str) -> "Deferred[Line]":
    """
    Connect to the proxy at ``url``.

    Fails with :class:`LineError` when there is nobody, and with ``ConfigError`` when the URL cannot be used.
    """
    opening = _Opening()
    UpstreamDialler(url=url, model="", key=lambda: None, limits=Limits(), reactor=reactor).dial(None, opening)
    return opening.line
