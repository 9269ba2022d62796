"""How many may be in at once, and how fast they may come."""

import pytest

from turngate.net.quotas import Full, Paces, Places, Quotas


def test_places_that_were_given_back_are_forgotten() -> None:
    """Nothing is kept of who is gone; who says so twice gives one place back."""
    places = Places()
    first, second = places.take(("a", 2), ("b", 2)), places.take(("a", 2))
    assert callable(first)
    assert callable(second)
    assert (places.taken["a"], places.taken["b"]) == (2, 1)
    assert places.take(("b", 2), ("a", 2)) == Full("a")
    assert (places.taken["a"], places.taken["b"]) == (2, 1), "all places, or none"
    first()
    first()
    assert places.taken == {"a": 1}
    second()
    assert not places.taken


@pytest.mark.parametrize(
    ("per_s", "burst", "wait_s"),
    [(5.0, 4, 0.0), (5.0, 3, 0.2), (100.0, 3, 0.01), (0.5, 3, 2.0), (5.0, 1, 0.2), (1.0, 1, 1.0)],
)
def test_pace_that_is_changed_holds_at_once(per_s: float, burst: int, wait_s: float) -> None:
    """For those that have come before too: what they took is taken, and fills by the new measure."""
    paces = Paces(per_s=5, burst=3)
    for _ in range(3):
        paces.wait_s("a", 100.0)
    paces.change(per_s, burst, 100.0)
    assert paces.wait_s("a", 100.0) == pytest.approx(wait_s)
    assert [paces.wait_s("b", 100.0) for _ in range(burst)] == [0.0] * burst
    assert paces.wait_s("b", 100.0) == pytest.approx(1 / per_s)


def test_pace_is_a_burst_and_then_an_average() -> None:
    """The wait that is told is the one after which it works, and not less."""
    paces = Paces(per_s=5, burst=3)
    assert [paces.wait_s("a", 100.0) for _ in range(3)] == [0, 0, 0]
    wait_s = paces.wait_s("a", 100.0)
    assert wait_s == pytest.approx(0.2)
    assert paces.wait_s("a", 100.0) == pytest.approx(0.2), "coming in vain costs nothing"
    assert paces.wait_s("a", 100.19) > 0
    assert paces.wait_s("b", 100.0) == 0
    assert paces.wait_s("a", 100.0 + wait_s) == 0
    assert paces.wait_s("a", 100.0 + wait_s) > 0


def test_paces_are_forgotten_when_they_mean_nothing_any_more() -> None:
    """Who has not come for a while may come as if it had never come."""
    paces = Paces(per_s=1, burst=3)
    for name in range(100):
        paces.wait_s(name, 0.0)
    paces.wait_s("last", 1.0)
    assert list(paces.full_at_s) == ["last"]


def test_paces_remember_a_bounded_number_of_names() -> None:
    """However many addresses an attacker has."""
    paces = Paces(per_s=1, burst=3, max_remembered=10)
    for name in range(1000):
        paces.wait_s(name, 0.0)
        assert len(paces.full_at_s) <= 10
    assert 999 in paces.full_at_s


@pytest.mark.parametrize("name", ["max_sessions", "max_key_sessions", "max_address_sessions", "connects_per_s"])
def test_quota_cannot_be_switched_off(name: str) -> None:
    """Nothing is unlimited."""
    with pytest.raises(ValueError):
        Quotas(**{name: 0})
