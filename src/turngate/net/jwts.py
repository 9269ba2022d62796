"""
Who a client is, by a token that somebody whom the operator trusts has signed.

Responsible for JWTs with public keys of the operator's choice: each key has one algorithm, which is pinned by the key
and never by the token; the audience, the times and the subject are demanded.

Must not know: files, sockets, how many may come in.

Comes from: ``ops/clients.py``, which reads the keys. Goes to: ``guard.py``.
"""

from typing import Any, Final, Protocol

import jwt
from attrs import field, frozen

from turngate.net.credentials import LEEWAY_S, Judges, Known, Reason

ALGORITHMS: Final = {
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("OKP", "Ed25519"): "EdDSA",
    ("RSA", None): "RS256",
}
"""By the kind of a public key. All are asymmetric: what checks a token cannot make one."""
MAX_SUBJECT_CHARS: Final = 64
OWN: Final = "jwt:"
"""Before a subject, so that nobody can have a token for the name of a static key."""


@frozen
class PublicKey:
    """One key of those who give out tokens."""

    kid: str | None
    algorithm: str
    key: Any = field(repr=False)


@frozen
class Jwts:
    """The tokens that some keys have signed for one audience."""

    keys: tuple[PublicKey, ...]
    audience: str
    issuer: str | None = None

    def judge(self, secret: str, now_s: float) -> Known | Reason:
        """See :class:`~turngate.net.credentials.Judges`."""
        try:
            header = jwt.get_unverified_header(secret)
        except jwt.InvalidTokenError:
            return Reason.MALFORMED
        kid = header.get("kid")
        fits = [key for key in self.keys if kid is None or key.kid == kid]
        # without a name there may be one key only: trying all would be work for whoever asks
        if len(fits) != 1:
            return Reason.UNKNOWN
        (key,) = fits
        if header.get("alg") != key.algorithm:
            return Reason.ALGORITHM
        try:
            claims = jwt.decode(
                secret,
                key.key,
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                # the times are compared below, with the clock that everything has
                options={
                    "require": ["exp", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            return Reason.AUDIENCE
        except jwt.InvalidIssuerError:
            return Reason.ISSUER
        except jwt.InvalidSignatureError:
            return Reason.SIGNATURE
        except jwt.InvalidTokenError as error:
            missing = {"aud": Reason.AUDIENCE, "iss": Reason.ISSUER}
            claim = error.claim if isinstance(error, jwt.MissingRequiredClaimError) else ""
            return missing.get(claim, Reason.MALFORMED)
        return client_of(claims, now_s)


class Keys(Protocol):
    """Keys that are known sooner or later."""

    @property
    def keys(self) -> tuple[PublicKey, ...] | None:
        """Those that are known; ``None`` while none are."""

    @property
    def is_certain(self) -> bool:
        """Whether what is not among them is none."""

    def miss(self) -> None:
        """One was named that is not there."""


@frozen
class FetchedJwts:
    """
    The tokens that some keys have signed which change.

    A token by a key that is not there may be by one that is new: the keys are asked for, and the client is to come
    again (decision 0066).
    """

    source: Keys
    audience: str
    issuer: str | None = None

    def judge(self, secret: str, now_s: float) -> Known | Reason:
        """See :class:`~turngate.net.credentials.Judges`."""
        known = self.source.keys
        keys = known or ()
        answer = Jwts(keys, self.audience, self.issuer).judge(secret, now_s)
        if answer is not Reason.UNKNOWN:
            return answer
        kid = jwt.get_unverified_header(secret).get("kid")
        if known is not None and (self.source.is_certain or kid is None or any(key.kid == kid for key in keys)):
            return answer
        self.source.miss()
        return Reason.NOT_YET


def client_of(claims: dict[str, Any], now_s: float) -> Known | Reason:
    """Whom a token is for, if its time has begun and is not over."""
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Reason.MALFORMED
    if not now_s < claims["exp"] + LEEWAY_S:
        return Reason.EXPIRED
    if not all(claims.get(name, 0) <= now_s + LEEWAY_S for name in ("nbf", "iat")):
        return Reason.EARLY
    subject = claims["sub"]
    if not 0 < len(subject) <= MAX_SUBJECT_CHARS or not subject.isprintable():
        return Reason.MALFORMED
    return Known(f"{OWN}{subject}")


@frozen
class Either:
    """Static keys and JWTs together; only a JWT has dots."""

    static: Judges
    signed: Judges

    def judge(self, secret: str, now_s: float) -> Known | Reason:
        """See :class:`~turngate.net.credentials.Judges`."""
        return (self.signed if "." in secret else self.static).judge(secret, now_s)
