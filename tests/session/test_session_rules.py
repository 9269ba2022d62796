"""The table of the rules is total, and a step is a function."""

from typing import get_args

import pytest
from samples import SAMPLES
from session_driver import Talk

from turngate.session import messages as m
from turngate.session.machines import Phase
from turngate.session.rules import DEADLINES, RULES, begin, ignore, step
from turngate.session.state import State


def test_table_when_read_has_a_rule_for_every_message_in_every_phase() -> None:
    """Nothing that can come finds no rule, whenever it comes."""
    assert set(get_args(m.Message)) == set(RULES)
    assert all(set(Phase) == set(row) for row in RULES.values())


def test_table_when_read_has_a_rule_for_every_deadline() -> None:
    """No wait ends without something following from it."""
    assert set(m.Deadline) == set(DEADLINES)
    assert ignore not in DEADLINES.values()


def test_table_when_the_session_has_ended_does_nothing() -> None:
    """The last column of the table is empty."""
    assert {ignore} == {row[Phase.ENDED] for row in RULES.values()}


def test_table_when_read_names_rules_that_say_what_they_are_for() -> None:
    """Every rule has a docstring, from which the docs are drawn."""
    rules = {rule for row in RULES.values() for rule in row.values()} | set(DEADLINES.values())
    assert all(rule.__doc__ for rule in rules)


def test_unions_when_read_hold_every_message_and_effect_once() -> None:
    """A class of the vocabulary is a message or an effect, for or from one peer."""
    unions = [m.ClientMessage, m.UpstreamMessage, m.ClientEffect, m.UpstreamEffect, m.SessionEffect]
    members = [kind for union in unions for kind in get_args(union)]
    assert len(members) == len(set(members))
    assert set(get_args(m.Effect)) == {kind for union in unions[2:] for kind in get_args(union)}


def test_samples_when_read_hold_every_message() -> None:
    """The tests that send everything have something to send."""
    assert set(get_args(m.Message)) == set(SAMPLES)
    assert all(isinstance(sample, kind) for kind, samples in SAMPLES.items() for sample in samples)


@pytest.mark.parametrize("kind", get_args(m.Message), ids=lambda kind: kind.__name__)
def test_step_when_taken_twice_leads_to_the_same(kind: type[m.Message]) -> None:
    """A step depends on the state and the message and on nothing else, and changes neither."""
    state = Talk().serve().respond().state
    for message in SAMPLES[kind]:
        before = (hash(state), hash(message))
        assert step(state, message) == step(state, message)
        assert before == (hash(state), hash(message))


def test_beginning_when_taken_twice_leads_to_the_same() -> None:
    """A session begins in one way."""
    assert begin(State("s")) == begin(State("s"))
