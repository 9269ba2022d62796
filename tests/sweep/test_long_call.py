"""Calls of three hours on the virtual clock, with an upstream whose sessions may last one, and links that are cut."""

import os
from typing import Final

import pytest
from attrs import evolve
from long_call import Views, long_call
from outcomes import Course, Fate, course, fates, faults_of
from world import PROFILES, RENEWS, world

from turngate.proxy.session import DEEPGRAM_PATH
from turngate.session import state

BY_NIGHT: Final = os.environ.get("TURNGATE_TEST_PROFILE") == "nightly"
HOURS: Final = 3.0 if RENEWS else 0.95
EVERY_S: Final = 20.0 if BY_NIGHT else 40.0
CALLS: Final = ((0, "a"), (6, "b"), (25, "c"), (100, "d")) if BY_NIGHT and RENEWS else ((6 if RENEWS else 0, "b"),)
"""How many links are cut, and the seed."""


@pytest.mark.parametrize(("cuts", "seed"), CALLS)
def test_call_of_three_hours_keeps_its_history_and_its_settings(cuts: int, seed: str) -> None:
    """After each move, and at the end, the model has the conversation that the client knows; no turn was lost."""
    views = Views()
    profile = PROFILES[DEEPGRAM_PATH]
    limits = {"length": state.Length.LIMITED} if RENEWS else {}
    limited = evolve(profile, policy=evolve(profile.policy, **limits))
    with world(profiles={DEEPGRAM_PATH: limited}) as made:
        call = made.call(lambda caller: long_call(caller, HOURS, EVERY_S, cuts, seed, views))
        made.run()
    assert [] == views.differences
    assert Course.HELD is course(call)
    assert [] == faults_of(made, call)
    assert len(call.caller.turns) > HOURS * 3600.0 / EVERY_S
    assert set(fates(call)) <= {Fate.ANSWERED, Fate.CUT, Fate.REPORTED, Fate.SHARED}
    assert fates(call)[Fate.REPORTED] <= cuts
    assert len(call.trunk.sessions) > max(cuts, HOURS - 1.0)
    assert views.compared > int(HOURS)
