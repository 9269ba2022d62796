"""The plugin: what ``twistd turngate`` does as a process, and how its service begins and ends."""

import hashlib
import http.client
import http.server
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from otlp_receiver import Receiver
from turngate.cli import token as issue
from twistd_rig import (
    LISTEN,
    OWN_BIN,
    PATH,
    PATIENCE_S,
    Conversation,
    RunningProxy,
    end_of,
    environment,
    port_in,
    twistd,
)

SIMULATED = ("--upstream", "simulator")
CANARY = "sk-canary-4711"
GOING_AWAY = 1001


@pytest.fixture
def taken_port():
    """A port of the loopback on which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def write(tmp_path):
    """Write a file, and give its path."""

    def write(text):
        path = tmp_path / "written"
        path.write_text(text)
        return str(path)

    return write


def assert_refused(outcome, words):
    """The process ended at once, with one line for the operator."""
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("turngate: ")
    assert words in line
    assert CANARY not in line


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--upstrem", "simulator"], "option --upstrem not recognized; did you mean '--upstream'?"),
        (["--frobnicate"], "option --frobnicate not recognized; there are --listen"),
        (["--model"], "option --model requires argument"),
        (["--function-hosts", "a.test"], "option --function-hosts not recognized; did you mean '--function-host'?"),
        (
            [*SIMULATED, "--function-host", "a.test", "--function-host", "*.test"],
            "the function host '*.test' cannot be used",
        ),
        (["--allow-anonymous=yes"], "option --allow-anonymous must not have an argument"),
        (["simulator"], "there are options only, and 'simulator' is none"),
        (["--log-level", "loud"], "log_level is one of debug, info, warn, error, not 'loud'"),
        (["--config", "/absent/turngate.toml"], "cannot read the configuration /absent/turngate.toml: No such file"),
        (["--upstream-key-file", "/absent/key"], "cannot read the upstream key from /absent/key: No such file"),
        ([], "there is no key for the upstream: set OPENAI_API_KEY, give --upstream-key-file, or try it without"),
        (["--upstream", "https://a.example/"], "the upstream URL must be ws://host... or wss://host..."),
        ([*SIMULATED, "--listen", "nonsense"], "--listen nonsense is no endpoint"),
        ([*SIMULATED, "--listen", "tcp:99999:interface=127.0.0.1"], "cannot listen on tcp:99999"),
        ([*SIMULATED, "--listen", "tcp:0"], "tcp:0 is open to other machines, and clients need no credentials"),
        ([*SIMULATED, "--listen", "tcp6:0"], "tcp6:0 is open to other machines, and clients need no credentials"),
        ([*SIMULATED, *LISTEN, "--listen", "tcp:0"], "tcp:0 is open to other machines"),
        ([*SIMULATED, *LISTEN, "--admin", "tcp:0"], "--admin tcp:0 is open to other machines: anybody could end every"),
        ([*SIMULATED, *LISTEN, "--admin", "nonsense"], "--admin nonsense is no endpoint"),
        ([*SIMULATED, *LISTEN, "--admin", "0", "--admin-token-file", "/absent"], "cannot read the admin token from"),
    ],
)
@pytest.mark.row(98)
def test_start_is_refused_in_one_line_when_an_option_is_wrong(options, words):
    """What is wrong, on stderr, without a page of help and without a traceback."""
    assert_refused(twistd("-n", "--pidfile=", "turngate", *options), words)


@pytest.mark.row(98)
def test_start_is_refused_in_one_line_when_the_file_has_an_unknown_key(write):
    """The nearest right key is named."""
    outcome = twistd("-n", "--pidfile=", "turngate", "--config", write("lisen = 'tcp:1'"))
    assert_refused(outcome, "unknown key 'lisen'; did you mean 'listen'?")


def test_start_is_refused_in_one_line_when_the_file_is_no_toml(write):
    """A file named by the variable is judged like one named by the option."""
    outcome = twistd("-n", "--pidfile=", "turngate", TURNGATE_CONFIG=write("listen: tcp"))
    assert_refused(outcome, "is no valid TOML")


@pytest.mark.row(98)
def test_start_is_refused_in_one_line_when_the_key_file_holds_no_key(write):
    """The file is named, and nothing of it is shown."""
    outcome = twistd("-n", "--pidfile=", "turngate", "--upstream-key-file", write(f"{CANARY}\nand {CANARY}"))
    assert_refused(outcome, "does not hold an upstream key")


def test_start_is_refused_in_one_line_when_a_variable_is_wrong():
    """The variable is named."""
    outcome = twistd("-n", "--pidfile=", "turngate", TURNGATE_ALLOW_ANONYMOUS="perhaps")
    assert_refused(outcome, "TURNGATE_ALLOW_ANONYMOUS is true or false, not 'perhaps'")


def test_start_is_refused_in_one_line_when_the_name_of_a_file_would_break_it():
    """What the operator wrote is repeated on one line only."""
    outcome = twistd("-n", "--pidfile=", "turngate", "--config", "/absent\n/\x1b[31mfile")
    assert_refused(outcome, "cannot read the configuration /absent / [31mfile")


@pytest.mark.parametrize("mode", [["-n", "--pidfile="], []], ids=["foreground", "daemon"])
@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("tcp:{port}:interface=127.0.0.1", "Address already in use"),
        ("tcp:0", "is open to other machines"),
    ],
    ids=["port in use", "beyond the loopback"],
)
@pytest.mark.row(98)
def test_start_is_refused_on_the_terminal_when_a_socket_cannot_be_had(mode, endpoint, words, taken_port, tmp_path):
    """Also in daemon mode, which leaves the terminal only when the sockets are bound; nothing is left behind."""
    endpoint = endpoint.format(port=taken_port)
    outcome = twistd(*mode, "turngate", *SIMULATED, "--listen", endpoint, cwd=tmp_path)
    assert_refused(outcome, words)
    assert [] == list(tmp_path.iterdir())


# --- what is started ------------------------------------------------------------------------------------------------


def test_plugin_is_listed_by_twistd():
    """A plugin that cannot be imported is silently missing."""
    outcome = twistd("--help")
    assert [["turngate", "A"]] == [line.split()[:2] for line in outcome.stdout.splitlines() if "turngate" in line]


def test_help_and_version_are_printed_when_asked_for():
    """They are no errors."""
    outcome = twistd("turngate", "--help")
    assert outcome.returncode == 0
    for option in ("listen", "upstream", "model", "upstream-key-file", "log-level", "function-host", "config"):
        assert f"--{option}=" in outcome.stdout
    outcome = twistd("turngate", "--version")
    assert (0, "") == (outcome.returncode, outcome.stderr)
    assert outcome.stdout.startswith("turngate ")


def test_proxy_welcomes_a_client_and_stops_when_it_is_told_to():
    """In the foreground: the log says where it listens, a client is welcomed, SIGTERM ends it with status 0."""
    with RunningProxy(*SIMULATED, *LISTEN) as proxy:
        with Conversation(proxy.port) as conversation:
            assert conversation.status == 101
            assert conversation.receive_event()["type"] == "Welcome"
        assert proxy.stop() == 0
    assert "Traceback" not in proxy.log
    assert "proxy.stopped sessions=0" in proxy.log


@pytest.mark.row(91)
def test_status_is_0_however_often_the_process_is_told_to_stop():
    """In its last moments too, when the interpreter has taken its handlers away."""
    with RunningProxy(*SIMULATED, *LISTEN) as proxy:
        while proxy._process.poll() is None:
            proxy.ask_to_stop()
            select.select([], [], [], 0.001)
        assert proxy.stop() == 0


def test_open_sessions_are_told_that_the_proxy_goes_away_when_it_stops():
    """A client can tell a restart from a fault: close code 1001. A second SIGTERM changes nothing."""
    with RunningProxy(*SIMULATED, *LISTEN) as proxy, Conversation(proxy.port) as conversation:
        conversation.receive_event()
        proxy.ask_to_stop()
        proxy.ask_to_stop()
        assert GOING_AWAY == conversation.receive_close()
        conversation.close()
        assert proxy.stop() == 0
    assert "ending=going_away" in proxy.log
    assert "Traceback" not in proxy.log


ADMIN = ("--admin", "tcp:0:interface=127.0.0.1")


def ask(proxy, method, path, **headers):
    """The status and the body of an answer of the operator's endpoint."""
    (port,) = re.findall(r"admin\.listening address=127\.0\.0\.1:(\d+)$", proxy.log, re.MULTILINE)
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE_S)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


