"""The counting of what is used, as the configuration and the clients' keys want it."""

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock

from turngate.assembly.doors import guard_for
from turngate.assembly.usage import counting, take_terms
from turngate.net.credentials import digest_of
from turngate.ops.clients import judge_for
from turngate.ops.config import Config
from turngate.ops.logging import Log
from turngate.proxy.ledger import Spent
from turngate.session.account import Account
from turngate.session.messages import Cap

KEY = f"[[key]]\nname = 'phone'\nhash = 'sha256:{digest_of('tg_a').hex()}'\n"


@pytest.mark.row(48)
def test_caps_of_a_key_are_read_again_with_the_keys(tmp_path):
    """At SIGHUP: what was used stays used, and sessions that run are held against what is allowed now."""
    path = tmp_path / "keys.toml"
    path.write_text(f"{KEY}day_minutes = 2.0\n")
    clock, log = Clock(), Log("error")
    settings = Config(client_keys_file=str(path), max_day_minutes=30.0)
    ledger, meters, kept = counting(clock, settings, log)
    assert kept is None
    guard = guard_for(clock, settings, judge_for(settings), log, ledger)
    take_terms(ledger, guard, settings)
    told = []
    meters.open("a", "phone", Account(), told.append)
    clock.advance(90.0)
    meters.look()
    assert (None, []) == (ledger.used_up("phone"), told)
    path.write_text(f"{KEY}day_minutes = 1.0\n")
    guard.judge = judge_for(settings)
    take_terms(ledger, guard, settings)
    meters.look()
    assert (Cap.DAY_MINUTES, [Cap.DAY_MINUTES]) == (ledger.used_up("phone"), told)
    path.write_text(KEY)
    guard.judge = judge_for(settings)
    take_terms(ledger, guard, settings)
    assert ledger.used_up("phone") is None
    assert {"phone"} == set(ledger.terms.listed)


def test_session_is_held_against_the_caps_of_the_configuration():
    """Of a session, and of a client that stands in no file."""
    clock = Clock()
    settings = Config(max_session_minutes=1.0, max_day_minutes=3.0)
    ledger, meters, _ = counting(clock, settings, Log("error"))
    take_terms(ledger, guard_for(clock, settings, None, Log("error"), ledger), settings)
    told = []
    meters.open("a", "", Account(), told.append)
    clock.advance(60.0)
    meters.look()
    assert [Cap.SESSION_MINUTES] == told
    ledger.charge("jwt:a", Spent(seconds=180.0))
    assert Cap.DAY_MINUTES is ledger.used_up("jwt:a")


def test_what_was_used_is_kept_in_a_file_to_the_end(tmp_path):
    """Which is after the last session has ended."""
    reactor, path = MemoryReactorClock(), tmp_path / "usage.json"
    settings = Config(usage_file=str(path))
    _, meters, kept = counting(reactor, settings, Log("error"))
    meters.open("a", "phone", Account(), lambda _: None)
    reactor.advance(7.0)
    meters.close("a")
    ((close, _, _),) = reactor.triggers["after"]["shutdown"]
    close()
    again, _, _ = counting(reactor, settings, Log("error"))
    assert 7.0 == again.days[again.today]["phone"].seconds
    assert kept is not None
