"""The real rules keep every promise in every world that the plans can reach, and the walks prove something."""

import os
from collections.abc import Mapping
from typing import Final, get_args

import pytest
from goals import GOALS
from plans import DEEP, PLANS
from samples import SAMPLES
from survey import Survey
from worlds import Plan, deliver

from turngate.session import messages as m
from turngate.session.machines import FLOOR, GATE, PHASES, PRESENCE, Phase
from turngate.session.rules import RULES, ignore, settle, step
from turngate.session.state import Draft

BY_NIGHT: Final = os.environ.get("TURNGATE_TEST_PROFILE") == "nightly"

NO_SESSION_YET: Final = "an upstream says it only when its session exists; what it means too early is in the sweep"
CROSSING: Final = (
    "the model says it at once, so that it never crosses the loss of the other; test_session_renewal.py has it"
)
ONLY_SWEPT: Final[Mapping[tuple[type[m.Message], Phase], str]] = {
    (m.UpdateConfirmed, Phase.CONNECTING): NO_SESSION_YET,
    (m.Refused, Phase.CONNECTING): NO_SESSION_YET,
    (m.ResponseStarted, Phase.CONNECTING): NO_SESSION_YET,
    (m.ResponseEnded, Phase.CONNECTING): NO_SESSION_YET,
    (m.AgentTextEnded, Phase.CONNECTING): NO_SESSION_YET,
    (m.SpeechCut, Phase.RENEWING): CROSSING,
    (m.Recalled, Phase.RENEWING): "it is asked for and answered within one move",
    (m.AgentTextEnded, Phase.RENEWING): NO_SESSION_YET,
    (m.NextLost, Phase.RENEWING): CROSSING,
    (m.ItemConfirmed, Phase.AWAITING_SETTINGS): NO_SESSION_YET,
    (m.ItemConfirmed, Phase.CONNECTING): NO_SESSION_YET,
}
"""Rules that no walk applies, and why."""


@pytest.fixture(scope="module")
def survey() -> Survey:
    """One for all tests, so that each plan is walked through once."""
    return Survey()


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_promises_when_everything_happens_that_a_plan_allows(plan: Plan, survey: Survey) -> None:
    """No promise is broken in any world of the plan, and where nothing more can happen nothing was left undone."""
    found = survey.walk(plan)
    assert found.whole
    assert found.ends > 0


@pytest.mark.skipif(not BY_NIGHT, reason="walked through by night")
@pytest.mark.parametrize("plan", DEEP, ids=lambda plan: plan.name)
def test_promises_when_walks_are_long(plan: Plan) -> None:
    """The same holds where budgets are combined that are spent apart by day."""
    found = Survey().walk(plan)
    assert found.whole
    assert found.ends > 0


@pytest.mark.parametrize("goal", GOALS)
def test_goals_when_all_plans_are_walked_through_are_reached(goal: str, survey: Survey) -> None:
    """Every situation that has broken others is met on the way; else the walks would prove nothing about it."""
    assert goal not in survey.walk_all(PLANS).unreached


@pytest.mark.parametrize("table", [GATE, PHASES, FLOOR, PRESENCE], ids=["gate", "phases", "floor", "presence"])
def test_transitions_when_all_plans_are_walked_through_are_taken(table: Mapping, survey: Survey) -> None:
    """No row of a machine's table is dead."""
    rows = {(state, event) for state, row in table.items() for event in row}
    assert set() == rows - survey.walk_all(PLANS).taken


def test_rules_when_all_plans_are_walked_through_are_applied(survey: Survey) -> None:
    """Every rule of the table is applied on the way, but for the few that only a sweep reaches."""
    rules = {(kind, phase) for kind, row in RULES.items() for phase, rule in row.items() if rule is not ignore}
    assert set(ONLY_SWEPT) == rules - survey.walk_all(PLANS).heard


@pytest.mark.parametrize("kind", get_args(m.Message), ids=lambda kind: kind.__name__)
def test_any_message_when_it_comes_in_any_kind_of_situation(kind: type[m.Message], survey: Survey) -> None:
    """No message breaks a promise or the rules themselves, however little sense it makes where it comes."""
    situations = survey.walk_all(PLANS).situations.values()
    assert {world.state.phase for world in situations} == set(Phase) - {Phase.ENDED}
    for world in situations:
        for message in SAMPLES[kind]:
            if not isinstance(message, m.DeadlinePassed) or message.deadline in world.judge.armed:
                deliver(world, message)


def test_every_state_is_settled(survey: Survey) -> None:
    """Nothing follows from it alone any more, which is why a step that changes nothing needs no second look."""
    for world in survey.walk_all(PLANS).situations.values():
        draft = Draft(world.state)
        settle(draft)
        assert (world.state, []) == (draft.state, draft.effects)


@pytest.mark.parametrize("kind", get_args(m.Message), ids=lambda kind: kind.__name__)
def test_any_message_when_the_session_has_ended_does_nothing(kind: type[m.Message], survey: Survey) -> None:
    """After the end nothing follows from anything."""
    worlds = [deliver(world, m.Shutdown()) for world in survey.walk_all(PLANS).situations.values()]
    for world in worlds:
        for message in SAMPLES[kind]:
            assert (world.state, ()) == step(world.state, message)
