"""What the whole proxy does by itself."""

import pytest
from twisted.internet.task import Clock

from turngate.assembly.whole import keep_looking


def test_budget_is_looked_at_every_second_whatever_happens():
    """A look that fails is not the last."""

    class Failing:
        looks = 0

        def look(self):
            self.looks += 1
            raise ZeroDivisionError

    clock, budget = Clock(), Failing()
    with pytest.raises(ZeroDivisionError):
        keep_looking(clock, budget)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            clock.advance(1)
    assert 4 == budget.looks