@pytest.mark.row(91)
def test_drain_in_a_process_of_its_own_turns_clients_away_and_ends_with_status_0():
    """By the operator's word: not ready, 503 for who comes, 1001 for who is there, and the metrics until the end."""
    with RunningProxy(*SIMULATED, *LISTEN, *ADMIN) as proxy, Conversation(proxy.port) as conversation:
        conversation.receive_event()
        assert (200, "ready\n") == ask(proxy, "GET", "/readyz")
        (session,) = json.loads(ask(proxy, "GET", "/sessions")[1])["sessions"]
        assert ("awaiting_settings", ["settings"]) == (session["phase"], session["waits_for"])
        assert 202 == ask(proxy, "POST", "/drain")[0]
        # it is told, and does not answer, so that the proxy waits for it
        assert GOING_AWAY == conversation.receive_close()
        assert (503, "not ready: the proxy is draining\n") == ask(proxy, "GET", "/readyz")
        assert (200, "alive\n") == ask(proxy, "GET", "/livez")
        with Conversation(proxy.port) as turned_away:
            assert 503 == turned_away.status
        status, metrics = ask(proxy, "GET", "/metrics")
        assert 200 == status
        assert {
            "turngate_sessions_open 1.0",
            "turngate_draining 1.0",
            'turngate_refusals_total{status="503"} 1.0',
        } <= set(metrics.splitlines())
        conversation.close()
        assert proxy.stop() == 0
    assert "Traceback" not in proxy.log


