"""Every planted bug is found by walking; a judge and plans that let one live would prove nothing."""

from typing import Final

import pytest
from explorer import CounterexampleError, explore
from mutants import MUTANTS, Mutant
from plans import PLANS

DEPTHS: Final = (200, 2_000, 20_000)
"""Worlds of each plan that are visited before the next deeper round; most bugs lie near the surface."""


def hunt(near: str) -> CounterexampleError | None:
    """The first counterexample that any plan finds, at the least depth; plans whose names begin so go first."""
    plans = sorted(PLANS, key=lambda plan: not plan.name.startswith(near))
    for depth in DEPTHS:
        for plan in plans:
            try:
                explore(plan, limit=depth)
            except CounterexampleError as found:
                return found
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_when_planted_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bug breaks a promise that it is known to break."""
    mutant.plant(monkeypatch)
    found = hunt(mutant.near)
    assert found is not None
    assert found.promise in mutant.promises


def test_mutants_when_counted_hold_the_known_counterexamples() -> None:
    """The twelve counterexamples that are known from the field are all planted."""
    assert set("ABCDEFGHIJKL") == {mutant.name[0] for mutant in MUTANTS if mutant.name[1] == " "}
