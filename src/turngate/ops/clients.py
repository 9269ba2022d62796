"""
Who the clients are: the file of their keys, and the file of those who sign tokens for them.

Responsible for reading it, and for saying in one line what is wrong with it without showing more than names.

Must not know: how a credential is judged, what a client may do.

Comes from: ``client_keys_file`` and ``client_jwks_file``. Goes to: ``net/guard.py``, at the start and
at SIGHUP.
"""

import json
import tomllib
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import jwt

from turngate.errors import ConfigError
from turngate.net.credentials import Judges, StaticKey, StaticKeys
from turngate.net.guard import Guard
from turngate.net.jwts import ALGORITHMS, Either, Jwts, PublicKey
from turngate.ops.config import AMOUNTS, COUNTS, Config, suggestion
from turngate.ops.prices import check_cost, day_caps
from turngate.proxy.ledger import Caps, Terms
from turngate.proxy.log import EventLog

MAX_FILE_BYTES: Final = 1024 * 1024
MAX_KEYS: Final = 1000
"""All of them are compared with each that is shown; for more clients there are JWTs."""
MAX_NAME_CHARS: Final = 64
MIN_RSA_BITS: Final = 2048
HASH: Final = "sha256:"
DAY: Final = {"day_minutes": "max_day_minutes", "day_tokens": "max_day_tokens", "day_cost": "max_day_cost"}
"""What a key may use in a day, each with the setting that holds where it is left out."""
FIELDS: Final = ("name", "hash", "expires", "sessions", *DAY)


def judge_for(settings: Config) -> Judges | None:
    """
    Who knows the clients' credentials; ``None`` where they need none.

    Raises:
        ConfigError: a file cannot be used.
    """
    static = None if settings.client_keys_file is None else keys_from_file(settings.client_keys_file)
    for key in static.keys if static is not None else ():
        check_cost(settings, f"{settings.client_keys_file}: day_cost of {key.name}", key.day.cost)
    if settings.client_jwks_file is None or settings.client_jwt_audience is None:
        return static
    keys = jwks_from_file(settings.client_jwks_file)
    signed = Jwts(keys, settings.client_jwt_audience, settings.client_jwt_issuer)
    return signed if static is None else Either(static, signed)


def terms_for(settings: Config, judge: Judges | None) -> Terms:
    """What each client may use in a day, as its entry in the file says, or else the configuration."""
    static = judge.static if isinstance(judge, Either) else judge
    keys = static.keys if isinstance(static, StaticKeys) else ()
    return Terms(day_caps(settings), {key.name: key.day for key in keys})


def read_again(guard: Guard, settings: Config, log: EventLog) -> None:
    """Take the keys that the file holds now; a file that cannot be used changes nothing, and is told of."""
    problem = ""
    try:
        guard.judge = judge_for(settings)
    except ConfigError as error:
        problem = str(error)
    if problem:
        log.error("clients.not_reloaded", problem=problem)
    else:
        log.info("clients.reloaded")


