"""The traces: which spans the events of a session become."""

import pytest
from twisted.internet.task import Clock

from turngate.admin.traces import MAX_STAGES, Traces
from turngate.ops.logging import Log

CANARY = "canary-4711"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Rig:
    """A log that shows its events to the traces, and the traces that came of it."""

    def __init__(self):
        self.clock, self.traces = Clock(), []
        self.clock.advance(100.0)
        self.seen = Traces(self.clock.seconds, "openai", "gpt-realtime")
        self.seen.take = self.traces.append
        self.root = Log("error", watch=self.seen.see)
        self.log = self.root.bound(session="6babc807", client="shop", trace="")
        self.log.info("session.started", peer="tcp4:192.0.2.1:4000", traceparent="")

    def after(self, later_s, event, **fields):
        self.clock.advance(later_s)
        self.log.debug(event, **fields)


@pytest.fixture
def rig():
    return Rig()


def shape(span):
    """Its name, its times from the beginning of the test, and what is below it."""
    return (span.name, span.start_s - 100.0, span.end_s - 100.0, [shape(one) for one in span.below])


def test_turn_with_a_tool_is_one_trace_with_its_stages(rig):
    """What waited at the gate, each response with its first sound, the call between them."""
    rig.after(1.5, "gate.passed", kind="response", turn=1, wait_s=0.5)
    rig.after(1.0, "response.ended", turn=1, status="completed", seconds=1.0, first_sound_s=None)
    rig.after(2.0, "tool.answered", turn=1, outcome="answered", seconds=2.0)
    rig.after(0.0, "gate.passed", kind="response", turn=1, wait_s=0.0)
    rig.after(2.0, "response.ended", turn=1, status="completed", seconds=2.0, first_sound_s=0.5)
    rig.after(0.0, "turn.ended", turn=1, began="written", status="completed", seconds=5.5)
    (trace,) = rig.traces
    below = [
        ("turngate.gate", 1.0, 1.5, []),
        ("chat gpt-realtime", 1.5, 2.5, []),
        ("execute_tool", 2.5, 4.5, []),
        ("chat gpt-realtime", 4.5, 6.5, [("turngate.first_sound", 4.5, 5.0, [])]),
    ]
    assert ("invoke_agent", 1.0, 6.5, below) == shape(trace.root)
    assert (106.5, 6) == (trace.now_s, trace.root.count)
    assert [False, True, False, True] == [span.is_call for span in trace.root.below]


def test_attributes_are_those_of_the_conventions(rig):
    """Tokens with what was cached among them, the model, the session's name as the conversation."""
    tokens = {"text_in_tokens": 10, "audio_in_tokens": 5, "cached_text_in_tokens": 4, "audio_out_tokens": 7}
    rig.after(1.0, "response.ended", turn=1, status="completed", seconds=1.0, model="gpt-realtime-mini", **tokens)
    rig.after(0.0, "turn.ended", turn=1, began="spoken", status="completed", responses=1, total_s=0.5, **tokens)
    (trace,) = rig.traces
    used = {
        "gen_ai.usage.input_tokens": 15,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.text.input_tokens": 10,
        "gen_ai.usage.audio.input_tokens": 5,
        "gen_ai.usage.audio.output_tokens": 7,
    }
    both = {
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-realtime-mini",
        "gen_ai.conversation.id": "6babc807",
        **used,
    }
    turn = {
        "gen_ai.operation.name": "invoke_agent",
        "turngate.turn.number": 1,
        "turngate.turn.began": "spoken",
        "turngate.turn.status": "completed",
        "turngate.turn.gate_wait_s": 0.0,
        "turngate.turn.responses": 1,
        "turngate.turn.calls": 0,
        "turngate.turn.total_s": 0.5,
    }
    assert {**both, **turn} == trace.root.attributes
    response = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ("completed",),
    }
    assert {**both, **response} == trace.root.below[0].attributes


def test_usage_when_the_upstream_said_nothing_of_it_is_left_out(rig):
    """None is not 0."""
    rig.after(1.0, "turn.ended", turn=1, began="spoken", status="cancelled", seconds=1.0)
    assert [] == [name for name in rig.traces[0].root.attributes if name.startswith("gen_ai.usage.")]


