"""The copies are those that attrs makes."""

import attrs
import pytest
from attrs import field, frozen

from turngate.evolving import evolve


@frozen
class Pair:
    """Two attributes, one with a default and out of sight."""

    left: int
    right: tuple[int, ...] = field(default=(), repr=False, eq=False)


@frozen
class Single:
    """One attribute."""

    only: str


@pytest.mark.parametrize(
    ("original", "changes"),
    [
        (Pair(1, (2,)), {}),
        (Pair(1, (2,)), {"right": (3,)}),
        (Pair(1), {"left": 2, "right": ()}),
        (Single("a"), {"only": "b"}),
    ],
)
def test_copy_when_made_is_the_one_of_attrs(original, changes):
    """Of the same class, with the same attributes, and the original as it was."""
    before = attrs.asdict(original)
    copy = evolve(original, **changes)
    assert (type(original), attrs.asdict(attrs.evolve(original, **changes))) == (type(copy), attrs.asdict(copy))
    assert before == attrs.asdict(original)


def test_copy_when_there_is_no_such_attribute_is_not_made():
    """As with attrs, it is a fault of the caller."""
    with pytest.raises((TypeError, KeyError)):
        evolve(Pair(1), middle=2)