def keys_from_file(path: str) -> StaticKeys:
    """
    The keys in a TOML file, each a table ``[[key]]``.

    Raises:
        ConfigError: it cannot be read, or a key cannot be used; a file without keys lets nobody in.
    """
    table = read_table(path)
    unknown = [name for name in table if name != "key"]
    if unknown:
        raise ConfigError(f"{path} has an unknown key {unknown[0][:40]!r}; clients' keys stand in tables [[key]]")
    entries = table.get("key", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{path}: each client's key is a table [[key]], in two pairs of brackets")
    if len(entries) > MAX_KEYS:
        raise ConfigError(f"{path} has more than {MAX_KEYS} keys")
    keys = tuple(key_from(entry, f"{path}, key {number}") for number, entry in enumerate(entries, 1))
    seen: set[object] = set()
    for key in keys:
        if key.name in seen or key.digest in seen:
            raise ConfigError(f"{path}: {key.name} has the name or the hash of another key")
        seen |= {key.name, key.digest}
    return StaticKeys(keys)


def jwks_from_file(path: str) -> tuple[PublicKey, ...]:
    """
    The public keys in a JSON Web Key Set (RFC 7517); those that are not for signatures are passed over.

    Raises:
        ConfigError: it cannot be read, or a key cannot be used.
    """
    try:
        entries = json.loads(content_of(path))["keys"]
        entries = [entry for entry in entries if entry.get("use", "sig") == "sig"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ConfigError(f'{path} is no JSON Web Key Set, which begins with {{"keys": [') from None
    keys = tuple(public_key(entry, f"{path}, key {number}") for number, entry in enumerate(entries, 1))
    if len({key.kid for key in keys}) < len(keys):
        raise ConfigError(f"{path}: two keys have the same kid, or none")
    if not 0 < len(keys) <= MAX_KEYS:
        raise ConfigError(f"{path} has no key, or more than {MAX_KEYS}")
    return keys


def public_key(entry: dict[str, Any], where: str) -> PublicKey:
    """One key of a set."""
    algorithm = ALGORITHMS.get((str(entry.get("kty")), entry.get("crv")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        raise ConfigError(f"{where} is of a kind that is not taken; there are {', '.join(ALGORITHMS.values())}")
    if "d" in entry:
        raise ConfigError(f"{where} is a private key; give the public one, and keep that where tokens are made")
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except jwt.PyJWTError:
        raise ConfigError(f"{where} cannot be read") from None
    if getattr(key, "key_size", MIN_RSA_BITS) < MIN_RSA_BITS and algorithm == "RS256":
        raise ConfigError(f"{where} is shorter than {MIN_RSA_BITS} bits")
    return PublicKey(entry.get("kid"), algorithm, key)


def content_of(path: str) -> bytes:
    """All of a file of clients."""
    try:
        with Path(path).open("rb") as source:
            content = source.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read the clients' keys from {path}: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} holds more than clients' keys: it is larger than {MAX_FILE_BYTES} bytes")
    return content


def read_table(path: str) -> dict[str, Any]:
    """What is in a TOML file of clients."""
    content = content_of(path)
    try:
        return tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        # the words are the parser's, and quote a character at most
        raise ConfigError(f"{path} is no valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no valid TOML: it is not UTF-8") from None


def key_from(entry: dict[str, Any], where: str) -> StaticKey:
    """One key of the file."""
    for field in entry:
        if field not in FIELDS:
            raise ConfigError(f"{where} has an unknown field {field[:40]!r}{suggestion(field, FIELDS)}")
    name = entry.get("name")
    if not is_name(name):
        raise ConfigError(f"{where}: name is a word of at most {MAX_NAME_CHARS} letters, digits and . _ - @")
    where = f"{where} ({name})"
    digest = digest_from(entry.get("hash"))
    if digest is None:
        raise ConfigError(f"{where}: hash is {HASH} and 64 hexadecimal digits; turngate token prints one")
    sessions = entry.get("sessions")
    if sessions is not None and (isinstance(sessions, bool) or not isinstance(sessions, int) or sessions < 1):
        raise ConfigError(f"{where}: sessions is a whole number from 1; leave it out for the usual limit")
    minutes, tokens, cost = (day_from(entry, field, setting, where) for field, setting in DAY.items())
    day = Caps(minutes, None if tokens is None else int(tokens), cost)
    return StaticKey(str(name), digest, expiry_from(entry.get("expires"), where), sessions, day)


def day_from(entry: dict[str, Any], field: str, setting: str, where: str) -> float | None:
    """One of the caps of a key's day."""
    value = entry.get(field)
    kind: Any = int if setting in COUNTS else int | float
    least, most = COUNTS[setting] if setting in COUNTS else AMOUNTS[setting]
    if value is None or (isinstance(value, kind) and not isinstance(value, bool) and least <= value <= most):
        return value
    what = "a whole number" if setting in COUNTS else "a number"
    raise ConfigError(f"{where}: {field} is {what} from {least:g} to {most:g}; leave it out for {setting}")


def is_name(name: object) -> bool:
    """Whether a key may be called so: the name stands in the log, and shall not look like anything else."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_NAME_CHARS
        and name.isascii()
        and all(character.isalnum() or character in "._-@" for character in name)
    )


def digest_from(text: object) -> bytes | None:
    """The hash of a key, in writing."""
    if not isinstance(text, str) or not text.startswith(HASH) or len(text) != len(HASH) + 64:
        return None
    try:
        digest = bytes.fromhex(text.removeprefix(HASH))
    except ValueError:
        return None
    # white space among the digits is passed over
    return digest if len(digest) == sha256().digest_size else None


def expiry_from(value: object, where: str) -> float | None:
    """When a key is good no more, since 1970; a day alone is its beginning, in UTC."""
    match value:
        case None:
            return None
        case datetime() if value.tzinfo is not None:
            return value.timestamp()
        case date() if not isinstance(value, datetime):
            return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
        case _:
            raise ConfigError(
                f"{where}: expires is a time such as 2027-01-31T12:00:00Z or a day such as 2027-01-31, without quotes"
            )
