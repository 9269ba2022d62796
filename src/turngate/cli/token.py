"""
``turngate token``: a new key for a client, or a short-lived token signed by a key of the operator's.

Responsible for the arguments, for making the secret, and for printing it once.

Must not know: how a credential is judged.

Comes from: the command line. Goes to: stdout, and to no file: only the operator knows whose the key is.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from turngate.net.credentials import digest_of
from turngate.ops.clients import HASH, MAX_NAME_CHARS, is_name

PREFIX: Final = "tg_"
"""So that a key is known for one wherever it turns up."""
KEY_BYTES: Final = 32
DONE, WRONG = 0, 2


def main(argv: Sequence[str]) -> int:
    """Print a new key, and return the exit status."""
    options = parser().parse_args(argv)
    if not is_name(options.name):
        return wrong(f"NAME is a word of at most {MAX_NAME_CHARS} letters, digits and . _ - @")
    key = PREFIX + token_urlsafe(KEY_BYTES)
    print(f"{key}\n\n{entry_for(key, options.name, options.days, options.sessions)}", end="")
    return DONE


def parser() -> argparse.ArgumentParser:
    """The arguments of ``turngate token``."""
    made = argparse.ArgumentParser(
        prog="turngate token",
        description="Make a new key for a client. The key is printed once, with the entry for the file of keys.",
    )
    made.add_argument("name", metavar="NAME", help="whose it is, in the log and for limits")
    made.add_argument("--days", type=positive, help="how long it is good for [default: for ever]")
    made.add_argument("--sessions", type=positive, help="how many it may have at once [default: the usual limit]")
    return made


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
