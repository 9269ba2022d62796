"""The metrics: what each event of the log counts for."""

import re
from pathlib import Path

import pytest
from admin_rig import Rig

from turngate.admin.metrics import Metrics, Now
from turngate.ops.logging import Log
from turngate.session.account import Account

CANARY = "canary-4711"
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "watch.md"


@pytest.fixture
def metrics():
    return Metrics()


def value(metrics, name, **labels):
    """One figure, by name and labels."""
    return metrics.registry.get_sample_value(f"turngate_{name}", labels)


def test_session_when_it_ends_is_counted_by_how(metrics):
    """And how long it was."""
    metrics.see("session.started", {"peer": CANARY})
    metrics.see("session.ended", {"ending": "client_left", "seconds": 61.0})
    assert 1 == value(metrics, "sessions_opened_total")
    assert 1 == value(metrics, "sessions_ended_total", ending="client_left")
    assert 61.0 == value(metrics, "session_seconds_sum")


def test_turn_when_it_ends_is_counted_with_its_stages(metrics):
    """Those that are known."""
    metrics.see("turn.ended", {"began": "spoken", "status": "completed", "total_s": 0.6, "text_s": 0.4, "tool_s": None})
    assert 1 == value(metrics, "turns_total", began="spoken", status="completed")
    assert (0.6, 0.4) == tuple(value(metrics, "turn_latency_seconds_sum", stage=one) for one in ("total", "text"))
    assert value(metrics, "turn_latency_seconds_count", stage="tool") is None


def test_tokens_when_some_were_cached_are_split(metrics):
    """Cached ones cost less: both together are all."""
    figures = {"status": "completed", "text_in_tokens": 10, "cached_text_in_tokens": 4, "audio_out_tokens": 7}
    metrics.see("response.ended", figures)
    assert 1 == value(metrics, "responses_total", status="completed")
    assert 6 == value(metrics, "tokens_total", direction="input", modality="text", cached="no")
    assert 4 == value(metrics, "tokens_total", direction="input", modality="text", cached="yes")
    assert 7 == value(metrics, "tokens_total", direction="output", modality="audio", cached="no")


def test_usage_is_counted_with_what_is_not_known(metrics):
    """Money, answers that an upstream said nothing of, ends by a cap, and clients that wait for midnight."""
    metrics.see("response.ended", {"status": "completed", "text_out_tokens": 7, "cost": 0.25})
    metrics.see("response.ended", {"status": "cancelled", "text_out_tokens": None, "cost": None})
    metrics.see("session.ended", {"ending": "used_up", "detail": "day_tokens", "seconds": 1.0})
    metrics.see("session.ended", {"ending": "client_left", "detail": "", "seconds": 1.0})
    metrics.now = Now(used_up=lambda: 3)
    assert (0.25, 1) == (value(metrics, "usage_cost_total"), value(metrics, "usage_unknown_total"))
    assert (1, 3) == (
        value(metrics, "usage_caps_reached_total", cap="day_tokens"),
        value(metrics, "usage_clients_used_up"),
    )
    assert value(metrics, "usage_caps_reached_total", cap="other") is None


