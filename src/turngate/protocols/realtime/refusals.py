"""
What an upstream means that refuses a session before it has begun one.

Responsible for one table: the codes of ``error`` events, and of closes, that come in place of ``session.created``.

Must not know: what follows from a refusal.

Comes from: the first text message of a connection, or its close. Goes to: ``proxy/first_word.py``.
"""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from turngate.protocols.realtime import server_events as s
from turngate.protocols.realtime.codec import decode_server
from turngate.protocols.realtime.readings import error_of, text_of


class Meaning(Enum):
    """Why there is no session."""

    KEY = "the key is not good"
    REQUEST = "what was asked for does not exist, or not like this"
    QUOTA = "what was paid for is used up"
    BUSY = "there is too much at once"
    FAILING = "the upstream itself fails"


CODES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "invalid_api_key": Meaning.KEY,
        "incorrect_api_key": Meaning.KEY,
        "account_deactivated": Meaning.KEY,
        "invalid_organization": Meaning.KEY,
        "ip_not_authorized": Meaning.KEY,
        "permission_denied": Meaning.KEY,
        "unauthorized": Meaning.KEY,
        "beta_api_shape_disabled": Meaning.REQUEST,
        "model_not_found": Meaning.REQUEST,
        "unsupported_country_region_territory": Meaning.REQUEST,
        "insufficient_quota": Meaning.QUOTA,
        "billing_hard_limit_reached": Meaning.QUOTA,
        "billing_not_active": Meaning.QUOTA,
        "rate_limit_exceeded": Meaning.BUSY,
        "server_overloaded": Meaning.BUSY,
        "slow_down": Meaning.BUSY,
        "server_error": Meaning.FAILING,
        "session_expired": Meaning.FAILING,
    }
)
"""By the last part of a code: some servers put the type of the error before it."""

TYPES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "authentication_error": Meaning.KEY,
        "permission_error": Meaning.KEY,
        "invalid_request_error": Meaning.REQUEST,
        "insufficient_quota": Meaning.QUOTA,
        "rate_limit_error": Meaning.BUSY,
        "requests": Meaning.BUSY,
        "tokens": Meaning.BUSY,
    }
)
"""By the type of an error whose code is not known."""

CLOSES: Final[Mapping[int, Meaning]] = MappingProxyType(
    {1013: Meaning.BUSY, 3000: Meaning.KEY, 3003: Meaning.KEY, 4000: Meaning.REQUEST}
)
"""By the code of a close without words; 3000 and 3003 are registered as HTTP's 401 and 403, 4000 is the API's own."""

MAX_CODE_CHARS: Final = 64
_CODE: Final = re.compile(rf"[A-Za-z][A-Za-z_.]{{0,{MAX_CODE_CHARS - 1}}}")
_WORD: Final = re.compile(r"[a-z_]+")


@frozen
class SessionRefused:
    """The upstream has no session for us; ``words`` are its own, and may hold what is secret."""

    meaning: Meaning
    code: str | None = None
    """Only a plain name, which can be logged."""
    words: str = field(default="", repr=False)


def refusal_in(payload: bytes) -> SessionRefused | None:
    """What the first text message says: a refusal, or ``None`` for anything else."""
    event = decode_server(payload)
    if not isinstance(event, s.ErrorEvent):
        return None
    error = error_of(event.error)
    kind = error.type or ""
    # some servers have no code, and say as the type what others say as the code
    code = text_of(error.code) or (kind if kind in CODES else "")
    meaning = CODES.get(code.rpartition(".")[2]) or TYPES.get(kind, Meaning.FAILING)
    return SessionRefused(meaning, code if _CODE.fullmatch(code) else None, error.message or "")


def refusal_by_close(close_code: int, reason: str) -> SessionRefused:
    """What a close says that comes before everything else."""
    named = next((CODES[word] for word in _WORD.findall(reason[:256]) if word in CODES), None)
    return SessionRefused(named or CLOSES.get(close_code, Meaning.FAILING), words=reason)
