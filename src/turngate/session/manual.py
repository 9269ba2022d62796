"""
Turns that end where the client's audio pauses: the proxy commits them, since the upstream detects none.

Responsible for when to commit: after a pause, or when enough has come and the speech lets it; never while a response is
active, and never less than the upstream takes.

Must not know: what was said. It looks at how loud the audio is, and at nothing else of it.

Audio that keeps coming is committed a while after there was enough of it, but not in the middle of a word: only when
its end has been quiet, or at the latest after :attr:`~turngate.session.messages.Deadline.COMMIT_LATEST`.
"""

from typing import Final

from turngate.evolving import evolve
from turngate.session import ending, turns
from turngate.session.machines import Floor, Gate, Phase
from turngate.session.messages import (
    AppendAudio,
    Arm,
    ByPause,
    ClientGone,
    Deadline,
    DeadlinePassed,
    Disarm,
    StartResponse,
    UserAudio,
)
from turngate.session.state import Commit, Draft, Manual, State

MIN_MS: Final = 100
"""The least that the upstream takes."""
FIRST_MS: Final = 1000
"""The least of the first commit of a connection."""
QUIET_MS: Final = 200
"""How much quiet is the end of a phrase."""
QUIET_PEAK: Final = 500
"""Samples up to here are quiet: 36 dB below the loudest."""
STRIDE: Final = 4
"""Every so many samples one is looked at."""


def size(state: State, duration_ms: int) -> int:
    """How many bytes of the user's audio take so long."""
    return duration_ms * state.capabilities.input_rate_hz * 2 // 1000


def by_pause(state: State) -> bool:
    """Whether the proxy commits."""
    return state.confirmed is not None and isinstance(state.confirmed.turn_end, ByPause)


def take_audio(draft: Draft, audio: UserAudio) -> None:
    """Audio goes upstream at once; what of it is to be committed is counted."""
    turns.take_audio(draft, audio)
    if not by_pause(draft.state):
        return
    before = draft.state.manual
    quiet = before.quiet_bytes + len(audio.pcm) if is_quiet(audio.pcm) else 0
    waiting = before.waiting_bytes + len(audio.pcm)
    manual = evolve(before, waiting_bytes=waiting, quiet_bytes=min(quiet, size(draft.state, QUIET_MS)))
    draft.emit(Arm(Deadline.COMMIT_PAUSE))
    if manual.commit in (Commit.NOT_YET, Commit.MISSED) and waiting >= threshold(draft.state):
        manual = evolve(manual, commit=Commit.SOON)
        draft.emit(Arm(Deadline.COMMIT_CAP))
    draft.state = evolve(draft.state, manual=manual)
    if manual.commit is Commit.WHEN_QUIET and is_end_quiet(draft.state):
        commit(draft)


def is_quiet(pcm: bytes) -> bool:
    """Whether there is no speech in a piece of session audio."""
    samples = memoryview(pcm).cast("h")[::STRIDE].tolist()
    return not samples or (max(samples) <= QUIET_PEAK and min(samples) >= -QUIET_PEAK)


def is_end_quiet(state: State) -> bool:
    """Whether the end of what came is the end of a phrase."""
    return state.manual.quiet_bytes >= size(state, QUIET_MS)


def threshold(state: State) -> int:
    """How many bytes a commit needs."""
    return size(state, MIN_MS if state.manual.has_committed else FIRST_MS)


def is_free(state: State) -> bool:
    """Whether no response is active or about to be."""
    return not state.responses and state.sent_create is None


def commit(draft: Draft) -> None:
    """Make a turn of what came, with silence behind it where it is too short; while a response is active, later."""
    manual = draft.state.manual
    draft.emit(*(Disarm(d) for d in (Deadline.COMMIT_PAUSE, Deadline.COMMIT_CAP, Deadline.COMMIT_LATEST)))
    if not by_pause(draft.state):
        # turns end otherwise since
        draft.state = evolve(draft.state, manual=Manual(has_committed=manual.has_committed, sent=manual.sent))
        return
    if not is_free(draft.state):
        draft.state = evolve(draft.state, manual=evolve(manual, commit=Commit.MISSED))
        return
    lacking = threshold(draft.state) - manual.waiting_bytes
    if lacking > 0:
        draft.emit(AppendAudio(bytes(lacking)))
    draft.state = evolve(draft.state, manual=Manual(has_committed=True))
    turns.commit_audio(draft)


def paused(draft: Draft, _: DeadlinePassed) -> None:
    """No audio came for a while: the turn is over. Less than the upstream takes is no turn, but is kept."""
    waiting = draft.state.manual.waiting_bytes
    if waiting >= size(draft.state, MIN_MS) or (waiting and not is_free(draft.state)):
        commit(draft)


def capped(draft: Draft, _: DeadlinePassed) -> None:
    """There has been enough audio for a while, and more keeps coming."""
    manual = draft.state.manual
    if manual.commit is not Commit.SOON:
        return
    if is_end_quiet(draft.state) or not is_free(draft.state):
        commit(draft)
    else:
        draft.state = evolve(draft.state, manual=evolve(manual, commit=Commit.WHEN_QUIET))
        draft.emit(Arm(Deadline.COMMIT_LATEST))


def latest(draft: Draft, _: DeadlinePassed) -> None:
    """It has never been quiet."""
    if draft.state.manual.commit is Commit.WHEN_QUIET:
        commit(draft)


def catch_up(draft: Draft) -> None:
    """Make the commit that a response was in the way of."""
    state = draft.state
    if state.manual.commit is Commit.MISSED and is_free(state) and state.manual.waiting_bytes:
        commit(draft)


def client_gone(draft: Draft, gone: ClientGone) -> None:
    """Nobody is left to serve; but what was said and not committed is answered in the conversation."""
    state = draft.state
    if state.phase is Phase.SERVING and by_pause(state) and state.manual.waiting_bytes and is_free(state):
        commit(draft)
        if state.gate is Gate.OPEN and state.floor is Floor.FREE:
            draft.emit(StartResponse(draft.fresh_id()))
    ending.client_gone(draft, gone)
