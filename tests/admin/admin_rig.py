"""A desk with everything on it in hand, and its answers over HTTP without a socket."""

import json

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from turngate.admin import Desk, Metrics, OneProcess, site
from turngate.admin.desk import Ask
from turngate.admin.usage import listed
from turngate.proxy.ledger import Ledger
from turngate.proxy.session import Standing
from turngate.session.account import Account
from turngate.session.prices import PriceList


class Rig:
    def __init__(self, token=None):
        self.metrics = Metrics()
        self.clock = Clock()
        self.standings = {}
        self.dismissed = []
        self.reason = None
        self.drains = 0
        self.prices = PriceList()
        self.ledger = Ledger(lambda: 1_795_600_000.0)
        self.desk = Desk(
            house=OneProcess(self.metrics, lambda: self.standings, self.dismiss, self.clock.seconds, self.used),
            unready=lambda: self.reason,
            drain=self.drain,
            drain_s=30.0,
            token=token,
        )

    def used(self):
        return listed(self.ledger, self.prices)

    def dismiss(self, name):
        self.dismissed.append(name)
        return name in self.standings

    def drain(self):
        self.drains += 1

    def open(self, name="6babc807"):
        """A session is open; gives its account."""
        account = Account()
        account.phase = "serving"
        self.standings[name] = Standing(account, self.clock.seconds(), "tcp4:127.0.0.1:1")
        return account

    def ask(self, path, method="GET", host="localhost:9090", **others):
        answers = []
        self.desk.answer(Ask(method, path, host, **others), answers.append)
        (answer,) = answers
        return answer

    def read(self, path, method="GET", **others):
        """The status, and the JSON that is answered."""
        answer = self.ask(path, method, **others)
        return answer.status.value, json.loads(answer.body)

    def http(self, *requests):
        """What comes back over one connection."""
        protocol = site(self.desk).buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        transport = StringTransport()
        transport.protocol = protocol
        protocol.makeConnection(transport)
        for request in requests:
            protocol.dataReceived(request)
        return transport
