"""The tables of the machines, and the one way to follow them."""

from collections.abc import Mapping
from enum import Enum

import pytest

from turngate.errors import InternalError
from turngate.session.machines import (
    FLOOR,
    GATE,
    PHASES,
    PRESENCE,
    Contact,
    Floor,
    Gate,
    Milestone,
    Phase,
    Presence,
    Signal,
    Speech,
    follow,
)

TABLES = pytest.mark.parametrize(
    ("table", "states", "events", "first"),
    [
        (GATE, Gate, Signal, Gate.OPEN),
        (PHASES, Phase, Milestone, Phase.AWAITING_SETTINGS),
        (FLOOR, Floor, Speech, Floor.FREE),
        (PRESENCE, Presence, Contact, Presence.HERE),
    ],
    ids=["gate", "phases", "floor", "presence"],
)


@TABLES
def test_table_when_read_names_every_state_and_event(
    table: Mapping, states: type[Enum], events: type[Enum], first: Enum
) -> None:
    """Every state has a row, every event moves something, and every state can be come to."""
    assert set(states) == set(table)
    assert set(events) == {event for row in table.values() for event in row}
    assert set(states) == {first} | {state for row in table.values() for state in row.values()}


@TABLES
def test_follow_when_the_table_has_no_such_transition_is_our_fault(
    table: Mapping, states: type[Enum], events: type[Enum], first: Enum
) -> None:
    """What is not in a table cannot happen: it is an internal error, for every state and event."""
    for state in states:
        for event in events:
            if event in table[state]:
                assert table[state][event] is follow(table, state, event)
            else:
                with pytest.raises(InternalError, match="no transition"):
                    follow(table, state, event)


def test_gate_when_open_is_the_only_state_that_sends() -> None:
    """The promise, read off the table: a gated send is possible in one state only, and leaves it."""
    for sent in (Signal.UPDATE_SENT, Signal.CREATE_SENT):
        assert [Gate.OPEN] == [state for state, row in GATE.items() if sent in row]
        assert Gate.OPEN is not GATE[Gate.OPEN][sent]


def test_gate_when_a_response_is_active_opens_by_its_end_only() -> None:
    """No answer and no refusal leads from a state with an active response to the open gate; its upstream's end does."""
    for state in (Gate.RESPONDING, Gate.UPDATING_CROSSED, Gate.STARTING_CROSSED):
        assert {Signal.LAST_RESPONSE_ENDED, Signal.UPSTREAM_GONE} >= {
            event for event, to in GATE[state].items() if to is Gate.OPEN
        }


def test_phase_when_ended_is_final() -> None:
    """Nothing leads out of the end, and the end can be reached from everywhere else."""
    assert {} == PHASES[Phase.ENDED]
    assert all(Phase.ENDED is row[Milestone.END] for phase, row in PHASES.items() if phase is not Phase.ENDED)
