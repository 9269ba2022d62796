"""What follows for the rules of sessions from the configuration."""

import pytest
from attrs import evolve
from twisted.internet.testing import MemoryReactorClock

from turngate.assembly.rules import profiles_for, waits_for
from turngate.net import FunctionCaller, FunctionHosts
from turngate.ops.config import Config
from turngate.ops.logging import Log
from turngate.session.policy import Absence, Again, LateVoice, Length, Renewal, Waits
from twistd_rig import (
    PATH,
)

NO_FUNCTIONS = FunctionCaller(hosts=FunctionHosts(), log=Log(), reactor=MemoryReactorClock())


def test_path_of_the_agent_is_the_one_that_clients_use():
    """The rig's client and the documentation say the same."""
    assert [PATH, "/openai"] == list(profiles_for(Config(), NO_FUNCTIONS))


def test_path_of_components_is_the_operators():
    """Elsewhere, or nowhere at all."""
    assert [PATH, "/voice"] == list(profiles_for(Config(component_path="/voice"), NO_FUNCTIONS))
    assert [PATH] == list(profiles_for(Config(component_path=""), NO_FUNCTIONS))


def test_upstream_sessions_end_as_the_operator_wants():
    """With another one to follow, or not; with a limit that is known, or set, or none; and another voice later on."""
    for profile in profiles_for(Config(), NO_FUNCTIONS).values():
        assert (Renewal.ON, Length.LIMITED) == (profile.policy.renewal, profile.policy.length)
        assert LateVoice.REFUSED is profile.policy.late_voice
    local = Config(upstream="ws://127.0.0.1:1/", upstream_dialect="localai", rollover="off", late_voice="move")
    for profile in profiles_for(local, NO_FUNCTIONS).values():
        assert (Renewal.OFF, Length.UNLIMITED) == (profile.policy.renewal, profile.policy.length)
        assert LateVoice.RENEWS is profile.policy.late_voice
    (policy, _) = (p.policy for p in profiles_for(evolve(local, session_limit_s=600.0), NO_FUNCTIONS).values())
    assert Length.LIMITED is policy.length


@pytest.mark.parametrize(("limit_s", "rollover", "near_s"), [(3600.0, "on", 3000.0), (600.0, "off", 550.0)])
def test_a_limit_leaves_time_to_move_and_a_little_to_spare(limit_s, rollover, near_s):
    """Also where the session that is moved to was connected as soon as the limit was near."""
    waits = waits_for(Config(upstream="simulator", session_limit_s=limit_s, rollover=rollover))
    assert near_s == pytest.approx(waits.limit_near_s)
    age_s = waits.limit_s if rollover == "on" else 0.0
    assert age_s + waits.limit_near_s + waits.limit_s < limit_s


def test_waits_that_follow_from_other_settings_follow():
    """How long a client is waited for, and the dialler; a longer wait of the operator's own is kept."""
    waits = waits_for(Config(resume_s=7.0, dial_total_s=40.0, waits=Waits(retry_s=0.7)))
    assert (7.0, 41.0, 0.7) == (waits.client_return_s, waits.upstream_ready_s, waits.retry_s)
    assert 60.0 == waits_for(Config(waits=Waits(upstream_ready_s=60.0))).upstream_ready_s


@pytest.mark.parametrize(("resume_s", "absence"), [(30.0, Absence.LASTS), (0.0, Absence.ENDS)])
def test_clients_may_come_back_where_the_operator_lets_them(resume_s, absence):
    """Components never may."""
    profiles = profiles_for(Config(resume_s=resume_s), NO_FUNCTIONS)
    assert [absence, Absence.ENDS] == [profile.policy.absence for profile in profiles.values()]


@pytest.mark.parametrize(("word", "again"), [("apply", Again.APPLIED), ("acknowledge", Again.ACKNOWLEDGED)])
def test_settings_of_components_are_treated_as_the_operator_wants(word, again):
    """While a response is active they are held, or only acknowledged."""
    profile = profiles_for(Config(component_settings=word), NO_FUNCTIONS)["/openai"]
    assert again is profile.policy.repeated_settings
    assert profile.face() is not profile.face()
