"""
What walks through the plans have seen: transitions taken, messages heard, goals reached, and kinds of situation.

Each plan is walked through once in a test run, however many tests ask about it.
"""

from collections.abc import Hashable, Iterable, Mapping
from enum import Enum
from typing import Final, TypeVar

import pytest
from explorer import Found, explore
from goals import GOALS
from worlds import Plan, World

from turngate.session import ending, gate, machines, presence, renewal, turns
from turngate.session.machines import Phase
from turngate.session.messages import Message

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

ROOMS: Final = (gate, turns, ending, presence, renewal)
"""The modules that move a machine."""


def situation(world: World) -> Hashable:
    """What kind of situation this is, as far as rules could tell apart."""
    state = world.state
    return (
        state.policy,
        state.phase,
        state.gate,
        state.floor,
        state.presence,
        state.used_up,
        state.upstream,
        bool(state.playing),
        bool(state.lines),
        state.patience,
        state.paused,
        bool(state.seeds),
        bool(state.early),
        bool(state.updates),
        bool(state.due),
        bool(state.calls),
        tuple((response.voice, response.course) for response in state.responses),
    )


class Survey:
    """What the walks so far have seen."""

    def __init__(self) -> None:
        self.taken: set[tuple[Enum, Enum]] = set()
        """Transitions, as the state and what moved it."""
        self.heard: set[tuple[type[Message], Phase]] = set()
        """What kind of message came in which phase."""
        self.unreached = dict(GOALS)
        """Goals that no walk has reached."""
        self.situations: dict[Hashable, World] = {}
        """The first world of each kind of situation."""
        self._found: dict[Plan, Found] = {}
        self._last: World | None = None

    def walk(self, plan: Plan) -> Found:
        """Walk through a plan, unless that was done."""
        if plan not in self._found:
            with pytest.MonkeyPatch.context() as patch:
                for room in ROOMS:
                    patch.setattr(room, "follow", self._follow)
                self._found[plan] = explore(plan, watch=self._watch)
        return self._found[plan]

    def walk_all(self, plans: Iterable[Plan]) -> "Survey":
        """Walk through many plans."""
        for plan in plans:
            self.walk(plan)
        return self

    def _follow(self, table: Mapping[S, Mapping[E, S]], state: S, event: E) -> S:
        self.taken.add((state, event))
        return machines.follow(table, state, event)

    def _watch(self, before: World, name: str, after: World) -> None:
        for goal in [goal for goal, reached in self.unreached.items() if reached(before, name, after)]:
            del self.unreached[goal]
        if after.heard is not None:
            self.heard.add((type(after.heard), before.state.phase))
        if before is not self._last:
            self._last = before
            self.situations.setdefault(situation(before), before)
