"""
A client that was cut off and may come back, and the session that waits for it.

Responsible for whether a lost connection ends the session, for the wait, and for the welcome of another connection.

Must not know: how a client is known again, or what it has missed; its leg keeps that.

Nothing else in the rules asks whether the client is there: turns are answered, calls stay open, every deadline runs.
What the client is told meanwhile its leg keeps; speech it drops, and reports as played, since the words of it are told.
"""

from turngate.evolving import evolve
from turngate.session import ending, manual
from turngate.session.machines import PRESENCE, Contact, Presence, follow
from turngate.session.messages import (
    Arm,
    Cause,
    ClientBack,
    ClientGone,
    ClientIdle,
    ClientStalled,
    Deadline,
    DeadlinePassed,
    Disarm,
    Ending,
    Loss,
    Note,
    PauseClient,
    Problem,
    SessionOpened,
)
from turngate.session.policy import Absence
from turngate.session.state import Draft


def client_gone(draft: Draft, gone: ClientGone) -> None:
    """A client that has left ends its session; one that was cut off is waited for, where it may come back."""
    if gone.loss is Loss.LEFT or draft.state.policy.absence is Absence.ENDS:
        manual.client_gone(draft, gone)
    elif draft.state.presence is Presence.HERE:
        move(draft, Contact.LOST)
        draft.emit(Arm(Deadline.CLIENT_RETURN), Note("session.client_lost"))


def client_back(draft: Draft, _: ClientBack) -> None:
    """The client has another connection: it is welcomed there, and reads as fast as it may."""
    if draft.state.presence is Presence.AWAY:
        draft.emit(Disarm(Deadline.CLIENT_RETURN))
    move(draft, Contact.BACK)
    draft.emit(SessionOpened(draft.state.session_id))
    if draft.state.paused:
        draft.emit(PauseClient())


def client_idle(draft: Draft, idle: ClientIdle) -> None:
    """Nobody seems to be there; but a client that is away cannot say that it is."""
    if draft.state.presence is Presence.HERE:
        ending.client_idle(draft, idle)


def client_stalled(draft: Draft, stalled: ClientStalled) -> None:
    """More waits for the client than may, because it does not read or because it is away."""
    if draft.state.presence is Presence.HERE:
        ending.client_stalled(draft, stalled)
        return
    detail = "More was to be told than is kept for a client that is away; connect anew."
    ending.end(draft, Ending.CLIENT_STALLED, Problem(Cause.MISSED_TOO_MUCH, detail))


def overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The client did not come back."""
    ending.end(draft, Ending.CLIENT_LEFT, Problem(Cause.CLIENT_LOST, "The client did not come back in time."))


def move(draft: Draft, contact: Contact) -> None:
    """Say whether the client is there."""
    draft.state = evolve(draft.state, presence=follow(PRESENCE, draft.state.presence, contact))
