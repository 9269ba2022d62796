"""
What follows when an actor fails: one table.

Responsible for the decision only; ``_cell.py`` carries it out. Must not know: actors, mail, clocks.

The policy is chosen at spawn by the parent. No policy restarts an actor in place: half a session is worse than none,
and what an actor had learned from its peers is gone with it. Whoever wants a new actor spawns one.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class WhenChildFails(Enum):
    """What a parent wants done about a failure of one child."""

    STOP = "the child stops"
    RESUME = "the child goes on with its next message"
    ESCALATE = "the child stops, and its parent fails as well"


class Moment(Enum):
    """What an actor was doing when it failed."""

    START = "it was starting"
    RECEIVE = "it was receiving a message"
    MAIL = "its mailbox was full, or could not weigh a message"
    CHILD = "a failure of its child was escalated to it"
    STOPPING = "it was stopping already"


class Verdict(Enum):
    """What is done about a failure."""

    CONTINUE = "the actor goes on: with its next message, or with its ending"
    STOP = "the actor ends"
    ESCALATE = "the actor ends, and its parent fails as well"


VERDICTS: Final[Mapping[tuple[WhenChildFails, Moment], Verdict]] = {
    (WhenChildFails.STOP, Moment.START): Verdict.STOP,
    (WhenChildFails.STOP, Moment.RECEIVE): Verdict.STOP,
    (WhenChildFails.STOP, Moment.MAIL): Verdict.STOP,
    (WhenChildFails.STOP, Moment.CHILD): Verdict.STOP,
    (WhenChildFails.STOP, Moment.STOPPING): Verdict.CONTINUE,
    (WhenChildFails.RESUME, Moment.START): Verdict.STOP,  # there is nothing to go on with
    (WhenChildFails.RESUME, Moment.RECEIVE): Verdict.CONTINUE,
    (WhenChildFails.RESUME, Moment.MAIL): Verdict.CONTINUE,
    (WhenChildFails.RESUME, Moment.CHILD): Verdict.CONTINUE,
    (WhenChildFails.RESUME, Moment.STOPPING): Verdict.CONTINUE,
    (WhenChildFails.ESCALATE, Moment.START): Verdict.ESCALATE,
    (WhenChildFails.ESCALATE, Moment.RECEIVE): Verdict.ESCALATE,
    (WhenChildFails.ESCALATE, Moment.MAIL): Verdict.ESCALATE,
    (WhenChildFails.ESCALATE, Moment.CHILD): Verdict.ESCALATE,
    (WhenChildFails.ESCALATE, Moment.STOPPING): Verdict.CONTINUE,
}
