"""From the wire's refusals to kinds of failure, and from those to what a client is told."""

import pytest

from turngate.protocols.realtime.refusals import Meaning
from turngate.proxy.first_word import CAUSES, OUTLOOKS, RealtimeFirstWord, problem_of
from turngate.proxy.ports import Closed, DialFailure, DialFault, Outlook
from turngate.session.messages import Cause


def test_tables_are_total() -> None:
    """Every meaning has an outlook, and every outlook a cause."""
    assert set(Meaning) == set(OUTLOOKS)
    assert set(Outlook) == set(CAUSES)


def test_error_is_a_failure_in_band_and_its_words_are_not_for_the_log() -> None:
    """The detail is ours; what the upstream said is kept apart."""
    word = RealtimeFirstWord()
    assert word.spoken(b'{"type":"session.created","session":{}}') is None
    failure = word.spoken(b'{"type":"error","error":{"code":"invalid_api_key","message":"bad sk-canary"}}')
    assert failure is not None
    assert (DialFault.IN_BAND, Outlook.KEY_REFUSED, "invalid_api_key") == (failure.fault, failure.outlook, failure.code)
    assert "bad sk-canary" == failure.words
    assert "canary" not in repr(failure)
    nameless = word.spoken(b'{"type":"error","error":{"message":"sk-canary"}}')
    assert nameless is not None
    assert "the upstream refused the session (no code)" == nameless.detail


def test_close_is_a_failure_in_band_with_its_number() -> None:
    """Words of ours about a connection that we gave up are not the upstream's."""
    word = RealtimeFirstWord()
    theirs = word.unspoken(Closed(3000, "invalid_api_key"))
    assert (Outlook.KEY_REFUSED, 3000, "invalid_api_key") == (theirs.outlook, theirs.close_code, theirs.words)
    assert "" == word.unspoken(Closed(1006, "the peer does not read", by_us=True)).words


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (DialFailure(DialFault.NAME, "canary"), Cause.UPSTREAM_UNREACHABLE),
        (DialFailure(DialFault.CIRCUIT_OPEN, "canary", retry_after_s=5), Cause.UPSTREAM_UNREACHABLE),
        (DialFailure(DialFault.REFUSED, "canary", Outlook.BUSY, 429), Cause.UPSTREAM_BUSY),
        (DialFailure(DialFault.IN_BAND, "canary", Outlook.SPENT, code="insufficient_quota"), Cause.UPSTREAM_BUSY),
        (DialFailure(DialFault.REFUSED, "canary", Outlook.REFUSED, 404), Cause.UPSTREAM_REJECTED),
        (DialFailure(DialFault.REFUSED, "canary", Outlook.KEY_REFUSED, 401), Cause.UPSTREAM_REJECTED),
        (DialFailure(DialFault.IN_BAND, "canary", close_code=1011), Cause.UPSTREAM_CLOSED),
    ],
    ids=lambda value: value.name if isinstance(value, Cause) else value.fault.name,
)
@pytest.mark.row(44)
def test_client_is_told_the_cause_in_fixed_words(failure: DialFailure, cause: Cause) -> None:
    """What we noted for the operator is not for clients."""
    problem = problem_of(failure)
    assert cause is problem.cause
    assert "canary" not in problem.detail
    assert failure.code == problem.code
