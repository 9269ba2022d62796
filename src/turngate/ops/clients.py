"""
Who the clients are: the file of their keys, and those who sign tokens for them.

Responsible for reading the file, and for saying in one line what is wrong with it without showing more than names.

Must not know: how a credential is judged, what a client may do.

Comes from: ``client_keys_file``, ``client_jwks_file`` and ``client_jwks_url``. Goes to: ``net/guard.py``, at the start
and at SIGHUP.
"""

import tomllib
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from turngate.errors import ConfigError
from turngate.net.credentials import Judges, StaticKey, StaticKeys
from turngate.net.jwts import Either, FetchedJwts, Jwts, Keys
from turngate.ops.config import AMOUNTS, COUNTS, Config, suggestion
from turngate.ops.jwks import jwks_from_file
from turngate.ops.prices import check_cost, day_caps
from turngate.proxy.ledger import Caps, Terms

MAX_FILE_BYTES: Final = 1024 * 1024
MAX_KEYS: Final = 1000
"""All of them are compared with each that is shown; for more clients there are JWTs."""
MAX_NAME_CHARS: Final = 64
HASH: Final = "sha256:"
DAY: Final = {"day_minutes": "max_day_minutes", "day_tokens": "max_day_tokens", "day_cost": "max_day_cost"}
"""What a key may use in a day, each with the setting that holds where it is left out."""
FIELDS: Final = ("name", "hash", "expires", "sessions", *DAY)


def judge_for(settings: Config, fetched: Keys | None = None) -> Judges | None:
    """
    Who knows the clients' credentials; ``None`` where they need none. ``fetched`` has the keys of a URL.

    Raises:
        ConfigError: a file cannot be used.
    """
    static = None if settings.client_keys_file is None else keys_from_file(settings.client_keys_file)
    for key in static.keys if static is not None else ():
        check_cost(settings, f"{settings.client_keys_file}: day_cost of {key.name}", key.day.cost)
    audience, issuer, path = settings.client_jwt_audience, settings.client_jwt_issuer, settings.client_jwks_file
    signed: Judges | None = None
    if audience is not None and path is not None:
        signed = Jwts(jwks_from_file(content_of(path), path), audience, issuer)
    elif audience is not None and fetched is not None:
        signed = FetchedJwts(fetched, audience, issuer)
    if static is None or signed is None:
        return static or signed
    return Either(static, signed)


def terms_for(settings: Config, judge: Judges | None) -> Terms:
    """What each client may use in a day, as its entry in the file says, or else the configuration."""
    static = judge.static if isinstance(judge, Either) else judge
    keys = static.keys if isinstance(static, StaticKeys) else ()
    return Terms(day_caps(settings), {key.name: key.day for key in keys})


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
