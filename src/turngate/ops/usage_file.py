"""
What clients have used, in a file, so that it outlasts the process.

Responsible for reading it at the start, and for writing it now and then and at the end: whole or not at all, for its
owner alone, and without keeping anybody from speaking meanwhile.

Must not know: what may be used, who asks.

Comes from: ``usage_file``, and the ledger. Goes to: the ledger, and the disk.
"""

import os
from collections.abc import Callable
from datetime import date
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Final

from attrs import fields_dict
from msgspec import Meta, Struct, ValidationError, json
from msgspec.json import Decoder

from turngate.errors import ConfigError
from turngate.proxy.ledger import Ledger, Row
from turngate.proxy.log import EventLog
from turngate.session.messages import Usage

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
WRITE_EVERY_S: Final = 5.0
MODE: Final = 0o600
"""It holds who has talked when."""

Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Name = Annotated[str, Meta(max_length=128)]


class SavedRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a client used on a day; what is nothing is left out."""

    sessions: Count = 0
    seconds: Amount = 0.0
    cost: Amount = 0.0
    text_in: Count = 0
    audio_in: Count = 0
    image_in: Count = 0
    cached_text_in: Count = 0
    cached_audio_in: Count = 0
    cached_image_in: Count = 0
    text_out: Count = 0
    audio_out: Count = 0

    def row(self) -> Row:
        """As the ledger has it."""
        return Row(self.sessions, self.seconds, Usage(*TOKENS(self)), self.cost)


class Saved(Struct, forbid_unknown_fields=True):
    """The file."""

    version: Annotated[int, Meta(ge=1, le=1)]
    days: dict[str, dict[Name, SavedRow]]


DECODER: Final = Decoder(Saved)
TOKENS: Final = attrgetter(*fields_dict(Usage))
"""In the order in which a row has them."""


class UsageFile:
    """
    Keeps one ledger in one file.

    Args:
        path: the file; a second one beside it is written first, and put in its place.
        ledger: what is kept.
        log: hears of files that cannot be written.
        seconds: a clock that nobody sets.
        in_background: calls something in another thread; a disk may let one wait.
    """

    def __init__(
        self,
        path: str,
        ledger: Ledger,
        log: EventLog,
        seconds: Callable[[], float],
        in_background: Callable[[Callable[[], None]], Any],
    ) -> None:
        self._path = path
        self._ledger = ledger
        self._log = log
        self._seconds = seconds
        self._in_background = in_background
        self._written_s = float("-inf")
        self._taken = 0
        """The change of the ledger up to which something was taken to be written."""
        self._lock = Lock()
        self._newest = 0
        """The change up to which the file holds all; of a writer's, under the lock."""
        self._past: dict[str, dict[str, SavedRow]] = {}
        """The days before today, as they were written last."""
        self._problem = ""
        self._told = ""

    def read(self) -> None:
        """
        Take what the file holds into the ledger; without a file nothing was used.

        Raises:
            ConfigError: it cannot be used, or could not be written.
        """
        if not Path(self._path).parent.is_dir():
            raise ConfigError(f"usage_file {self._path} is in a directory that is not there")
        try:
            with Path(self._path).open("rb") as source:
                content = source.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(f"cannot read usage_file {self._path}: {error.strerror}") from None
        try:
            if len(content) > MAX_FILE_BYTES:
                raise ValueError(f"it is larger than {MAX_FILE_BYTES} bytes")
            saved = DECODER.decode(content)
            for day in saved.days:
                date.fromisoformat(day)
        except (ValidationError, ValueError) as error:
            words = str(error).splitlines()[0]
            raise ConfigError(f"usage_file {self._path} cannot be used: {words}; move it away to count anew") from None
        self._ledger.days = {
            day: {name: row.row() for name, row in rows.items()} for day, rows in sorted(saved.days.items())
        }

    def look(self) -> None:
        """Have it written in the background, if something has changed and the last time is some seconds ago."""
        self._tell()
        changes = self._ledger.changes
        if changes == self._taken or self._seconds() - self._written_s < WRITE_EVERY_S:
            return
        self._written_s, self._taken = self._seconds(), changes
        content = self._content()
        self._in_background(lambda: self._write(changes, content))

    def close(self) -> None:
        """The last time: write it now."""
        self._write(self._ledger.changes, self._content())
        self._tell()

    def _content(self) -> bytes:
        today = self._ledger.today
        # what was is not charged any more, and need not be looked through again
        days = {
            day: (self._past.get(day) if day < today else None) or {name: saved(row) for name, row in rows.items()}
            for day, rows in self._ledger.days.items()
        }
        self._past = {day: rows for day, rows in days.items() if day < today}
        return json.encode(Saved(1, days)) + b"\n"

    def _write(self, changes: int, content: bytes) -> None:
        """In any thread; what is older than the file is not written over it."""
        with self._lock:
            if changes <= self._newest:
                return
            try:
                replace(self._path, content)
            except OSError as error:
                self._problem = error.strerror or "unknown"
            else:
                self._newest, self._problem = changes, ""

    def _tell(self) -> None:
        problem, told = self._problem, self._told
        self._told = problem
        if problem and problem != told:
            self._log.error("usage.not_written", file=self._path, problem=problem)
        elif told and not problem:
            self._log.info("usage.written_again", file=self._path)


def saved(row: Row) -> SavedRow:
    """As the file has it."""
    return SavedRow(row.sessions, round(row.seconds, 3), round(row.cost, 9), *TOKENS(row.usage))


def replace(path: str, content: bytes) -> None:
    """Put a file with this content in the place of another, or of none; a crash leaves one of the two."""
    beside = f"{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(beside, flags, MODE), "wb") as target:
        os.fchmod(target.fileno(), MODE)
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    Path(beside).replace(path)
