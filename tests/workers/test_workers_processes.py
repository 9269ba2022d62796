"""Two workers as processes: what is the point of processes, and nothing that a clock can show."""

import json
import os
import re
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from turngate.workers.processes import inherited
from twistd_rig import LISTEN, OWN_BIN, PATIENCE_S, Conversation, RunningProxy, end_of, environment

CANARY = "sk-canary-4711"
GOING_AWAY = 1001
TWO = ("--upstream", "simulator", *LISTEN, "--workers", "2")
NO_RESUME = {"TURNGATE_RESUME_S": "0"}


def children_of(pid):
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def sessions_by_worker(log):
    """Which worker began which session."""
    return re.findall(r"session\.started worker=(\d) session=(\w+)", log)


def test_workers_share_the_socket_and_one_that_dies_is_followed_by_another():
    """Its sessions are lost, the other's go on; the end is that of all."""
    with RunningProxy(*TWO, **NO_RESUME) as proxy, ExitStack() as open_ones:
        assert "Traceback" not in proxy.log
        conversations = [open_ones.enter_context(Conversation(proxy.port)) for _ in range(4)]
        welcomes = {one.receive_event()["request_id"][:8]: one for one in conversations}
        proxy.read_until("session.started")
        while len(sessions_by_worker(proxy.log)) < 4:
            proxy.read_until("session.started")
        of = {name: worker for worker, name in sessions_by_worker(proxy.log)}
        assert ["0", "0", "1", "1"] == sorted(of.values())
        pids = children_of(proxy._process.pid)
        assert 2 == len(pids)
        os.kill(pids[0], signal.SIGKILL)
        proxy.read_until("worker.lost")
        (lost,) = re.findall(r"worker\.lost worker=(\d) how=.signal 9.", proxy.log)
        for name, conversation in welcomes.items():
            if of[name] == lost:
                assert b"" == conversation._stream.read(1)
        proxy.read_until("worker.started")
        with Conversation(proxy.port) as another:
            assert another.receive_event()["type"] == "Welcome"
            proxy.ask_to_stop()
            proxy.ask_to_stop()
            assert GOING_AWAY == another.receive_close()
        for name, conversation in welcomes.items():
            if of[name] != lost:
                assert GOING_AWAY == conversation.receive_close()
                conversation.close()
        assert 0 == proxy.stop()
    assert "Traceback" not in proxy.log
    assert 2 == proxy.log.count("worker.ended")


def test_workers_end_when_their_parent_has_ended_and_no_secret_is_in_their_environment():
    """However it ended: nobody is left behind."""
    options = ("--upstream", "wss://127.0.0.1:1/{model}", *LISTEN, "--workers", "2", "--upstream-key-file", "env:MINE")
    with RunningProxy(*options, **NO_RESUME, MINE=CANARY, OPENAI_API_KEY=CANARY) as proxy:
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
        env=environment(**NO_RESUME),
        timeout=PATIENCE_S,
    )
    assert 1 == outcome.returncode
    assert 'proxy.gave_up reason="/dev/stdin is no JSON Web Key Set' in outcome.stdout


def test_variables_with_secrets_are_not_inherited():
    """Nor those that are meant for the parent alone."""
    environment = {"PATH": "/bin", "OPENAI_API_KEY": "a", "TURNGATE_X": "b", "NOTIFY_SOCKET": "c", "MINE": "d"}
    assert {"PATH": "/bin"} == inherited(environment, ("MINE",))
