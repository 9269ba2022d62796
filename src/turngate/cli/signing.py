"""
Tokens that are signed: a key to sign with, its public half as a set, and a short-lived JWT.

Responsible for reading and making private keys of the kinds that the proxy takes, and for what a token says.

Must not know: arguments, how a token is judged.

Comes from: ``cli/token.py``. Goes to: a file that only its owner reads, and back as text.
"""

import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import jwt
from attrs import field, frozen
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from turngate.errors import ConfigError
from turngate.net.jwts import ALGORITHMS
from turngate.ops.jwks import MIN_RSA_BITS, public_key

MAX_FILE_BYTES: Final = 64 * 1024
KINDS: Final = ("ES256", "EdDSA", "RS256")
"""Of keys that are made here; ES384 is read too."""
MEMBERS: Final = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
"""Of a public key, those that its name is made of (RFC 7638)."""
WANTED: Final = f"a private key of EC (P-256 or P-384), Ed25519, or RSA from {MIN_RSA_BITS} bits, in PEM or as a JWK"


@frozen
class SigningKey:
    """A private key, and what others know of it."""

    private: Any = field(repr=False)
    public: dict[str, Any]
    """The public half as a JWK, with its name and its algorithm."""

    def signed(self, claims: dict[str, object]) -> str:
        """A token that says this."""
        return jwt.encode(claims, self.private, self.public["alg"], headers={"kid": self.public["kid"]})

    @property
    def jwks(self) -> str:
        """The set of this one key."""
        return json.dumps({"keys": [self.public]}, indent=2)


def key_in(path: str, kind: str) -> SigningKey:
    """
    A new key of a kind, in a file that is its owner's alone; no file is overwritten.

    Raises:
        ConfigError: the file cannot be written.
    """
    private: Any
    match kind:
        case "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        case "RS256":
            private = rsa.generate_private_key(65537, MIN_RSA_BITS)
        case _:
            private = ec.generate_private_key(ec.SECP256R1())
    content = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError(f"{path} is there already; give another name, for what it has signed would be lost") from None
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
    return SigningKey(private, published(private, None, path))


def key_from_file(path: str) -> SigningKey:
    """
    The private key in a file.

    Raises:
        ConfigError: it holds none that can be used; nothing of it is quoted.
    """
    try:
        with Path(path).open("rb") as source:
            content = source.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the signing key from {path}: {error.strerror}") from None
    kid: object = None
    try:
        if content.lstrip().startswith(b"{"):
            entry = json.loads(content)
            kid = entry.get("kid")
            algorithm = ALGORITHMS.get((str(entry.get("kty")), entry.get("crv")))
            private = jwt.PyJWK(entry, algorithm).key if algorithm and "d" in entry else None
        else:
            private = serialization.load_pem_private_key(content, None)
        public = published(private, kid, path)
    except ConfigError:
        raise
    except Exception:  # noqa: BLE001 - files, passwords and kinds of keys have errors of many kinds, which may quote them
        raise ConfigError(f"{path} does not hold {WANTED}, without a password") from None
    return SigningKey(private, public)


def published(private: Any, kid: object, path: str) -> dict[str, Any]:
    """The public half of a key as a JWK, named as it was or by its thumbprint."""
    to_jwk: Any
    match private:
        case ec.EllipticCurvePrivateKey():
            to_jwk = ECAlgorithm.to_jwk
        case ed25519.Ed25519PrivateKey():
            to_jwk = OKPAlgorithm.to_jwk
        case rsa.RSAPrivateKey():
            to_jwk = RSAAlgorithm.to_jwk
        case _:
            raise ConfigError(f"{path} does not hold {WANTED}")
    entry = to_jwk(private.public_key(), as_dict=True)
    entry.pop("key_ops", None)
    # what the proxy would not take is not signed with
    algorithm = public_key(entry, path).algorithm
    name = kid if isinstance(kid, str) and kid else thumbprint(entry)
    return {**entry, "kid": name, "alg": algorithm, "use": "sig"}


def thumbprint(entry: dict[str, Any]) -> str:
    """The name that follows from a public key (RFC 7638), so that whoever has the key has the name."""
    members = {name: entry[name] for name in MEMBERS[entry["kty"]]}
    digest = sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")
