"""The programs that measure: what they call lost, failed and skipped. The rest of them is tried by running them."""

import re
import sys

import pytest
from conformance import BEYOND_OF_CLIENTS, SKIPPED, shown, verdict
from conformance import main as conformance
from load import judge
from peer import BINARY, PING, Place, frame
from people import Figures, Session
from rolling import CROSSING_S, Call, Came, Client, NewClient
from rolling import main as rolling

PLACE = Place(1, "/")


def unmasked(data):
    """The payload of a frame, as a server reads it."""
    length, start = data[1] & 0x7F, 2
    if length >= 126:
        size = 2 if length == 126 else 8
        length, start = int.from_bytes(data[2 : 2 + size]), 2 + size
    mask, payload = data[start : start + 4], data[start + 4 :]
    assert length == len(payload)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


@pytest.mark.parametrize("length", [0, 1, 125, 126, 1280, 65_535, 65_536])
def test_frames_are_what_a_server_reads(length):
    """Of any length, whatever its first byte."""
    payload = bytes(at % 251 for at in range(length))
    data = frame(BINARY, payload)
    assert (0x80 | BINARY, 0x80) == (data[0], data[1] & 0x80)
    assert unmasked(data) == payload
    assert unmasked(frame(PING, b"7")) == b"7"


@pytest.mark.parametrize(
    ("lines", "lost", "twice", "strange"),
    [
        (["one", "two"], 0, 0, 0),
        (["one"], 1, 0, 0),
        (["one", "one", "two"], 0, 1, 0),
        (["one", "tw", "two"], 0, 0, 1),
        (["two", "one"], 0, 0, 0),
    ],
)
def test_turns_are_answered_once_and_by_their_own_answers(lines, lost, twice, strange):
    """All else is a failure, in another order too."""
    figures = Figures()
    session = Session(figures, PLACE, "somebody", {})
    session.asked, session.lines, session.done = ["one", "two"], lines, 2
    judge(figures, session)
    counts = figures.counts
    assert (lost, twice, strange) == tuple(
        counts[name] for name in ("turns lost", "turns answered twice", "answers to something else")
    )
    assert bool(figures.failures) == (lines != ["one", "two"])


@pytest.mark.parametrize(
    ("lines", "done", "finished_s", "told_s", "came"),
    [
        (["one", "two"], 2, 10.0, None, Came.ANSWERED),
        (["one", "two"], 2, 10.0, 12.0, Came.ANSWERED),
        (["one"], 1, 10.0, None, Came.LOST),
        (["one"], 1, None, 10.0, Came.TOLD),
        (["one"], 1, 10.0, 10.0 + CROSSING_S / 2, Came.CROSSED),
        (["one"], 1, 10.0, 10.0 + CROSSING_S * 2, Came.LOST),
        (["one", "two"], 1, 10.0, 10.0 + CROSSING_S / 2, Came.LOST),
        (["one", "other"], 2, 10.0, None, Came.LOST),
    ],
)
def test_turn_at_a_restart_is_lost_unless_it_was_answered_or_the_client_knew(lines, done, finished_s, told_s, came):
    """Only what crossed the goodbye on its way is let pass, and only if nothing of an answer was heard."""
    call = Call(Figures(), PLACE, "somebody", {})
    call.asked, call.lines, call.done, call.told_at_s = ["one", "two"], lines, done, told_s
    assert Client(call.figures, 1, 1, None).outcome(call, finished_s) is came


def test_new_client_that_is_refused_is_a_failure():
    """Whatever is being restarted."""
    client = NewClient(Figures(), PLACE, "new", {})
    client.status = 503
    client.refused()
    assert client.figures.failures == ["a new client was refused with 503"]


@pytest.mark.parametrize(
    ("case", "behavior", "code", "came"),
    [
        ("1.1.1", "OK", 1000, "passed"),
        ("6.4.1", "NON-STRICT", 1007, "passed"),
        ("1.1.1", "FAILED", 1000, "FAILED"),
        ("9.1.3", "FAILED", 1009, "FAILED"),
        ("9.1.4", "FAILED", 1009, "refused"),
        ("9.1.4", "FAILED", 1006, "FAILED"),
        ("9.1.4", "OK", 1000, "FAILED"),
        ("9.4.1", "FAILED", 1008, "refused"),
    ],
)
def test_case_that_fails_is_beyond_a_limit_and_refused_as_the_limit_says(case, behavior, code, came):
    """A limit that does not hold is a failure too."""
    result = {"behavior": behavior, "behaviorClose": behavior, "remoteCloseCode": code}
    assert verdict(case, result, BEYOND_OF_CLIENTS)[0] == came


def test_suite_has_failed_when_one_case_has_or_when_there_are_none(capsys):
    """A case that is refused as it should be has not."""
    good = {"behavior": "OK", "behaviorClose": "OK", "remoteCloseCode": 1000}
    bad = {"behavior": "FAILED", "behaviorClose": "FAILED", "remoteCloseCode": 1009}
    assert shown("listener", {"1.1.1": good, "9.1.4": bad}, BEYOND_OF_CLIENTS)
    assert "in all: 1 passed, 1 refused" in capsys.readouterr().out
    assert not shown("listener", {"1.1.1": bad}, BEYOND_OF_CLIENTS)
    assert not shown("listener", {}, BEYOND_OF_CLIENTS)


@pytest.mark.parametrize("program", [conformance, rolling])
def test_what_cannot_be_tried_is_skipped_loudly(program, monkeypatch, capsys):
    """With a status of its own, so that nobody takes it for a success."""
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    assert program() == SKIPPED
    assert re.match("SKIPPED: .*nothing was tried", capsys.readouterr().err, re.IGNORECASE)
