"""
The reception: it opens a session for every client that has connected, and knows which are open.

Responsible for the registry of sessions and for ending them all. It is plain code, not an actor: it is called by the
listener and by the service, and tells guardians what they say.

Must not know: what a session does.
"""

from collections.abc import Callable
from typing import Final

from turngate.actors import ActorSystem, Mailbox, Ref
from turngate.proxy.legs import LegEvents
from turngate.proxy.ports import IConnection, Upgrade
from turngate.proxy.session import EndNow, GuardianMessage, SessionActor, Setup

MAILBOX: Final = Mailbox(max_messages=64)

TRACE: Final = "traceId"
"""The query parameter by which a client names its own trace."""
MAX_TRACE_CHARS: Final = 128


class Reception:
    """
    Makes the listener of every connection that a client opens (:class:`turngate.proxy.ports.Acceptor`).

    Args:
        system: where the sessions' actors live.
        setup: what every session is given.
        new_id: gives the id of a session, unguessable, and shown to its client as ``request_id``.
    """

    def __init__(self, system: ActorSystem, setup: Setup, new_id: Callable[[], str]) -> None:
        self._system = system
        self._setup = setup
        self._new_id = new_id
        self._open: dict[str, Ref[GuardianMessage]] = {}
        self._when_empty: Callable[[], None] | None = None

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return len(self._open)

    def __call__(self, connection: IConnection, upgrade: Upgrade) -> LegEvents:
        """Open a session."""
        session_id = self._new_id()
        events = LegEvents()
        profile = self._setup.profiles[upgrade.path]
        guardian = SessionActor(self._setup, profile, session_id, trace_of(upgrade), connection, events, self)
        self._system.spawn(guardian, f"session-{session_id}", mailbox=MAILBOX)
        return events

    def enter(self, session_id: str, guardian: Ref[GuardianMessage]) -> None:
        """A session begins."""
        self._open[session_id] = guardian

    def leave(self, session_id: str) -> None:
        """A session has ended."""
        self._open.pop(session_id, None)
        self._check_empty()

    def shut_down(self, when_empty: Callable[[], None]) -> None:
        """Tell every session to end, and call once when none is left, which may be at once."""
        self._when_empty = when_empty
        for guardian in tuple(self._open.values()):
            guardian.tell(EndNow())
        self._check_empty()

    def _check_empty(self) -> None:
        if self._when_empty is not None and not self._open:
            when_empty, self._when_empty = self._when_empty, None
            when_empty()


def trace_of(upgrade: Upgrade) -> str:
    """The trace that a client names its session with; empty where it names none, or one that is not fit for a log."""
    trace = next(iter(upgrade.query.get(TRACE, ())), "")
    return trace if trace.isascii() and trace.isprintable() and len(trace) <= MAX_TRACE_CHARS else ""
