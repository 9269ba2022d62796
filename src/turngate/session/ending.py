"""
How a session ends: one way for all reasons.

Responsible for the last word to the client and the last effect, and for every message that ends a session by itself.

Must not know: what the session was doing.
"""

from turngate.evolving import evolve
from turngate.session.machines import PHASES, Milestone, Phase, follow
from turngate.session.messages import (
    Cap,
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
    UsedUp,
)
from turngate.session.state import Draft, State, Stay
from turngate.session.transcript import tell_all


def reach(draft: Draft, milestone: Milestone) -> None:
    """Move the session on."""
    draft.state = evolve(draft.state, phase=follow(PHASES, draft.state.phase, milestone))


def end(draft: Draft, ending: Ending, problem: Problem | None = None, detail: str = "") -> None:
    """
    End the session, with a last word to the client where there is one. Nothing is asked for after this.

    ``detail`` is for the log, where that can know more than the cause.
    """
    tell_all(draft)
    reach(draft, Milestone.END)
    if problem is not None:
        draft.emit(Failed(problem))
    draft.emit(EndSession(ending, detail or (problem.cause.name.lower() if problem else "")))


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


def used_up(draft: Draft, used: UsedUp) -> None:
    """A cap is reached; the first that is holds (``settle``)."""
    if draft.state.used_up is None:
        draft.state = evolve(draft.state, used_up=used.cap)


def is_due(state: State) -> bool:
    """Whether a cap that was reached ends the session now: what cuts no answer waits for the end of the active one."""
    cap = state.used_up
    return cap is not None and state.phase is not Phase.ENDED and (cap.cuts or not state.responses)


def cap_reached(draft: Draft, cap: Cap) -> None:
    """What may be used is used up."""
    again = "Connect again after midnight UTC" if cap.is_of_a_day else "Connect again to go on"
    detail = f"Used up: {cap.value}, as the operator of this proxy has set it. {again}, or ask them for more."
    cause = Cause.LENGTH_USED_UP if cap is Cap.SESSION_MINUTES else Cause.USED_UP
    end(draft, Ending.USED_UP, Problem(cause, detail), cap.name.lower())


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
