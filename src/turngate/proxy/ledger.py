"""
What each client has used on which day, and what it may use.

Responsible for adding up, for the caps of a day, and for a memory that is bounded: a few days, and of those clients
that stand in no file a number of names.

Must not know: sessions, files, sockets, what anything costs.

Comes from: the sessions' meters (``meters.py``), which charge. Goes to: the meters and the guard at the door, which ask
what is used up; to the operator's endpoint and to a file, which take all of it.

Sessions know a ledger by three questions (:class:`Books`), so that one may be kept in another process. A day is one of
UTC. What is charged counts on the day on which it is charged.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

from attrs import Factory, define, field, frozen

from turngate.session.messages import Cap, Usage

DAY_S: Final = 86_400
DAYS_KEPT: Final = 7
"""Today is one of them."""
MAX_STRANGERS: Final = 1000
"""How many clients that stand in no file have a row of their own on one day."""
OTHERS: Final = "(others)"
"""The row of those who came after these; no client is called so."""
SESSION_CAPS: Final = (Cap.SESSION_MINUTES, Cap.SESSION_TOKENS, Cap.SESSION_COST)
DAY_CAPS: Final = (Cap.DAY_MINUTES, Cap.DAY_TOKENS, Cap.DAY_COST)


@frozen(kw_only=True)
class Spent:
    """Something that was used."""

    sessions: int = 0
    seconds: float = 0.0
    usage: Usage | None = None
    """``None`` is no tokens."""
    cost: float = 0.0


@define
class Row:
    """What was used in all."""

    sessions: int = 0
    seconds: float = 0.0
    usage: Usage = field(factory=Usage)
    cost: float = 0.0

    def add(self, spent: Spent) -> None:
        """Take some more into account."""
        self.sessions += spent.sessions
        self.seconds += spent.seconds
        self.cost += spent.cost
        if spent.usage is not None:
            self.usage += spent.usage

    @property
    def tokens(self) -> int:
        """All that came in, cached or not, and all that went out."""
        usage = self.usage
        return usage.text_in + usage.audio_in + usage.image_in + usage.text_out + usage.audio_out


@frozen
class Caps:
    """How much may be used; ``None`` is as much as anybody likes."""

    minutes: float | None = None
    tokens: int | None = None
    cost: float | None = None

    def reached(self, row: Row, names: tuple[Cap, Cap, Cap]) -> Cap | None:
        """Which of them is used up, if one is, by the names that they have."""
        minutes, tokens, cost = names
        if self.minutes is not None and row.seconds >= self.minutes * 60:
            return minutes
        if self.tokens is not None and row.tokens >= self.tokens:
            return tokens
        return cost if self.cost is not None and row.cost >= self.cost else None

    def under(self, other: "Caps") -> "Caps":
        """These, with another's where there is none of these."""
        pairs = zip((self.minutes, self.tokens, self.cost), (other.minutes, other.tokens, other.cost), strict=True)
        minutes, tokens, cost = (theirs if own is None else own for own, theirs in pairs)
        return Caps(minutes, None if tokens is None else int(tokens), cost)


@frozen
class Terms:
    """What each client may use in a day."""

    usual: Caps = field(factory=Caps)
    listed: Mapping[str, Caps] = field(factory=dict)
    """Every client that stands in a file, with what is said of it there."""
    _whole: Mapping[str, Caps] = field(init=False, default=Factory(lambda terms: terms.completed(), takes_self=True))

    def completed(self) -> dict[str, Caps]:
        """Those of the file, with the usual ones where nothing is said."""
        return {client: caps.under(self.usual) for client, caps in self.listed.items()}

    def of(self, client: str) -> Caps:
        """The caps of one client."""
        return self._whole.get(client, self.usual)


class Books(Protocol):
    """What sessions and the door need of a ledger."""

    def charge(self, client: str, spent: Spent) -> None:
        """Something was used, by the client of this name; clients without a key are one, whose name is empty."""

    def used_up(self, client: str) -> Cap | None:
        """Which cap of the day a client has used up."""

    def wait_s(self, client: str) -> float | None:
        """In how many seconds a client may use something again; ``None`` if it may now."""


class Ledger:
    """
    The :class:`Books` of this process.

    Args:
        now_s: tells the time of day, since 1970.
        terms: what each client may use in a day; may be replaced at any time.
    """

    def __init__(self, now_s: Callable[[], float], terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.days: dict[str, dict[str, Row]] = {}
        """By day and client; whoever reads it writes nothing."""
        self.changes = 0
        """Grows whenever something is charged."""
        self._now_s = now_s
        self._day_number = -1
        self._day = ""

    @property
    def today(self) -> str:
        """Such as ``2026-11-25``."""
        number = int(self._now_s() // DAY_S)
        if number != self._day_number:
            self._day_number, self._day = number, day_of(number * DAY_S)
        return self._day

    def charge(self, client: str, spent: Spent) -> None:
        """See :class:`Books`."""
        self.changes += 1
        rows = self._rows_of_today()
        row = rows.get(client)
        if row is None:
            client = self._row_name(client, rows)
            row = rows.setdefault(client, Row())
        row.add(spent)

    def used_up(self, client: str) -> Cap | None:
        """See :class:`Books`."""
        rows = self.days.get(self.today, {})
        row = rows.get(client) or rows.get(self._row_name(client, rows))
        return None if row is None else self.terms.of(client).reached(row, DAY_CAPS)

    def wait_s(self, client: str) -> float | None:
        """See :class:`Books`."""
        return None if self.used_up(client) is None else DAY_S - self._now_s() % DAY_S

    def spent_clients(self) -> Iterator[str]:
        """Who has used up a day."""
        return (client for client in self.days.get(self.today, {}) if self.used_up(client) is not None)

    def _rows_of_today(self) -> dict[str, Row]:
        today = self.today
        rows = self.days.get(today)
        if rows is None:
            # a clock that was wrong, and is not any more, leaves days behind that never were
            first = day_of(self._now_s() - (DAYS_KEPT - 1) * DAY_S)
            self.days = {day: kept for day, kept in self.days.items() if first <= day < today}
            rows = self.days[today] = {}
        return rows

    def _row_name(self, client: str, rows: Mapping[str, Row]) -> str:
        if not client or client in self.terms.listed or len(rows) < MAX_STRANGERS + len(self.terms.listed) + 1:
            return client
        return OTHERS


def day_of(now_s: float) -> str:
    """The day of UTC in which a moment is."""
    return datetime.fromtimestamp(now_s, UTC).date().isoformat()
