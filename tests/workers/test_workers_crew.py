"""Who gets the next connection, who is started again, and how all end."""

import pytest
from crew_rig import CrewRig

from turngate.workers.crew import AWAKE_S, CLOSE_S, GIVE_UP, HUNG_S, MOST_PAUSE_S, STEADY_S
from turngate.workers.handing import Handed
from turngate.workers.posts import Stage
from turngate.workers.words import Beat, Drain, Failed, Hurry, Reload


def test_connections_are_spread_evenly():
    """Also those that are on their way, and those that have ended."""
    rig = CrewRig()
    first, second = rig.serve()
    for _ in range(10):
        assert rig.place()
    assert (5, 5) == (first.handed, second.handed)
    first.beat(connections=1)
    second.beat(connections=5)
    for _ in range(4):
        rig.place()
    assert (9, 5) == (first.handed, second.handed)


def test_connection_goes_to_another_when_a_worker_takes_none():
    """One that is full, or has not been heard of for a while."""
    rig = CrewRig()
    first, second = rig.serve()
    first.is_full = True
    assert rig.place()
    assert rig.place()
    assert (0, 2) == (first.handed, second.handed)
    second.is_full = True
    assert not rig.place()
    first.is_full = second.is_full = False
    rig.clock.advance(AWAKE_S + 0.1)
    second.beat(connections=100)
    rig.place()
    assert (0, 3) == (first.handed, second.handed)


def test_nobody_gets_a_connection_before_it_serves():
    """It waits in the socket."""
    rig = CrewRig()
    assert not rig.place()
    rig.spawned[1].serve()
    assert rig.place()
    assert (0, 1) == tuple(process.handed for process in rig.spawned)


def test_connection_that_is_for_another_worker_is_handed_to_it():
    """Where that is not there it goes back, for somebody has to tell the client."""
    rig = CrewRig()
    first, second = rig.serve()
    for_second = Handed(0, 1, to=1)
    first.events.passed_on(None, for_second)
    assert (0, 1) == (first.handed, second.handed)
    second.events.ended("signal 9")
    first.events.passed_on(None, for_second)
    assert (1, 1) == (first.handed, second.handed)
    assert 1 == rig.crew.posts[0].load + rig.crew.posts[0].beat.received
    first.is_full = True
    first.events.passed_on(None, for_second)
    assert 1 == first.handed


def test_worker_that_dies_is_followed_by_another():
    """The other goes on; what became of it is told."""
    rig = CrewRig()
    first, second = rig.serve()
    first.beat(sessions=3)
    first.events.ended("signal 9")
    assert ("worker.lost", {"worker": 0, "how": "signal 9", "reason": "", "sessions": 3}) in rig.log.events
    assert rig.place()
    assert 1 == second.handed
    rig.pass_s(1)
    assert [0, 1, 0] == [process.index for process in rig.spawned]
    assert 1 == rig.crew.restarts
    rig.spawned[2].serve()
    second.beat(connections=1)
    rig.place()
    assert (1, 1) == (rig.spawned[2].handed, second.handed)


def test_pauses_grow_while_a_worker_fails_and_are_short_again_after_it_served():
    """A worker that cannot begin costs little; one that dies once is back at once."""
    rig = CrewRig()
    rig.serve()
    began = []
    for _ in range(14):
        count = len(rig.spawned)
        rig.crew.posts[0].process.events.ended("status 1")
        at_s = rig.clock.seconds()
        while len(rig.spawned) == count:
            rig.pass_s(0.1)
        began.append(round(rig.clock.seconds() - at_s, 1))
    assert began == sorted(began)
    assert began[0] <= 0.3
    assert MOST_PAUSE_S == pytest.approx(began[-1], abs=0.2)
    rig.spawned[-1].serve()
    rig.pass_s(STEADY_S)
    rig.crew.posts[0].process.events.ended("signal 11")
    count = len(rig.spawned)
    rig.pass_s(0.2)
    assert count + 1 == len(rig.spawned)
    assert [] == rig.gave_up


