"""What follows from failures: the table, and the tree."""

import pytest
from scripted_actors import Scripted, fails

from turngate.actors import Ended, Moment, Reason, WhenChildFails
from turngate.actors._messages import MAX_TRACEBACK_LINES
from turngate.actors._supervision import VERDICTS, Verdict
from turngate.actors.testing import TestSystem

STOP, RESUME, ESCALATE = WhenChildFails.STOP, WhenChildFails.RESUME, WhenChildFails.ESCALATE


def test_verdicts_when_listed_are_total() -> None:
    """There is a verdict for each policy at each moment, and none for anything else."""
    assert {(policy, moment) for policy in WhenChildFails for moment in Moment} == set(VERDICTS)


def test_verdicts_when_listed_restart_nobody() -> None:
    """An actor goes on or ends: nothing starts it again."""
    assert {"CONTINUE", "STOP", "ESCALATE"} == {verdict.name for verdict in Verdict}
    assert {Verdict.CONTINUE} == {VERDICTS[policy, Moment.STOPPING] for policy in WhenChildFails}
    assert Verdict.CONTINUE not in {VERDICTS[policy, Moment.START] for policy in WhenChildFails}


def family(system: TestSystem, log, *policies, starts=None):
    """Spawn a line of actors, one below the other, each with its policy; return their refs from the top."""
    names = [f"level-{depth}" for depth in range(len(policies))]
    ref = system.spawn(Scripted(log, names[0]), names[0], when_fails=policies[0])
    refs = [ref]
    for name, policy in zip(names[1:], policies[1:], strict=True):
        script = Scripted(log, name, starts=starts if name == names[-1] else None)

        def spawn(context, script=script, name=name, policy=policy) -> None:
            refs.append(context.spawn(script, name, when_fails=policy))

        refs[-1].tell(spawn)
    return refs


@pytest.mark.row(84)
def test_failure_when_stop_ends_the_actor(system, log) -> None:
    """The failed actor ends, its parent does not, and watchers hear why."""
    probe = system.probe("probe")
    parent, child = family(system, log, STOP, STOP)
    probe.watch(child)
    log.clear()

    child.tell(fails)
    parent.tell("still here")

    assert [("level-1", "stop"), ("level-0", "still here")] == log
    (failure,) = system.take_failures()
    probe.expect(Ended(child, Reason.FAILED, failure))
    assert ("level-0/level-1", Moment.RECEIVE, "builtins.LookupError") == (
        failure.actor,
        failure.moment,
        failure.error,
    )


def test_failure_when_the_start_fails_ends_the_actor(system, log) -> None:
    """A failed start ends the actor, and on_stop tidies up after it."""
    probe = system.probe("probe")
    child = family(system, log, STOP, STOP, starts=fails)[1]
    probe.watch(child)

    (failure,) = system.take_failures()
    assert Moment.START == failure.moment
    probe.expect(Ended(child, Reason.FAILED, failure))
    assert [("level-0", "start"), ("level-1", "start"), ("level-1", "stop")] == log


def test_failure_when_resume_goes_on(system, log) -> None:
    """Only the message in progress is lost; but a failed start leaves nothing to go on with."""
    one = system.spawn(Scripted(log, "one"), "one", when_fails=RESUME)

    def tell_all(_) -> None:
        for message in ("before", fails, "after"):
            one.tell(message)

    system.spawn(Scripted(log, "teller"), "teller").tell(tell_all)
    assert ["before", "after"] == [message for _, message in log if message != "start"]
    assert 1 == len(system.take_failures())

    log.clear()
    system.spawn(Scripted(log, "two", starts=fails), "two", when_fails=RESUME)
    assert [("two", "start"), ("two", "stop")] == log
    assert [Moment.START] == [failure.moment for failure in system.take_failures()]


def test_failure_when_escalated_climbs(system, log) -> None:
    """Each level ends with the cause from below, until one has a policy that holds it; it is reported once."""
    probe = system.probe("probe")
    refs = family(system, log, ESCALATE, STOP, ESCALATE, ESCALATE)
    for ref in refs:
        probe.watch(ref)
    log.clear()

    refs[-1].tell(fails)
    refs[0].tell("still here")

    (failure,) = system.take_failures()
    assert "level-0/level-1/level-2/level-3" == failure.actor
    assert [Ended(ref, Reason.FAILED, failure) for ref in reversed(refs[1:])] == probe.received
    assert [("level-3", "stop"), ("level-2", "stop"), ("level-1", "stop"), ("level-0", "still here")] == log
    assert 1 == system.counts().failures


