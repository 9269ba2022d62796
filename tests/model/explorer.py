"""
Walk through everything that can happen between the real rules, a hostile upstream and a client.

Every world that can be reached within a plan's budgets is visited once, breadth first, so that a counterexample is a
shortest one. After each step the judge looks on, and where nothing more can happen it asks what was left undone.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import frozen
from moves import moves
from worlds import Plan, World, start

from turngate.errors import InternalError
from turngate.session.invariants import PromiseBrokenError

TOO_MANY: Final = 200_000
"""A plan with more worlds than this is too rich to be walked through whole."""


Watcher: TypeAlias = Callable[[World, str, World], None]
"""Called for each move: the world before, the move's name, the world after."""


@frozen
class Found:
    """What a walk found."""

    worlds: int
    ends: int
    """Worlds in which nothing more can happen."""
    whole: bool
    """Whether every world was visited."""


class CounterexampleError(AssertionError):
    """A promise was broken; the text holds the shortest way there."""

    def __init__(self, plan: Plan, broken: Exception, way: list[str]) -> None:
        super().__init__(f"{plan.name}: {broken} after {way}")
        self.promise = str(broken).partition(":")[0] if isinstance(broken, PromiseBrokenError) else "crash"


def explore(plan: Plan, *, limit: int = TOO_MANY, watch: Watcher | None = None) -> Found:
    """
    Visit every world of a plan, or the first ``limit`` of them.

    Raises:
        CounterexampleError: a promise was broken, or the rules raised.
    """
    first = start(plan)
    came: dict[World, tuple[World, str] | None] = {first: None}
    queue = [first]
    ends = 0
    for world in queue:
        last = True
        try:
            for name, after in moves(world):
                last = False
                if watch is not None:
                    watch(world, name, after)
                known = len(came)
                came.setdefault(after, (world, name))
                if len(came) > known:
                    queue.append(after)
            if last:
                ends += 1
                world.judge.check_quiet()
        except (PromiseBrokenError, InternalError) as broken:
            raise CounterexampleError(plan, broken, way(came, world)) from broken
        if len(came) > limit:
            return Found(len(came), ends, whole=False)
    return Found(len(came), ends, whole=True)


def way(came: dict[World, tuple[World, str] | None], world: World) -> list[str]:
    """The moves that led to a world."""
    names: list[str] = []
    origin = came[world]
    while origin is not None:
        world, name = origin
        names.append(name)
        origin = came[world]
    return names[::-1]
