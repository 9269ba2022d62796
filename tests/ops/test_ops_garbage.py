"""When everything is looked through for garbage; the collector and the time by hand."""

import gc

import pytest

from turngate.ops.garbage import FULL_EVERY_S, MIDDLE, NEVER, YOUNG, Garbage


class Scene:
    def __init__(self):
        self.calls, self.sessions, self.now_s = [], 0, 0.0
        self.garbage = Garbage(lambda: self.sessions, lambda: self.now_s, self)

    def collect(self):
        self.calls.append("collect")
        return 0

    def freeze(self):
        self.calls.append("freeze")

    def set_threshold(self, *thresholds):
        self.calls.append(thresholds)

    def looks(self, sessions, seconds=1):
        """Look once a second; gives what was done."""
        self.calls.clear()
        self.sessions = sessions
        for _ in range(int(seconds)):
            self.now_s += 1.0
            self.garbage.look()
        return list(self.calls)


@pytest.fixture
def scene():
    scene = Scene()
    assert [(YOUNG, MIDDLE, NEVER), "collect", "freeze"] == scene.looks(0)
    return scene


def test_what_is_there_before_the_first_client_is_never_looked_at_again(scene):
    """And nothing else is, while nobody comes."""
    assert [] == scene.looks(0, 2 * FULL_EVERY_S)


def test_calls_are_held_up_once_in_ten_minutes_and_no_oftener(scene):
    """However many there are."""
    assert [] == scene.looks(1000, FULL_EVERY_S - 1)
    assert ["collect"] == scene.looks(1000)
    assert ["collect"] == scene.looks(1000, FULL_EVERY_S)


def test_what_sessions_left_is_looked_for_when_the_last_one_has_gone(scene):
    """Once: then there is nothing more of theirs."""
    assert [] == scene.looks(3, 10)
    assert ["collect"] == scene.looks(0, 10)
    assert [] == scene.looks(1, FULL_EVERY_S - 1 - 9)
    assert ["collect"] == scene.looks(0)


def test_the_interpreter_has_such_a_collector():
    """It takes these thresholds, and they are what it then has."""
    before = gc.get_threshold()
    try:
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        assert (YOUNG, MIDDLE, NEVER) == gc.get_threshold()
    finally:
        gc.set_threshold(*before)