def test_failure_when_escalated_at_the_top_ends_there(system, log) -> None:
    """The system is a parent that never fails."""
    probe = system.probe("probe")
    (top,) = family(system, log, ESCALATE)
    probe.watch(top)
    top.tell(fails)
    (failure,) = system.take_failures()
    probe.expect(Ended(top, Reason.FAILED, failure))


def test_failure_when_escalated_to_one_that_resumes_ends_only_the_child(system, log) -> None:
    """A parent that is to go on after failures goes on after one that was escalated to it."""
    parent, child = family(system, log, RESUME, ESCALATE)
    log.clear()
    child.tell(fails)
    parent.tell("still here")
    assert [("level-1", "stop"), ("level-0", "still here")] == log
    assert 1 == len(system.take_failures())


def test_failure_when_escalated_stops_the_siblings(system, log) -> None:
    """One of a work unit fails and all of it ends; the others were stopped, they did not fail."""
    probe = system.probe("probe")
    refs = {}

    def start_unit(context) -> None:
        for name in ("one", "two", "three"):
            refs[name] = context.spawn(Scripted(log, name), name, when_fails=ESCALATE)

    unit = system.spawn(Scripted(log, "unit", starts=start_unit), "unit")
    for ref in (unit, *refs.values()):
        probe.watch(ref)
    refs["two"].tell(fails)

    reasons = {ended.ref.name: ended.reason for ended in probe.received}
    assert {
        "unit": Reason.FAILED,
        "unit/one": Reason.STOPPED,
        "unit/two": Reason.FAILED,
        "unit/three": Reason.STOPPED,
    } == reasons
    assert "unit" == probe.received[-1].ref.name
    assert 1 == len(system.take_failures())


@pytest.mark.parametrize("policy", WhenChildFails)
@pytest.mark.row(85)
def test_failure_when_stopping_lets_the_ending_proceed(system, log, policy) -> None:
    """Neither a failing on_stop nor a failing last message changes why the actor ended, or reaches its parent."""
    probe = system.probe("probe")
    parent = family(system, log, STOP)[0]
    children = []
    parent.tell(
        lambda context: children.append(context.spawn(Scripted(log, "child", stops=fails), "child", when_fails=policy))
    )
    probe.watch(children[0])
    log.clear()

    def stop_and_fail(context) -> None:
        context.stop()
        fails()

    children[0].tell(stop_and_fail)
    parent.tell("still here")

    probe.expect(Ended(children[0], Reason.STOPPED))
    assert [("child", "stop"), ("level-0", "still here")] == log
    assert [Moment.RECEIVE, Moment.STOPPING] == [failure.moment for failure in system.take_failures()]


def test_failure_when_the_watchers_own_code_fails_is_the_watchers(system, log) -> None:
    """What makes the message of a notice runs in the watcher, and fails there."""
    gone = system.spawn(Scripted(log, "gone"), "gone")
    watcher = system.spawn(Scripted(log, "watcher"), "watcher")
    watcher.tell(lambda context: context.watch(gone, fails))
    system.stop(gone)
    assert ["watcher"] == [failure.actor for failure in system.take_failures()]
    assert ("watcher", "stop") == log[-1]


@pytest.mark.row(84)
def test_failure_when_captured_quotes_nothing(system, log) -> None:
    """A report tells where and what type, and holds neither text nor message, however deep the failure was."""
    payload = "secret payload"

    def dive(depth: int, message: str) -> None:
        if depth:
            dive(depth - 1, message)
        fails(message)

    system.spawn(Scripted(log, "one"), "one").tell(lambda _: dive(MAX_TRACEBACK_LINES, payload))

    (failure,) = system.take_failures()
    assert payload not in repr(failure)
    assert MAX_TRACEBACK_LINES == len(failure.traceback)
    assert failure.traceback[-1].endswith("in fails")
    assert "scripted_actors.py:" in failure.traceback[-1]
    assert all(isinstance(line, str) for line in failure.traceback)
