"""
The log: one line an event, to wherever ``twistd`` was told to write.

Responsible for the level, and for keeping lines whole: values are made printable and cut, and what could be a payload
or a secret has no field.

Must not know: what any event means.

Comes from: the actors and the service. Goes to: :class:`twisted.logger.Logger`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, evolve, field, frozen
from twisted.logger import Logger, LogLevel

from turngate.errors import InternalError
from turngate.proxy.log import Field

LEVELS: Final = ("debug", "info", "warn", "error")

MAX_FIELD_CHARS: Final = 256

FORBIDDEN: Final = frozenset(
    {
        "arguments",
        "audio",
        "content",
        "key",
        "output",
        "payload",
        "pcm",
        "prompt",
        "secret",
        "text",
        "token",
        "transcript",
    }
)
"""Names of fields that would hold what is never logged; a field of such a name is left out."""


@define
class Level:
    """From which level on events are logged; one for a log and all that are bound to it, so that it can be changed."""

    name: str


def leveled(level: str | Level) -> Level:
    """A level by its name, or one that is shared."""
    return level if isinstance(level, Level) else Level(level)


@frozen
class Log:
    """Provides :class:`turngate.proxy.log.EventLog` over a Twisted logger."""

    level: Level = field(factory=lambda: Level("info"), converter=leveled)
    strict: bool = False
    """Whether a forbidden field is an :class:`~turngate.errors.InternalError`, as tests want it."""
    logger: Logger = field(factory=lambda: Logger(namespace="turngate"))
    fields: dict[str, Field] = field(factory=dict)
    watch: Callable[[str, Mapping[str, Field]], None] | None = None
    """Is shown every event with its fields, whatever its level, to count it."""

    def debug(self, event: str, **fields: Field) -> None:
        """See :class:`turngate.proxy.log.EventLog`."""
        self._emit(LogLevel.debug, event, fields)

    def info(self, event: str, **fields: Field) -> None:
        """See :class:`turngate.proxy.log.EventLog`."""
        self._emit(LogLevel.info, event, fields)

    def warn(self, event: str, **fields: Field) -> None:
        """See :class:`turngate.proxy.log.EventLog`."""
        self._emit(LogLevel.warn, event, fields)

    def error(self, event: str, **fields: Field) -> None:
        """See :class:`turngate.proxy.log.EventLog`."""
        self._emit(LogLevel.error, event, fields)

    def bound(self, **fields: Field) -> "Log":
        """See :class:`turngate.proxy.log.EventLog`."""
        return evolve(self, fields={**self.fields, **fields})

    def _emit(self, level: Any, event: str, fields: dict[str, Field]) -> None:
        named = {**self.fields, **fields}
        if self.strict and not FORBIDDEN.isdisjoint(named):
            raise InternalError(f"{event} has fields that are never logged: {sorted(FORBIDDEN & named.keys())}")
        if self.watch is not None:
            self.watch(event, named)
        if LEVELS.index(level.name) < LEVELS.index(self.level.name):
            return
        shown = {
            name: printable(value) for name, value in named.items() if name not in FORBIDDEN and value not in (None, "")
        }
        line = " ".join([event, *(f"{name}={quoted(value)}" for name, value in shown.items())])
        # the fields in a key of their own: among Twisted's, a "format" or a "level" would be taken for its own
        self.logger.emit(level, "{line}", line=line, event=event, fields=shown)


def printable(value: Field) -> Field:
    """A value that cannot break a line, or fill a disk."""
    if not isinstance(value, str):
        return value
    cut = value if len(value) <= MAX_FIELD_CHARS else value[:MAX_FIELD_CHARS] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def quoted(value: Field) -> str:
    """A value in a line, where it cannot pass for another field."""
    text = str(value)
    return '"' + text.replace('"', "'") + '"' if any(c in text for c in ' ="') else text
