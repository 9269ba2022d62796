"""The operator's questions: who may ask them, and what they are answered with."""

import json

import pytest
from admin_rig import Rig

from turngate.admin.desk import is_loopback
from turngate.session import messages as m

TOKEN = "correct-horse"


@pytest.fixture
def rig():
    return Rig()


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_liveness_when_the_process_answers_is_yes(rig, path):
    """Also while it drains: a restart would cut the calls."""
    rig.reason = "the proxy is draining"
    answer = rig.ask(path)
    assert (200, b"alive\n") == (answer.status, answer.body)


@pytest.mark.row(91)
def test_readiness_when_no_client_should_come_says_why(rig):
    """503 is what load balancers look at, the words are for people."""
    assert (200, b"ready\n") == (rig.ask("/readyz").status, rig.ask("/readyz").body)
    rig.reason = "the proxy is draining"
    assert (503, b"not ready: the proxy is draining\n") == (rig.ask("/readyz").status, rig.ask("/readyz").body)


def test_sessions_when_some_are_open_are_listed_with_how_they_stand(rig):
    """By the names that the log has for them."""
    account = rig.open()
    account.waits = {m.Deadline.TOOL_RESULTS, m.Deadline.LIMIT_NEAR}
    account.audio_in_bytes = 48000
    rig.clock.advance(12.5)
    status, said = rig.read("/sessions")
    (one,) = said["sessions"]
    assert (200, "6babc807", "serving", "open", ["tool_results"], 12.5, 48000) == (
        status,
        one["session"],
        one["phase"],
        one["gate"],
        one["waits_for"],
        one["age_s"],
        one["audio_in_bytes"],
    )


def test_session_when_the_operator_ends_it_is_told_to(rig):
    """One that is open; of any other nothing is told but that it is not there."""
    rig.open()
    assert (202, {"session": "6babc807", "ending": "dismissed"}) == rig.read("/sessions/6babc807", "DELETE")
    status, said = rig.read("/sessions/6babc808", "DELETE")
    assert (404, True) == (status, "/sessions lists them" in said["error"])
    assert 404 == rig.read("/sessions/6babc807-and-the-rest-of-it", "DELETE")[0]
    assert ["6babc807", "6babc808"] == rig.dismissed


def test_drain_when_it_is_asked_for_begins(rig):
    """The answer says how many calls there are, and how long they have."""
    rig.open()
    assert (202, {"draining": True, "sessions": 1, "within_s": 30.0}) == rig.read("/drain", "POST")
    assert 1 == rig.drains


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/", 404, "ask for /drain, /healthz, /livez, /metrics, /readyz, /sessions, /sessions/ID"),
        ("GET", "/session", 404, "There is nothing here"),
        ("GET", "/drain", 405, "Ask by POST."),
        ("POST", "/sessions", 405, "Ask by GET, HEAD."),
        ("GET", "/sessions/6babc807", 405, "Ask by DELETE."),
    ],
)
def test_question_when_it_is_none_says_what_to_ask(rig, method, path, status, words):
    """The paths that there are, and the methods of this one."""
    got, said = rig.read(path, method)
    assert (status, True) == (got, words in said["error"])
    assert 0 == rig.drains


@pytest.mark.parametrize(("method", "path"), [("GET", "/sessions"), ("GET", "/metrics"), ("POST", "/drain")])
def test_question_when_a_web_page_asks_is_refused(rig, method, path):
    """Any page in a browser of this machine could reach the loopback."""
    assert 403 == rig.read(path, method, is_of_a_page=True)[0]
    assert 403 == rig.read(path, method, host="evil.example:9090")[0]
    assert 0 == rig.drains


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("localhost:9090", True),
        ("127.0.0.1:9090", True),
        ("[::1]:9090", True),
        ("", False),
        ("localhost.evil.example", False),
        ("[::1", False),
    ],
)
def test_host_when_it_is_a_name_of_the_loopback(host, is_ours):
    """Names that nobody else can give to this machine."""
    assert is_ours is is_loopback(host)


@pytest.mark.row(51)
def test_question_when_there_is_a_token_needs_it():
    """By any name of the machine; but health is told to whoever asks, who seldom can show anything."""
    rig = Rig(TOKEN)
    shown = f"Bearer {TOKEN}"
    assert 200 == rig.ask("/sessions", host="proxy.example", authorization=shown).status
    for wrong in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ", "Bearer \xff"):
        answer = rig.ask("/sessions", authorization=wrong)
        assert (401, (("WWW-Authenticate", "Bearer"),)) == (answer.status, answer.headers)
        assert TOKEN not in answer.body.decode()
    assert 403 == rig.ask("/drain", "POST", is_of_a_page=True, authorization=shown).status
    assert [200, 200] == [rig.ask(path, host="10.0.0.7").status for path in ("/livez", "/readyz")]
    assert TOKEN not in repr(rig.desk)
    json.loads(rig.ask("/sessions").body)
