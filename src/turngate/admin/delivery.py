"""
Whether the traces arrive.

Responsible for counting the spans that are lost, and for telling it seldom: a collector that is down for a day is one
line in five minutes.

Must not know: how spans travel, OpenTelemetry.

Comes from: ``otel.py``. Goes to: the log, and by that to the metrics.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

from turngate.proxy.log import EventLog

TELL_EVERY_S: Final = 300.0


class Health(Enum):
    """What was told last."""

    WELL = "well"
    FAILING = "failing"


class Delivery:
    """Is told of every batch of spans, in the reactor's thread."""

    def __init__(self, log: EventLog, seconds: Callable[[], float]) -> None:
        self._log = log
        self._seconds = seconds
        self._health = Health.WELL
        self._told_s: float | None = None
        self._untold = 0

    def lost(self, spans: int) -> None:
        """So many were not taken by the collector, or had no room to wait for it."""
        now_s = self._seconds()
        if self._told_s is not None and now_s < self._told_s + TELL_EVERY_S:
            self._untold += spans
            self._log.debug("traces.not_exported", spans=spans)
            return
        self._health, self._told_s = Health.FAILING, now_s
        untold, self._untold = self._untold, 0
        self._log.warn("traces.not_exported", spans=spans, unlogged=untold or None)

    def arrived(self) -> None:
        """The collector has taken some."""
        if self._health is Health.FAILING:
            self._health = Health.WELL
            untold, self._untold = self._untold, 0
            self._log.info("traces.exported_again", unlogged=untold or None)
