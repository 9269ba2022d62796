"""A long call on the virtual clock."""

from long_call import Views, long_call
from outcomes import Course, Fate, course, fates, faults_of
from world import world

HOURS = 0.95
"""Less than an upstream session may last."""


def test_call_of_an_hour_when_it_has_ended_is_the_same_to_the_client_and_to_the_model() -> None:
    """Every turn was answered once, and both have the same conversation; of what was cut off, what was heard."""
    views = Views()
    with world() as made:
        call = made.call(lambda caller: long_call(caller, HOURS, "1", views))
        made.run()
    assert (1, []) == (views.compared, views.differences)
    assert Course.HELD is course(call)
    assert [] == faults_of(made, call)
    assert set(fates(call)) == {Fate.ANSWERED, Fate.CUT}
    assert len(call.caller.turns) > 150
    assert views.prompts == call.trunk.sessions[-1].config.instructions
