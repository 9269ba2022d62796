"""
Where a setting stands in a TOML file, which the parser does not say.

Responsible for the line of a key.

Must not know: what the keys mean.

Comes from: ``ops/reading.py``.
"""

import tomllib
from typing import Any, Final

MAX_LINES: Final = 2_000
"""Each prefix of a file is parsed; longer files than this get no line."""


def line_of(text: str, path: tuple[str, ...]) -> int:
    """
    The line where a setting of a valid file begins; 0 if that would take too long.

    A prefix of a file is valid only where no value is open. The setting begins after the last valid prefix without it.
    """
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        return 0
    begins = 0
    for number in range(1, len(lines) + 1):
        try:
            table = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        if _has(table, path):
            return begins + 1
        begins = number
    return 0


def _has(table: Any, path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(table, dict) or name not in table:
            return False
        table = table[name]
    return True
