"""Two workers as processes: what is the point of processes, and nothing that a clock can show."""

import http.client
import json
import os
import re
import signal
import subprocess
from contextlib import ExitStack, closing
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from turngate.workers.processes import inherited
from twistd_rig import LISTEN, OWN_BIN, PATH, PATIENCE_S, Conversation, RunningProxy, end_of, environment

CANARY = "sk-canary-4711"
GOING_AWAY, TAKEN_OVER = 1001, 4001
ADMIN = ("--admin", "tcp:0:interface=127.0.0.1")
TWO = ("--upstream", "simulator", *LISTEN, "--workers", "2")


def children_of(pid):
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ask(proxy, method, path):
    """The status and the body of an answer of the operator's endpoint."""
    (port,) = re.findall(r"admin\.listening address=127\.0\.0\.1:(\d+)$", proxy.log, re.MULTILINE)
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE_S)
    with closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def figure(proxy, name):
    """One of the metrics."""
    (value,) = re.findall(rf"^{name} (\S+)$", ask(proxy, "GET", "/metrics")[1], re.MULTILINE)
    return float(value)


SETTINGS = {
    "type": "Settings",
    "audio": {"input": {"encoding": "linear16", "sample_rate": 24000}},
    "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": "Be brief."}},
}


def say(conversation, message):
    """Send a text frame, masked by nothing."""
    payload = json.dumps(message).encode()
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    conversation._socket.sendall(b"\x81" + length + bytes(4) + payload)


def until(conversation, kind):
    """The next message of a kind."""
    while (event := conversation.receive_event())["type"] != kind:
        pass
    return event


def test_workers_are_one_proxy_and_one_that_dies_is_followed_by_another(tmp_path):
    """They share the port and are looked at as one; only the sessions of who dies are lost; all end together."""
    settings = tmp_path / "turngate.toml"
    settings.write_text("max_sessions = 10")
    options = (*TWO, *ADMIN, "--log-level", "debug", "--config", str(settings))
    with RunningProxy(*options, patience_s=60) as proxy, ExitStack() as open_ones:
        conversations = [open_ones.enter_context(Conversation(proxy.port)) for _ in range(4)]
        by_name = {one.receive_event()["request_id"][:8]: one for one in conversations}
        listed = json.loads(ask(proxy, "GET", "/sessions")[1])["sessions"]
        of = {one["session"]: one["worker"] for one in listed}
        assert by_name.keys() == of.keys()
        assert [0, 0, 1, 1] == sorted(of.values())
        assert (4.0, 4.0) == (figure(proxy, "turngate_sessions_open"), figure(proxy, "turngate_sessions_opened_total"))
        name, dismissed = by_name.popitem()
        assert 202 == ask(proxy, "DELETE", f"/sessions/{name}")[0]
        dismissed.receive_close()
        dismissed.close()

        back, token = come_back_by_another_worker(proxy, open_ones)

        assert 5.0 == figure(proxy, "turngate_sessions_opened_total")
        os.kill(worker_pid(proxy, of_session=token), signal.SIGKILL)
        proxy.read_until("worker.lost")
        (lost,) = re.findall(r'worker\.lost worker=(\d) how="signal 9"', proxy.log)
        for name in [name for name in by_name if of[name] == int(lost)]:
            assert b"" == by_name.pop(name)._stream.read(1)
        assert b"" == back._stream.read(1)
        assert (200, "ready\n") == ask(proxy, "GET", "/readyz")
        proxy.read_until("worker.started")
        with Conversation(proxy.port, f"{PATH}?resume={token}") as too_late:
            error = too_late.receive_event()
            assert ("Error", "RESUME_FAILED") == (error["type"], error["code"])
        assert 5.0 == figure(proxy, "turngate_sessions_opened_total")
        assert 1.0 == figure(proxy, "turngate_worker_restarts_total")

        another = open_ones.enter_context(Conversation(proxy.port))
        by_name["another"] = another
        assert another.receive_event()["type"] == "Welcome"
        settings.write_text("max_sessions = 2")
        proxy.reload()
        proxy.read_until("config.reloaded")
        with Conversation(proxy.port) as refused, Conversation(proxy.port) as refused_by_the_other:
            assert (503, 503) == (refused.status, refused_by_the_other.status)
        proxy.ask_to_stop()
        proxy.ask_to_stop()
        for conversation in by_name.values():
            assert GOING_AWAY == conversation.receive_close()
            conversation.close()
        assert 0 == proxy.stop()
    assert "Traceback" not in proxy.log
    assert 2 == proxy.log.count("worker.ended")


def worker_pid(proxy, of_session):
    """The process that has a session; they were started in the order of their numbers."""
    (worker,) = re.findall(rf"session\.started worker=(\d) session={of_session[:8]}", proxy.log)
    return children_of(proxy._process.pid)[int(worker)]


def come_back_by_another_worker(proxy, open_ones):
    """A client takes its session over by a connection that another worker gets; gives that, and its ticket."""
    first = open_ones.enter_context(Conversation(proxy.port))
    token = first.receive_event()["request_id"]
    say(first, SETTINGS)
    until(first, "SettingsApplied")
    proxy.read_until(f"session={token[:8]}")
    (worker,) = re.findall(rf"session\.started worker=(\d) session={token[:8]}", proxy.log)
    while "worker.passed_on" not in proxy.log:
        back = open_ones.enter_context(Conversation(proxy.port, PATH, f"X-Turngate-Resume: {token}"))
        assert token == until(back, "Welcome")["request_id"]
        assert TAKEN_OVER == first.receive_close()
        proxy.read_until("session.resumed")
        address = f"tcp4:127.0.0.1:{back._socket.getsockname()[1]}"
        assert f"session.resumed worker={worker} session={token[:8]} peer={address}" in proxy.log
        say(back, {"type": "UpdatePrompt", "prompt": "Be brief."})
        until(back, "PromptUpdated")
        first = back
    assert f"to={worker}" in proxy.log
    return back, token


def test_workers_end_when_their_parent_has_ended_and_no_secret_is_in_their_environment():
    """However it ended: nobody is left behind."""
    options = ("--upstream", "wss://127.0.0.1:1/{model}", *LISTEN, "--workers", "2", "--upstream-key-file", "env:MINE")
    with RunningProxy(*options, MINE=CANARY, OPENAI_API_KEY=CANARY) as proxy:
        pids = children_of(proxy._process.pid)
        for pid in pids:
            assert CANARY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
            assert b"sk-" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        ends = [end_of(pid) for pid in pids]
        proxy.ask_to_stop(signal.SIGKILL)
        assert all(has_ended() for has_ended in ends)


def test_status_is_1_when_no_worker_can_begin(tmp_path):
    """The log says why: here, a file that can be read once, which the parent did."""
    key = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    settings = tmp_path / "turngate.toml"
    settings.write_text("client_jwks_file = '/dev/stdin'\nclient_jwt_audience = 'us'\n")
    outcome = subprocess.run(
        [OWN_BIN / "twistd", "-n", "--pidfile=", "turngate", *TWO, "--config", str(settings)],
        input=json.dumps({"keys": [key]}),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE_S,
    )
    assert 1 == outcome.returncode
    assert 'proxy.gave_up reason="/dev/stdin is no JSON Web Key Set' in outcome.stdout


def test_variables_with_secrets_are_not_inherited():
    """Nor those that are meant for the parent alone."""
    environment = {"PATH": "/bin", "OPENAI_API_KEY": "a", "TURNGATE_X": "b", "NOTIFY_SOCKET": "c", "MINE": "d"}
    assert {"PATH": "/bin"} == inherited(environment, ("MINE",))
