"""
How a session ends: one way for all reasons.

Responsible for the last word to the client and the last effect, and for every message that ends a session by itself.

Must not know: what the session was doing.
"""

from turngate.evolving import evolve
from turngate.session.machines import PHASES, Milestone, follow
from turngate.session.messages import (
    Cause,
    ClientFault,
    ClientGone,
    ClientIdle,
    ClientStalled,
    DeadlinePassed,
    Dismissed,
    Drain,
    Ending,
    EndSession,
    Failed,
    Problem,
    Shutdown,
)
from turngate.session.state import Draft, Stay
from turngate.session.transcript import tell_all


def reach(draft: Draft, milestone: Milestone) -> None:
    """Move the session on."""
    draft.state = evolve(draft.state, phase=follow(PHASES, draft.state.phase, milestone))


def end(draft: Draft, ending: Ending, problem: Problem | None = None) -> None:
    """End the session, with a last word to the client where there is one. Nothing is asked for after this."""
    tell_all(draft)
    reach(draft, Milestone.END)
    if problem is not None:
        draft.emit(Failed(problem))
    draft.emit(EndSession(ending, problem.cause.name.lower() if problem else ""))


def fail(draft: Draft, problem: Problem) -> None:
    """End the session because of the upstream."""
    end(draft, Ending.UPSTREAM_FAILED, problem)


def client_fault(draft: Draft, fault: ClientFault) -> None:
    """The client sent what cannot be used; the protocol says whether the session lives."""
    if fault.ending is None:
        draft.emit(Failed(fault.problem))
    else:
        end(draft, fault.ending, fault.problem)


def client_gone(draft: Draft, _: ClientGone) -> None:
    """Nobody is left to serve."""
    end(draft, Ending.CLIENT_LEFT)


def client_idle(draft: Draft, _: ClientIdle) -> None:
    """Nobody seems to be there: an idle client says KeepAlive."""
    end(
        draft,
        Ending.CLIENT_TIMEOUT,
        Problem(Cause.CLIENT_IDLE, "Nothing was sent for too long; send audio, or KeepAlive every few seconds."),
    )


def client_stalled(draft: Draft, _: ClientStalled) -> None:
    """The client does not read, and more may not wait for it."""
    end(
        draft,
        Ending.CLIENT_STALLED,
        Problem(Cause.CLIENT_STALLED, "Too much waits to be read; read the connection without pause."),
    )


def leave_soon(draft: Draft, _: Drain) -> None:
    """The proxy will go away: the call goes on to its next quiet moment."""
    draft.state = evolve(draft.state, stay=Stay.LEAVES)


def dismissed(draft: Draft, _: Dismissed) -> None:
    """The operator wants it so."""
    detail = "The operator of this proxy has ended the session; ask them before you connect again."
    end(draft, Ending.DISMISSED, Problem(Cause.DISMISSED, detail))


def shut_down(draft: Draft, _: Shutdown | Drain) -> None:
    """The proxy is going away."""
    end(draft, Ending.GOING_AWAY, Problem(Cause.GOING_AWAY, "The proxy is shutting down; connect again."))


def settings_overdue(draft: Draft, _: DeadlinePassed) -> None:
    """A client that sends no settings holds a place for nothing."""
    end(
        draft,
        Ending.CLIENT_TIMEOUT,
        Problem(Cause.SETTINGS_TIMEOUT, "No Settings came in time; send them right after Welcome."),
    )


def upstream_overdue(draft: Draft, _: DeadlinePassed) -> None:
    """The upstream was dialled and has no session for us yet."""
    fail(draft, Problem(Cause.UPSTREAM_UNREADY, "The upstream did not become ready in time; try again later."))
