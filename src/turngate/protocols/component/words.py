"""
The upstream's own words about an error, fit for a client.

Responsible for taking out what may be somebody's secret: keys, ids of accounts and requests, addresses with
credentials; and for the length. Must not know: which error it was.

Comes from: ``translation.py``. Goes to: the ``description`` of an ``Error``.

An upstream's message may quote a part of the operator's key, or name its organisation. What looks like a name with a
number in it is taken out, since a client can do nothing with it.
"""

import re
from typing import Final

MAX_CHARS: Final = 300
REDACTED: Final = "[...]"

_SECRET: Final = re.compile(
    r"""
    (?:sk|ek|pk|rk|org|proj|user|req|sess|acct|key)[-_][\w*.\-]+   # a key or an id by its beginning
    | \S*\*{2,}\S*                                                 # what was masked already
    | (?:bearer|basic)\s+\S+                                       # a credential after its scheme
    | \w+://\S*@\S+                                                # an address with a credential in it
    | (?=[\w\-]*\d)[\w\-]{20,}                                     # long, with a digit: an id or a key
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


def fit_for_a_client(words: str) -> str:
    """The words without what may be secret, printable, and not too long."""
    plain = "".join(c if c.isprintable() else " " for c in words[: 4 * MAX_CHARS])
    safe = _SECRET.sub(REDACTED, plain).strip()
    return safe if len(safe) <= MAX_CHARS else safe[:MAX_CHARS].rstrip() + "..."
