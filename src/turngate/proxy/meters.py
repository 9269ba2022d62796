"""
What each open session uses, while it does: charged to its client, and held against what it may use.

Responsible for the minutes and the tokens of sessions, for the caps of one session, and for telling every session of a
client whose day is used up.

Must not know: how a session ends, what was used before (:mod:`turngate.proxy.ledger` does).

Comes from: the coordinators, with each answer, and whoever has a clock, who asks it to look. Goes to: the ledger, and
to the guardians of the sessions that are to end.

Minutes are of a clock that nobody sets. They count from the client's connection to the end of the session.
"""

from collections.abc import Callable

from turngate.proxy.ledger import SESSION_CAPS, Books, Caps, Row, Spent
from turngate.session.account import Account
from turngate.session.messages import Cap, Usage


class Meter:
    """One session's."""

    def __init__(self, client: str, account: Account, tell: Callable[[Cap], None], now_s: float) -> None:
        self.client = client
        self.account = account
        self.used = Row(sessions=1)
        self._tell = tell
        self._seen_s = now_s
        self._is_told = False

    def elapsed(self, now_s: float) -> Spent:
        """The time since it was asked last."""
        spent = Spent(seconds=max(0.0, now_s - self._seen_s))
        self._seen_s = now_s
        self.used.add(spent)
        return spent

    def tell(self, cap: Cap) -> None:
        """The session is to end; told once."""
        if not self._is_told and self.noted(cap):
            self._tell(cap)

    def noted(self, cap: Cap | None) -> Cap | None:
        """The session is about to know it."""
        self._is_told = self._is_told or cap is not None
        return cap


class Meters:
    """
    Those of all open sessions.

    Args:
        books: what is charged, and what a client has used up.
        caps: what one session may use.
        seconds: a clock that nobody sets.
    """

    def __init__(self, books: Books, caps: Caps, seconds: Callable[[], float]) -> None:
        self._books = books
        self._caps = caps
        self._seconds = seconds
        self._open: dict[str, Meter] = {}

    def open(self, name: str, client: str, account: Account, tell: Callable[[Cap], None]) -> None:
        """A session begins; ``tell`` has it end, a moment later."""
        meter = self._open[name] = Meter(client, account, tell, self._seconds())
        self._books.charge(client, Spent(sessions=1))
        self._check(meter, self._books.used_up(client))

    def close(self, name: str) -> None:
        """A session has ended."""
        meter = self._open.pop(name, None)
        if meter is not None:
            self._books.charge(meter.client, meter.elapsed(self._seconds()))

    def answered(self, name: str, usage: Usage) -> Cap | None:
        """
        An answer has ended, and cost something; which cap is used up by it.

        The other sessions of the same client are told of it; this one is to be told by whoever asks.
        """
        meter = self._open.get(name)
        if meter is None:
            return None
        spent = Spent(usage=usage, cost=meter.account.cost(usage) or 0.0)
        meter.used.add(spent)
        self._books.charge(meter.client, spent)
        used_up = self._books.used_up(meter.client)
        if used_up is not None:
            for other in self._open.values():
                if other.client == meter.client and other is not meter:
                    other.tell(used_up)
        return meter.noted(self._caps.reached(meter.used, SESSION_CAPS) or used_up)

    def look(self) -> None:
        """Charge the time that has passed, and end whose time is used up."""
        now_s = self._seconds()
        for meter in self._open.values():
            self._books.charge(meter.client, meter.elapsed(now_s))
        days = {client: self._books.used_up(client) for client in {meter.client for meter in self._open.values()}}
        for meter in self._open.values():
            self._check(meter, days[meter.client])

    def _check(self, meter: Meter, of_the_day: Cap | None) -> None:
        cap = self._caps.reached(meter.used, SESSION_CAPS) or of_the_day
        if cap is not None:
            meter.tell(cap)
