"""
What a simulator counts, so that a test or a benchmark can tell what reached it.

Responsible for the counters of all sessions together, and for a snapshot of them.

Must not know: how any of it came about.

Comes from: sessions and connections, which count. Goes to: :attr:`turngate.simulator.server.Simulator.counters`.
"""

from collections import Counter
from collections.abc import Mapping

from attrs import Factory, define, frozen


@frozen
class Counters:
    """The counts at one moment."""

    sessions: int = 0
    """Sessions begun."""
    open_sessions: int = 0
    turns: int = 0
    """User turns, written or spoken, that became items."""
    updates_accepted: int = 0
    updates_refused_active: int = 0
    """Updates that met an active response: the fault that the gate exists for."""
    creates_refused_active: int = 0
    """Requests for a response that met an active one."""
    responses_started: int = 0
    responses_completed: int = 0
    malformed: int = 0
    """Client frames that could not be read."""
    events_received: Mapping[str, int] = Factory(dict)
    events_sent: Mapping[str, int] = Factory(dict)

    @property
    def active_response_refusals(self) -> int:
        """Everything refused because a response was active."""
        return self.updates_refused_active + self.creates_refused_active


@define
class Tally:
    """The running counts. Event types are those of the wire's closed unions, so that no client can add a name."""

    sessions: int = 0
    open_sessions: int = 0
    turns: int = 0
    updates_accepted: int = 0
    updates_refused_active: int = 0
    creates_refused_active: int = 0
    responses_started: int = 0
    responses_completed: int = 0
    malformed: int = 0
    events_received: Counter[str] = Factory(Counter)
    events_sent: Counter[str] = Factory(Counter)

    def counters(self) -> Counters:
        """Give the counts as they are now."""
        return Counters(
            sessions=self.sessions,
            open_sessions=self.open_sessions,
            turns=self.turns,
            updates_accepted=self.updates_accepted,
            updates_refused_active=self.updates_refused_active,
            creates_refused_active=self.creates_refused_active,
            responses_started=self.responses_started,
            responses_completed=self.responses_completed,
            malformed=self.malformed,
            events_received=dict(self.events_received),
            events_sent=dict(self.events_sent),
        )
