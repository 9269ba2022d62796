"""
The coupled state machines of a session, as tables.

Responsible for which state follows which. Every change of a named state goes through :func:`follow`, so that what is
not in a table cannot happen, and the diagrams in the docs are drawn from here.

Must not know: messages, effects, or what any state is for beyond its name.

Theory of operation
-------------------
Four machines run side by side in one session.

*Phase* is the life of the session: it waits for settings, then for an upstream, then for the upstream's confirmation;
then it serves, until it has ended. Where the upstream session is lost or left on the way, another one takes its place.

*Gate* decides whether a gated send may go out: a ``session.update``, or a ``response.create`` into the conversation.
Only ``OPEN`` lets one through. A send closes the gate until its own answer, and a response closes it from its start to
its end. The two can overlap, since a response that we did not ask for can start while our request is on the wire: those
are the ``CROSSED`` states. ``BLOCKED`` is the state after the upstream refused a send because of an active response
that we cannot see: it ends with that response, or with the next try.

*Floor* says whose turn it is to speak. While the user has it no response is asked for.

*Presence* says whether the client has a connection. While it has none the session goes on, and waits for it.

Transitions come in two kinds. Something that happened fires a signal (these tables). What follows from the state alone,
such as sending what waits at an open gate, is done once after each message by ``settle`` in ``rules.py``.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar

from turngate.errors import InternalError


class Phase(Enum):
    """How far a session has come."""

    AWAITING_SETTINGS = "awaiting settings"
    CONNECTING = "connecting"
    CONFIGURING = "configuring"
    SERVING = "serving"
    RENEWING = "moving to another upstream session"
    ENDED = "ended"


class Milestone(Enum):
    """What moves a session on."""

    SETTINGS_ACCEPTED = "settings accepted"
    UPSTREAM_READY = "upstream ready"
    CONFIRMED_UNASKED = "confirmed before settings came"
    SETTINGS_CONFIRMED = "settings confirmed, context in place"
    SETTINGS_REFUSED = "settings refused, may be corrected"
    UPSTREAM_GONE = "upstream session lost or left"
    RESTORED = "settings and conversation restored"
    END = "end"


class Gate(Enum):
    """Whether a gated send may go out; only ``OPEN`` lets one through."""

    OPEN = "open"
    UPDATING = "updating"
    UPDATING_CROSSED = "updating, crossed by a response"
    STARTING = "starting a response"
    STARTING_CROSSED = "starting, crossed by a response"
    RESPONDING = "responding"
    BLOCKED = "blocked by a response out of sight"


class Signal(Enum):
    """What moves the gate."""

    UPDATE_SENT = "update sent"
    UPDATE_ANSWERED = "update confirmed or refused"
    CREATE_SENT = "create sent"
    CREATE_REFUSED = "create refused"
    REFUSED_AS_ACTIVE = "refused: a response is active"
    OUR_RESPONSE_STARTED = "our response started"
    RESPONSE_STARTED = "another response started"
    LAST_RESPONSE_ENDED = "last active response ended"
    UNSEEN_RESPONSE_ENDED = "a response that was never seen ended"
    RETRY_DUE = "next try is due"
    UPSTREAM_GONE = "upstream session lost or left"


class Floor(Enum):
    """Whose turn it is to speak."""

    FREE = "free"
    USER = "the user's"


class Speech(Enum):
    """What moves the floor."""

    STARTED = "speech started"
    COMMITTED = "speech committed"
    OVERDUE = "speech did not end in time"


class Presence(Enum):
    """Whether the client has a connection."""

    HERE = "here"
    AWAY = "away"


class Contact(Enum):
    """What moves the presence."""

    LOST = "connection lost"
    BACK = "another connection"


PHASES: Final[Mapping[Phase, Mapping[Milestone, Phase]]] = {
    Phase.AWAITING_SETTINGS: {
        Milestone.SETTINGS_ACCEPTED: Phase.CONNECTING,
        Milestone.CONFIRMED_UNASKED: Phase.SERVING,
        Milestone.END: Phase.ENDED,
    },
    Phase.CONNECTING: {
        Milestone.UPSTREAM_READY: Phase.CONFIGURING,
        Milestone.END: Phase.ENDED,
    },
    Phase.CONFIGURING: {
        Milestone.SETTINGS_CONFIRMED: Phase.SERVING,
        Milestone.SETTINGS_REFUSED: Phase.AWAITING_SETTINGS,
        Milestone.UPSTREAM_GONE: Phase.CONNECTING,
        Milestone.END: Phase.ENDED,
    },
    Phase.SERVING: {
        Milestone.UPSTREAM_GONE: Phase.RENEWING,
        Milestone.END: Phase.ENDED,
    },
    Phase.RENEWING: {
        Milestone.RESTORED: Phase.SERVING,
        Milestone.UPSTREAM_GONE: Phase.RENEWING,
        Milestone.END: Phase.ENDED,
    },
    Phase.ENDED: {},
}

GATE: Final[Mapping[Gate, Mapping[Signal, Gate]]] = {
    Gate.OPEN: {
        Signal.UPDATE_SENT: Gate.UPDATING,
        Signal.CREATE_SENT: Gate.STARTING,
        Signal.RESPONSE_STARTED: Gate.RESPONDING,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.UPDATING: {
        Signal.UPDATE_ANSWERED: Gate.OPEN,
        Signal.REFUSED_AS_ACTIVE: Gate.BLOCKED,
        Signal.RESPONSE_STARTED: Gate.UPDATING_CROSSED,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.UPDATING_CROSSED: {
        Signal.UPDATE_ANSWERED: Gate.RESPONDING,
        Signal.REFUSED_AS_ACTIVE: Gate.RESPONDING,
        Signal.RESPONSE_STARTED: Gate.UPDATING_CROSSED,
        Signal.LAST_RESPONSE_ENDED: Gate.UPDATING,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.STARTING: {
        Signal.OUR_RESPONSE_STARTED: Gate.RESPONDING,
        Signal.CREATE_REFUSED: Gate.OPEN,
        Signal.REFUSED_AS_ACTIVE: Gate.BLOCKED,
        Signal.RESPONSE_STARTED: Gate.STARTING_CROSSED,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.STARTING_CROSSED: {
        Signal.OUR_RESPONSE_STARTED: Gate.RESPONDING,
        Signal.CREATE_REFUSED: Gate.RESPONDING,
        Signal.REFUSED_AS_ACTIVE: Gate.RESPONDING,
        Signal.RESPONSE_STARTED: Gate.STARTING_CROSSED,
        Signal.LAST_RESPONSE_ENDED: Gate.STARTING,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.RESPONDING: {
        Signal.RESPONSE_STARTED: Gate.RESPONDING,
        Signal.LAST_RESPONSE_ENDED: Gate.OPEN,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
    Gate.BLOCKED: {
        Signal.RESPONSE_STARTED: Gate.RESPONDING,
        Signal.UNSEEN_RESPONSE_ENDED: Gate.OPEN,
        Signal.RETRY_DUE: Gate.OPEN,
        Signal.UPSTREAM_GONE: Gate.OPEN,
    },
}

FLOOR: Final[Mapping[Floor, Mapping[Speech, Floor]]] = {
    Floor.FREE: {
        Speech.STARTED: Floor.USER,
        Speech.COMMITTED: Floor.FREE,
    },
    Floor.USER: {
        Speech.STARTED: Floor.USER,
        Speech.COMMITTED: Floor.FREE,
        Speech.OVERDUE: Floor.FREE,
    },
}

PRESENCE: Final[Mapping[Presence, Mapping[Contact, Presence]]] = {
    Presence.HERE: {
        Contact.LOST: Presence.AWAY,
        Contact.BACK: Presence.HERE,
    },
    Presence.AWAY: {
        Contact.BACK: Presence.HERE,
    },
}

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


def follow(table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
    """
    The state that follows ``state`` on ``event``.

    Raises:
        InternalError: the table has no such transition, which is a fault of the rules and never of a peer.
    """
    try:
        return table[state][event]
    except KeyError:
        raise InternalError(f"no transition from {state} on {event}") from None
