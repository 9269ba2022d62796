"""
The kernel: actors, references, mailboxes, supervision, timers. Knows no socket, no JSON, no session.

What it promises stands in ``docs/design/actor-semantics.md``. Test actors with :mod:`turngate.actors.testing`.
"""

from turngate.actors._context import Actor, Context
from turngate.actors._mailbox import Mailbox, MailboxFullError, Overflow
from turngate.actors._messages import ActorFailure, Counts, DeadLetter, Ended, Reason
from turngate.actors._ref import Ref
from turngate.actors._supervision import Moment, WhenChildFails
from turngate.actors._system import ActorSystem

__all__ = [
    "Actor",
    "ActorFailure",
    "ActorSystem",
    "Context",
    "Counts",
    "DeadLetter",
    "Ended",
    "Mailbox",
    "MailboxFullError",
    "Moment",
    "Overflow",
    "Reason",
    "Ref",
    "WhenChildFails",
]
