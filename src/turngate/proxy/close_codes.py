"""
How an ending is spoken on either leg: close codes and reasons (RFC 6455, section 7.4).

Responsible for one table in both directions, and for the rule which codes an endpoint may send at all.

Must not know: sockets, Autobahn, either wire protocol.

Comes from: the session's :class:`~turngate.session.messages.Ending`. Goes to: ``IConnection.close``.

The choices:

* The client hears 1008 (policy) for everything that it did wrong inside a well-formed WebSocket, be it a message that
  cannot be read, one that came too early, one that never came, or reading too slowly; and for what the
  operator decides: that it ends, or has used up what it may. 1002 and 1007 stay with the WebSocket layer, which has
  violations of the framing and of UTF-8 to itself, so that a developer can tell them apart.
* Two codes are our own, since no code of the RFC says what they say: 4001 to a connection whose client has come over
  another one, and 4004 to a client that came back to no session. A client that connects again by itself after some
  codes can tell them from the others.
* 1009 is for size alone. 1011 says that the fault is not the client's.
* The upstream is told the truth and no more: 1000 when the conversation is over for whatever reason of the client's,
  1001 when this process goes away, 1011 when the fault is ours or its own.
"""

from typing import Final, assert_never

from turngate.proxy.ports import Closed
from turngate.session.messages import Ending, Loss

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
POLICY_VIOLATION: Final = 1008
MESSAGE_TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011
TAKEN_OVER: Final = (4001, "the session goes on over another connection")
NOT_RESUMED: Final = (4004, "there is no session to come back to")

FAREWELLS: Final = frozenset({NORMAL, 1005})
"""With these a client says that it has finished; 1005 stands for a close frame without a code."""
CUT_OFF: Final = 1006
"""There was no close frame."""

NOT_FOR_SENDING: Final = frozenset({1004, 1005, 1006, 1014, 1015})
"""Codes below 3000 that are reserved, or that name what was seen rather than what was said."""


def may_be_sent(code: int) -> bool:
    """Whether an endpoint may put this code into a close frame (RFC 6455, 7.4, and the IANA registry)."""
    return (1000 <= code <= 1013 and code not in NOT_FOR_SENDING) or 3000 <= code <= 4999


def loss_of(how: Closed) -> Loss:
    """
    Whether a client has left, or was cut off and may come back.

    Only a farewell of its own is one, or a connection that we closed and it agreed. Whatever else a client says (that
    it is going away, that its keep-alive failed) it may say and come back.
    """
    left = how.code in FAREWELLS or (how.by_us and how.code != CUT_OFF)
    return Loss.LEFT if left else Loss.LOST


def client_close(ending: Ending) -> tuple[int, str]:
    """
    How a client is told that its session ends.

    Returns:
        The code and the reason, which is short enough for a close frame and holds nothing of the session's content.
    """
    match ending:
        case Ending.CLIENT_LEFT:
            return NORMAL, ""
        case Ending.UPSTREAM_LIMIT:
            return NORMAL, ending.value
        case Ending.CLIENT_FAULT | Ending.CLIENT_TIMEOUT | Ending.CLIENT_STALLED | Ending.USED_UP | Ending.DISMISSED:
            return POLICY_VIOLATION, ending.value
        case Ending.CLIENT_TOO_LARGE:
            return MESSAGE_TOO_BIG, ending.value
        case Ending.UPSTREAM_FAILED | Ending.INTERNAL:
            return INTERNAL_ERROR, ending.value
        case Ending.GOING_AWAY:
            return GOING_AWAY, ending.value
        case _:
            assert_never(ending)


def upstream_close(ending: Ending) -> tuple[int, str]:
    """
    How the upstream is told that a session ends.

    Returns:
        The code and the reason; the reason is always empty, for what a client did is no business of the upstream.
    """
    match ending:
        case (
            Ending.CLIENT_LEFT
            | Ending.CLIENT_FAULT
            | Ending.CLIENT_TOO_LARGE
            | Ending.CLIENT_TIMEOUT
            | Ending.CLIENT_STALLED
            | Ending.UPSTREAM_LIMIT
            | Ending.USED_UP
            | Ending.DISMISSED
        ):
            return NORMAL, ""
        case Ending.UPSTREAM_FAILED | Ending.INTERNAL:
            return INTERNAL_ERROR, ""
        case Ending.GOING_AWAY:
            return GOING_AWAY, ""
        case _:
            assert_never(ending)
