"""What an upstream means that has no session for us."""

import json
from typing import Any

import pytest

from turngate.protocols.realtime.refusals import CODES, Meaning, SessionRefused, refusal_by_close, refusal_in


def said(**error: Any) -> SessionRefused | None:
    return refusal_in(json.dumps({"type": "error", "error": error}).encode())


@pytest.mark.parametrize(
    ("error", "meaning", "code"),
    [
        ({"code": "invalid_api_key", "type": "invalid_request_error"}, Meaning.KEY, "invalid_api_key"),
        (
            {"code": "invalid_request_error.invalid_api_key"},
            Meaning.KEY,
            "invalid_request_error.invalid_api_key",
        ),
        ({"code": "beta_api_shape_disabled"}, Meaning.REQUEST, "beta_api_shape_disabled"),
        ({"code": "model_not_found", "type": "invalid_request_error"}, Meaning.REQUEST, "model_not_found"),
        ({"code": "insufficient_quota", "type": "insufficient_quota"}, Meaning.QUOTA, "insufficient_quota"),
        ({"code": "rate_limit_exceeded", "type": "tokens"}, Meaning.BUSY, "rate_limit_exceeded"),
        ({"code": "server_error", "type": "server_error"}, Meaning.FAILING, "server_error"),
        ({"code": "brand_new", "type": "invalid_request_error"}, Meaning.REQUEST, "brand_new"),
        ({"code": None, "type": "authentication_error"}, Meaning.KEY, None),
        ({"code": "brand_new", "type": "brand_new"}, Meaning.FAILING, "brand_new"),
        ({"type": "invalid_api_key"}, Meaning.KEY, "invalid_api_key"),
        ({"code": 500}, Meaning.FAILING, None),
        ({"code": "sk-canary-1"}, Meaning.FAILING, None),
        ({"code": "x" * 65}, Meaning.FAILING, None),
        ({}, Meaning.FAILING, None),
    ],
)
def test_error_is_read_by_its_code_then_by_its_type(error: dict[str, Any], meaning: Meaning, code: str | None) -> None:
    """A code that could hold anything else than a name is not kept."""
    refused = said(**error, message="Incorrect API key provided: sk-canary.")
    assert refused == SessionRefused(meaning, code, "Incorrect API key provided: sk-canary.")
    assert "canary" not in repr(refused)


def test_error_may_be_its_message_alone() -> None:
    """Some servers send no object."""
    assert SessionRefused(Meaning.FAILING, words="no") == refusal_in(b'{"type":"error","error":"no"}')


@pytest.mark.parametrize(
    "payload",
    [b'{"type":"session.created","session":{}}', b'{"type":"brand.new"}', b'{"type":"session.updated"}', b"{", b"\xff"],
)
def test_everything_else_is_no_refusal(payload: bytes) -> None:
    """Whether it can be used is for others to say."""
    assert refusal_in(payload) is None


@pytest.mark.parametrize(
    ("code", "reason", "meaning"),
    [
        (3000, "invalid_request_error.invalid_api_key", Meaning.KEY),
        (3000, "", Meaning.KEY),
        (3003, "", Meaning.KEY),
        (4000, "invalid_request_error.beta_api_shape_disabled", Meaning.REQUEST),
        (4000, "insufficient_quota: pay", Meaning.QUOTA),
        (1013, "", Meaning.BUSY),
        (1008, "rate_limit_exceeded", Meaning.BUSY),
        (1000, "", Meaning.FAILING),
        (1006, "whatever", Meaning.FAILING),
        (1011, "x" * 300 + " invalid_api_key", Meaning.FAILING),
    ],
)
def test_close_is_read_by_its_words_then_by_its_number(code: int, reason: str, meaning: Meaning) -> None:
    """The reason is the upstream's own, and is kept apart from what may be logged."""
    assert SessionRefused(meaning, None, reason) == refusal_by_close(code, reason)


def test_codes_can_be_found_in_a_reason() -> None:
    """Each is one word of lower case."""
    assert [] == [code for code in CODES if refusal_by_close(1000, code).meaning is not CODES[code]]
