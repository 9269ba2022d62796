import json

import pytest
from twisted.logger import Logger, LogLevel, eventAsJSON, formatEvent

from turngate.errors import InternalError
from turngate.ops.logging import FORBIDDEN, LEVELS, MAX_FIELD_CHARS, Log


class Sink:
    """Keeps the events of a log."""

    def __init__(self, level="info", *, strict=False):
        self.events = []
        self.log = Log(level, strict=strict, logger=Logger(namespace="turngate", observer=self.events.append))

    @property
    def lines(self):
        return [formatEvent(event) for event in self.events]


def test_event_is_a_line_and_fields_when_it_is_logged():
    """People get a line, programs get the event's name and its fields."""
    sink = Sink()
    sink.log.info("session.ended", ending="client_left", seconds=1.25, peer=None, detail="")
    (event,) = sink.events
    assert ["session.ended ending=client_left seconds=1.25"] == sink.lines
    assert event["event"] == "session.ended"
    assert event["fields"] == {"ending": "client_left", "seconds": 1.25}
    assert event["log_namespace"] == "turngate"
    assert event["log_level"] is LogLevel.info


@pytest.mark.parametrize("chosen", LEVELS)
def test_event_is_logged_when_its_level_is_the_chosen_one_or_above(chosen):
    """A level shows itself and what is graver."""
    sink = Sink(chosen)
    for level in LEVELS:
        getattr(sink.log, level)("area.fact")
    assert list(LEVELS[LEVELS.index(chosen) :]) == [event["log_level"].name for event in sink.events]


def test_level_when_it_is_changed_holds_for_logs_that_were_bound_before():
    """A session of an hour ago is what whoever looks for a fault wants to see; other logs keep their level."""
    sink, other = Sink(), Sink()
    bound = sink.log.bound(session="s1")
    bound.debug("area.first")
    sink.log.level.name = "debug"
    bound.debug("area.second")
    sink.log.bound(session="s2").debug("area.third")
    other.log.debug("area.fourth")
    assert (["area.second session=s1", "area.third session=s2"], []) == (sink.lines, other.lines)


def test_bound_log_has_its_fields_on_every_line_and_leaves_the_other_alone():
    """A session's log says which session, and the proxy's does not."""
    sink = Sink()
    bound = sink.log.bound(session="s1").bound(leg="client")
    bound.info("leg.closed", code=1000)
    sink.log.info("proxy.stopped")
    assert ["leg.closed session=s1 leg=client code=1000", "proxy.stopped"] == sink.lines


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_field_is_left_out_when_its_name_promises_a_payload_or_a_secret(name):
    """In production a forbidden field costs the field, not the session."""
    sink = Sink()
    sink.log.bound(**{name: "canary"}).info("area.fact", **{name: "canary"}, other=1)
    assert ["area.fact other=1"] == sink.lines
    assert "canary" not in eventAsJSON(sink.events[0])


def test_forbidden_field_raises_when_the_log_is_strict():
    """In tests it is a fault to be mended, at any level, and its value is not shown."""
    sink = Sink(strict=True)
    with pytest.raises(InternalError, match=r"area\.fact.*transcript") as caught:
        sink.log.debug("area.fact", transcript="canary")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ('a" level="b', '''"a' level='b"'''),
        ("a=b", '"a=b"'),
        ("line\nbreak", r"line\nbreak"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u2028", r"\u2028"),
        ("{fields}{log_level}", "{fields}{log_level}"),
        ("é", "é"),
        (0, "0"),
    ],
)
@pytest.mark.row(47)
def test_value_stays_one_field_of_one_line_whatever_is_in_it(value, shown):
    """Whoever chooses a value cannot write lines, fields, colours or formats of a log."""
    sink = Sink()
    sink.log.info("area.fact", detail=value)
    assert [f"area.fact detail={shown}"] == sink.lines


@pytest.mark.row(47)
def test_value_is_cut_when_it_is_long():
    """A peer cannot fill the disk by one close reason."""
    sink = Sink()
    sink.log.info("area.fact", detail="x" * 10_000)
    assert ["area.fact detail=" + "x" * MAX_FIELD_CHARS + "..."] == sink.lines


def test_field_may_have_any_name_that_twisted_uses_itself():
    """Our fields and the keys of Twisted's logger do not meet."""
    sink = Sink()
    sink.log.info("area.fact", level="high", format="pcm", line=3, log_level="none")
    (event,) = sink.events
    assert ["area.fact level=high format=pcm line=3 log_level=none"] == sink.lines
    assert event["log_level"] is LogLevel.info
    assert json.loads(eventAsJSON(event))["fields"]["format"] == "pcm"
