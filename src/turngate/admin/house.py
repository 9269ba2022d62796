"""
What an operator looks at: the sessions and the figures, of this process or of several.

Responsible for what is asked of whoever has them, and for the answers of a process that has them itself.

Must not know: who asks, how it is shown.

Comes from: ``desk.py``. Goes to: the reception and the metrics; or, with several workers, to each of these.

Answers are given to a function, at once or later: other processes have to be asked.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from turngate.admin.metrics import Metrics
from turngate.proxy.session import Standing

Entry: TypeAlias = dict[str, object]
"""One session, in words and figures."""


class House(Protocol):
    """Has sessions and figures."""

    def exposed(self, reply: Callable[[bytes], None]) -> None:
        """Tell all metrics, in Prometheus' text format."""

    def listed(self, reply: Callable[[list[Entry]], None]) -> None:
        """Tell the open sessions."""

    def dismiss(self, name: str, reply: Callable[[bool], None]) -> None:
        """End a session; tell whether there is one of that name."""

    def used(self, reply: Callable[[dict[str, Any]], None]) -> None:
        """Tell what clients have used."""

    def count(self) -> int:
        """How many sessions are open, as far as it is known."""


@frozen
class OneProcess:
    """
    Provides :class:`House` for this process.

    Args:
        metrics: what is counted.
        standings: the open sessions, by their names.
        end: ends one; whether there is one of that name.
        seconds: the clock of the sessions.
        usage: what clients have used.
    """

    metrics: Metrics
    standings: Callable[[], Mapping[str, Standing]]
    end: Callable[[str], bool]
    seconds: Callable[[], float]
    usage: Callable[[], dict[str, Any]] = dict

    def exposed(self, reply: Callable[[bytes], None]) -> None:
        """See :class:`House`."""
        reply(self.metrics.exposed())

    def listed(self, reply: Callable[[list[Entry]], None]) -> None:
        """See :class:`House`."""
        reply(self.entries())

    def dismiss(self, name: str, reply: Callable[[bool], None]) -> None:
        """See :class:`House`."""
        reply(self.end(name))

    def used(self, reply: Callable[[dict[str, Any]], None]) -> None:
        """See :class:`House`."""
        reply(self.usage())

    def count(self) -> int:
        """See :class:`House`."""
        return len(self.standings())

    def entries(self) -> list[Entry]:
        """The open sessions."""
        return entries(self.standings(), self.seconds())


def entries(standings: Mapping[str, Standing], now_s: float) -> list[Entry]:
    """Sessions for whoever looks on."""
    return [
        {
            "session": name,
            "phase": one.account.phase,
            "gate": one.account.gate.name.lower(),
            "waits_for": one.account.waits_for,
            "age_s": round(now_s - one.started_s, 3),
            "peer": one.peer,
            "client": one.client or None,
            "turns": one.account.turns,
            "audio_in_bytes": one.account.audio_in_bytes,
            "audio_out_bytes": one.account.audio_out_bytes,
            "dropped_bytes": one.account.dropped_bytes,
        }
        for name, one in standings.items()
    ]
