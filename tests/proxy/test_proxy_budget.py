"""What all sessions hold together, and who goes."""

import pytest
from attrs import Factory, define
from fake_connection import QuietLog

from turngate.proxy.budget import SILENT_S, Budget, Holding, Level


@define
class Town:
    """Sessions that hold what a test says; a hundred bytes are all that there is."""

    budget: Budget = Factory(lambda: Budget(QuietLog(), max_bytes=100))
    gone: list[str] = Factory(list)

    def open(self, name: str, held: int, silent_s: float = 0.0) -> None:
        """A session that holds so much."""
        self.budget.open(Holding(name, lambda: held, lambda: silent_s, lambda: self.gone.append(name)))


@pytest.mark.row(95)
@pytest.mark.parametrize(
    ("held", "level"),
    [(0, Level.PLENTY), (84, Level.PLENTY), (85, Level.SCARCE), (92, Level.SHORT), (95, Level.CRITICAL)],
)
def test_level_is_the_share_that_is_held(held: int, level: Level) -> None:
    """As it was at the last look."""
    town = Town()
    town.open("a", held)
    assert Level.PLENTY is town.budget.level
    town.budget.look()
    assert level is town.budget.level


@pytest.mark.row(95)
def test_silent_sessions_that_hold_something_go_first() -> None:
    """Whoever talks is spared, and whoever holds nothing, since that would free nothing."""
    town = Town()
    town.open("talks", 80)
    town.open("silent", 12, SILENT_S)
    town.open("empty", 0, SILENT_S)
    town.budget.look()
    assert ["silent"] == town.gone
    town.budget.look()
    assert (["silent"], 1, Level.PLENTY) == (town.gone, town.budget.shed_count, town.budget.level)


@pytest.mark.row(95)
def test_session_that_holds_most_goes_at_last() -> None:
    """One at each look, and each once."""
    town = Town()
    for name, held in (("a", 30), ("b", 90), ("c", 70)):
        town.open(name, held)
    for _ in range(3):
        town.budget.look()
    assert ["b", "c"] == town.gone


def test_session_that_has_ended_holds_nothing() -> None:
    """However often it ends."""
    town = Town()
    town.open("a", 99)
    town.budget.close("a")
    town.budget.close("a")
    town.budget.look()
    assert [] == town.gone
    assert 0 == town.budget.held_bytes
