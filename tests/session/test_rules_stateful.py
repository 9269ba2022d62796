"""
Long sessions at random, against the same hostile upstream as the exhaustive model, with the judge as the oracle.

The walks of ``tests/model`` visit everything, but only as far as their budgets go; this goes far, and visits a little.
"""

import os
from typing import Final, get_args

from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from moves import moves
from samples import SAMPLES
from worlds import BASE, Budget, Plan, World, start

from turngate.session import messages as m
from turngate.session.policy import COMPONENT, DEEPGRAM, Absence, Policy
from turngate.session.rules import step

NIGHTLY: Final = os.environ.get("TURNGATE_TEST_PROFILE") == "nightly"
PATIENCE: Final = 400
"""Moves after which a session without further mischief must have come to rest."""

BUDGET: Final = Budget(
    speech=6,
    vad_response=4,
    unseen=3,
    refuse=4,
    unnamed=4,
    strip=1,
    lose=1,
    duplicate=4,
    swap=4,
    out_of_band=3,
    call=4,
    fail=2,
    unasked=3,
    words=6,
    flow=3,
    absent=3,
    late=8,
)
OWN: Final = m.SessionConfig("base", starter=m.Starter.UPSTREAM)
MANUAL: Final = m.SessionConfig("base", turn_end=m.ByPause())
LASTING: Final = evolve(DEEPGRAM, absence=Absence.LASTS)
REST: Final = Budget(late=0)


class Sessions(RuleBasedStateMachine):
    """One session; each step is something that the client does, or one of the moves that are possible then."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World
        self.said = 0

    @initialize(
        policy=st.sampled_from([DEEPGRAM, COMPONENT, LASTING]),
        serving=st.booleans(),
        config=st.sampled_from([BASE, OWN, MANUAL]),
    )
    def connect(self, policy: Policy, serving: bool, config: m.SessionConfig) -> None:
        """A client connects; most of the time the first thing it sends are settings."""
        plan = Plan("a session at random", (), BUDGET, policy, serving, config)
        self.world = start(plan)
        if not serving:
            line = m.ContextLine(m.Role.USER, "c1")
            self.send(m.ConfigureSession(m.SessionConfig("base"), greeting="hello", context=(line,)))

    def send(self, message: m.ClientMessage) -> None:
        """The client puts a message on the wire."""
        self.world = evolve(self.world, client=(*self.world.client, message))

    @property
    def is_over(self) -> bool:
        """Whether the session has ended."""
        return self.world.judge.over

    @precondition(lambda self: not self.is_over)
    @rule()
    def write(self) -> None:
        """The user writes; no two lines are the same, so that the judge can tell them apart."""
        self.said += 1
        self.send(m.UserText(f"text {self.said}."))

    @precondition(lambda self: not self.is_over)
    @rule()
    def update(self) -> None:
        """The client adds to the prompt."""
        self.said += 1
        self.send(m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions(f"prompt {self.said}.")))

    @precondition(lambda self: not self.is_over and self.world.state.policy is COMPONENT)
    @rule(text=st.sampled_from(["base", "other"]))
    def configure_again(self, text: str) -> None:
        """The client sends settings again, often the same."""
        self.send(m.ConfigureSession(m.SessionConfig(text)))

    @precondition(lambda self: not self.is_over)
    @rule(size=st.sampled_from([20, 4_800, 48_000]), sample=st.sampled_from([b"\0\0", b"\0\x40"]))
    def speak(self, size: int, sample: bytes) -> None:
        """The client sends audio, loud or quiet."""
        self.send(m.UserAudio(sample * (size // 2)))

    @precondition(lambda self: not self.is_over)
    @rule(number=st.integers(0, 9), named=st.booleans())
    def answer_call(self, number: int, named: bool) -> None:
        """The client sends a tool result, for a call that is open, or was, or never."""
        announced = sorted(self.world.judge.announced)
        call_id = announced[number % len(announced)] if announced else "c90"
        self.send(m.ToolResult(call_id if named else None, "f", "1"))

    @precondition(lambda self: not self.is_over)
    @rule(index=st.one_of(st.just(0), st.integers(0, 255)))
    def happen(self, index: int) -> None:
        """One of the things happens that are possible now; the first is that a message arrives."""
        possible = list(moves(self.world))
        if possible:
            self.world = possible[index % len(possible)][1]

    @precondition(lambda self: self.is_over)
    @rule(kind=st.sampled_from(get_args(m.Message)))
    def linger(self, kind: type[m.Message]) -> None:
        """Something comes after the end."""
        for message in SAMPLES[kind]:
            assert (self.world.state, ()) == step(self.world.state, message)

    def teardown(self) -> None:
        """Without further mischief the session comes to rest, and nothing was left undone."""
        if not hasattr(self, "world"):
            return
        world = evolve(self.world, budget=REST)
        for _ in range(PATIENCE):
            possible = list(moves(world))
            if not possible:
                break
            world = possible[0][1]
        else:
            raise AssertionError("the session does not come to rest")
        world.judge.check_quiet()


TestSessions = Sessions.TestCase
TestSessions.settings = settings(
    max_examples=2_000 if NIGHTLY else 100,
    stateful_step_count=120 if NIGHTLY else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
