"""
``turngate token``: a new key for a client, or a short-lived token signed by a key of the operator's.

Responsible for the arguments, for making the secret, and for printing it once.

Must not know: how a credential is judged, keys that sign (``signing.py``).

Comes from: the command line. Goes to: stdout, and to no file but that of a new key to sign with: only the operator
knows whose a key is.
"""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from turngate.cli.signing import KINDS, key_from_file, key_in
from turngate.errors import ConfigError
from turngate.net.credentials import digest_of
from turngate.net.jwts import MAX_SUBJECT_CHARS
from turngate.ops.clients import HASH, MAX_NAME_CHARS, is_name

PREFIX: Final = "tg_"
"""So that a key is known for one wherever it turns up."""
KEY_BYTES: Final = 32
DONE, WRONG = 0, 2
UNITS: Final = {"s": 1, "m": 60, "h": 3600}
SPAN: Final = re.compile(r"([0-9]{1,6})([smh]?)")
EXPIRES_S: Final = 600
MAX_EXPIRES_S: Final = 86_400
KEY, TOKEN, SIGNING_KEY = "a key of a client", "--jwt", "--new-signing-key"
OPTIONS: Final = {
    KEY: ("name", "days", "sessions"),
    TOKEN: ("key_file", "audience", "issuer", "subject", "expires"),
    SIGNING_KEY: ("algorithm",),
}
"""What goes with what is made."""


def main(argv: Sequence[str]) -> int:
    """Print a new key or a token, and return the exit status."""
    options = parser().parse_args(argv)
    try:
        if options.jwt:
            return issue(options)
        if options.new_signing_key is not None:
            return new_signing_key(options)
        return new_key(options)
    except ConfigError as error:
        return wrong(str(error))


def parser() -> argparse.ArgumentParser:
    """The arguments of ``turngate token``."""
    made = argparse.ArgumentParser(
        prog="turngate token",
        description="Make a new key for a client, which is printed once, with the entry for the file of keys. "
        "With --jwt: issue a short-lived token, signed by a key of yours. With --new-signing-key: make such a key.",
    )
    made.add_argument("name", metavar="NAME", nargs="?", help="whose key it is, in the log and for limits")
    made.add_argument("--days", type=positive, help="how long the key is good for [default: for ever]")
    made.add_argument("--sessions", type=positive, help="how many it may have at once [default: the usual limit]")
    kinds = made.add_mutually_exclusive_group()
    kinds.add_argument("--jwt", action="store_true", help="issue a token, by --key-file, --audience and --subject")
    kinds.add_argument(
        "--new-signing-key", metavar="FILE", help="make a key to sign with, and print what goes into client_jwks_file"
    )
    made.add_argument("--algorithm", choices=KINDS, help=f"of the new signing key [default: {KINDS[0]}]")
    made.add_argument("--key-file", metavar="FILE", help="the private key to sign with, in PEM or as a JWK")
    made.add_argument("--audience", help="for whom the token is: client_jwt_audience of the proxy")
    made.add_argument("--issuer", help="by whom: client_jwt_issuer of the proxy [default: nobody]")
    made.add_argument("--subject", help="whose it is: in the log and for limits, after jwt:")
    made.add_argument(
        "--expires", type=span_s, metavar="TIME", help="how long it is good for, such as 90s, 10m or 2h [default: 10m]"
    )
    return made


def new_key(options: argparse.Namespace) -> int:
    """Print a key, and its entry."""
    refuse_others(options, KEY)
    if not is_name(options.name):
        return wrong(f"NAME is a word of at most {MAX_NAME_CHARS} letters, digits and . _ - @")
    key = PREFIX + token_urlsafe(KEY_BYTES)
    print(f"{key}\n\n{entry_for(key, options.name, options.days, options.sessions)}", end="")
    return DONE


def issue(options: argparse.Namespace) -> int:
    """Print a token."""
    refuse_others(options, TOKEN)
    for name in ("key_file", "audience", "subject"):
        if not getattr(options, name):
            return wrong(f"--jwt needs {shown(name)}")
    if len(options.subject) > MAX_SUBJECT_CHARS or not options.subject.isprintable():
        return wrong(f"--subject is 1 to {MAX_SUBJECT_CHARS} printable characters")
    now_s = int(time.time())
    issuer = {"iss": options.issuer} if options.issuer else {}
    key = key_from_file(options.key_file)
    expires_s = now_s + (options.expires or EXPIRES_S)
    print(key.signed({"aud": options.audience, "sub": options.subject, **issuer, "iat": now_s, "exp": expires_s}))
    return DONE


def new_signing_key(options: argparse.Namespace) -> int:
    """Write a key, and print its public half."""
    refuse_others(options, SIGNING_KEY)
    print(key_in(options.new_signing_key, options.algorithm or KINDS[0]).jwks)
    return DONE


def refuse_others(options: argparse.Namespace, kind: str) -> None:
    """What would have no effect is a mistake of whoever typed it."""
    for other, names in OPTIONS.items():
        for name in names:
            if other != kind and getattr(options, name) is not None:
                raise ConfigError(f"{shown(name)} is for {other}, and not for {kind}")


def shown(name: str) -> str:
    """An argument as it is typed."""
    return "NAME" if name == "name" else f"--{name.replace('_', '-')}"


def span_s(text: str) -> int:
    """A time in writing, in seconds."""
    match = SPAN.fullmatch(text)
    seconds = int(match[1]) * UNITS[match[2] or "s"] if match else 0
    if not 1 <= seconds <= MAX_EXPIRES_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 1s to 24h, such as 90s, 10m or 2h")
    return seconds


def entry_for(key: str, name: str, days: int | None, sessions: int | None) -> str:
    """What belongs into the file of keys, which does not hold the key itself."""
    lines = ["[[key]]", f'name = "{name}"', f'hash = "{HASH}{digest_of(key).hex()}"']
    if days is not None:
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        lines.append(f"expires = {expires.isoformat().replace('+00:00', 'Z')}")
    if sessions is not None:
        lines.append(f"sessions = {sessions}")
    return "\n".join([*lines, ""])


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text)
    if not 1 <= number <= 36_500:
        raise ValueError
    return number


def wrong(words: str) -> int:
    """One line for whoever typed it."""
    print(f"turngate token: {words}", file=sys.stderr)
    return WRONG
