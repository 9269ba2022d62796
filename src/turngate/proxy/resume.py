"""
How a client finds its session again: by the ``request_id`` of its welcome, which nobody can guess.

Responsible for reading what a client asks for, for the place where sessions that may be resumed are found, for how many
of them may wait for their clients and how long, and for the answer to a client whose session is not there.

Must not know: what a session does with a client that is back.

Comes from: the reception, which asks for every connection that names a session. Goes to: the guardian of that session.

The places are behind an interface, and asked by a call that may be answered later: several proxies can share a store,
in which a place is more than a reference to an actor of this process.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from attrs import field, frozen

from turngate.actors import Ref
from turngate.proxy.close_codes import NOT_RESUMED
from turngate.proxy.legs import Returned
from turngate.proxy.ports import Face
from turngate.session.messages import Cause, Failed, Problem

RESUME, RECEIVED = "resume", "received"
"""The query parameters by which a client names its session, and how many texts it has of it."""
RESUME_HEADER, RECEIVED_HEADER = "x-turngate-resume", "x-turngate-received"
"""The same as headers, which other servers on the way do not log."""

MAX_TOKEN_CHARS: Final = 64
MAX_DIGITS: Final = 9
MAX_AWAY: Final = 256
"""How many sessions may wait for their clients at the same time."""

NAME_CHARS: Final = 8

NOT_THERE: Final = Problem(
    Cause.RESUME_FAILED,
    "There is no session to come back to: it has ended, or it never was. Connect without resume, and send Settings.",
)
MALFORMED: Final = Problem(
    Cause.RESUME_FAILED,
    "To come back, give resume once, with the request_id of Welcome, and received, if at all, with a number.",
)


def name_of(session_id: str) -> str:
    """What a session is called in logs: the beginning of its id, of which the rest is the client's secret."""
    return session_id[:NAME_CHARS]


@frozen
class Ticket:
    """What a client shows that comes back."""

    token: str = field(repr=False)
    received: int | None = None


def ticket_of(upgrade: "Request") -> Ticket | Problem | None:
    """The ticket of a client that comes back; ``None`` where it begins a session; a problem where nobody can tell."""
    tokens = asked(upgrade, RESUME, RESUME_HEADER)
    counts = asked(upgrade, RECEIVED, RECEIVED_HEADER)
    if not tokens:
        return None
    if len(tokens) > 1 or not 0 < len(tokens[0]) <= MAX_TOKEN_CHARS or len(counts) > 1:
        return MALFORMED
    if counts and not (counts[0].isascii() and counts[0].isdigit() and len(counts[0]) <= MAX_DIGITS):
        return MALFORMED
    return Ticket(tokens[0], int(counts[0]) if counts else None)


class Request(Protocol):
    """What is read of a client's request, before or after it was accepted."""

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The parameters of its URL."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By their names in small letters."""


def comes_back(request: Request) -> bool:
    """Whether a client asks for a session that it had, and so needs no new one."""
    return bool(asked(request, RESUME, RESUME_HEADER))


def asked(upgrade: Request, parameter: str, header: str) -> list[str]:
    """All that a client says for a parameter, by either way."""
    in_header = upgrade.headers.get(header)
    return [*upgrade.query.get(parameter, ()), *(() if in_header is None else (in_header,))]


@frozen
class Place:
    """Where a session is found."""

    path: str
    """Where its client connects; a client of another protocol is none of its own."""
    guardian: Ref[Returned]
    client: str = ""
    """The name of its client's key; a client with another is none of its own."""


class ResumeStore(Protocol):
    """Knows by their tokens the sessions that can be resumed. A token is found or not; nothing is told of any other."""

    def put(self, token: str, place: Place) -> None:
        """A session has begun."""

    def away(self, token: str) -> bool:
        """The client of a session was cut off; false where its session may not wait."""

    def back(self, token: str) -> None:
        """It has come back."""

    def find(self, token: str, on_found: Callable[[Place | None], None]) -> None:
        """Call once, now or later, with the place of the session; with ``None`` where there is no such session."""

    def remove(self, token: str) -> None:
        """A session has ended."""


class InMemoryStore:
    """
    The sessions of this process (:class:`ResumeStore`).

    Args:
        wait_s: how long a client may be away.
        seconds: tells the time.
        max_away: how many may be away at the same time.
    """

    def __init__(self, wait_s: float, seconds: Callable[[], float], max_away: int = MAX_AWAY) -> None:
        self._wait_s = wait_s
        self._seconds = seconds
        self._max_away = max_away
        self._places: dict[str, Place] = {}
        self._until_s: dict[str, float] = {}

    def put(self, token: str, place: Place) -> None:
        """See :class:`ResumeStore`."""
        self._places[token] = place

    def away(self, token: str) -> bool:
        """See :class:`ResumeStore`."""
        if token not in self._places or len(self._until_s) >= self._max_away:
            return False
        self._until_s[token] = self._seconds() + self._wait_s
        return True

    def back(self, token: str) -> None:
        """See :class:`ResumeStore`."""
        self._until_s.pop(token, None)

    def find(self, token: str, on_found: Callable[[Place | None], None]) -> None:
        """See :class:`ResumeStore`."""
        until_s = self._until_s.get(token)
        on_found(None if until_s is not None and self._seconds() >= until_s else self._places.get(token))

    def remove(self, token: str) -> None:
        """See :class:`ResumeStore`."""
        self._places.pop(token, None)
        self._until_s.pop(token, None)


def refuse(returned: Returned, face: Face, problem: Problem = NOT_THERE) -> None:
    """Tell a client that its session is not there, in its own protocol, and close its connection."""
    returned.events.silence()
    for payload in face.tell(Failed(problem)):
        returned.connection.send_text(payload)
    returned.connection.close(*NOT_RESUMED)
