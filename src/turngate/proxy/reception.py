"""
The reception: it opens a session for every client that has connected, or finds the one that a client comes back to.

Responsible for the registry of sessions and for ending them all. It is plain code, not an actor: it is called by the
listener and by the service, and tells guardians what they say.

Must not know: what a session does.
"""

import re
from collections.abc import Callable
from typing import Final

from turngate.actors import ActorSystem, Mailbox, Ref
from turngate.proxy.legs import LegEvents, Returned
from turngate.proxy.ports import TRACEPARENT, IConnection, Upgrade, nothing
from turngate.proxy.resume import NOT_THERE, Place, ResumeStore, Ticket, name_of, refuse, ticket_of
from turngate.proxy.session import Dismiss, EndNow, GuardianMessage, LeaveSoon, SessionActor, Setup, Standing
from turngate.session.messages import Problem
from turngate.session.policy import Absence

MAILBOX: Final = Mailbox(max_messages=64)

TRACE: Final = "traceId"
"""The query parameter by which a client names its own trace."""
MAX_TRACE_CHARS: Final = 128
PARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""A ``traceparent``: its version, the trace, the span, the flags (W3C Trace Context, 3.2)."""


class Reception:
    """
    Makes the listener of every connection that a client opens (:class:`turngate.proxy.ports.Acceptor`).

    Args:
        system: where the sessions' actors live.
        setup: what every session is given.
        new_id: gives the id of a session, unguessable, and shown to its client as ``request_id``. It differs from
            others in its first characters, or is not taken.
        store: where clients find their sessions again; ``None`` where they cannot.
    """

    def __init__(
        self, system: ActorSystem, setup: Setup, new_id: Callable[[], str], store: ResumeStore | None = None
    ) -> None:
        self._system = system
        self._setup = setup
        self._new_id = new_id
        self._store = store
        self._open: dict[str, Ref[GuardianMessage]] = {}
        self._paths: dict[str, str] = {}
        """Where the clients of sessions connect, by the names of these; of those too that are about to begin."""
        self._standings: dict[str, Standing] = {}
        self._is_leaving = False
        self._is_stopping = False
        self._leave: dict[str, Callable[[], None]] = {}
        """How the clients of sessions give their places back."""
        self._when_empty: Callable[[], None] | None = None

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return len(self._open)

    def __call__(self, connection: IConnection, upgrade: Upgrade) -> LegEvents:
        """Open a session, or find the one that the client comes back to."""
        events = LegEvents()
        match ticket_of(upgrade):
            case None:
                self._begin(connection, events, upgrade)
            case Ticket(token, received) if self._store is not None:
                returned = Returned(connection, events, received)
                self._store.find(token, lambda place: self._found(place, returned, upgrade))
            case Ticket():
                self._refuse(Returned(connection, events), upgrade, NOT_THERE)
            case problem:
                self._refuse(Returned(connection, events), upgrade, problem)
        return events

    def _begin(self, connection: IConnection, events: LegEvents, upgrade: Upgrade) -> None:
        session_id = self._new_id()
        while name_of(session_id) in self._paths:
            session_id = self._new_id()
        self._paths[name_of(session_id)] = upgrade.path
        self._leave[name_of(session_id)] = upgrade.leave
        profile = self._setup.profiles[upgrade.path]
        guardian = SessionActor(
            self._setup,
            profile,
            session_id,
            trace_of(upgrade),
            connection,
            events,
            self,
            upgrade.client,
            parent_of(upgrade),
        )
        self._system.spawn(guardian, f"session-{name_of(session_id)}", mailbox=MAILBOX)

    def _found(self, place: Place | None, returned: Returned, upgrade: Upgrade) -> None:
        if place is None or (place.path, place.client) != (upgrade.path, upgrade.client):
            self._refuse(returned, upgrade, NOT_THERE)
        else:
            place.guardian.tell(returned)

    def _refuse(self, returned: Returned, upgrade: Upgrade, problem: Problem) -> None:
        self._setup.log.info("session.not_resumed", peer=upgrade.peer)
        refuse(returned, self._setup.profiles[upgrade.path].face(), problem)

    def enter(self, session_id: str, guardian: Ref[GuardianMessage], standing: Standing, client: str = "") -> None:
        """A session begins."""
        path = self._paths[name_of(session_id)]
        self._open[name_of(session_id)] = guardian
        self._standings[name_of(session_id)] = standing
        if self._is_leaving:
            # it was let in before, and came through the door after
            guardian.tell(LeaveSoon())
        if self._store is not None and self._setup.profiles[path].policy.absence is Absence.LASTS:
            self._store.put(session_id, Place(path, guardian, client))

    def leave(self, session_id: str) -> None:
        """A session has ended."""
        self._open.pop(name_of(session_id), None)
        self._paths.pop(name_of(session_id), None)
        self._standings.pop(name_of(session_id), None)
        self._leave.pop(name_of(session_id), nothing)()
        if self._store is not None:
            self._store.remove(session_id)
        self._check_empty()

    def away(self, session_id: str) -> bool:
        """The client of a session was cut off; whether it can come back, which it cannot when the proxy is stopping."""
        return self._store is not None and not self._is_stopping and self._store.away(session_id)

    def back(self, session_id: str) -> None:
        """The client of a session has come back."""
        if self._store is not None:
            self._store.back(session_id)

    @property
    def standings(self) -> dict[str, Standing]:
        """How the open sessions stand, by their names."""
        return dict(self._standings)

    def dismiss(self, name: str) -> bool:
        """Tell one session to end; whether there is one of that name."""
        guardian = self._open.get(name)
        if guardian is None:
            return False
        guardian.tell(Dismiss())
        return True

    def leave_soon(self, when_empty: Callable[[], None]) -> tuple[str, ...]:
        """
        Have all sessions end at a quiet moment of theirs, and call once when none is left, which may be at once.

        Gives the names of those that are to be asked to; those that come from now on are asked by themselves.
        """
        self._is_leaving = True
        self._when_empty = when_empty
        names = tuple(self._open)
        self._check_empty()
        return names

    def ask_to_leave(self, name: str) -> None:
        """Ask a session to end at its next quiet moment, if there still is one of that name."""
        guardian = self._open.get(name)
        if guardian is not None:
            guardian.tell(LeaveSoon())

    def shut_down(self, when_empty: Callable[[], None]) -> None:
        """Tell every session to end, and call once when none is left, which may be at once."""
        self._is_stopping = True
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


def parent_of(upgrade: Upgrade) -> str:
    """The client's own span, to which its session belongs; empty where it names none, or none that can be read."""
    parent = upgrade.headers.get(TRACEPARENT, "")
    return parent if PARENT.fullmatch(parent) else ""