def test_sessions_when_the_operator_interrupts_are_cut_at_once():
    """Ctrl-C means now, whatever drain_s is; the operator's endpoint goes with the rest."""
    with (
        RunningProxy(*SIMULATED, *LISTEN, TURNGATE_DRAIN_S="3600") as proxy,
        Conversation(proxy.port) as conversation,
    ):
        conversation.receive_event()
        proxy.ask_to_stop(signal.SIGINT)
        assert GOING_AWAY == conversation.receive_close()
        conversation.close()
        assert proxy.stop() == 0
    assert "Traceback" not in proxy.log


@pytest.mark.row(96)
def test_signals_that_come_until_the_last_moment_change_nothing():
    """Also when the reactor has ended and Python takes itself apart; whoever stops a process may be impatient."""
    with RunningProxy(*SIMULATED, *LISTEN) as proxy:
        while proxy.is_running:
            proxy.ask_to_stop()
        assert proxy.stop() == 0


def test_admin_port_alone_is_one_of_the_loopback():
    """Nobody opens it to other machines by being short."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with RunningProxy(*SIMULATED, *LISTEN, "--admin", str(port)) as proxy:
        assert f"admin.listening address=127.0.0.1:{port}" in proxy.log
        assert proxy.stop() == 0


@pytest.mark.row(51)
def test_admin_endpoint_when_other_machines_reach_it_needs_a_token(write):
    """It is shown in a header, and is in no line of the log."""
    options = (*SIMULATED, *LISTEN, "--admin", "tcp:0", "--admin-token-file", write(CANARY), "--log-level", "debug")
    with RunningProxy(*options) as proxy:
        proxy.log = proxy.log.replace("address=0.0.0.0", "address=127.0.0.1")
        assert 401 == ask(proxy, "GET", "/sessions")[0]
        assert 200 == ask(proxy, "GET", "/sessions", Authorization=f"Bearer {CANARY}")[0]
        assert proxy.stop() == 0
    assert CANARY not in proxy.log


def test_nothing_else_is_served_than_the_agent():
    """Another path is refused before a WebSocket is opened."""
    with RunningProxy(*SIMULATED, *LISTEN) as proxy, Conversation(proxy.port, "/v1/other") as conversation:
        assert conversation.status == 404


@pytest.mark.row(97)
def test_daemon_serves_and_stops(tmp_path):
    """Sockets bound before the fork accept after it; SIGTERM ends it; no fault is logged, nothing is left."""
    pidfile, logfile = tmp_path / "pid", tmp_path / "log"
    options = (*SIMULATED, *LISTEN, "--listen", f"unix:{tmp_path}/socket")
    outcome = twistd(f"--pidfile={pidfile}", f"--logfile={logfile}", "turngate", *options, cwd=tmp_path)
    assert (0, "", "") == (outcome.returncode, outcome.stdout, outcome.stderr)
    pid = int(pidfile.read_text())
    has_ended = end_of(pid)
    try:
        with Conversation(port_in(logfile.read_text())) as conversation:
            assert conversation.receive_event()["type"] == "Welcome"
        # who else would bind that socket finds that its owner lives
        assert Path(str(pid)) == (tmp_path / "socket.lock").readlink()
    finally:
        os.kill(pid, signal.SIGTERM)
        assert has_ended()
    log = logfile.read_text()
    assert "proxy.stopped" in log
    assert "Traceback" not in log
    assert [logfile] == list(tmp_path.iterdir())


def test_daemon_sends_traces_and_the_last_of_them_at_its_end(tmp_path):
    """The thread that sends them begins after the fork; what waits when SIGTERM comes is sent within two seconds."""
    pidfile, logfile = tmp_path / "pid", tmp_path / "log"
    with Receiver() as receiver:
        arguments = (f"--pidfile={pidfile}", f"--logfile={logfile}", "turngate", *SIMULATED, *LISTEN)
        outcome = twistd(*arguments, cwd=tmp_path, TURNGATE_OTEL_ENDPOINT=receiver.url)
        assert (0, "", "") == (outcome.returncode, outcome.stdout, outcome.stderr)
        pid = int(pidfile.read_text())
        has_ended = end_of(pid)
        try:
            url = f"ws://127.0.0.1:{port_in(logfile.read_text())}{PATH}"
            talk = (OWN_BIN / "turngate", "talk", "--url", url, "--prompt", CANARY, "--text", f"What? {CANARY}")
            subprocess.run(talk, capture_output=True, check=True, timeout=PATIENCE_S)
        finally:
            os.kill(pid, signal.SIGTERM)
            assert has_ended()
        spans = {span.name for span in receiver.spans}
    log = logfile.read_text()
    assert {"invoke_agent", "chat gpt-realtime", "turngate.first_sound"} == spans
    assert CANARY.encode() not in b"".join(body for _, _, body in receiver.requests)
    assert "Traceback" not in log
    assert "traces." not in log


def test_several_endpoints_are_listened_on_when_they_are_named(tmp_path):
    """Sockets of the file system are as local as the loopback."""
    path = tmp_path / "socket"
    with RunningProxy(*SIMULATED, *LISTEN, "--listen", f"unix:{path}") as proxy:
        assert path.is_socket()
        assert f"address=unix:{path}" in proxy.log
        assert proxy.stop() == 0
    assert [] == list(tmp_path.iterdir())


def test_other_machines_are_let_in_when_the_operator_says_so():
    """The one option that opens the proxy to everybody says what it does."""
    with RunningProxy(*SIMULATED, "--listen", "tcp:0", "--allow-anonymous") as proxy:
        assert "address=0.0.0.0:" in proxy.log
        assert proxy.stop() == 0


@pytest.mark.row(9)
def test_other_machines_are_let_in_when_clients_need_keys(write):
    """One with a key has a session under its name; one without is refused. The key is in no line."""
    entry = f"[[key]]\nname = 'phone'\nhash = 'sha256:{hashlib.sha256(CANARY.encode()).hexdigest()}'\n"
    options = ("--client-keys-file", write(entry), "--log-level", "debug", "--listen", "tcp:0")
    with RunningProxy(*SIMULATED, *options) as proxy:
        with Conversation(proxy.port) as refused, Conversation(proxy.port, PATH, "Authorization: Token x") as wrong:
            assert (401, 401) == (refused.status, wrong.status)
        with Conversation(proxy.port, PATH, f"Authorization: Token {CANARY}") as conversation:
            assert conversation.receive_event()["type"] == "Welcome"
        assert proxy.stop() == 0
    assert "client.refused reason=missing status=401 peer=tcp4:127.0.0.1:" in proxy.log
    assert re.search(r"session\.started session=\w+ client=phone peer=", proxy.log)
    assert CANARY not in proxy.log


def test_keys_are_read_again_at_sighup_and_kept_when_the_file_is_broken(tmp_path):
    """Open sessions go on; who lost its key comes in no more."""
    path = tmp_path / "keys.toml"

    def write_key(key):
        path.write_text(f"[[key]]\nname = 'phone'\nhash = 'sha256:{hashlib.sha256(key.encode()).hexdigest()}'\n")

    def status(proxy, key):
        with Conversation(proxy.port, PATH, f"Authorization: Bearer {key}") as conversation:
            return conversation.status

    write_key("first")
    with RunningProxy(*SIMULATED, *LISTEN, "--client-keys-file", str(path)) as proxy:
        with Conversation(proxy.port, PATH, "Authorization: Bearer first") as open_session:
            open_session.receive_event()
            write_key("second")
            proxy.reload()
            assert (401, 101) == (status(proxy, "first"), status(proxy, "second"))
            path.write_text("[[key]]\nname = 'canary key'")
            proxy.reload("config.broken")
            assert (401, 101) == (status(proxy, "first"), status(proxy, "second"))
            proxy.ask_to_stop()
            assert open_session.receive_close() == GOING_AWAY
        assert proxy.stop() == 0


class KeyServer(http.server.BaseHTTPRequestHandler):
    """Serves a set of keys, as soon as it may."""

    def do_GET(self):
        assert self.server.may.wait(PATIENCE_S)
        body = json.dumps({"keys": self.server.keys}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture
def key_server():
    """Somebody who signs tokens, at a free port of the loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeyServer) as server:
        server.may = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may.set()
        server.shutdown()
        thread.join()


