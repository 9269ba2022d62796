"""What `deploy/` holds, as far as this machine can run it: the unit files, and a process that systemd would start."""

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from twistd_rig import OWN_BIN, PATIENCE_S, Conversation, environment

DEPLOY = Path(__file__).parent.parent / "deploy"
FIRST_FD = 3


@pytest.fixture
def unit_files(tmp_path):
    """The unit files, with the programs where this machine has them."""
    for name in ("turngate.service", "turngate.socket"):
        text = (DEPLOY / name).read_text().replace("/opt/turngate/bin", str(OWN_BIN))
        (tmp_path / name).write_text(text)
    return tmp_path


def test_systemd_takes_the_unit_files(unit_files):
    """Every name and value is known to it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze: the unit files were not verified")
    outcome = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "turngate.service", "turngate.socket"],
        cwd=unit_files,
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{unit_files}:"},
        timeout=PATIENCE_S,
    )
    complaints = [line for line in outcome.stderr.splitlines() if "turngate." in line]
    assert complaints == []


class Service:
    """The proxy as systemd starts it: a socket that is bound already, a place to report to, a credential."""

    def __init__(self, directory):
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(directory / "notify"))
        self.ear.settimeout(PATIENCE_S)
        (directory / "openai-key").write_text("sk-simulated")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        options = (
            "--pidfile=",
            "turngate",
            "--upstream=simulator",
            "--listen=systemd:domain=INET:name=turngate",
            "--upstream-key-file=credential:openai-key",
        )
        self.process = subprocess.Popen(
            # the number of the process is known to the process only
            ["sh", "-c", 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"', "sh", OWN_BIN / "twistd", "-n", *options],
            pass_fds=(FIRST_FD,),
            preexec_fn=lambda: os.dup2(self.listener.fileno(), FIRST_FD),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(
                NOTIFY_SOCKET=str(directory / "notify"),
                WATCHDOG_USEC="20000000",
                LISTEN_FDS="1",
                LISTEN_FDNAMES="turngate",
                CREDENTIALS_DIRECTORY=str(directory),
            ),
        )

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.listener.close()
        self.ear.close()


@pytest.fixture
def service(tmp_path):
    """It is ended in any case."""
    service = Service(tmp_path)
    yield service
    service.close()


@pytest.mark.row(50)
def test_process_works_with_systemd(service):
    """It serves the socket that it was given, says when it is ready, alive and stopping, and outlives a reload."""
    assert b"READY=1" == service.ear.recv(100)
    assert b"WATCHDOG=1" == service.ear.recv(100)
    service.process.send_signal(signal.SIGHUP)
    with Conversation(service.port) as conversation:
        assert "Welcome" == conversation.receive_event()["type"]
    service.process.send_signal(signal.SIGTERM)
    while (said := service.ear.recv(100)) == b"WATCHDOG=1":
        pass
    assert b"STOPPING=1" == said
    assert 0 == service.process.wait(PATIENCE_S)
    assert f"proxy.listening address=127.0.0.1:{service.port}" in service.process.stdout.read()
