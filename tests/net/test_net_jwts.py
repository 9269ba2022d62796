"""Tokens that somebody else has signed."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from turngate.net.credentials import Known, Reason, StaticKey, StaticKeys, digest_of
from turngate.net.jwts import Either, Jwts, PublicKey

NOW_S = 1_800_000_000
EC, ED = generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()
JWTS = Jwts(
    (PublicKey("a", "ES256", EC.public_key()), PublicKey("b", "EdDSA", ED.public_key())), "turngate", "https://id.test"
)
PEM = EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(key: Any = EC, algorithm: str = "ES256", kid: str | None = "a", **claims: Any) -> str:
    """A token; a claim of ``None`` is left out."""
    whole = {"sub": "u1", "aud": "turngate", "iss": "https://id.test", "exp": NOW_S + 300, **claims}
    headers = {"kid": kid} if kid is not None else None
    stated = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(stated, key, algorithm, headers=headers)


def forged_hmac() -> str:
    """A token that is signed with the public key, as if that were a password."""
    head, body, _ = signed().split(".")
    import base64
    import hashlib
    import hmac
    import json

    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "a"}).encode()).decode().rstrip("=")
    mac = hmac.new(PEM, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


@pytest.mark.row(10)
@pytest.mark.parametrize(
    "token",
    [
        signed(),
        signed(ED, "EdDSA", "b"),
        signed(exp=NOW_S - 59),
        signed(nbf=NOW_S + 60, iat=NOW_S + 60),
        signed(aud=["other", "turngate"]),
    ],
)
def test_good_token_is_its_subjects(token: str) -> None:
    """Clocks may differ by a minute."""
    assert Known("jwt:u1") == JWTS.judge(token, NOW_S)


@pytest.mark.row(10)
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(exp=NOW_S - 60), Reason.EXPIRED),
        (signed(exp=NOW_S - 86_400), Reason.EXPIRED),
        (signed(nbf=NOW_S + 61), Reason.EARLY),
        (signed(iat=NOW_S + 61), Reason.EARLY),
        (signed(aud="other"), Reason.AUDIENCE),
        (signed(aud=None), Reason.AUDIENCE),
        (signed(iss="https://evil.test"), Reason.ISSUER),
        (signed(iss=None), Reason.ISSUER),
        (signed(exp=None), Reason.MALFORMED),
        (signed(exp="soon"), Reason.MALFORMED),
        (signed(exp=True), Reason.MALFORMED),
        (signed(exp=float("nan")), Reason.EXPIRED),
        (signed(sub=None), Reason.MALFORMED),
        (signed(sub=""), Reason.MALFORMED),
        (signed(sub="a\nb"), Reason.MALFORMED),
        (signed(sub="a" * 65), Reason.MALFORMED),
        (signed(None, "none"), Reason.ALGORITHM),
        (forged_hmac(), Reason.ALGORITHM),
        (signed(ED, "EdDSA", "a"), Reason.ALGORITHM),
        (signed(generate_private_key(SECP256R1())), Reason.SIGNATURE),
        (signed()[:-8] + "AAAAAAAA", Reason.SIGNATURE),
        (signed(kid="c"), Reason.UNKNOWN),
        (signed(kid=None), Reason.UNKNOWN),
        ("a.b.c", Reason.MALFORMED),
        ("..", Reason.MALFORMED),
        ("", Reason.MALFORMED),
    ],
)
def test_token_that_is_not_good_is_refused_by_the_class_of_its_fault(token: str, reason: Reason) -> None:
    """Not signed at all, signed with our own public key, for somebody else, too late or too early."""
    assert reason is JWTS.judge(token, NOW_S)


def test_token_without_the_name_of_a_key_is_good_where_there_is_one_key() -> None:
    """As with most who have one."""
    assert Known("jwt:u1") == Jwts(JWTS.keys[:1], "turngate").judge(signed(kid=None), NOW_S)


def test_static_keys_and_tokens_are_told_apart() -> None:
    """Both may be in use."""
    either = Either(StaticKeys((StaticKey("phone", digest_of("tg_a")),)), JWTS)
    assert [Known("phone"), Known("jwt:u1"), Reason.UNKNOWN] == [
        either.judge(secret, NOW_S) for secret in ("tg_a", signed(), "tg_b")
    ]