@pytest.mark.row(10)
def test_keys_of_a_url_are_fetched_before_the_proxy_is_ready(key_server, tmp_path, capsys):
    """Until then it says why, and clients are to come again; the token, of our own making, is in no line of it."""
    signing = str(tmp_path / "signing.pem")
    assert 0 == issue.main(["--new-signing-key", signing])
    key_server.keys = json.loads(capsys.readouterr().out)["keys"]
    assert 0 == issue.main(["--jwt", "--key-file", signing, "--audience", "turngate", "--subject", "u1"])
    token = capsys.readouterr().out.strip()
    settings = {
        "TURNGATE_CLIENT_JWKS_URL": f"http://127.0.0.1:{key_server.server_port}/jwks.json",
        "TURNGATE_CLIENT_JWT_AUDIENCE": "turngate",
    }

    def status(proxy):
        with Conversation(proxy.port, PATH, f"Authorization: Bearer {token}") as conversation:
            return conversation.status

    with RunningProxy(*SIMULATED, *LISTEN, "--admin", "tcp:0:interface=127.0.0.1", **settings) as proxy:
        assert (503, "not ready: the keys of clients are not known yet\n") == ask(proxy, "GET", "/readyz")
        assert 503 == status(proxy)
        key_server.may.set()
        proxy.read_until("clients.keys_fetched")
        assert 200 == ask(proxy, "GET", "/readyz")[0]
        assert 101 == status(proxy)
        assert proxy.stop() == 0
    assert "client.refused reason=not_yet status=503" in proxy.log
    assert re.search(r"session\.started session=\w+ client=jwt:u1 ", proxy.log)
    assert token not in proxy.log


