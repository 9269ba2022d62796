"""How many files may be open."""

import resource

import pytest

from turngate.errors import ConfigError
from turngate.ops.descriptors import Bounds, ensure


def left_at(bounds: Bounds, sessions: int = 100) -> list[Bounds]:
    """What the limits are set to, if they are."""
    put: list[Bounds] = []
    ensure(sessions, lambda _which: bounds, lambda _which, new: put.append(new))
    return put


@pytest.mark.parametrize("soft", [456, 1000, resource.RLIM_INFINITY])
def test_limit_is_left_alone_when_it_is_enough(soft: int) -> None:
    """Two for a client and 256 besides."""
    assert [] == left_at((soft, resource.RLIM_INFINITY))


@pytest.mark.parametrize("hard", [456, 1000, resource.RLIM_INFINITY])
def test_limit_is_raised_when_it_may_be(hard: int) -> None:
    """The usual 1,024 of a shell is no reason to refuse."""
    assert [(456, hard)] == left_at((455, hard))


@pytest.mark.row(17)
def test_start_is_refused_when_the_system_allows_too_few() -> None:
    """The line says how many, and how to get them."""
    with pytest.raises(ConfigError, match=r"100 connections of clients need 456 open.*may have 455.*ulimit -n 456"):
        left_at((455, 455))
