"""What `deploy/` holds, as far as this machine can run it: the unit files, and a process that systemd would start."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from certificate_rig import described, issue
from twistd_rig import LISTEN, OWN_BIN, PATIENCE_S, Conversation, RunningProxy, environment

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


def test_sighup_renews_certificates(tmp_path):
    """In the process, where only the log shows it; what clients see has tests of its own."""
    issue(tmp_path, "old")
    with RunningProxy("--upstream=simulator", "--listen", described(tmp_path)) as proxy:
        proxy._process.send_signal(signal.SIGHUP)
        proxy.read_until("tls.renewed endpoint=")
        assert 0 == proxy.stop()


# --- two processes behind HAProxy ------------------------------------------------------------------------------------

GOING_AWAY = 1001


def admin_port(proxy):
    """Where the operator looks at a process."""
    return re.search(r"admin\.listening address=\S+:(\d+)$", proxy.log, re.MULTILINE)[1]


@pytest.fixture
def two_proxies():
    """Each with the operator's endpoint, and little time for a drain."""
    options = ("--upstream=simulator", *LISTEN, "--admin=tcp:0:interface=127.0.0.1")
    with RunningProxy(*options, TURNGATE_DRAIN_S="1") as one, RunningProxy(*options, TURNGATE_DRAIN_S="1") as two:
        yield one, two


@pytest.fixture
def balanced(two_proxies, tmp_path):
    """The port of HAProxy with the configuration of `deploy/`, in which only the ports are others."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("there is no haproxy: deploy/haproxy.cfg was not tried")
    one, two = two_proxies
    with socket.create_server(("127.0.0.1", 0)) as listener:
        text = (DEPLOY / "haproxy.cfg").read_text()
        for old, new in {
            "bind 127.0.0.1:8080": f"bind fd@{listener.fileno()}",
            "127.0.0.1:8081 port 9081": f"127.0.0.1:{one.port} port {admin_port(one)}",
            "127.0.0.1:8082 port 9082": f"127.0.0.1:{two.port} port {admin_port(two)}",
        }.items():
            assert 1 == text.count(old)
            text = text.replace(old, new)
        (tmp_path / "haproxy.cfg").write_text(text)
        process = subprocess.Popen([program, "-db", "-f", tmp_path / "haproxy.cfg"], pass_fds=(listener.fileno(),))
        yield listener.getsockname()[1]
        process.kill()
        process.wait()


def answers(conversation):
    """Whether the proxy answers a ping; it has no other reason to speak."""
    conversation._socket.sendall(b"\x89\x80\0\0\0\0")
    return conversation.receive() == (0x0A, b"")


def open_connections(proxy):
    """How many clients a process has."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port(proxy)}/sessions", timeout=PATIENCE_S) as answer:
        return answer.read().count(b'"session":')


@pytest.mark.row(91)
def test_one_of_two_processes_is_stopped_behind_haproxy(balanced, two_proxies):
    """Calls are spread; a drain ends those of one process only, and who calls again or anew reaches the other."""
    one, two = two_proxies
    calls = [Conversation(balanced) for _ in range(4)]
    assert ["Welcome"] * 4 == [call.receive_event()["type"] for call in calls]
    assert (2, 2) == (open_connections(one), open_connections(two))
    one.ask_to_stop()
    # the others have nothing to read but their pong, and those of the process that stops have their end
    others = []
    while len(others) < 2:
        readable, _, _ = select.select([call._socket for call in calls], [], [], PATIENCE_S)
        assert readable, "the drain ended nobody"
        ended = [call for call in calls if call._socket in readable]
        assert [GOING_AWAY] * len(ended) == [call.receive_close() for call in ended]
        calls = [call for call in calls if call not in ended]
        for call in ended:
            call.close()
            # at once, while HAProxy may not know yet
            others.append(Conversation(balanced))
    assert [101] * 2 == [call.status for call in others]
    assert ["Welcome"] * 2 == [call.receive_event()["type"] for call in others]
    assert 0 == one._process.wait(PATIENCE_S)
    assert all(answers(call) for call in [*calls, *others])
    assert 4 == open_connections(two)
    for call in [*calls, *others]:
        call.close()
