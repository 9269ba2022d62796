"""
Who is let in: those whose credential is good, as many and as fast as they may.

Responsible for the order of the questions, for the places that sessions take, and for one line in the log about each
refusal, which holds the class of the reason and never the credential.

Must not know: files, connections, what a session is; who comes back to a session it is told.

Comes from: the listener, once for every request that is a WebSocket at a known path of an allowed origin. Goes to: the
upgrade, by way of a :class:`~turngate.net.admission.Guest`.
"""

from collections.abc import Callable
from http import HTTPStatus
from math import ceil
from typing import Final

from attrs import frozen

from turngate.net.admission import Guest, Offer, Refused
from turngate.net.credentials import Judges, Known, Reason, secret_of
from turngate.net.quotas import CountsPlaces, Full, KeepsPaces, Paces, Places, Quotas
from turngate.net.whence import source_of
from turngate.proxy.ledger import Books
from turngate.proxy.log import EventLog

EVERYBODY: Final = "everybody"
LINES_PER_S, LINES_AT_ONCE = 10.0, 50
"""How many refusals are logged; who is refused decides how often, and shall not fill a disk."""

SEATS_RETRY_S: Final = 5
NOT_YET_RETRY_S: Final = 2
"""Fetching the keys takes less."""
MOST_RETRY_S: Final = 3600
"""A day that is used up is over at midnight, unless the operator allows more before."""


@frozen
class Times:
    """Two kinds of time: for distances, and of the day."""

    seconds: Callable[[], float]
    now_s: Callable[[], float]


class Guard:
    """
    Provides :data:`~turngate.net.admission.Admit`.

    Args:
        judge: knows the credentials; ``None`` asks for none.
        quotas: how many, and how fast.
        clock: tells the time.
        log: hears of refusals.
        comes_back: whether a request is for a session that has its place already.
        trusted_proxies: how many proxies in front write ``X-Forwarded-For``.
        places: counts who is in; by default those of this process alone.
        paces: knows how fast each comes; by default to this process alone.
        books: know who has used up a day; ``None`` asks nobody.
    """

    def __init__(
        self,
        *,
        judge: Judges | None,
        quotas: Quotas,
        clock: Times,
        log: EventLog,
        comes_back: Callable[[Offer], bool],
        trusted_proxies: int = 0,
        places: CountsPlaces | None = None,
        paces: KeepsPaces | None = None,
        books: Books | None = None,
    ) -> None:
        self.judge = judge
        """May be replaced at any time; sessions that are open stay."""
        self._places = Places() if places is None else places
        self._quotas = quotas
        self._clock = clock
        self._log = log
        self._comes_back = comes_back
        self._trusted_proxies = trusted_proxies
        self._books = books
        self._paces = Paces(quotas.connects_per_s, quotas.connect_burst) if paces is None else paces
        self._lines = Paces(LINES_PER_S, LINES_AT_ONCE)
        self._unlogged = 0

    def __call__(self, offer: Offer) -> Guest | Refused:
        """Let a client in, or not. An address is asked first, so that guessing keys is as slow as connecting."""
        source = source_of(offer, self._trusted_proxies)
        by_address = ("address", source) if source is not None else None
        if by_address is not None and (wait_s := self._paces.wait_s(by_address, self._clock.seconds())):
            return self._too_soon(offer, source, "", "address_rate", wait_s)
        known = self._known(offer)
        if isinstance(known, Reason):
            return self._refused(offer, source, "", known.name.lower(), answer_to(known))
        by_key = ("key", known.name) if known.name else None
        if by_key is not None and (wait_s := self._paces.wait_s(by_key, self._clock.seconds())):
            return self._too_soon(offer, source, known.name, "key_rate", wait_s)
        if self._comes_back(offer):
            return Guest(known.name)
        used_up = self._books.used_up(known.name) if self._books is not None else None
        if self._books is not None and used_up is not None:
            wait_s = min(MOST_RETRY_S, self._books.wait_s(known.name) or 0.0)
            return self._too_soon(offer, source, known.name, used_up.name.lower(), wait_s)
        limits = (
            (EVERYBODY, self._quotas.max_sessions, "all_sessions", HTTPStatus.SERVICE_UNAVAILABLE),
            (by_key, known.max_sessions or self._quotas.max_key_sessions, "key_sessions", HTTPStatus.TOO_MANY_REQUESTS),
            (by_address, self._quotas.max_address_sessions, "address_sessions", HTTPStatus.TOO_MANY_REQUESTS),
        )
        seat = self._places.take(*((name, most) for name, most, *_ in limits if name is not None))
        if isinstance(seat, Full):
            reason, status = next((reason, status) for name, _, reason, status in limits if name == seat.name)
            return self._refused(offer, source, known.name, reason, Refused(status, SEATS_RETRY_S))
        return Guest(known.name, seat)

    def change(self, quotas: Quotas) -> None:
        """Let in by other limits from now on. Who is in stays, and counts."""
        self._quotas = quotas
        self._paces.change(quotas.connects_per_s, quotas.connect_burst, self._clock.seconds())

    def _known(self, offer: Offer) -> Known | Reason:
        if self.judge is None:
            return Known("")
        secret = secret_of(offer.credential)
        return secret if isinstance(secret, Reason) else self.judge.judge(secret, self._clock.now_s())

    def _too_soon(self, offer: Offer, source: str | None, client: str, reason: str, wait_s: float) -> Refused:
        return self._refused(offer, source, client, reason, Refused(HTTPStatus.TOO_MANY_REQUESTS, max(1, ceil(wait_s))))

    def _refused(self, offer: Offer, source: str | None, client: str, reason: str, answer: Refused) -> Refused:
        if self._lines.wait_s("", self._clock.seconds()):
            self._unlogged += 1
            return answer
        unlogged, self._unlogged = self._unlogged, 0
        address = source if self._trusted_proxies else None
        self._log.info(
            "client.refused",
            reason=reason,
            status=answer.status.value,
            client=client,
            peer=offer.peer,
            address=address,
            unlogged=unlogged or None,
        )
        return answer


def answer_to(reason: Reason) -> Refused:
    """What a client is told whose credential is not good, or cannot be judged just now."""
    if reason is Reason.NOT_YET:
        return Refused(HTTPStatus.SERVICE_UNAVAILABLE, NOT_YET_RETRY_S)
    return Refused(HTTPStatus.UNAUTHORIZED)
