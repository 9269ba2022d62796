"""The log as JSON lines, from Twisted's own publisher."""

import io
import json

import pytest
from twisted.logger import ILogObserver, Logger, LogPublisher
from zope.interface.verify import verifyObject

from turngate.ops.json_lines import JsonLines, stdout
from turngate.ops.logging import Log

CANARY = "canary-4711"


@pytest.fixture
def file():
    return io.StringIO()


@pytest.fixture
def logger(file):
    return Logger(namespace="turngate", observer=LogPublisher(JsonLines(file)))


def test_line_when_the_event_is_ours_has_its_name_and_its_fields(file, logger):
    """Numbers are numbers; what a peer wrote breaks no line."""
    Log(logger=logger).bound(session="6babc807").info("turn.ended", turn=1, seconds=0.5, detail='a\n"b"', calls=None)
    (line,) = file.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("+00:00")
    assert {
        "level": "info",
        "event": "turn.ended",
        "session": "6babc807",
        "turn": 1,
        "seconds": 0.5,
        "detail": 'a\\n"b"',
    } == said


def test_line_when_the_event_is_anothers_has_its_words(file, logger):
    """Twisted's own lines are in the same log."""
    logger.error("it is {what}", what="late\n" * 200)
    said = json.loads(file.getvalue())
    assert ("error", "other", "turngate") == (said["level"], said["event"], said["from"])
    assert len(said["words"]) <= 512


def test_line_when_something_failed_names_it_and_quotes_nothing(file, logger):
    """A traceback can hold what a user said."""
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.failure("a timer failed")
    assert "ValueError" == json.loads(file.getvalue())["failure"]
    assert CANARY not in file.getvalue()


@pytest.mark.row(93)
def test_line_when_the_file_takes_no_more_is_lost_and_nothing_else(logger):
    """A full disk, or a reader that went away, ends no call."""

    class Full(io.StringIO):
        is_full = True

        def write(self, text):
            if self.is_full:
                raise OSError(28, "No space left on device")
            return super().write(text)

    file = Full()
    observer = JsonLines(file)
    observer({"event": "x", "log_time": 1.0})
    file.is_full = False
    observer({"event": "y", "log_time": 2.0})
    assert ["y"] == [json.loads(line)["event"] for line in file.getvalue().splitlines()]
    closed = io.StringIO()
    closed.close()
    JsonLines(closed)({"event": "x"})


def test_observer_is_what_twistd_asks_for():
    """By the interface that it verifies."""
    assert verifyObject(ILogObserver, stdout())
