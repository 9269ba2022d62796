"""The drain: who is told to leave when, and when it is over; time and chance by hand."""

import pytest
from twisted.internet.task import Clock

from turngate.ops.drain import CLOSE_WITHIN_S, COME_AGAIN_S, LEAVES_PER_S, Drain, Stage
from turngate.ops.logging import Log


class Sessions:
    """Sessions that leave when the test says so."""

    def __init__(self, count: int) -> None:
        self.names = [f"s{i}" for i in range(count)]
        self.asked: list[str] = []
        self.ends = 0
        self.when_empty = lambda: None

    @property
    def sessions(self) -> int:
        return len(self.names)

    def leave_soon(self, when_empty):
        self.when_empty = when_empty
        names = tuple(self.names)
        if not names:
            when_empty()
        return names

    def ask_to_leave(self, name):
        self.asked.append(name)

    def shut_down(self, when_empty):
        self.ends += 1
        self.when_empty = when_empty

    def leave(self):
        """The last one is gone."""
        self.names.clear()
        self.when_empty()


class Scene:
    def __init__(self, count=2, within_s=30.0):
        self.clock = Clock()
        self.sessions = Sessions(count)
        self.windows = []
        self.overs = []
        self.drain = Drain(self.sessions, self.clock, self.uniform, Log("error"), within_s)

    def uniform(self, low, high):
        self.windows.append((low, high))
        return high

    def begin(self):
        self.drain.begin(lambda: self.overs.append(self.clock.seconds()))


@pytest.mark.row(91)
def test_drain_lets_nobody_in_from_its_beginning_on():
    """Clients are told when to come again; until then they are let in."""
    scene = Scene()
    assert scene.drain.busy_s() is None
    scene.begin()
    assert COME_AGAIN_S == scene.drain.busy_s()


def test_drain_is_over_at_once_when_there_is_no_session():
    """Nothing is left on the clock."""
    scene = Scene(count=0)
    scene.begin()
    assert [0.0] == scene.overs
    assert [] == scene.clock.getDelayedCalls()


@pytest.mark.row(91)
@pytest.mark.parametrize(
    ("count", "within_s", "window_s"),
    [(1, 30.0, 1 / LEAVES_PER_S), (100, 30.0, 2.0), (800, 30.0, 15.0)],
)
def test_drain_tells_sessions_at_random_moments_of_a_window_that_grows_with_them(count, within_s, window_s):
    """So many clients do not come back at the same moment; half of the time is left for calls."""
    scene = Scene(count, within_s)
    scene.begin()
    assert {(0.0, window_s)} == set(scene.windows)
    scene.clock.advance(window_s)
    assert scene.sessions.names == scene.sessions.asked


@pytest.mark.row(91)
def test_drain_ends_what_is_left_at_its_last_moment():
    """Whatever a call is in the middle of; and it waits no longer than a session may take to close."""
    scene = Scene()
    scene.begin()
    scene.clock.advance(29.9)
    assert 0 == scene.sessions.ends
    scene.clock.advance(0.1)
    assert (1, []) == (scene.sessions.ends, scene.overs)
    scene.clock.advance(CLOSE_WITHIN_S)
    assert [30.0 + CLOSE_WITHIN_S] == scene.overs
    assert [] == scene.clock.getDelayedCalls()


def test_drain_is_over_when_the_last_session_has_left():
    """Once, also when another leaves later than that; nothing is left on the clock."""
    scene = Scene()
    scene.begin()
    scene.clock.advance(3.0)
    scene.sessions.leave()
    scene.sessions.when_empty()
    assert [3.0] == scene.overs
    assert [] == scene.clock.getDelayedCalls()


@pytest.mark.row(96)
def test_drain_when_asked_for_again_goes_on_as_it_was():
    """A second SIGTERM is harmless."""
    scene = Scene()
    scene.begin()
    scene.clock.advance(10.0)
    scene.begin()
    assert 2 == len(scene.sessions.asked)
    scene.clock.advance(20.0)
    assert 1 == scene.sessions.ends


def test_drain_when_hurried_leaves_no_time():
    """Before its beginning, in the middle, and once only."""
    scene = Scene()
    scene.drain.hurry()
    scene.begin()
    assert 1 == scene.sessions.ends
    scene = Scene()
    scene.begin()
    scene.clock.advance(1.0)
    scene.drain.hurry()
    scene.drain.hurry()
    assert (1, Stage.ENDING) == (scene.sessions.ends, scene.drain.stage)
    scene.sessions.leave()
    assert [1.0] == scene.overs
    scene.drain.hurry()
    assert [1.0] == scene.overs
