"""What is read again while sessions go on: all of it, or nothing."""

from functools import partial

import pytest
from attrs import evolve
from twisted.internet.task import Clock
from twisted.logger import Logger, formatEvent

from turngate.assembly.reloading import MAX_FAULTS, Parts, Reloading
from turngate.errors import ConfigError
from turngate.net import ClientListener, CurrentKey, Limits
from turngate.net.admission import Accepted, Guest, Offer
from turngate.net.credentials import StaticKeys, digest_of
from turngate.net.guard import Guard, Times
from turngate.ops.clients import judge_for
from turngate.ops.config import Config
from turngate.ops.loading import load, surveyed
from turngate.ops.logging import Log
from twistd_rig import PATH

ORIGIN = "https://app.example.com"


class Running:
    """A proxy as far as it can be changed, and the files that it was started with."""

    def __init__(self, directory):
        self.directory = directory
        self.lines = []
        self.asked_for = []
        self.has_room = True
        self.write("log_level = 'info'")
        self.write_key("first")
        (directory / "upstream.key").write_text("upstream-first")
        options = {
            "config": str(directory / "turngate.toml"),
            "client_keys_file": str(directory / "clients"),
            "upstream_key_file": str(directory / "upstream.key"),
        }
        settings = load(options, {})
        log = Log("info", strict=True, logger=Logger(namespace="turngate", observer=self.observe))
        clock = Clock()
        self.session_log = log.bound(session="6babc807")
        self.key = CurrentKey(settings.upstream_key)
        self.guard = Guard(
            judge=judge_for(settings),
            quotas=settings.quotas,
            clock=Times(clock.seconds, lambda: 0.0),
            log=Log("error"),
            comes_back=lambda _offer: False,
        )
        self.listener = ClientListener(
            acceptor=None, paths=frozenset({PATH}), limits=Limits(), reactor=clock, admit=self.guard
        )
        self.reload = Reloading(
            settings,
            partial(surveyed, options, {}),
            judge_for,
            Parts(log, self.guard, self.listener, self.key),
            self.ensure,
        )

    def observe(self, event):
        self.lines.append((event["log_level"].name, formatEvent(event)))

    def ensure(self, connections):
        self.asked_for.append(connections)
        if not self.has_room:
            raise ConfigError("too few files")

    def write(self, text):
        (self.directory / "turngate.toml").write_text(text)

    def write_key(self, key):
        entry = f"[[key]]\nname = 'phone'\nhash = 'sha256:{digest_of(key).hex()}'\n"
        (self.directory / "clients").write_text(entry)

    def status(self, key="first", origin=""):
        """What a client is answered; who is let in leaves again at once."""
        bridge = self.listener.arrived()
        verdict = self.listener.judge(bridge, Offer(PATH, "tcp4:192.0.2.1:1", origin, authorization=f"Bearer {key}"))
        self.listener.ended(bridge, None, None, None)
        return 101 if isinstance(verdict, Accepted) else verdict.status.value

    @property
    def standing(self):
        """All that can be seen of it."""
        self.lines.clear()
        self.session_log.debug("a.fact")
        lines, self.lines = self.lines, []
        guests = [self.guard(Offer(PATH, "unix", authorization="Bearer first")) for _ in range(3)]
        let_in = [guest for guest in guests if isinstance(guest, Guest)]
        for guest in let_in:
            guest.leave()
        return self.status("first"), self.status("second"), self.status(origin=ORIGIN), self.key(), len(let_in), lines


@pytest.fixture
def running(tmp_path):
    return Running(tmp_path)


CHANGED = f"""
log_level = "debug"
max_sessions = 5
max_key_sessions = 2
allowed_origins = "{ORIGIN}/"
"""


