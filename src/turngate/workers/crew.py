"""
The workers of one proxy: how each of them stands, who gets the next connection, and who is started again.

Responsible for the life of each place among the workers, for the growing pauses between two tries, for ending workers
that hang, and for the common end.

Must not know: processes, sockets, what a worker does.

Comes from: the parent's service. Goes to: a :class:`~turngate.workers.posts.Process` for each worker.

A worker that dies takes its own sessions with it, and no others; its place has another one soon. Where no worker serves
and one fails again and again, or says that it cannot begin, there is nothing to wait for: the crew gives up.
"""

import socket
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.proxy.log import EventLog
from turngate.workers.handing import Handed
from turngate.workers.posts import Post, Spawn, Stage
from turngate.workers.words import Answered, Beat, Drain, Failed, Hurry, Line, Ready, Reload, ToParent, ToWorker

FIRST_PAUSE_S: Final = 0.1
MOST_PAUSE_S: Final = 30.0
"""Between the end of a worker and the next one in its place; doubled each time."""
STEADY_S: Final = 60.0
"""A worker that served for so long has not failed at once."""
GIVE_UP: Final = 5
"""How often in a row a worker may fail where no other serves."""
LOOK_EVERY_S: Final = 1.0
AWAKE_S: Final = 2.0
"""A worker that has said nothing for so long gets no connection if another can have it."""
HUNG_S: Final = 30.0
"""One that has said nothing for so long is ended."""
CLOSE_S: Final = 10.0
"""How long workers may take to end after the last moment of their calls."""


class Course(Enum):
    """Where the whole is going."""

    RUNNING = "workers that end are followed by others"
    ENDING = "they are not"
    OVER = "none is left"


