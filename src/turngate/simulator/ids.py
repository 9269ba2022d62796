"""
Ids and chances that are the same on every run with the same seed.

Responsible for unique ids in the API's style (``event_...``, ``item_...``), and for the draws of the chaos mode.

Must not know: what the ids name. It holds no entropy: two sessions differ because their seeds do.

Comes from: ``simulator/server.py``, which seeds one for each session. Goes to: the session and its script.
"""

from hashlib import blake2b
from typing import Final

_DIGEST_BYTES: Final = 10


class Ids:
    """A numbered stream of ids and chances; the seed decides all of them."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._made = 0

    def next(self, prefix: str) -> str:
        """Make an id, such as ``event_3f0c...``; 25 or so characters, unique within the session."""
        return f"{prefix}_{self._digest().hex()}"

    def chance(self) -> float:
        """Draw a number from 0 up to 1."""
        return int.from_bytes(self._digest()[:6], "big") / float(1 << 48)

    def _digest(self) -> bytes:
        self._made += 1
        return blake2b(f"{self._seed}:{self._made}".encode(), digest_size=_DIGEST_BYTES).digest()
