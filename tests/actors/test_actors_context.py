"""What an actor may do, and may not."""

import pytest
from scripted_actors import Scripted


def refused(do, error=ValueError):
    """Return a message that does a thing and must be refused."""

    def receive(context) -> None:
        with pytest.raises(error):
            do(context)

    return receive


def test_stop_when_not_own_is_refused(system, spawn, log) -> None:
    """A child's child, a sibling, and the parent are not for an actor to stop; what has ended may be stopped again."""
    parent, stranger = spawn("parent"), spawn("stranger")
    made = {}

    def make(context) -> None:
        made["child"] = context.spawn(
            Scripted(
                log,
                "child",
                starts=lambda context: made.update(grandchild=context.spawn(Scripted(log, "grandchild"), "grandchild")),
            ),
            "child",
        )

    parent.tell(make)
    log.clear()
    parent.tell(refused(lambda context: context.stop(made["grandchild"])))
    parent.tell(refused(lambda context: context.stop(stranger)))
    made["child"].tell(refused(lambda context: context.stop(parent)))
    assert [] == log

    parent.tell(lambda context: context.stop(made["child"]))
    parent.tell(lambda context: context.stop(made["child"]))
    assert [("grandchild", "stop"), ("child", "stop")] == log

    system.stop(stranger)
    parent.tell(lambda context: context.stop(stranger))
    parent.tell(lambda context: context.stop(context.self_ref))
    assert ("parent", "stop") == log[-1]


def test_spawn_when_below_another_has_its_path(spawn, log) -> None:
    """A path tells where an actor lives, and a context knows its own."""
    paths = []

    def starts(context) -> None:
        paths.append(context.self_ref.name)

    session = spawn("session-7", starts=starts)
    session.tell(lambda context: paths.append(context.spawn(Scripted(log, "client", starts=starts), "client").name))
    assert ["session-7", "session-7/client", "session-7/client"] == paths


def test_spawn_when_cousins_share_a_name_is_fine(spawn, log) -> None:
    """Only siblings must differ."""
    for parent in ("one", "two"):
        spawn(parent).tell(lambda context: context.spawn(Scripted(log, "client"), "client"))
    assert 2 == log.count(("client", "start"))


def test_context_when_stopping_does_nothing(system, spawn, clock, log) -> None:
    """From its stop to its end an actor can only tell."""
    probe = system.probe("probe")
    ended = spawn("ended")
    system.stop(ended)
    contexts = []

    def last_words(context) -> None:
        contexts.append(context)
        with pytest.raises(RuntimeError, match="stopping"):
            context.spawn(Scripted(log, "child"), "child")
        context.set_timer("key", 1, "ding")
        context.cancel_timer("key")
        context.watch(ended, lambda ended: ended)
        context.unwatch(ended)
        context.stop()
        probe.ref.tell(("last words", context.seconds()))

    def stop_first(context) -> None:
        context.stop()
        last_words(context)

    one = spawn("one", stops=last_words)
    log.clear()
    one.tell(stop_first)

    assert [("last words", 0.0), ("last words", 0.0)] == probe.received
    assert [] == clock.getDelayedCalls()
    assert [("one", "stop")] == log

    last_words(contexts[0])  # and nothing after its end
    assert [] == clock.getDelayedCalls()
    assert [("one", "stop")] == log
    assert 0 == len(system.failures)