def test_crew_gives_up_when_no_worker_can_be_had():
    """After a few tries."""
    rig = CrewRig(count=1)
    for _ in range(GIVE_UP):
        rig.spawned[-1].events.ended("status 1")
        rig.clock.advance(5)
    assert ["status 1"] == rig.gave_up
    assert GIVE_UP == len(rig.spawned)


def test_crew_gives_up_when_a_worker_says_that_it_cannot_begin():
    """At once: another would say so too. While one serves it goes on."""
    rig = CrewRig()
    rig.spawned[1].events.heard(Failed("no such key"))
    assert [] == rig.gave_up
    rig.spawned[1].events.ended("status 1")
    assert ["no such key"] == rig.gave_up
    rig = CrewRig()
    rig.spawned[0].serve()
    rig.spawned[1].events.heard(Failed("no such key"))
    rig.spawned[1].events.ended("status 1")
    rig.pass_s(1)
    assert ([], 3) == (rig.gave_up, len(rig.spawned))


def test_worker_that_hangs_is_ended():
    """Also one that never begins."""
    rig = CrewRig()
    rig.spawned[0].serve()
    rig.clock.advance(HUNG_S - 0.5)
    rig.spawned[0].beat()
    rig.clock.pump([1.0] * 3)
    assert (0, 1) == tuple(process.kills for process in rig.spawned)
    assert "worker.hung" in rig.log.names


def test_worker_that_was_told_to_stop_by_somebody_else_is_followed_by_another_when_it_has():
    """It is given no connections meanwhile, and it has not failed."""
    rig = CrewRig()
    first, second = rig.serve()
    first.beat(is_draining=True)
    rig.place()
    rig.place()
    assert (0, 2) == (first.handed, second.handed)
    assert Stage.DRAINING is rig.crew.posts[0].stage
    first.events.ended("status 0")
    assert "worker.lost" not in rig.log.names
    rig.pass_s(1)
    assert (3, 0) == (len(rig.spawned), rig.crew.posts[0].failures)


@pytest.mark.row(91)
def test_drain_waits_for_every_worker():
    """Each is told; clients are turned away by those that are left; none is started again."""
    rig = CrewRig()
    first, second = rig.serve()
    rig.drain()
    rig.drain()
    assert [Drain()] == first.told == second.told
    assert "the proxy is draining" == rig.crew.unready()
    first.beat(is_draining=True)
    second.beat(is_draining=True)
    first.events.ended("status 0")
    assert rig.place()
    assert 1 == second.handed
    assert 0 == rig.over
    second.events.ended("status 0")
    assert 1 == rig.over
    assert ([], 2) == (rig.clock.getDelayedCalls(), len(rig.spawned))


@pytest.mark.row(91)
def test_drain_waits_no_longer_than_its_deadline():
    """A worker that does not end is ended."""
    rig = CrewRig(drain_s=3.0)
    first, second = rig.serve()
    rig.drain()
    rig.pass_s(3.0 + CLOSE_S - 0.5)
    assert (0, 0) == (first.kills, second.kills)
    rig.pass_s(1.0)
    assert (1, 1) == (first.kills, second.kills)


def test_drain_before_a_worker_has_begun_ends_it_at_once():
    """And a place that is empty for the moment is not waited for."""
    rig = CrewRig()
    rig.spawned[0].events.ended("status 1")
    rig.drain()
    assert 1 == rig.spawned[1].kills
    rig.spawned[1].events.ended("signal 9")
    assert 1 == rig.over
    assert [] == rig.clock.getDelayedCalls()


def test_hurry_is_passed_on():
    """Ctrl-C cuts the calls of all."""
    rig = CrewRig()
    rig.serve()
    rig.crew.hurry()
    rig.drain()
    rig.crew.reload(b"new")
    assert [Hurry(), Drain(), Reload(b"new")] == rig.spawned[0].told == rig.spawned[1].told


def test_proxy_is_ready_when_one_worker_is():
    """Else it has the reason of one of them."""
    rig = CrewRig()
    assert "no worker serves" == rig.crew.unready()
    first, second = rig.serve()
    first.beat(unready="the upstream is down")
    assert rig.crew.unready() is None
    second.events.heard(Beat(unready="memory is short"))
    assert "the upstream is down" == rig.crew.unready()
