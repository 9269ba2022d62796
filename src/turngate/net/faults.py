"""
Why a try to reach the upstream failed.

Responsible for telling the kinds of failure apart, for what another try is likely to bring, and for words that hold no
key, no header and nothing that the upstream wrote.

Must not know: sessions, when to try again.

Comes from: errors of the transport and the HTTP answer, by way of ``dialer.py``. Goes to: the
:class:`~turngate.proxy.ports.DialFailure` that is told.
"""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import DNSLookupError
from twisted.python.failure import Failure

from turngate.net.bridge import HttpAnswer
from turngate.proxy.ports import Closed, DialFailure, DialFault, Outlook

MAX_RETRY_AFTER_S: Final = 3600.0
"""What a longer ``Retry-After`` counts as."""

_TRY_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.UPGRADE_REQUIRED})
"""Statuses below 500 that are about this request alone."""

_UNAUTHORISED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_BUSY: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def not_shown(detail: str) -> DialFailure:
    """The key cannot be sent."""
    return DialFailure(DialFault.KEY, detail, Outlook.REFUSED)


def not_connected(failure: Failure) -> DialFailure:
    """There is no TCP connection."""
    fault = DialFault.NAME if failure.check(DNSLookupError) else DialFault.TCP
    return DialFailure(fault, f"cannot connect to the upstream ({type(failure.value).__name__})")


def too_late(seconds: float, peer: str) -> DialFailure:
    """A try took too long: it has no ``peer`` yet, or waits for the peer's part of TLS or of the upgrade."""
    what = "did not answer" if peer else "was not connected"
    return DialFailure(DialFault.TIME, f"the upstream {what} within {seconds:g} s")


def never_open(
    how: Closed, answer: HttpAnswer | None, error: BaseException | None, now_s: Callable[[], float] | None
) -> DialFailure:
    """A connection ended before it was open; ``now_s`` tells the time of day, since 1970."""
    if answer is not None and answer.status != HTTPStatus.SWITCHING_PROTOCOLS:
        return _refused(answer, now_s)
    if isinstance(error, VerificationError):
        return DialFailure(DialFault.TLS, "the upstream's certificate is for another name", Outlook.REFUSED)
    if isinstance(error, SSL.Error):
        return _tls_failed(_tls_words(error))
    return DialFailure(DialFault.UPGRADE, how.reason or "the upstream closed the connection before the upgrade")


def _refused(answer: HttpAnswer, now_s: Callable[[], float] | None) -> DialFailure:
    status = answer.status
    if status in _UNAUTHORISED:
        outlook = Outlook.KEY_REFUSED
    elif status in _BUSY:
        outlook = Outlook.BUSY
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_AGAIN:
        outlook = Outlook.BETTER
    else:
        outlook = Outlook.REFUSED
    detail = f"the upstream answered the upgrade with HTTP {status}"
    retry_after_s = None if outlook.is_hopeless else retry_after(answer.retry_after, now_s)
    return DialFailure(DialFault.REFUSED, detail, outlook, status, retry_after_s)


def _tls_failed(words: str) -> DialFailure:
    outlook = Outlook.REFUSED if words == "certificate verify failed" else Outlook.BETTER
    return DialFailure(DialFault.TLS, f"TLS with the upstream failed: {words}", outlook)


def _tls_words(error: SSL.Error) -> str:
    """OpenSSL's own words, which it takes from a fixed list; the shape of the error is not to be relied on."""
    match error.args:
        case ([*_, (_, _, str(words))],):
            return words
        case _:
            return "no reason given"


def retry_after(value: str, now_s: Callable[[], float] | None) -> float | None:
    """The seconds that a ``Retry-After`` header asks for, as a number or as a date; ``None`` if it is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        # more digits are no smaller number
        return min(float(value[:10]), MAX_RETRY_AFTER_S)
    if now_s is None:
        return None
    try:
        date = parsedate_to_datetime(value)
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
