"""
The metrics of several processes as those of one.

Responsible for what is added, and for counts that never go down: what a process that has ended had counted stays.

Must not know: processes, what a metric means; but for the few of which the sum would say nothing.

Comes from: the metrics of each process, as plain values. Goes to: the text format.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

NOT_ADDED: Final[Mapping[str, Callable[[float, float], float]]] = {
    "process_start_time_seconds": min,
    "process_max_fds": max,
    "turngate_build_info": max,
    "turngate_circuit_open": max,
    "turngate_draining": max,
}
"""Metrics that say the same of each process, or what holds for one of them."""
LASTING: Final = frozenset({"counter", "histogram"})
"""Kinds of metrics that count, and so do not end with a process."""


class Sample(msgspec.Struct, frozen=True):
    """One figure."""

    name: str
    labels: dict[str, str]
    value: float


class Family(msgspec.Struct, frozen=True):
    """A metric with all its figures."""

    name: str
    kind: str
    words: str
    samples: list[Sample]


def families_of(collector: Collector) -> list[Family]:
    """Metrics as plain values."""
    return [
        Family(
            one.name,
            one.type,
            one.documentation,
            [Sample(sample.name, dict(sample.labels), float(sample.value)) for sample in one.samples],
        )
        for one in collector.collect()
    ]


class Sums:
    """Adds, and remembers."""

    def __init__(self) -> None:
        self._past: list[Family] = []
        self._last: dict[int, list[Family]] = {}

    def told(self, index: int, families: list[Family]) -> None:
        """A process tells what it has counted."""
        self._last[index] = families

    def ended(self, index: int) -> None:
        """A process has ended; what it told last is all that is known."""
        lasting = [family for family in self._last.pop(index, []) if family.kind in LASTING]
        self._past = added([self._past, lasting])

    def whole(self, *others: Family) -> bytes:
        """All of it, with a few metrics besides, in Prometheus' text format."""
        return generate_latest(_Shown(added([self._past, *self._last.values(), list(others)])))


def added(parts: Iterable[list[Family]]) -> list[Family]:
    """The sums, sample by sample."""
    families: dict[str, Family] = {}
    figures: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for part in parts:
        for family in part:
            families.setdefault(family.name, family)
            known = figures.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, tuple(sample.labels.items())
                how = NOT_ADDED.get(family.name)
                if key not in known:
                    known[key] = sample.value
                else:
                    known[key] = how(known[key], sample.value) if how is not None else known[key] + sample.value
    return [
        Family(
            family.name,
            family.kind,
            family.words,
            [Sample(sample, dict(labels), value) for (sample, labels), value in figures[name].items()],
        )
        for name, family in families.items()
    ]


class _Shown(Collector):
    """Figures for whoever writes them down."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Called once."""
        for family in self._families:
            metric = Metric(family.name, family.words, family.kind)
            for sample in family.samples:
                metric.add_sample(sample.name, sample.labels, sample.value)
            yield metric
