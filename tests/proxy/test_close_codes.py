"""The table of close codes, both ways."""

import pytest

from turngate.proxy.close_codes import client_close, may_be_sent, upstream_close
from turngate.session.messages import Ending

CLIENT = {
    Ending.UPSTREAM_LIMIT: 1000,
    Ending.CLIENT_LEFT: 1000,
    Ending.CLIENT_FAULT: 1008,
    Ending.CLIENT_TOO_LARGE: 1009,
    Ending.CLIENT_TIMEOUT: 1008,
    Ending.CLIENT_STALLED: 1008,
    Ending.UPSTREAM_FAILED: 1011,
    Ending.GOING_AWAY: 1001,
    Ending.USED_UP: 1008,
    Ending.DISMISSED: 1008,
    Ending.INTERNAL: 1011,
}
UPSTREAM = {
    Ending.UPSTREAM_LIMIT: 1000,
    Ending.CLIENT_LEFT: 1000,
    Ending.CLIENT_FAULT: 1000,
    Ending.CLIENT_TOO_LARGE: 1000,
    Ending.CLIENT_TIMEOUT: 1000,
    Ending.CLIENT_STALLED: 1000,
    Ending.UPSTREAM_FAILED: 1011,
    Ending.GOING_AWAY: 1001,
    Ending.USED_UP: 1000,
    Ending.DISMISSED: 1000,
    Ending.INTERNAL: 1011,
}


@pytest.mark.parametrize("ending", Ending)
def test_client_close_for_every_ending(ending: Ending) -> None:
    """Every ending has a code for the client that may be sent, with a reason that fits a close frame."""
    code, reason = client_close(ending)
    assert CLIENT[ending] == code
    assert may_be_sent(code)
    assert len(reason.encode()) <= 123


@pytest.mark.parametrize("ending", Ending)
def test_upstream_close_for_every_ending(ending: Ending) -> None:
    """Every ending has a code for the upstream that may be sent, and tells it nothing of the client."""
    code, reason = upstream_close(ending)
    assert UPSTREAM[ending] == code
    assert may_be_sent(code)
    assert reason == ""


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1014, 1015, 1016, 2999, 5000, 65536, -1])
def test_code_is_not_sent_when_reserved(code: int) -> None:
    """Codes that RFC 6455 reserves are not for sending."""
    assert not may_be_sent(code)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4999])
def test_code_is_sent_when_defined(code: int) -> None:
    """Codes that an endpoint may say."""
    assert may_be_sent(code)
