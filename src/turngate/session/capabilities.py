"""
What an upstream does otherwise than the API, as far as the rules care.

Responsible for naming it. The defaults are OpenAI's; whoever knows the upstream (a dialect, the operator) says what is
otherwise, before the session begins. None of it is ever guessed from one event that did not come.

Must not know: which server it is, how anything looks on its wire.
"""

from enum import Enum
from typing import Final

from attrs import frozen

DEFAULT_RATE_HZ: Final = 24_000


class SecondCreate(Enum):
    """What becomes of a request for a response while one is active."""

    REFUSED = "it is refused, and the active response goes on"
    SUPERSEDES = "it ends the active response, of which nothing more need be said"


@frozen
class Capabilities:
    """What one upstream does."""

    acks_update: bool = True
    """It confirms an update (``session.updated``); else one that is not refused for a while is in force."""
    second_create: SecondCreate = SecondCreate.REFUSED
    sends_response_done: bool = True
    """It says that a response has ended (``response.done``); else the end of its output ends it."""
    echoes_metadata: bool = True
    """A response carries the tag of the request for it; else the next response answers the request."""
    truncates: bool = True
    """It cuts an item to what was heard; else the item is replaced by its words that were heard."""
    lets_us_start: bool = True
    """It leaves the start of answers to us if asked; else it answers speech by itself where it finds the turns."""
    max_session_s: float | None = 3600.0
    """How long it lets a session last; ``None`` where no end is known."""
    input_rate_hz: int = DEFAULT_RATE_HZ
    """Samples a second of linear16 that it is sent; what it sends itself has ``SESSION_RATE_HZ``."""


OPENAI: Final = Capabilities()
