"""
The public keys of those who sign tokens, fetched from a URL of theirs and kept.

Responsible for when they are fetched: as the answer says (within bounds), when a token names a key that is not there
(not too often, for anybody can name one), and again at growing distances when it failed. And for how long a set is good
that could not be fetched again.

Must not know: what a key or a token looks like, HTTP beyond one header.

Comes from: ``client_jwks_url``. Goes to: ``function_call.py``, which fetches within bounds and follows no redirect, and
to ``jwts.py``, which judges by the keys.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from attrs import field, frozen
from attrs.validators import gt
from twisted.internet.interfaces import IDelayedCall, IHostnameResolver
from twisted.internet.ssl import Certificate
from twisted.web.iweb import IResponse

from turngate.errors import ConfigError
from turngate.net.bridge import log_fault
from turngate.net.function_call import FunctionCall, Means
from turngate.net.function_hosts import Place
from turngate.net.function_request import FunctionRequest
from turngate.net.jwts import PublicKey
from turngate.net.limits import MIB, FunctionLimits
from turngate.proxy.log import EventLog
from turngate.proxy.ports import FunctionOutcome

Read: TypeAlias = Callable[[str], tuple[PublicKey, ...]]
"""The keys in a text; raises :class:`~turngate.errors.ConfigError` where there are none."""
Uniform: TypeAlias = Callable[[float, float], float]

LIMITS: Final = FunctionLimits(call_s=10.0, attempt_s=3.0, max_output_bytes=1 * MIB)
HEADERS: Final = {"Accept": "application/json", "User-Agent": "turngate"}


@frozen(kw_only=True)
class Freshness:
    """When keys are fetched, in seconds."""

    least_s: float = field(default=300.0, validator=gt(0))
    most_s: float = field(default=86_400.0, validator=gt(0))
    """Between two fetches, whatever the answer says."""
    usual_s: float = field(default=3_600.0, validator=gt(0))
    """Where it says nothing."""
    again_s: float = field(default=30.0, validator=gt(0))
    """Between two fetches that tokens with unknown keys bring about. So long a set is believed to be all."""
    least_pause_s: float = field(default=5.0, validator=gt(0))
    most_pause_s: float = field(default=300.0, validator=gt(0))
    """After a failure; it doubles from the one to the other."""
    overdue_s: float = field(default=86_400.0, validator=gt(0))
    """For how long a set is good after it should have been fetched again."""


class KeySource:
    """
    The keys at one place.

    Args:
        place: where.
        read: takes them out of what is there.
        reactor: for names, connections and time.
        log: has a line for each set that is new, and for each failure.
        uniform: spreads the fetches of many processes.
        freshness: when.
        resolver: resolves names instead of the reactor's.
        trust_root: whom to trust instead of the system's certificate authorities.
    """

    def __init__(
        self,
        *,
        place: Place,
        read: Read,
        reactor: Any,
        log: EventLog,
        uniform: Uniform,
        freshness: Freshness | None = None,
        resolver: IHostnameResolver | None = None,
        trust_root: Certificate | None = None,
    ) -> None:
        self._request = FunctionRequest(place, "GET", False, HEADERS)
        self._read = read
        self._reactor = reactor
        self._log = log
        self._uniform = uniform
        self._freshness = freshness or Freshness()
        self._means = Means(reactor, resolver or reactor.nameResolver, LIMITS, trust_root)
        self._call: FunctionCall | None = None
        self._timer: IDelayedCall | None = None
        self._keys: tuple[PublicKey, ...] | None = None
        self._good_until_s = 0.0
        self._fetched_s: float | None = None
        self._begun_s: float | None = None
        self._failures = 0

    @property
    def keys(self) -> tuple[PublicKey, ...] | None:
        """The keys in force; ``None`` while they are not known, or when they were not fetched again for too long."""
        return self._keys if self._reactor.seconds() < self._good_until_s else None

    @property
    def is_certain(self) -> bool:
        """Whether what is not among the keys is none, as far as anybody can know."""
        return self._fetched_s is not None and self._reactor.seconds() < self._fetched_s + self._freshness.again_s

    def refresh(self) -> None:
        """Fetch them now, unless that goes on already."""
        if self._call is not None:
            return
        self._cancel_timer()
        self._begun_s = self._reactor.seconds()
        self._call = FunctionCall(self._request, b"", self._means, self)

    def miss(self) -> None:
        """Somebody names a key that is not there: fetch them, if that was not done just now."""
        if self._begun_s is None or self._reactor.seconds() >= self._begun_s + self._freshness.again_s:
            self.refresh()

    def stop(self) -> None:
        """Fetch no more."""
        self._cancel_timer()
        if self._call is not None:
            self._call.cancel()

    # --- called by the call -------------------------------------------------------------------------------------------

    def settled(self, call: FunctionCall, outcome: FunctionOutcome | None) -> None:
        """Take the keys, if there are any, and set the time of the next fetch."""
        self._call = None
        if outcome is None:
            return
        if outcome.output is None:
            self._failed(str(outcome.failure))
            return
        try:
            keys, told_s = self._read(outcome.output), max_age_s(call.response)
        except ConfigError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a guard: whatever an answer does to us, there is a next fetch
            log_fault(error, self._host)
            self._failed("the answer cannot be read")
        else:
            self._took(keys, told_s)

    def released(self, call: FunctionCall) -> None:
        """There is one call at a time; nothing is counted."""

    # --- inside -------------------------------------------------------------------------------------------------------

    def _took(self, keys: tuple[PublicKey, ...], told_s: float | None) -> None:
        times = self._freshness
        fresh_s = min(max(times.usual_s if told_s is None else told_s, times.least_s), times.most_s)
        self._fetched_s = now_s = self._reactor.seconds()
        self._good_until_s = now_s + fresh_s + times.overdue_s
        self._failures = 0
        next_s = self._again_in(0.9 * fresh_s, fresh_s)
        if self._keys is None or names_of(self._keys) != names_of(keys):
            self._log.info("clients.keys_fetched", host=self._host, count=len(keys), next_s=next_s)
        else:
            self._log.debug("clients.keys_fetched", host=self._host, count=len(keys), next_s=next_s)
        self._keys = keys

    def _failed(self, problem: str) -> None:
        times = self._freshness
        pause_s = min(times.most_pause_s, times.least_pause_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        next_s = self._again_in(pause_s / 2, pause_s)
        if self.keys is None:
            self._log.error("clients.keys_not_fetched", host=self._host, problem=problem, next_s=next_s)
        else:
            good_s = round(self._good_until_s - self._reactor.seconds())
            self._log.warn("clients.keys_not_fetched", host=self._host, problem=problem, next_s=next_s, good_s=good_s)

    def _again_in(self, least_s: float, most_s: float) -> int:
        """Set the time, at random between two; and say it in whole seconds."""
        pause_s = self._uniform(least_s, most_s)
        self._timer = self._reactor.callLater(pause_s, self.refresh)
        return round(pause_s)

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    @property
    def _host(self) -> str:
        return self._request.place.host


def names_of(keys: tuple[PublicKey, ...]) -> frozenset[str | None]:
    """The names of keys."""
    return frozenset(key.kid for key in keys)


def max_age_s(response: IResponse | None) -> float | None:
    """For how long an answer says that it is fresh (RFC 9111, 5.2.2); ``None`` where it says nothing of that."""
    lines = response.headers.getRawHeaders(b"cache-control", []) if response is not None else []
    stated = [one.strip().lower().partition("=") for line in lines for one in line.decode("latin-1").split(",")]
    if any(name in {"no-store", "no-cache"} for name, _, _ in stated):
        return 0.0
    for name, _, value in stated:
        digits = value.strip('"')
        # so many digits are more than any age, and a number of thousands of them takes its time
        if name == "max-age" and digits.isascii() and digits.isdigit() and len(digits) <= 12:
            return float(digits)
    return None
