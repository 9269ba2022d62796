"""An actor whose behaviour is written in the test, and which keeps a shared list of what happens."""

from collections.abc import Callable
from typing import Any

from turngate.actors import Actor, Context

Log = list[tuple[str, object]]


class Scripted(Actor[Any]):
    """Does what a callable message says, and writes every other one down; so it does with its start and its stop."""

    def __init__(
        self,
        log: Log,
        name: str,
        *,
        starts: Callable[[Context[Any]], object] | None = None,
        stops: Callable[[Context[Any]], object] | None = None,
    ) -> None:
        self.log = log
        self.name = name
        self.starts = starts
        self.stops = stops

    def on_start(self, context: Context[Any]) -> None:
        self.log.append((self.name, "start"))
        if self.starts is not None:
            self.starts(context)

    def receive(self, context: Context[Any], message: Any) -> None:
        if callable(message):
            message(context)
        else:
            self.log.append((self.name, message))

    def on_stop(self, context: Context[Any]) -> None:
        self.log.append((self.name, "stop"))
        if self.stops is not None:
            self.stops(context)


def fails(*_: object) -> None:
    """Fail, quoting what must never be reported."""
    raise LookupError("secret payload")
