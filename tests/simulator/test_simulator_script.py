from collections import Counter

import pytest

from turngate.simulator.ids import Ids
from turngate.simulator.script import Direction, Drop, Faults, OnClient, OnServer, Script, Stall


def chosen(script, events, seed="1"):
    faults = Faults(script, Ids(seed))
    return [faults.next(direction, name) for direction, name in events]


CREATED = (Direction.SERVER, "response.created")
DONE = (Direction.SERVER, "response.done")
UPDATE = (Direction.CLIENT, "session.update")


def test_a_fault_comes_at_the_nth_event_of_its_type():
    """Other types are not counted, and the fault comes once."""
    script = Script((OnServer("response.created", Drop(), nth=2),))
    assert chosen(script, [CREATED, DONE, CREATED, CREATED]) == [None, None, Drop(), None]


def test_a_fault_comes_at_every_event_when_no_number_is_given():
    """``nth=None`` is every one."""
    assert chosen(Script((OnClient("session.update", Drop(), nth=None),)), [UPDATE] * 3) == [Drop()] * 3


def test_a_fault_for_any_type_counts_all_events_of_its_direction():
    """The star counts what the server sends, whatever it is, and not what the client sends."""
    assert chosen(Script((OnServer("*", Stall(), nth=2),)), [CREATED, UPDATE, DONE]) == [None, None, Stall()]


def test_the_first_rule_decides_when_two_fit():
    """Rules have an order."""
    script = Script((OnClient("session.update", Drop()), OnClient("*", Stall())))
    assert chosen(script, [UPDATE]) == [Drop()]


def test_a_rule_for_the_client_leaves_the_server_alone():
    """A type that both could send is met in the direction that the rule names."""
    assert chosen(Script((OnClient("session.update", Drop()),)), [(Direction.SERVER, "session.update")]) == [None]


def test_chaos_is_the_same_when_the_seed_is():
    """A failing chaos run can be repeated."""
    events = [CREATED, DONE, UPDATE] * 100
    one, again, other = (chosen(Script(chaos=0.3), events, seed) for seed in ("1", "1", "2"))
    assert one == again
    assert one != other


def test_chaos_meets_about_the_asked_share_of_events():
    """The chance is a chance, and many kinds of fault come."""
    faults = chosen(Script(chaos=0.25), [DONE] * 2000)
    hit = [fault for fault in faults if fault is not None]
    assert len(hit) / 2000 == pytest.approx(0.25, abs=0.04)
    assert len(Counter(hit)) > 5


@pytest.mark.parametrize("chance", [-0.1, 1.1])
def test_a_script_is_refused_when_its_chance_is_none(chance):
    """A chance lies between 0 and 1."""
    with pytest.raises(ValueError, match="chaos"):
        Script(chaos=chance)


def test_ids_are_unique_and_the_same_when_the_seed_is():
    """Ids follow from the seed and never repeat within a session."""
    one, again = Ids("7"), Ids("7")
    made = [one.next("event") for _ in range(5000)]
    assert len(set(made)) == 5000
    assert made == [again.next("event") for _ in range(5000)]
    assert max(len(an_id) for an_id in made) <= 32
