"""
What the first word of an upstream means for the dialling, and what a client is told when there is no upstream.

Responsible for the two steps between the wire's refusals, the kinds of failure that ``net/`` tells apart, and the
causes that a session knows.

Must not know: sockets, when another try is made, the client's protocol.

Comes from: ``net/trial.py`` (the first message) and the upstream actor (the failure). Goes to: the same two.
"""

from collections.abc import Mapping
from typing import Final

from turngate.protocols.realtime.refusals import Meaning, SessionRefused, refusal_by_close, refusal_in
from turngate.proxy.ports import Closed, DialFailure, DialFault, Outlook
from turngate.session.messages import Cause, Problem

OUTLOOKS: Final[Mapping[Meaning, Outlook]] = {
    Meaning.KEY: Outlook.KEY_REFUSED,
    Meaning.REQUEST: Outlook.REFUSED,
    Meaning.QUOTA: Outlook.SPENT,
    Meaning.BUSY: Outlook.BUSY,
    Meaning.FAILING: Outlook.BETTER,
}

CAUSES: Final[Mapping[Outlook, tuple[Cause, str]]] = {
    Outlook.BETTER: (Cause.UPSTREAM_UNREACHABLE, "The upstream cannot be reached; try again later."),
    Outlook.BUSY: (Cause.UPSTREAM_BUSY, "The upstream takes no more sessions for now; try again later."),
    Outlook.SPENT: (Cause.UPSTREAM_BUSY, "The upstream's quota is used up; the operator has to look into it."),
    Outlook.REFUSED: (
        Cause.UPSTREAM_REJECTED,
        "The upstream refused the connection; the operator has to look into it.",
    ),
    Outlook.KEY_REFUSED: (
        Cause.UPSTREAM_REJECTED,
        "The upstream refused the connection; the operator has to look into it.",
    ),
}
"""The cause and the words for a client, which quote nothing."""


class RealtimeFirstWord:
    """A :class:`~turngate.proxy.ports.FirstWord` for servers of the Realtime protocol."""

    def spoken(self, payload: bytes) -> DialFailure | None:
        """An ``error`` refuses the session; after anything else there is one."""
        refused = refusal_in(payload)
        if refused is None:
            return None
        return _failure(refused, f"the upstream refused the session ({refused.code or 'no code'})")

    def unspoken(self, how: Closed) -> DialFailure:
        """The connection was closed before that."""
        refused = refusal_by_close(how.code, "" if how.by_us else how.reason)
        detail = f"the upstream closed the connection before it said anything (code {how.code})"
        return _failure(refused, detail, how.code)


def _failure(refused: SessionRefused, detail: str, close_code: int | None = None) -> DialFailure:
    return DialFailure(
        DialFault.IN_BAND,
        detail,
        OUTLOOKS[refused.meaning],
        close_code=close_code,
        code=refused.code,
        words=refused.words,
    )


def problem_of(failure: DialFailure) -> Problem:
    """What a client is told about an upstream that there is not."""
    if failure.close_code is not None:
        detail = f"The upstream closed the connection (code {failure.close_code})."
        return Problem(Cause.UPSTREAM_CLOSED, detail, words=failure.words)
    cause, detail = CAUSES[failure.outlook]
    return Problem(cause, detail, failure.code, failure.words)