@pytest.mark.parametrize(
    ("event", "fields", "error"),
    [
        ("response.ended", {"status": "failed"}, "failed"),
        ("response.ended", {"status": "cancelled"}, None),
        ("tool.answered", {"outcome": "timeout"}, "timeout"),
        ("tool.answered", {"outcome": "failed"}, "failed"),
        ("tool.answered", {"outcome": "cancelled"}, None),
    ],
)
def test_error_is_what_went_wrong_and_not_what_somebody_broke_off(rig, event, fields, error):
    """A user may interrupt."""
    rig.after(1.0, event, turn=1, seconds=1.0, **fields)
    rig.after(0.0, "turn.ended", turn=1, status="completed", seconds=1.0)
    assert [error] == [span.error for span in rig.traces[0].root.below]


def test_stage_of_the_next_turn_stays_for_that(rig):
    """What belongs to no turn is in none."""
    rig.after(1.0, "response.ended", turn=1, status="completed", seconds=1.0)
    rig.after(0.0, "response.ended", turn=None, status="completed", seconds=1.0)
    rig.after(0.0, "gate.passed", kind="response", turn=2, wait_s=0.5)
    rig.after(0.0, "turn.ended", turn=1, status="completed", seconds=1.0)
    rig.after(1.0, "turn.ended", turn=2, status="completed", seconds=1.5)
    assert [["chat gpt-realtime"], ["turngate.gate"]] == [[s.name for s in t.root.below] for t in rig.traces]
    assert [] == rig.seen._sessions["6babc807"].stages


def test_answer_that_was_asked_for_before_its_turn_began_is_within_it(rig):
    """A greeting begins its turn with its first word."""
    rig.after(2.0, "response.ended", turn=1, status="completed", seconds=2.0)
    rig.after(0.0, "turn.ended", turn=1, began="agent", status="completed", seconds=1.5)
    assert 100.0 == rig.traces[0].root.start_s


def test_update_at_the_gate_is_no_stage(rig):
    """It is of no turn's answer."""
    rig.after(1.0, "gate.passed", kind="update", turn=1, wait_s=0.5)
    rig.after(0.0, "turn.ended", turn=1, status="completed", seconds=1.0)
    assert () == rig.traces[0].root.below


def test_parent_and_trace_of_the_client_go_with_each_turn(rig):
    """Whatever its name, each session has its own."""
    other = rig.root.bound(session="016f0955", client="", trace="trace-1")
    other.info("session.started", peer="p", traceparent=PARENT)
    for log in (rig.log, other):
        log.info("turn.ended", turn=1, status="completed", seconds=1.0)
    assert ["", PARENT] == [trace.parent for trace in rig.traces]
    assert [None, "trace-1"] == [trace.root.attributes.get("turngate.client.trace") for trace in rig.traces]


def test_turn_with_very_many_stages_has_the_first_of_them_and_a_count(rig):
    """Nothing is unbounded; the next turn begins anew."""
    for _ in range(MAX_STAGES + 3):
        rig.after(0.0, "tool.answered", turn=1, outcome="answered", seconds=0.0)
    rig.after(0.0, "turn.ended", turn=1, status="completed", seconds=1.0)
    rig.after(0.0, "turn.ended", turn=2, status="completed", seconds=1.0)
    first, second = (trace.root for trace in rig.traces)
    assert (MAX_STAGES, 3) == (len(first.below), first.attributes["turngate.turn.omitted_spans"])
    assert "turngate.turn.omitted_spans" not in second.attributes


def test_session_when_it_has_ended_is_forgotten(rig):
    """And what comes of one that is not known is nothing."""
    rig.after(1.0, "session.ended", ending="client_left")
    rig.after(1.0, "turn.ended", turn=1, status="completed", seconds=1.0)
    assert ([], {}) == (rig.traces, rig.seen._sessions)


def test_words_of_others_are_in_no_span(rig):
    """Of whatever an event holds, only what is known by name is taken, and words only from closed lists."""
    fields = {"began": CANARY, "status": CANARY, "outcome": CANARY, "kind": CANARY, "detail": CANARY, "reason": CANARY}
    for event in ("gate.passed", "response.ended", "tool.answered", "upstream.error", "turn.ended"):
        rig.after(1.0, event, turn=1, seconds=1.0, wait_s=1.0, **fields)
    assert 1 == len(rig.traces)
    assert CANARY not in repr(rig.traces)
