"""What the rules are given: seconds for every wait, and a bound for all that waits."""

import pytest
from attrs import evolve, fields

from turngate.session import messages as m
from turngate.session.policy import Bounds, Waits

LONG = {m.Deadline.LIMIT_NEAR: 3600, m.Deadline.LIMIT: 3600, m.Deadline.TURN: 120}
"""Waits for what is to come after a long time, or that cover several others; all else is had within a minute."""


@pytest.mark.parametrize("deadline", m.Deadline)
def test_waits_when_asked_have_seconds_for_every_deadline(deadline: m.Deadline) -> None:
    """Each wait has an end that can be configured, and is long enough to be one."""
    assert 0 < Waits().of(deadline) <= LONG.get(deadline, 60)
    assert 7.0 == evolve(Waits(), **{f"{deadline.name.lower()}_s": 7.0}).of(deadline)


def test_waits_when_listed_are_those_of_the_deadlines() -> None:
    """There are no seconds that nothing waits for."""
    assert {f"{deadline.name.lower()}_s" for deadline in m.Deadline} == {field.name for field in fields(Waits)}


def test_bounds_when_not_configured_are_all_finite() -> None:
    """Nothing waits without a bound."""
    assert all(0 < getattr(Bounds(), field.name) < 2**24 for field in fields(Bounds))