class Crew:
    """
    All workers.

    Args:
        count: how many.
        spawn: starts one.
        clock: for pauses, and for who hangs.
        log: hears who comes and goes.
        drain_s: how long calls may go on in the end.
    """

    def __init__(self, count: int, spawn: Spawn, clock: IReactorTime, log: EventLog, drain_s: float) -> None:
        self.posts = tuple(Post(index, self) for index in range(count))
        self.restarts = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called when the stage of a place has changed."""
        self.on_line: Callable[[int, Line], None] = lambda _index, _line: None
        """Called with each line of a worker for the log."""
        self.on_answer: Callable[[int, Answered], None] = lambda _index, _answer: None
        """Called with each answer of a worker."""
        self.on_lost: Callable[[int], None] = lambda _index: None
        """Called with the place of a worker that has ended."""
        self.on_give_up: Callable[[str], None] = lambda _words: None
        """Called when no worker can be had."""
        self._spawn = spawn
        self._clock = clock
        self._log = log
        self._drain_s = drain_s
        self._course = Course.RUNNING
        self._calls: list[IDelayedCall] = []
        self._when_over: Callable[[], None] = lambda: None

    @property
    def sessions(self) -> int:
        """How many are open, as far as it is known."""
        return sum(post.beat.sessions for post in self.posts if post.process is not None)

    @property
    def is_ending(self) -> bool:
        """Whether nobody new is let in."""
        return self._course is not Course.RUNNING

    def having(self, *stages: Stage) -> tuple[Post, ...]:
        """The places that stand so."""
        return tuple(post for post in self.posts if post.stage in stages)

    def unready(self) -> str | None:
        """Why no new client should come; ``None`` where one worker at least can be had for it."""
        if self.is_ending:
            return "the proxy is draining"
        reasons = [post.beat.unready for post in self.having(Stage.SERVING)]
        if not reasons:
            return "no worker serves"
        return None if None in reasons else reasons[0]

    def start(self) -> None:
        """Start them all."""
        for post in self.posts:
            self._begin(post)
        self._later(LOOK_EVERY_S, self._look)

    def place(self, connection: socket.socket, handed: Handed) -> bool:
        """Hand a connection to the worker that has the fewest; false where none takes it."""
        posts = self.having(Stage.SERVING) or self.having(Stage.DRAINING)
        now_s = self._clock.seconds()
        for post in sorted(posts, key=lambda post: (now_s - post.heard_s > AWAKE_S, post.load, post.handed)):
            if post.process is not None and post.process.hand(connection, handed):
                post.handed += 1
                return True
        return False

    def pass_on(self, sender: Post, connection: socket.socket, handed: Handed) -> None:
        """Hand a connection to the worker that it is for; or back, to be told that there is nothing for it any more."""
        meant = [post for post in self.posts if post.index == handed.to]
        for post in (*meant, sender):
            is_there = post.stage in (Stage.SERVING, Stage.DRAINING)
            if is_there and post.process is not None and post.process.hand(connection, handed):
                post.handed += 1
                self._log.debug("worker.passed_on", worker=sender.index, to=post.index)
                return

    def reload(self, renewed: bytes | None) -> None:
        """Have all of them read again what may change."""
        self._tell(Reload(renewed))

    def drain(self, when_over: Callable[[], None]) -> None:
        """Have them all end, and call once when none is left, which may be at once."""
        if self.is_ending:
            return
        self._course = Course.ENDING
        self._when_over = when_over
        self._log.info("drain.started", sessions=self.sessions, within_s=self._drain_s)
        for post in self.posts:
            if post.again is not None and post.again.active():
                post.again.cancel()
            if post.stage is Stage.STARTING and post.process is not None:
                # it has no session, and may never read what it is told
                post.process.kill()
        self._tell(Drain())
        self._later(self._drain_s + CLOSE_S, self._kill)
        self._check_over()

    def hurry(self) -> None:
        """Cut what goes on; before the beginning of the end, leave no time for any of it."""
        if self._course is Course.RUNNING:
            self._drain_s = 0.0
        self._tell(Hurry())
        if self._course is Course.ENDING:
            self._later(CLOSE_S, self._kill)

    # --- what is heard of workers -------------------------------------------------------------------------------------

    def heard(self, post: Post, message: ToParent) -> None:
        """A worker said something."""
        post.heard_s = self._clock.seconds()
        match message:
            case Ready():
                post.ready_s = post.heard_s
                self._stage(post, Stage.SERVING)
            case Beat():
                post.beat = message
                if message.is_draining and post.stage is Stage.SERVING:
                    self._stage(post, Stage.DRAINING)
            case Failed(words=words):
                post.words = words
            case Line():
                self.on_line(post.index, message)
            case Answered():
                self.on_answer(post.index, message)

    def ended(self, post: Post, how: str) -> None:
        """The process of a worker is no more."""
        lost, served_s = post.beat.sessions, self._clock.seconds() - (post.ready_s or self._clock.seconds())
        was_asked = self.is_ending or post.stage is Stage.DRAINING
        post.process, post.beat, post.handed, post.ready_s = None, Beat(), 0, None
        if was_asked:
            self._log.info("worker.ended", worker=post.index)
        else:
            self._log.error("worker.lost", worker=post.index, how=how, reason=post.words, sessions=lost)
        self._stage(post, Stage.EMPTY)
        self.on_lost(post.index)
        if self.is_ending:
            self._check_over()
            return
        post.failures = 0 if was_asked or served_s >= STEADY_S else post.failures + 1
        if self._is_hopeless(post):
            self.on_give_up(post.words or how)
            return
        pause_s = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2**post.failures)
        post.again = self._clock.callLater(pause_s, self._again, post)

    def _is_hopeless(self, post: Post) -> bool:
        """Whether nobody serves, and whoever is started next will fail too, as far as one can tell."""
        if self.having(Stage.SERVING, Stage.DRAINING):
            return False
        return post.failures >= GIVE_UP or bool(post.words)

    def _again(self, post: Post) -> None:
        self.restarts += 1
        self._begin(post)

    def _begin(self, post: Post) -> None:
        post.heard_s, post.words = self._clock.seconds(), ""
        self._stage(post, Stage.STARTING)
        post.process = self._spawn(post.index, post)

    def _stage(self, post: Post, stage: Stage) -> None:
        post.stage = stage
        self.on_change()

    def _look(self) -> None:
        """End whoever hangs."""
        self._later(LOOK_EVERY_S, self._look)
        now_s = self._clock.seconds()
        for post in self.posts:
            if post.process is not None and now_s - post.heard_s >= HUNG_S:
                self._log.error("worker.hung", worker=post.index, seconds=round(now_s - post.heard_s, 1))
                post.heard_s = now_s
                post.process.kill()

    # --- the end ------------------------------------------------------------------------------------------------------

    def _tell(self, message: ToWorker) -> None:
        for post in self.posts:
            if post.process is not None:
                post.process.tell(message)

    def _kill(self) -> None:
        for post in self.posts:
            if post.process is not None:
                post.process.kill()

    def _check_over(self) -> None:
        if self._course is Course.ENDING and not any(post.process for post in self.posts):
            self._course = Course.OVER
            for call in self._calls:
                if call.active():
                    call.cancel()
            self._when_over()

    def _later(self, delay_s: float, call: Callable[..., None]) -> None:
        self._calls = [one for one in self._calls if one.active()]
        self._calls.append(self._clock.callLater(delay_s, partial(call)))
