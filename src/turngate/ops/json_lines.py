"""
The log as JSON: one object a line.

Responsible for the form of a line. It is named on the command line, as ``twistd --logger
turngate.ops.json_lines.stdout``; without that, twistd writes text.

Must not know: what any event means.

Comes from: Twisted's log publisher, for our events and those of others. Goes to: a file.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from attrs import frozen
from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from turngate.ops.logging import MAX_FIELD_CHARS, printable


@implementer(ILogObserver)
@frozen
class JsonLines:
    """Writes each event to a file, whole and at once. A file that takes no more loses lines, and nothing else."""

    file: TextIO

    def __call__(self, event: LogEvent) -> None:
        """Twisted calls this with each event."""
        try:
            self.file.write(line_of(event))
            self.file.flush()
        except (OSError, ValueError):
            # the log is no reason for a call to end
            pass


def line_of(event: LogEvent) -> str:
    """
    One line. Our events have their name and fields; others have their text, and the name of what failed.

    A traceback is left out: it can quote what was said.
    """
    level, failure = event.get("log_level"), event.get("log_failure")
    line: dict[str, Any] = {
        "time": datetime.fromtimestamp(event.get("log_time", 0.0), UTC).isoformat(timespec="milliseconds"),
        "level": level.name if level is not None else "info",
        "event": event.get("event"),
        **event.get("fields", {}),
    }
    if line["event"] is None:
        line["event"] = "other"
        line["from"] = event.get("log_namespace", "")
        line["words"] = printable(formatEvent(event)[:MAX_FIELD_CHARS])
        line["failure"] = failure.type.__name__ if failure is not None else None
    return json.dumps({name: value for name, value in line.items() if value is not None}) + "\n"


def stdout() -> JsonLines:
    """What ``twistd --logger`` asks for."""
    return JsonLines(sys.stdout)