@pytest.mark.parametrize(
    ("event", "fields", "name", "labels", "expected"),
    [
        ("session.crashed", {}, "sessions_crashed_total", {}, 1),
        ("session.client_lost", {}, "clients_lost_total", {}, 1),
        ("session.resumed", {}, "clients_resumed_total", {}, 1),
        ("gate.passed", {"kind": "update", "wait_s": 2.0}, "gate_wait_seconds_sum", {"kind": "update"}, 2.0),
        ("gate.refused_as_active", {}, "active_response_refusals_total", {}, 1),
        (
            "tool.answered",
            {"outcome": "timeout", "seconds": 60.0},
            "tool_call_seconds_sum",
            {"outcome": "timeout"},
            60.0,
        ),
        ("wait.over", {"wait": "tool_results"}, "waits_over_total", {"wait": "tool_results"}, 1),
        ("upstream.try_failed", {"fault": "tcp"}, "dial_failures_total", {"cause": "tcp"}, 1),
        ("upstream.auth_refused", {"fault": "refused"}, "dial_failures_total", {"cause": "refused"}, 1),
        ("upstream.lost", {"detail": "upstream_closed"}, "upstream_lost_total", {"cause": "upstream_closed"}, 1),
        ("upstream.renewed", {}, "upstream_renewed_total", {}, 1),
        ("upstream.error", {"detail": CANARY}, "upstream_errors_total", {}, 1),
        ("upstream.circuit_open", {}, "circuit_open", {}, 1),
        ("upstream.circuit_closed", {}, "circuit_open", {}, 0),
        ("actor.failed", {"error": CANARY}, "actor_failures_total", {}, 1),
        ("actor.dead_letter", {}, "dead_letters_total", {}, 1),
    ],
)
def test_event_is_counted(metrics, event, fields, name, labels, expected):
    """One metric for each; what a peer wrote is in none."""
    metrics.see(event, fields)
    assert expected == value(metrics, name, **labels)
    assert CANARY.encode() not in metrics.exposed()


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ("session.ended", "ending"),
        ("turn.ended", "status"),
        ("turn.ended", "began"),
        ("response.ended", "status"),
        ("gate.passed", "kind"),
        ("tool.answered", "outcome"),
        ("wait.over", "wait"),
        ("upstream.try_failed", "fault"),
        ("upstream.lost", "detail"),
    ],
)
@pytest.mark.parametrize("word", [CANARY, None, 7])
def test_label_when_the_word_is_of_no_list_is_other(metrics, event, field, word):
    """So the number of series has a bound, whatever peers write."""
    metrics.see(event, {field: word})
    exposed = metrics.exposed().decode()
    assert '="other"' in exposed
    assert CANARY not in exposed


def test_event_that_nobody_counts_counts_for_nothing(metrics):
    """Most events are for people."""
    before = metrics.registry.collect
    metrics.see("proxy.listening", {"address": CANARY})
    assert before == metrics.registry.collect
    assert CANARY.encode() not in metrics.exposed()


def test_log_shows_every_event_at_any_level(metrics):
    """A quiet log counts as much as a loud one."""
    Log("error", watch=metrics.see).bound(session="6babc807").debug("gate.passed", kind="response", wait_s=0.5)
    assert 0.5 == value(metrics, "gate_wait_seconds_sum", kind="response")


def test_audio_when_sessions_are_open_is_that_of_them_and_of_those_that_ended(metrics):
    """A long call is seen while it goes on, and nothing goes back when it ends."""
    account = Account()
    account.audio_in_bytes, account.audio_out_bytes, account.unheard_ms = 100, 50, 1500
    accounts = [account]
    metrics.now = Now(accounts=lambda: accounts, refusals=lambda: {503: 2}, is_draining=lambda: True)
    for _ in range(2):
        assert 100 == value(metrics, "audio_bytes_total", direction="in")
        assert 50 == value(metrics, "audio_bytes_total", direction="out")
        assert 1.5 == value(metrics, "audio_unheard_seconds_total")
        # the second time, it has ended
        accounts.clear()
        metrics.see("session.ended", {"ending": "client_left", **account.totals()})
        account = Account()
    assert (0, 1, 2) == (
        value(metrics, "sessions_open"),
        value(metrics, "draining"),
        value(metrics, "refusals_total", status="503"),
    )


def test_lag_is_a_histogram(metrics):
    """Twice a second one figure."""
    metrics.lagged(0.3)
    assert 0.3 == value(metrics, "reactor_lag_seconds_sum")


def test_metrics_are_all_in_the_page():
    """By name, with their labels; and the page has no others."""
    shown = dict(re.findall(r"^\| `turngate_(\w+)` \| (.*?) \|", PAGE.read_text(), re.MULTILINE))
    rig = Rig()
    names = {family.name: family for family in rig.metrics.registry.collect() if family.name.startswith("turngate_")}
    there = {f"{n}_total" if f.type == "counter" else n for n, f in names.items()}
    assert there == {f"turngate_{name}" for name in shown}
