"""
Sets of public keys (JSON Web Key Sets, RFC 7517), from a file or from a URL.

Responsible for reading them, for which keys are taken, and for where a set may be fetched from. What is wrong is said
in one line that quotes nothing of a set.

Must not know: how a token is judged, how a URL is fetched.

Comes from: ``client_jwks_file`` and ``client_jwks_url``. Goes to: ``ops/clients.py``, and ``net/key_source.py``.
"""

import json
from typing import Any, Final
from urllib.parse import urlsplit

import jwt

from turngate.errors import ConfigError
from turngate.net.function_hosts import FunctionHosts, Place
from turngate.net.jwts import ALGORITHMS, PublicKey

MAX_KEYS: Final = 1000
MIN_RSA_BITS: Final = 2048
HOW_TO_GIVE_A_URL: Final = (
    "client_jwks_url is https://HOST/PATH, or http:// on this machine (localhost, 127.0.0.1), in visible ASCII without "
    "a user name or a fragment"
)


def jwks_from_file(content: bytes, path: str) -> tuple[PublicKey, ...]:
    """
    The keys in a file of the operator's, all of which have to do; those that are not for signatures are passed over.

    Raises:
        ConfigError: it is no set, or a key cannot be used.
    """
    keys = tuple(
        public_key(entry, f"{path}, key {number}") for number, entry in enumerate(entries_in(content, path), 1)
    )
    if len({key.kid for key in keys}) < len(keys):
        raise ConfigError(f"{path}: two keys have the same kid, or none")
    if not keys:
        raise ConfigError(f"{path} has no key")
    return keys


def jwks_fetched(content: str) -> tuple[PublicKey, ...]:
    """
    The keys in somebody else's set, without those that are not taken: it may hold some for others (RFC 7517, 5).

    Raises:
        ConfigError: it is no set, or there is no key that is taken.
    """
    keys = []
    for entry in entries_in(content.encode(), "the answer"):
        try:
            keys.append(public_key(entry, "a key"))
        except ConfigError:
            continue
    if not keys:
        raise ConfigError(f"the answer has no key of a kind that is taken; there are {', '.join(ALGORITHMS.values())}")
    return tuple(keys)


def entries_in(content: bytes, where: str) -> list[dict[str, Any]]:
    """The keys for signatures in a set, as they are written."""
    try:
        entries = json.loads(content)["keys"]
        entries = [entry for entry in entries if entry.get("use", "sig") == "sig"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f'{where} is no JSON Web Key Set, which begins with {{"keys": [') from None
    if len(entries) > MAX_KEYS:
        raise ConfigError(f"{where} has more than {MAX_KEYS} keys")
    return entries


def public_key(entry: dict[str, Any], where: str) -> PublicKey:
    """One key of a set."""
    kid, curve = entry.get("kid"), entry.get("crv")
    algorithm = ALGORITHMS.get((str(entry.get("kty")), None if curve is None else str(curve)))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        raise ConfigError(f"{where} is of a kind that is not taken; there are {', '.join(ALGORITHMS.values())}")
    if "d" in entry:
        raise ConfigError(f"{where} is a private key; give the public one, and keep that where tokens are made")
    if kid is not None and not isinstance(kid, str):
        raise ConfigError(f"{where}: kid is a string")
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except Exception:  # noqa: BLE001 - fields of every type come here, and each fails in a way of its own
        raise ConfigError(f"{where} cannot be read") from None
    if getattr(key, "key_size", MIN_RSA_BITS) < MIN_RSA_BITS and algorithm == "RS256":
        raise ConfigError(f"{where} is shorter than {MIN_RSA_BITS} bits")
    return PublicKey(kid, algorithm, key)


def place_of(url: str) -> Place:
    """
    Where a set is fetched from: over TLS, or from this machine.

    Private networks are as good as others, for it is the operator who names the host.

    Raises:
        ConfigError: it is no such URL.
    """
    try:
        parts = urlsplit(url)
        mark = {"https": "private", "http": "http"}[parts.scheme]
        place = FunctionHosts.listed([f"{parts.netloc}+{mark}"]).place(url)
    except (ValueError, KeyError, ConfigError):
        place = None
    if place is None:
        raise ConfigError(HOW_TO_GIVE_A_URL)
    return place