def test_configuration_is_read_again_at_sighup(write):
    """From where it came: the file is another, and the option beats it as before."""
    configuration = "log_level = 'error'\nmax_sessions = 2\n"
    with RunningProxy(*SIMULATED, *LISTEN, "--config", write(configuration), "--log-level", "info") as proxy:
        with Conversation(proxy.port) as open_session:
            open_session.receive_event()
            write("max_sessions = 1\nrollover = 'off'\n")
            proxy.reload()
            assert re.search(r"config\.not_reloaded settings=rollover$", proxy.log, re.MULTILINE)
            assert re.search(r"config\.reloaded settings=max_sessions$", proxy.log, re.MULTILINE)
            with Conversation(proxy.port) as refused:
                assert refused.status == 503
            write("max_sessions = 0\nrollover = 'no'\n")
            proxy.reload("config.broken")
            assert "faults=2 fault_1=" in proxy.log
        assert proxy.stop() == 0


def test_start_is_refused_in_one_line_when_the_file_of_clients_keys_is_wrong(write):
    """Rather than letting everybody in."""
    outcome = twistd("-n", "--pidfile=", "turngate", *SIMULATED, *LISTEN, "--client-keys-file", write("[[key]]"))
    assert_refused(outcome, "key 1: name is a word of")


def test_misspelled_variable_is_reported_when_the_proxy_starts():
    """It is no error, for an orchestrator may have made it; its value is not shown."""
    with RunningProxy(*SIMULATED, *LISTEN, TURNGATE_UPSTREAM_KEY=CANARY, TURNGATE_PORT="tcp://10.0.0.1:80") as proxy:
        assert "config.unknown_variable name=TURNGATE_UPSTREAM_KEY meant=TURNGATE_UPSTREAM_KEY_FILE" in proxy.log
        assert proxy.stop() == 0
    assert CANARY not in proxy.log
    assert "TURNGATE_PORT" not in proxy.log