def test_all_that_can_be_changed_is_changed_at_once(running):
    """The level of sessions that are open too; one line says what."""
    assert (101, 401, 403, "upstream-first", 3, []) == running.standing
    running.write(CHANGED)
    running.write_key("second")
    (running.directory / "upstream.key").write_text("upstream-second")
    running.reload()
    changed = "log_level,max_sessions,max_key_sessions,allowed_origins,upstream_key"
    assert [("info", f"config.reloaded settings={changed}")] == running.lines
    assert [6] == running.asked_for
    lines = [("debug", "a.fact session=6babc807")]
    assert (401, 101, 401, "upstream-second", 0, lines) == running.standing
    assert 101 == running.status("second", ORIGIN)
    assert "... [...] ... [...]" == running.key.conceal("... upstream-first ... upstream-second")


@pytest.mark.parametrize("broken", ["configuration", "clients", "upstream key", "files"])
def test_nothing_is_changed_when_anything_is_wrong(running, broken):
    """Half of a change is one that nobody wanted; the next try, with all in order, takes it."""
    before = running.standing
    running.write(CHANGED)
    running.write_key("second")
    (running.directory / "upstream.key").write_text("upstream-second")
    match broken:
        case "configuration":
            running.write(f"{CHANGED}upstrem = 1\nrollover = 'perhaps'")
        case "clients":
            (running.directory / "clients").write_text("[[key]]")
        case "upstream key":
            (running.directory / "upstream.key").write_text("two words")
        case "files":
            running.has_room = False
    running.reload()
    ((level, line),) = running.lines
    assert "error" == level
    assert line.startswith(f"config.broken faults={2 if broken == 'configuration' else 1} fault_1=")
    assert ("fault_2=" in line) is (broken == "configuration")
    assert before == running.standing
    running.write(CHANGED)
    running.write_key("second")
    (running.directory / "upstream.key").write_text("upstream-third")
    running.has_room = True
    running.reload()
    assert "upstream-third" == running.standing[3]


def test_what_needs_a_restart_is_named_each_time(running):
    """And what can be changed beside it is changed."""
    running.write("listen = 'tcp:1:interface=127.0.0.1'\nrollover = 'off'\nlog_level = 'warn'")
    running.reload()
    left = ("warn", "config.not_reloaded settings=listen,rollover")
    assert [left, ("info", "config.reloaded settings=log_level")] == running.lines
    running.lines.clear()
    running.reload()
    assert [left] == running.lines


def test_line_about_a_broken_configuration_has_an_end(running):
    """It names so many faults, and how many there are."""
    running.write("".join(f"a{number} = 1\n" for number in range(MAX_FAULTS + 5)))
    running.reload()
    ((_, line),) = running.lines
    assert f"config.broken faults={MAX_FAULTS + 5} " in line
    assert line.count("has an unknown key") == MAX_FAULTS


def test_who_is_in_stays_and_counts_when_there_may_be_fewer(running):
    """Nobody is thrown out; nobody new comes in until there is room."""

    def come():
        return running.guard(Offer(PATH, "unix", authorization="Bearer first"))

    first, second = come(), come()
    running.write("max_sessions = 1")
    running.reload()
    assert not isinstance(come(), Guest)
    first.leave()
    assert not isinstance(come(), Guest)
    second.leave()
    assert isinstance(come(), Guest)


def test_proxy_without_keys_of_clients_stays_one(tmp_path):
    """Who is asked for nothing is asked for nothing later either, without a restart."""
    running = Running(tmp_path)
    settings = evolve(Config(), upstream="simulator")
    reload = Reloading(
        settings,
        partial(surveyed, {"upstream": "simulator", "client_keys_file": str(tmp_path / "clients")}, {}),
        judge_for,
        Parts(running.session_log, running.guard, running.listener, running.key),
        running.ensure,
    )
    assert isinstance(running.guard.judge, StaticKeys)
    reload()
    assert running.guard.judge is None
    assert "config.not_reloaded" in running.lines[0][1]
    assert "settings=client_keys_file" in running.lines[0][1]
