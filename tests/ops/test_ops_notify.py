import socket

import pytest
from twisted.internet.task import Clock

from turngate.ops.notify import Notifier


@pytest.fixture
def systemd(tmp_path):
    """The socket at which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.setblocking(False)
        yield door


def heard(door):
    """All that was said since the last time."""
    said = []
    while True:
        try:
            said.append(door.recv(100).decode())
        except BlockingIOError:
            return said


def test_systemd_is_told_of_the_start_and_of_the_end(systemd):
    """Without a watchdog that is all."""
    clock = Clock()
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()}, clock)
    assert heard(systemd) == []
    notifier.ready()
    assert heard(systemd) == ["READY=1"]
    notifier.stopping()
    notifier.stopped()
    assert heard(systemd) == ["STOPPING=1"]
    assert clock.getDelayedCalls() == []


def test_watchdog_is_told_twice_in_its_time_and_while_calls_end(systemd):
    """A reactor that hangs tells nothing, which is what the watchdog is for."""
    clock = Clock()
    surroundings = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}
    notifier = Notifier(surroundings, clock, pid=7)
    notifier.ready()
    assert heard(systemd) == ["READY=1", "WATCHDOG=1"]
    clock.advance(14.9)
    assert heard(systemd) == []
    clock.advance(0.1)
    assert heard(systemd) == ["WATCHDOG=1"]
    notifier.stopping()
    clock.advance(15)
    assert heard(systemd) == ["STOPPING=1", "WATCHDOG=1"]
    notifier.stopped()
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize("limit", ["", "0", "often"])
def test_nobody_is_told_regularly_when_there_is_no_watchdog(systemd, limit):
    """What is no time is none."""
    clock = Clock()
    Notifier({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": limit}, clock).ready()
    assert clock.getDelayedCalls() == []


def test_watchdog_of_another_process_is_not_ours(systemd):
    """A parent's environment is inherited."""
    clock = Clock()
    surroundings = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}
    Notifier(surroundings, clock, pid=7).ready()
    assert clock.getDelayedCalls() == []


def test_name_outside_of_the_file_system_is_understood():
    """Systemd may write it with an @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind("")
        door.setblocking(False)
        name = "@" + door.getsockname()[1:].decode()
        Notifier({"NOTIFY_SOCKET": name}, Clock()).ready()
        assert heard(door) == ["READY=1"]


@pytest.mark.parametrize("address", ["", "relative", "/absent/notify"])
def test_nothing_happens_when_nobody_listens(address):
    """Not started by systemd, or by one that is gone."""
    clock = Clock()
    notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"}, clock)
    notifier.ready()
    clock.advance(5.0)
    notifier.stopping()
    notifier.stopped()
    assert [] == clock.getDelayedCalls()