def test_key_is_in_no_line_of_the_log(write):
    """Not at any level, and not when the upstream cannot be reached."""
    options = ("--upstream", "ws://127.0.0.1:1/{model}", "--upstream-key-file", write(CANARY), "--log-level", "debug")
    with RunningProxy(*options, *LISTEN, OPENAI_API_KEY=f"{CANARY}2") as proxy:
        with Conversation(proxy.port) as conversation:
            conversation.receive_event()
        assert proxy.stop() == 0
    assert CANARY not in proxy.log


@pytest.mark.row(17)
@pytest.mark.parametrize(
    ("sessions", "words"),
    [
        ("", "1200 connections of clients need 2656 open files, and this process may have 1000;"),
        ("400", "480 connections of clients need 1216 open files, and this process may have 1000;"),
    ],
)
def test_start_is_refused_in_one_line_when_too_few_files_may_be_open(sessions, words):
    """Later, it would be noticed by clients only. How many are needed follows from what is configured."""
    program = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)); "
        "import turngate.tap as tap; options = tap.Options(); "
        "options.parseOptions(['--upstream', 'simulator', '--listen', 'tcp:0:interface=127.0.0.1']); "
        "tap.makeService(options)"
    )
    settings = environment(TURNGATE_MAX_SESSIONS=sessions)
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=settings)
    assert (1, "") == (outcome.returncode, outcome.stdout)
    assert outcome.stderr.startswith(f"turngate: {words}")
    assert 1 == outcome.stderr.count("\n")


@pytest.mark.row(60)
def test_reactor_keeps_time_by_a_clock_that_nobody_sets():
    """Setting the machine's clock forward must end no session."""
    program = (
        "import time, turngate.tap as tap; options = tap.Options(); "
        "options.parseOptions(['--upstream', 'simulator', '--listen', 'tcp:0:interface=127.0.0.1']); "
        "tap.makeService(options); from twisted.internet import reactor; print(reactor.seconds is time.monotonic)"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment())
    assert ("True\n", "") == (outcome.stdout, outcome.stderr)


def test_plugin_imports_nothing_of_the_proxy_before_it_is_chosen():
    """Twisted imports every plugin at every start of every program that has plugins."""
    plugin = Path(__file__).parent.parent / "twisted" / "plugins" / "turngate_plugin.py"
    program = (
        f"import runpy, sys; runpy.run_path({str(plugin)!r}); "
        "print([name for name in sys.modules if name.split('.')[0] in {'turngate', 'autobahn', 'msgspec'}])"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ("[]\n", "") == (outcome.stdout, outcome.stderr)


def test_command_is_installed():
    """The console script and the plugin come from one installation."""
    outcome = subprocess.run([OWN_BIN / "turngate", "version"], capture_output=True, text=True)
    assert f"turngate {outcome.stdout}" == twistd("turngate", "--version").stdout


# --- how the service begins and ends --------------------------------------------------------------------------------
