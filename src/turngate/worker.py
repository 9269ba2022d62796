"""
A worker's process: ``python -m turngate.worker``, which a parent starts and nobody else.

Responsible for its reactor, its clock and its log, and for ending when its parent has ended, whichever way that was.

Must not know: what a worker is made of (``assembly/hand.py``).

The parent is at two descriptors: on one come messages, of which the first says who this is; on the other, connections.
"""

import socket
import sys
import time
from typing import Any

from twisted.internet.protocol import Factory
from twisted.logger import globalLogBeginner

from turngate.assembly.hand import Hand, Lines
from turngate.assembly.signals import stop
from turngate.errors import ConfigError
from turngate.net import use_reactor
from turngate.workers.channel import Channel
from turngate.workers.handing import adopted
from turngate.workers.processes import CHANNEL_FD, HANDING_FD
from turngate.workers.words import Begin, Failed, ToWorker, of_parent


class Worker:
    """A worker before and after its parent has said who it is."""

    def __init__(self, reactor: Any, handing: socket.socket) -> None:
        self.status = 0
        self.channel: Channel[ToWorker] = Channel(of_parent, self._heard, lambda: stop(reactor))
        self._reactor = reactor
        self._handing = handing
        self._hand: Hand | None = None

    def _heard(self, message: ToWorker) -> None:
        if self._hand is not None:
            self._hand.heard(message)
        elif isinstance(message, Begin):
            try:
                self._hand = Hand(self._reactor, self.channel, self._handing, message)
            except ConfigError as error:
                self.channel.tell(Failed(str(error)))
                self.status = 1
                # its end is that of the reactor
                self.channel.close()
            else:
                self._hand.start()


def main() -> int:
    """Work until the parent wants no more; gives the exit status."""
    from twisted.internet import reactor as the_reactor

    reactor: Any = the_reactor
    # as in the parent, so that both know what the other means by a time
    reactor.seconds = time.monotonic
    use_reactor(reactor)
    handing = socket.socket(fileno=HANDING_FD)
    handing.setblocking(False)
    handing.set_inheritable(False)
    worker = Worker(reactor, handing)
    globalLogBeginner.beginLoggingTo([Lines(worker.channel)], redirectStandardIO=False)
    parent = socket.socket(fileno=CHANNEL_FD)
    parent.setblocking(False)
    parent.set_inheritable(False)
    reactor.callWhenRunning(adopted, reactor, parent, Factory.forProtocol(lambda: worker.channel))
    reactor.run()
    return worker.status


if __name__ == "__main__":
    sys.exit(main())
