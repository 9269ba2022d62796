"""Tokens that are signed here are good there."""

import json
import stat
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from turngate.cli import token
from turngate.cli.signing import KINDS, thumbprint
from turngate.net.credentials import Known, Reason
from turngate.net.jwts import Jwts
from turngate.ops.jwks import jwks_from_file

ISSUER = "https://id.test"


def printed(capsys, *arguments, status=0):
    """What a run prints, to stdout or, if it fails, to stderr."""
    try:
        ended = token.main(arguments)
    except SystemExit as end:
        ended = end.code
    out, err = capsys.readouterr()
    assert ended == status
    assert (err == "") is (status == 0)
    assert (out == "") is (status != 0)
    return out.strip() or err


def a_token(capsys, path, *arguments):
    """A token of the key in a file."""
    return printed(capsys, "--jwt", "--key-file", str(path), "--audience", "turngate", "--subject", "u1", *arguments)


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_token_by_a_new_key_is_good_with_what_was_printed_of_it(capsys, tmp_path, kind):
    """The set is for the proxy, and holds nothing that signs; the file is its owner's alone."""
    path = tmp_path / "signing.pem"
    jwks = printed(capsys, "--new-signing-key", str(path), *(("--algorithm", kind) if kind else ()))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (entry,) = json.loads(jwks)["keys"]
    assert not {"d", "p", "q"} & entry.keys()
    assert (entry["alg"], entry["use"]) == (kind or "ES256", "sig")
    judge = Jwts(jwks_from_file(jwks.encode(), "jwks"), "turngate", ISSUER)
    now_s = time.time()
    made = a_token(capsys, path, "--issuer", ISSUER)
    assert judge.judge(made, now_s) == Known("jwt:u1")
    assert judge.judge(made, now_s + 659) == Known("jwt:u1")
    assert judge.judge(made, now_s + 661) is Reason.EXPIRED
    assert judge.judge(a_token(capsys, path), now_s) is Reason.ISSUER
    assert Jwts(judge.keys, "other").judge(made, now_s) is Reason.AUDIENCE


def as_pem(private):
    """A private key as OpenSSL has it."""
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


PRIVATE = {
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "ES384": (ec.generate_private_key(ec.SECP384R1()), ECAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
    "RS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm),
}


@pytest.mark.parametrize("kind", PRIVATE)
def test_key_of_somebody_elses_making_signs_in_either_form(capsys, tmp_path, kind):
    """A JWK has its own name, and PEM the one that follows from the key."""
    private, algorithm = PRIVATE[kind]
    public = algorithm.to_jwk(private.public_key(), as_dict=True)
    public.pop("key_ops", None)
    for content, kid in (
        (as_pem(private), thumbprint(public)),
        (json.dumps({**algorithm.to_jwk(private, as_dict=True), "kid": "mine"}).encode(), "mine"),
    ):
        path = tmp_path / "key"
        path.write_bytes(content)
        keys = jwks_from_file(json.dumps({"keys": [{**public, "kid": kid}, OTHER]}).encode(), "jwks")
        assert Jwts(keys, "turngate").judge(a_token(capsys, path), time.time()) == Known("jwt:u1")


OTHER = {**ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True), "kid": "other"}


def test_name_of_a_key_is_its_thumbprint():
    """The example of RFC 7638, 3.1."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
        "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
        "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
        "nqDKgw"
    )
    entry = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" == thumbprint(entry)


@pytest.mark.parametrize(("time_", "seconds"), [("90", 90), ("90s", 90), ("1m", 60), ("24h", 86_400)])
def test_token_is_good_for_as_long_as_it_is_said(capsys, tmp_path, time_, seconds):
    """And a minute, for clocks differ."""
    path = tmp_path / "key"
    jwks = printed(capsys, "--new-signing-key", str(path))
    judge = Jwts(jwks_from_file(jwks.encode(), "jwks"), "turngate")
    now_s, made = time.time(), a_token(capsys, path, "--expires", time_)
    assert judge.judge(made, now_s + seconds + 59) == Known("jwt:u1")
    assert judge.judge(made, now_s + seconds + 62) is Reason.EXPIRED


@pytest.mark.parametrize("span", ["0", "25h", "86401", "-1", "1d", "1.5h", "soon", "9999999", ""])
def test_token_that_is_not_short_lived_is_not_made(capsys, span):
    """A day is the most: nobody can take it back."""
    assert "is no time from 1s to 24h" in printed(capsys, "--jwt", "--expires", span, status=2)


def test_key_that_is_there_is_not_overwritten(capsys, tmp_path):
    """What it has signed would be good no more."""
    path = tmp_path / "key"
    path.write_text("canary")
    assert "is there already" in printed(capsys, "--new-signing-key", str(path), status=2)
    assert "canary" == path.read_text()
    assert "cannot write" in printed(capsys, "--new-signing-key", str(tmp_path / "absent" / "key"), status=2)


KEY = PRIVATE["ES256"][0]
BAD_KEYS = {
    "nothing": b"",
    "text": b"canary",
    "a public key": KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ),
    "a public JWK": ECAlgorithm.to_jwk(KEY.public_key()).encode(),
    "a password": json.dumps({"kty": "oct", "k": "canary", "d": "canary"}).encode(),
    "another curve": as_pem(ec.generate_private_key(ec.SECP256K1())),
    "a short one": as_pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - it is refused
    "one with a password": KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"canary"),
    ),
    "a broken JWK": b'{"kty": "EC", "crv": "P-256", "d": "canary"}',
    "a list in it": b'{"kty": "EC", "crv": ["canary"], "d": "canary"}',
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_file_without_a_key_that_signs_is_refused_in_one_line(capsys, tmp_path, name):
    """Nothing of it is shown."""
    path = tmp_path / "key"
    path.write_bytes(BAD_KEYS[name])
    words = printed(capsys, "--jwt", "--key-file", str(path), "--audience", "a", "--subject", "b", status=2)
    assert words.startswith(f"turngate token: {path}")
    assert words.count("\n") == 1
    assert "canary" not in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--jwt"], "--jwt needs --key-file"),
        (["--jwt", "--key-file", "/absent"], "--jwt needs --audience"),
        (["--jwt", "--key-file", "/absent", "--audience", "a"], "--jwt needs --subject"),
        (["--jwt", "--key-file", "/absent", "--audience", "a", "--subject", "b"], "cannot read the signing key from"),
        (["--jwt", "--key-file", "k", "--audience", "a", "--subject", "b" * 65], "--subject is 1 to 64 printable"),
        (["--jwt", "--key-file", "k", "--audience", "a", "--subject", "b\n"], "--subject is 1 to 64 printable"),
        (["--jwt", "phone"], "NAME is for a key of a client, and not for --jwt"),
        (["phone", "--audience", "a"], "--audience is for --jwt, and not for a key of a client"),
        (["phone", "--algorithm", "ES256"], "--algorithm is for --new-signing-key, and not for a key of a client"),
        (["--new-signing-key", "f", "--days", "1"], "--days is for a key of a client, and not for --new-signing-key"),
        (["--new-signing-key", "f", "--algorithm", "HS256"], "invalid choice"),
        (["--new-signing-key", "f", "--jwt"], "not allowed with argument"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(capsys, arguments, words):
    """An option without an effect is a mistake."""
    assert words in printed(capsys, *arguments, status=2)
