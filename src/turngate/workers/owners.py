"""
Which worker a session is with, by its id.

Responsible for ids that say so, and for reading it of the ticket of a client that comes back.

Must not know: how a connection gets to another worker, what a session is.

Comes from: the reception, which wants ids, and the beginning of a connection. Goes to: ``sorting.py``.

An id is a version 4 UUID as before, of which the first eight digits, taken as a number and divided by the number of
workers, leave the worker's own. They are the name of the session too, which is so unlike that of any other worker's.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from attrs import frozen

from turngate.proxy.resume import NAME_CHARS, Ticket, ticket_of

NAMES: Final = 16**NAME_CHARS
REST_BITS: Final = 128 - 4 * NAME_CHARS
END_OF_LINE: Final = b"\r\n"


def new_id(index: int, of: int, random: Callable[[], UUID] = uuid4) -> str:
    """An id of a session of a worker; as hard to guess as there are workers, less than any."""
    name, rest = divmod(random().int, 1 << REST_BITS)
    name += index - name % of
    if name >= NAMES:
        name -= of
    return str(UUID(int=(name << REST_BITS) + rest))


def owner_of(token: str, of: int) -> int | None:
    """Whose session a token is for; ``None`` if it is none of ours."""
    try:
        return int(token[:NAME_CHARS], 16) % of
    except ValueError:
        return None


@frozen
class Head:
    """Of a request, what a ticket is read of."""

    query: Mapping[str, list[str]]
    headers: Mapping[str, str]


def wanted(head: bytes, of: int) -> int | None:
    """
    Which worker the client asks for whose request begins so, if for any.

    Whatever is wrong with the request is not found here: it is judged by whoever gets it.
    """
    # nearly all requests ask for none, and need not be taken apart
    if b"resume" not in head.lower():
        return None
    first, *lines = head.decode("latin-1").split(END_OF_LINE.decode())
    target = first.split(" ")[1] if first.count(" ") == 2 else ""
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    try:
        ticket = ticket_of(Head(parse_qs(target.partition("?")[2]), headers))
    except ValueError:
        return None
    return owner_of(ticket.token, of) if isinstance(ticket, Ticket) else None
