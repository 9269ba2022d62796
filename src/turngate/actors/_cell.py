"""
One actor's life: its mailbox, its children, its watchers, its ending.

Responsible for what one turn of an actor does. Must not know: whose turn it is (``_system.py``), or what a message
means. Mail comes from ``_ref.py``; notices come from other cells; both go to the actor, notices first.

Stopping and failing are not messages: they change the cell's life at once, and what is left of it are turns without
mail. So a stopped actor receives nothing more, whatever is queued. Only one actor runs at any time, and none inside
another: everything here may change any cell, and then leaves it to its own turn.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from turngate.actors._context import Actor, Context
from turngate.actors._mailbox import Inbox, Mailbox, MailboxFullError, Overflow
from turngate.actors._messages import ActorFailure, Ended, Reason, capture
from turngate.actors._ref import Ref, cell_of
from turngate.actors._supervision import VERDICTS, Moment, Verdict, WhenChildFails
from turngate.actors._timers import Timer, Timers
from turngate.errors import InternalError

if TYPE_CHECKING:
    from turngate.actors._system import Schedule

M = TypeVar("M")
N = TypeVar("N")


class Life(Enum):
    """Where an actor is in its life."""

    NEW = "spawned, and not yet started"
    RUNNING = "receiving messages"
    STOPPING = "receiving nothing more, and waiting for its children to end"
    ENDED = "gone"


class Step(Enum):
    """What can happen to a life."""

    START = "its first turn"
    STOP = "a wish, or a failure"
    END = "a turn of a stopping actor without children"


TRANSITIONS: Final[Mapping[tuple[Life, Step], Life | None]] = {  # None: only a fault of the kernel asks for it
    (Life.NEW, Step.START): Life.RUNNING,
    (Life.NEW, Step.STOP): Life.STOPPING,
    (Life.NEW, Step.END): None,
    (Life.RUNNING, Step.START): None,
    (Life.RUNNING, Step.STOP): Life.STOPPING,
    (Life.RUNNING, Step.END): None,
    (Life.STOPPING, Step.START): None,
    (Life.STOPPING, Step.STOP): Life.STOPPING,
    (Life.STOPPING, Step.END): Life.ENDED,
    (Life.ENDED, Step.START): None,
    (Life.ENDED, Step.STOP): Life.ENDED,
    (Life.ENDED, Step.END): None,
}


_RUNNING: Final = Life.RUNNING  # asked for at every turn


def after(life: Life, step: Step) -> Life:
    """Return the life that follows."""
    following = TRANSITIONS[life, step]
    if following is None:
        raise InternalError(f"no {step.name} for an actor that is {life.value}")
    return following


class Cell(Generic[M]):
    """What stands behind a ref; an ended one keeps its name and how it ended, and lets go of everything else."""

    __slots__ = (
        "actor", "cause", "children", "context", "inbox", "key", "life", "name", "notices", "overflow",
        "parent", "queued", "reason", "ref", "schedule", "siblings", "timers", "watchers", "watching", "when_fails",
    )  # fmt: skip

    def __init__(
        self,
        actor: Actor[M],
        name: str,
        parent: "Cell[Any] | None",
        siblings: "dict[str, Cell[Any]]",
        mailbox: Mailbox,
        when_fails: WhenChildFails,
        schedule: "Schedule",
    ) -> None:
        if not name or "/" in name or name in siblings:
            raise ValueError(f"{name!r} is empty, has a slash, or is the name of a living actor")
        self.key = name
        self.name: str = name if parent is None else f"{parent.name}/{name}"
        self.actor = actor
        self.parent = parent
        self.siblings = siblings
        self.when_fails = when_fails
        self.overflow = mailbox.overflow
        self.schedule = schedule
        self.life = Life.NEW
        self.reason = Reason.STOPPED
        self.cause: ActorFailure | None = None
        self.queued = False  # in the schedule's ready queue
        self.inbox: Inbox[M] = Inbox(mailbox)
        self.notices: deque[Ended] = deque()
        self.timers: Timers[M] = Timers(schedule.clock)
        self.children: dict[str, Cell[Any]] = {}
        self.watching: dict[Ref[Any], Callable[[Ended], M]] = {}
        self.watchers: dict[Cell[Any], None] = {}  # a set that keeps its order
        self.ref: Ref[M] = Ref(self.name, self)
        self.context = Context(self, self.ref)
        siblings[name] = self
        schedule.alive += 1
        self.wake()

    # --- turns

    def wake(self) -> None:
        """Ask for a turn."""
        if not self.queued:
            self.queued = True
            self.schedule.ready.append(self)

    def turn(self) -> None:
        """Do one thing: start, receive one notice or one message, or end."""
        self.queued = False
        inbox = self.inbox
        try:
            if self.life is not _RUNNING:
                self._start_or_end()
            elif self.notices:
                ended = self.notices.popleft()
                to_message = self.watching.pop(ended.ref, None)
                if to_message is not None:
                    self.actor.receive(self.context, to_message(ended))
            elif inbox.mail:
                message = inbox.take()
                if not isinstance(message, Timer):
                    self.actor.receive(self.context, message)
                elif self.timers.claim(message):
                    self.actor.receive(self.context, message.message)
        except Exception as error:  # noqa: BLE001 - whatever an actor raises, its supervisor decides
            self.fail(Moment.RECEIVE, error)
        finally:  # also when a KeyboardInterrupt passes
            if inbox.mail or self.notices:
                self.wake()

    def _start_or_end(self) -> None:
        if self.life is Life.NEW:
            self.life = after(self.life, Step.START)
            try:
                self.actor.on_start(self.context)
            except Exception as error:  # noqa: BLE001 - as in turn()
                self.fail(Moment.START, error)
        elif self.life is Life.STOPPING and not self.children:
            try:
                self.actor.on_stop(self.context)
            except Exception as error:  # noqa: BLE001 - as in turn()
                self.fail(Moment.STOPPING, error)
            finally:
                self._end()

    def _end(self) -> None:
        self.life = after(self.life, Step.END)
        self.schedule.alive -= 1
        ended = Ended(self.ref, self.reason, self.cause)
        for watcher in self.watchers:
            watcher.notify(ended)
        del self.siblings[self.key]
        if self.parent is not None and self.parent.life is Life.STOPPING:
            self.parent.wake()
        # so that what the actor held is freed now, and not when the collector comes
        self.watchers.clear()
        del self.actor, self.context, self.parent, self.ref, self.siblings

    # --- what others cause

    def accept(self, message: M) -> None:
        """Take in a message, as far as the mailbox and this life have room for it."""
        if self.life is _RUNNING or self.life is Life.NEW:
            try:
                lost = self.inbox.put(message)
                if lost:
                    self.schedule.overflows += lost
                    if self.overflow is Overflow.FAIL:
                        raise MailboxFullError
                if not self.queued:
                    self.queued = True
                    self.schedule.ready.append(self)
            except Exception as error:  # noqa: BLE001 - weighing is the author's code, and tell never raises
                self.fail(Moment.MAIL, error)
        elif self.life is Life.STOPPING:
            self.schedule.discarded += 1
        else:
            self.schedule.count_dead_letter(self.name, message)

    def notify(self, ended: Ended) -> None:
        """Take in the end of a watched actor."""
        self.notices.append(ended)
        self.wake()

    def fail(self, moment: Moment, error: Exception) -> None:
        """Report a failure of this actor's, and do what its supervisor wants done about it."""
        failure = capture(self.name, moment, error)
        self.schedule.count_failure(failure)
        self._suffer(moment, failure)

    def _suffer(self, moment: Moment, failure: ActorFailure) -> None:
        parent = self.parent
        match VERDICTS[self.when_fails, moment if self._is_open() else Moment.STOPPING]:
            case Verdict.CONTINUE:
                pass
            case Verdict.STOP:
                self.stop(Reason.FAILED, failure)
            case Verdict.ESCALATE:
                self.stop(Reason.FAILED, failure)
                if parent is not None:
                    parent._suffer(Moment.CHILD, failure)  # noqa: SLF001 - of the same class

    def stop(self, reason: Reason = Reason.STOPPED, cause: ActorFailure | None = None) -> None:
        """Receive nothing more, stop the children, the youngest first, and end when all of them have."""
        before, self.life = self.life, after(self.life, Step.STOP)
        if before is self.life:
            return
        self.reason, self.cause = reason, cause
        self.schedule.discarded += self.inbox.clear()
        self.notices.clear()
        self.timers.cancel_all()
        for ref in tuple(self.watching):
            self.unwatch(ref)
        for child in reversed(self.children.values()):
            child.stop()
        self.wake()

    # --- what the actor itself causes

    def spawn(self, actor: Actor[N], name: str, mailbox: Mailbox, when_fails: WhenChildFails) -> Ref[N]:
        """See :meth:`Context.spawn`."""
        if not self._is_open():
            raise RuntimeError(f"{self.name} is stopping and can have no more children")
        child = Cell(actor, name, self, self.children, mailbox, when_fails, self.schedule)
        ref = child.ref  # which it lets go of, should it end before we are back
        self.schedule.run()
        return ref

    def stop_own(self, cell: "Cell[Any]") -> None:
        """See :meth:`Context.stop`."""
        if cell is not self and cell.life is not Life.ENDED and cell.parent is not self:
            raise ValueError(f"{cell.name} is not for {self.name} to stop")
        cell.stop()
        self.schedule.run()

    def watch(self, ref: Ref[Any], to_message: Callable[[Ended], M]) -> None:
        """See :meth:`Context.watch`."""
        if self._is_open():
            self.watching[ref] = to_message
            target = cell_of(ref)
            if target.life is Life.ENDED:
                self.notify(Ended(ref, target.reason, target.cause))
                self.schedule.run()
            else:
                target.watchers[self] = None

    def unwatch(self, ref: Ref[Any]) -> None:
        """See :meth:`Context.unwatch`; a notice that is queued finds that nobody waits for it."""
        self.watching.pop(ref, None)
        cell_of(ref).watchers.pop(self, None)

    def set_timer(self, key: Hashable, delay_s: float, message: M) -> None:
        """See :meth:`Context.set_timer`."""
        if self._is_open():
            self.timers.set(key, delay_s, message, self._take_due)

    def _take_due(self, timer: Timer[M]) -> None:
        self.inbox.put_due(timer)
        self.wake()
        self.schedule.run()

    def _is_open(self) -> bool:
        return self.life is _RUNNING or self.life is Life.NEW
