"""
What an operator looks at, where it is spread over workers.

Responsible for putting the workers' answers together into one, and for what only the parent can tell of them.

Must not know: what a session is, who asks.

Comes from: the desk. Goes to: ``asking.py``.
"""

from collections.abc import Callable
from typing import Any

from turngate.admin.house import Entry
from turngate.admin.sums import Family, Sample, Sums
from turngate.admin.usage import summed
from turngate.workers.asking import Asking, Gathered
from turngate.workers.crew import Crew
from turngate.workers.posts import Stage
from turngate.workers.words import What


class WholeHouse:
    """Provides :class:`turngate.admin.house.House` for all workers."""

    def __init__(self, crew: Crew, asking: Asking, own: Callable[[], list[Family]] = list) -> None:
        self._crew = crew
        self._asking = asking
        self._sums = Sums()
        self._own = own

    def exposed(self, reply: Callable[[bytes], None]) -> None:
        """See :class:`turngate.admin.house.House`."""

        def gathered(answers: Gathered) -> None:
            for index, answer in answers.items():
                self._sums.told(index, answer.metrics)
            reply(self._sums.whole(*self._own(), *self._of_workers()))

        self._asking.ask(What.METRICS, gathered)

    def listed(self, reply: Callable[[list[Entry]], None]) -> None:
        """See :class:`turngate.admin.house.House`."""

        def gathered(answers: Gathered) -> None:
            reply([{**one, "worker": index} for index, answer in sorted(answers.items()) for one in answer.sessions])

        self._asking.ask(What.SESSIONS, gathered)

    def dismiss(self, name: str, reply: Callable[[bool], None]) -> None:
        """See :class:`turngate.admin.house.House`."""
        self._asking.ask(What.DISMISS, lambda answers: reply(any(one.was_there for one in answers.values())), name)

    def used(self, reply: Callable[[dict[str, Any]], None]) -> None:
        """See :class:`turngate.admin.house.House`."""
        self._asking.ask(What.USAGE, lambda answers: reply(summed(one.usage for one in answers.values())))

    def count(self) -> int:
        """See :class:`turngate.admin.house.House`."""
        return self._crew.sessions

    def lost(self, index: int) -> None:
        """A worker has ended."""
        self._sums.ended(index)

    def _of_workers(self) -> tuple[Family, ...]:
        serving = len(self._crew.having(Stage.SERVING))
        return (
            gauge("turngate_workers", "Workers, of which there should be so many.", len(self._crew.posts)),
            gauge("turngate_workers_serving", "Workers that take connections.", serving),
            Family(
                "turngate_worker_restarts",
                "counter",
                "Workers that were started in the place of others.",
                [Sample("turngate_worker_restarts_total", {}, self._crew.restarts)],
            ),
        )


def gauge(name: str, words: str, value: float) -> Family:
    """A metric with one figure."""
    labels: dict[str, Any] = {}
    return Family(name, "gauge", words, [Sample(name, labels, value)])
