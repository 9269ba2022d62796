"""
Questions to all workers, and their answers together.

Responsible for waiting until all have answered, or have ended, or the time is over.

Must not know: what is asked, what becomes of the answers.

Comes from: ``whole_house.py``. Goes to: the crew, and back.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.proxy.log import EventLog
from turngate.workers.crew import Crew
from turngate.workers.posts import Stage
from turngate.workers.words import Answered, Ask, What

WITHIN_S: Final = 2.0
"""A worker that has not answered then is left out."""

Gathered: TypeAlias = dict[int, Answered]
"""By the numbers of the workers."""


@define(eq=False)
class _Question:
    reply: Callable[[Gathered], None]
    waits_for: set[int]
    timer: IDelayedCall
    answers: Gathered = field(factory=dict)


class Asking:
    """The questions that are open."""

    def __init__(self, crew: Crew, clock: IReactorTime, log: EventLog) -> None:
        self._crew = crew
        self._clock = clock
        self._log = log
        self._next = 0
        self._open: dict[int, _Question] = {}

    def ask(self, what: What, reply: Callable[[Gathered], None], name: str = "") -> None:
        """Ask all workers, and call once with the answers; at once where there is nobody to ask."""
        posts = self._crew.having(Stage.SERVING, Stage.DRAINING)
        if not posts:
            reply({})
            return
        self._next += 1
        number = self._next
        timer = self._clock.callLater(WITHIN_S, self._over, number)
        self._open[number] = _Question(reply, {post.index for post in posts}, timer)
        for post in posts:
            if post.process is not None:
                post.process.tell(Ask(number, what, name))

    def answered(self, index: int, answer: Answered) -> None:
        """A worker has answered."""
        question = self._open.get(answer.number)
        if question is not None and index in question.waits_for:
            question.answers[index] = answer
            self._heard(answer.number, index)

    def lost(self, index: int) -> None:
        """A worker has ended, and answers nothing any more."""
        for number in tuple(self._open):
            self._heard(number, index)

    def _heard(self, number: int, index: int) -> None:
        question = self._open[number]
        question.waits_for.discard(index)
        if not question.waits_for:
            question.timer.cancel()
            del self._open[number]
            question.reply(question.answers)

    def _over(self, number: int) -> None:
        question = self._open.pop(number)
        for index in sorted(question.waits_for):
            self._log.warn("worker.unanswered", worker=index)
        question.reply(question.answers)
