"""
Who a client is, by the credential that it shows.

Responsible for reading a credential, for keys that were given out (kept as hashes), and for the class of what is wrong
with one. Nothing here prints a credential.

Must not know: files, sockets, how many may come in.

Comes from: ``ops/clients.py``, which reads the files. Goes to: ``guard.py``.
"""

from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Protocol

from attrs import field, frozen

from turngate.net.admission import CREDENTIAL_SCHEMES
from turngate.proxy.ledger import Caps

MAX_CREDENTIAL_CHARS: Final = 8192

LEEWAY_S: Final = 60.0
"""By how much the clocks of those who give out tokens may differ from ours."""


class Reason(Enum):
    """What is wrong with a credential, as far as a log may say."""

    MISSING = "there is none"
    SCHEME = "it is of another kind than Token or Bearer"
    UNKNOWN = "it is no key that was given out, or was taken out of the file"
    EXPIRED = "its time is over"
    EARLY = "its time has not begun"
    AUDIENCE = "it was made for another server"
    ISSUER = "it was made by somebody else"
    ALGORITHM = "it is signed in a way that is not accepted, or not at all"
    SIGNATURE = "its signature is wrong"
    NOT_YET = "the keys that it is judged by are not known yet, or perhaps not all of them"
    MALFORMED = "it cannot be read, or lacks what it must say"


@frozen
class Known:
    """A client that may come in."""

    name: str
    max_sessions: int | None = None
    """How many sessions it may have; ``None`` is as many as any other."""


class Judges(Protocol):
    """Knows some credentials."""

    def judge(self, secret: str, now_s: float) -> Known | Reason:
        """Whose it is, or what is wrong with it. ``now_s`` is the time of day, since 1970."""


def secret_of(credential: str | None) -> str | Reason:
    """The secret without its scheme."""
    scheme, _, secret = (credential or "").strip().partition(" ")
    secret = secret.strip()
    if not scheme:
        return Reason.MISSING
    if scheme.lower() not in CREDENTIAL_SCHEMES:
        return Reason.SCHEME
    if not secret:
        return Reason.MISSING
    if len(secret) > MAX_CREDENTIAL_CHARS or not secret.isascii():
        return Reason.MALFORMED
    return secret


def digest_of(secret: str) -> bytes:
    """What is kept of a key. It is random and long, so that a slow hash would protect nothing (decision 0053)."""
    return sha256(secret.encode()).digest()


@frozen
class StaticKey:
    """A key that was given out."""

    name: str
    digest: bytes = field(repr=False)
    expires_s: float | None = None
    """Since 1970."""
    max_sessions: int | None = None
    day: Caps = field(factory=Caps)
    """What it may use in a day, where it is not as much as any other."""


@frozen
class StaticKeys:
    """The keys of a file."""

    keys: tuple[StaticKey, ...] = field(default=(), repr=False)
    same: Callable[[bytes, bytes], bool] = field(default=compare_digest, repr=False, eq=False)
    """Compares in a time that tells nothing."""

    def judge(self, secret: str, now_s: float) -> Known | Reason:
        """See :class:`Judges`. All keys are compared, wherever the right one stands."""
        digest = digest_of(secret)
        found: StaticKey | None = None
        for key in self.keys:
            if self.same(key.digest, digest):
                found = key
        if found is None:
            return Reason.UNKNOWN
        if found.expires_s is not None and now_s >= found.expires_s:
            return Reason.EXPIRED
        return Known(found.name, found.max_sessions)
