"""
What the parent and a worker say to each other.

Responsible for the messages, and for their form: JSON, tagged by their names.

Must not know: how they travel, what follows from them.

Comes from and goes to: ``channel.py``. Both ends are of one release, for a worker is started by its parent.
"""

from enum import Enum
from typing import Any, Final, TypeAlias

import msgspec

from turngate.admin.sums import Family

MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
"""All sessions of a worker in a list, and more; it is our own process that is believed."""


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The first message to a worker: who it is, and what the parent has read."""

    index: int
    of: int
    settings: bytes
    """The configuration, pickled: it was read once, and holds secrets, which are in no worker's own environment."""
    upstream_url: str | None = None
    """Where the simulator is, if the upstream is simulated."""


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Let the calls end at a quiet moment, and then end."""


class Hurry(msgspec.Struct, frozen=True, tag=True):
    """Cut the calls, and end."""


class Reload(msgspec.Struct, frozen=True, tag=True):
    """Read again all that may change while sessions go on."""

    renewed: bytes | None = None
    """What the configuration says now, pickled; ``None`` where it cannot be used, so that all stays as it is."""


class What(Enum):
    """What is asked of all workers."""

    METRICS = "metrics"
    SESSIONS = "sessions"
    DISMISS = "dismiss"
    USAGE = "usage"


class Ask(msgspec.Struct, frozen=True, tag=True):
    """A question, which is answered by its number."""

    number: int
    what: What
    name: str = ""
    """Of the session that is to end."""


class Answered(msgspec.Struct, frozen=True, tag=True):
    """The answer, of which one part is filled."""

    number: int
    metrics: list[Family] = []
    sessions: list[dict[str, Any]] = []
    usage: dict[str, Any] = {}
    was_there: bool = False
    """Whether there was a session of that name, which ends now."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker takes connections."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot begin, and ends."""

    words: str


class Beat(msgspec.Struct, frozen=True, tag=True):
    """A sign of life, twice a second."""

    received: int = 0
    """How many connections it was handed since its beginning."""
    connections: int = 0
    """How many of them are open."""
    sessions: int = 0
    unready: str | None = None
    """Why no new client should come."""
    is_draining: bool = False


class Line(msgspec.Struct, frozen=True, tag=True):
    """One line for the log."""

    level: str
    words: str
    event: str | None = None
    """``None`` where it is no event of ours."""
    fields: dict[str, str | int | float | None] = {}


ToWorker: TypeAlias = Begin | Drain | Hurry | Reload | Ask
ToParent: TypeAlias = Ready | Failed | Beat | Line | Answered

_encoder = msgspec.json.Encoder()
_of_parent: msgspec.json.Decoder[ToWorker] = msgspec.json.Decoder(ToWorker)
_of_worker: msgspec.json.Decoder[ToParent] = msgspec.json.Decoder(ToParent)


def written(message: ToWorker | ToParent) -> bytes:
    """A message as it travels."""
    return _encoder.encode(message)


def of_parent(data: bytes) -> ToWorker:
    """A message that a worker has got."""
    return _of_parent.decode(data)


def of_worker(data: bytes) -> ToParent:
    """A message that the parent has got."""
    return _of_worker.decode(data)
