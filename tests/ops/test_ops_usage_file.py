"""What clients have used, in a file."""

import json
import os

import pytest
from twisted.internet.task import Clock

from turngate.errors import ConfigError
from turngate.ops.usage_file import MAX_FILE_BYTES, UsageFile
from turngate.proxy.ledger import Ledger, Row, Spent
from turngate.session.messages import Usage

USAGE = Usage(text_in=10, audio_in=20, cached_audio_in=5, text_out=3, audio_out=7)


class Lines:
    def __init__(self):
        self.lines = []

    def error(self, event, **fields):
        self.lines.append((event, fields.get("problem")))

    info = error


class Shelf:
    """A file with its ledger; what is to be done in the background is done when the test says so."""

    def __init__(self, path):
        self.path = path
        self.clock = Clock()
        self.log = Lines()
        self.later = []
        self.now_s = 1_795_600_000.0
        self.ledger = Ledger(lambda: self.now_s)
        self.file = UsageFile(str(path), self.ledger, self.log, self.clock.seconds, self.later.append)

    def look(self, after_s=0.0):
        """Look after a while, and give what is then to be done."""
        self.clock.advance(after_s)
        self.file.look()
        jobs, self.later[:] = list(self.later), []
        return jobs


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "usage.json")


def test_what_was_used_outlasts_the_process(shelf):
    """To a thousandth of a second; for its owner alone, whatever the umask is."""
    shelf.file.read()
    shelf.ledger.charge("phone", Spent(sessions=1, seconds=1.2344, usage=USAGE, cost=0.25))
    shelf.ledger.charge("", Spent(seconds=2.0))
    before = os.umask(0)
    try:
        shelf.file.close()
    finally:
        os.umask(before)
    assert 0o600 == shelf.path.stat().st_mode & 0o777
    assert ["usage.json"] == [one.name for one in shelf.path.parent.iterdir()]
    again = Shelf(shelf.path)
    again.file.read()
    assert {"2026-11-25": {"phone": Row(1, 1.234, USAGE, 0.25), "": Row(0, 2.0)}} == again.ledger.days
    assert {"seconds": 2.0, "cost": 0.0} == json.loads(shelf.path.read_text())["days"]["2026-11-25"][""]


def test_file_is_written_every_few_seconds_where_something_has_changed(shelf):
    """Not by whoever looks: a disk may let one wait."""
    assert [] == shelf.look()
    shelf.ledger.charge("phone", Spent(seconds=1.0))
    (job,) = shelf.look(1.0)
    assert not shelf.path.exists()
    job()
    assert "phone" in shelf.path.read_text()
    shelf.ledger.charge("desk", Spent(seconds=1.0))
    assert [] == shelf.look(4.9)
    (job,) = shelf.look(0.1)
    job()
    assert "desk" in shelf.path.read_text()
    assert [] == shelf.look(10.0)


def test_file_holds_the_days_before_too(shelf):
    """As they were at their end."""
    shelf.ledger.charge("phone", Spent(seconds=1.0))
    shelf.file.close()
    shelf.ledger.charge("phone", Spent(seconds=2.0))
    shelf.now_s += 86_400.0
    for _ in range(2):
        shelf.ledger.charge("phone", Spent(seconds=4.0))
        shelf.file.close()
    days = json.loads(shelf.path.read_text())["days"]
    assert {"2026-11-25": 3.0, "2026-11-26": 8.0} == {day: rows["phone"]["seconds"] for day, rows in days.items()}


def test_file_is_never_written_over_by_an_older_one(shelf):
    """A thread may come late, also after the last word."""
    shelf.ledger.charge("phone", Spent(seconds=1.0))
    (late,) = shelf.look()
    shelf.ledger.charge("desk", Spent(seconds=1.0))
    shelf.file.close()
    late()
    assert "desk" in shelf.path.read_text()


def test_file_that_cannot_be_written_is_told_of_once(shelf):
    """It is tried again with the next change; the proxy goes on."""
    hindrance = shelf.path.with_name("usage.json.new")
    hindrance.mkdir()
    for _ in range(3):
        shelf.ledger.charge("phone", Spent(seconds=1.0))
        for job in shelf.look(5.0):
            job()
    assert [("usage.not_written", "Is a directory")] == shelf.log.lines
    hindrance.rmdir()
    shelf.file.close()
    assert [("usage.not_written", "Is a directory"), ("usage.written_again", None)] == shelf.log.lines
    assert "phone" in shelf.path.read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be used: Input data was truncated; move it away"),
        (b'{"version": 1, "days": {"2026-11', "cannot be used: Input data was truncated"),
        (b"[]", "Expected `object`"),
        (b'{"version": 2, "days": {}}', r"`int` <= 1 - at `\$.version`"),
        (b'{"version": 1, "days": {"today": {}}}', "Invalid isoformat"),
        (b'{"version": 1, "days": {"2026-11-25": {"a": {"seconds": -1}}}}', "Expected `float` >= 0"),
        (b'{"version": 1, "days": {"2026-11-25": {"a": {"second": 1}}}}', "unknown field `second`"),
        (b"\xff", "cannot be used"),
        (b" " * (MAX_FILE_BYTES + 1), "larger than"),
    ],
)
def test_file_that_is_broken_stops_the_start_with_one_line(shelf, content, words):
    """Counting anew is the operator's to decide: it would give everybody a new day."""
    shelf.path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        shelf.file.read()
    assert "\n" not in str(caught.value)
    assert str(shelf.path) in str(caught.value)
    assert content == shelf.path.read_bytes()


def test_file_that_could_never_be_written_stops_the_start(tmp_path):
    """In a directory that is not there, or where a directory is."""
    with pytest.raises(ConfigError, match="in a directory that is not there"):
        Shelf(tmp_path / "absent" / "usage.json").file.read()
    with pytest.raises(ConfigError, match=r"cannot read usage_file .*: Is a directory"):
        Shelf(tmp_path).file.read()
