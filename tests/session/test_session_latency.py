"""How long the user waited, as a client is told when the agent begins to speak."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import SAMPLES

from turngate.session import messages as m
from turngate.session.latency import Stopwatch

RESULT = m.ToolResult("c1", "f", "42")
Timed = tuple[float, m.Message]


def told(*timed: Timed, audio_at_s: float, response_id: str = "r1") -> tuple[float, float, float]:
    """The figures of a response whose first audio comes now, after these messages at these seconds."""
    stopwatch = Stopwatch()
    for now_s, message in timed:
        stopwatch.hear(message, now_s)
    stopwatch.hear(m.AgentAudioChunk(response_id, "i1", b"\0\0"), audio_at_s)
    filled = stopwatch.fill(m.AgentSpeaking(), audio_at_s)
    latency = filled.latency
    return (latency.total_s or 0.0, latency.text_s or 0.0, latency.speech_s or 0.0)


def latency_of(*timed: Timed, audio_at_s: float) -> m.Latency:
    """All figures of the response r1, whose first audio comes now."""
    stopwatch = Stopwatch()
    for now_s, message in (*timed, (audio_at_s, m.AgentAudioChunk("r1", "i1", b"\0\0"))):
        stopwatch.hear(message, now_s)
    return stopwatch.fill(m.AgentSpeaking(), audio_at_s).latency


def test_speech_when_the_turn_was_spoken_tells_how_long_writing_it_down_took() -> None:
    """If that was done by then; it is no part of the answer's own time."""
    said = [(10.0, m.SpeechStopped("u1")), (11.0, m.ResponseStarted("r1"))]
    assert latency_of(*said, audio_at_s=13.0).transcript_s is None
    assert 0.5 == latency_of(*said, (10.5, m.UserTranscribed("u1", "so")), audio_at_s=13.0).transcript_s


def test_speech_when_tools_were_called_before_it_tells_of_no_call_of_an_earlier_answer() -> None:
    """The answer to a tool's result counts from the result; the call itself came before."""
    call = m.ToolCallCompleted("r0", m.ToolCall("c1", "f", "{}"))
    heard = [(10.0, m.UserText("hi")), (11.0, call), (12.0, RESULT), (12.5, m.ResponseStarted("r1"))]
    assert latency_of(*heard, audio_at_s=13.0).tool_s is None
    beside = [(10.0, m.UserText("hi")), (10.5, m.ResponseStarted("r1")), (11.0, m.ToolCallCompleted("r1", call.call))]
    assert 1.0 == latency_of(*beside, audio_at_s=13.0).tool_s


@pytest.mark.parametrize(
    "turn", [m.UserText("hi"), m.SpeechStopped("u1"), RESULT], ids=lambda turn: type(turn).__name__
)
def test_speech_when_it_begins_is_counted_from_the_end_of_the_turn(turn: m.Message) -> None:
    """The whole, until the first text, and from there to the first sound."""
    started, text = m.ResponseStarted("r1"), m.AgentTextStarted("r1")
    assert (3.0, 2.0, 1.0) == told((10.0, turn), (11.0, started), (12.0, text), audio_at_s=13.0)


def test_speech_when_no_text_came_before_it_has_a_whole_only() -> None:
    """What is not known is zero."""
    assert (3.0, 0.0, 0.0) == told((10.0, m.UserText("hi")), (11.0, m.ResponseStarted("r1")), audio_at_s=13.0)


def test_speech_when_nobody_said_anything_is_counted_from_the_configuration() -> None:
    """The greeting is counted from the moment at which the settings, and the earlier conversation, were in place."""
    configured = [(1.0, m.UpdateConfirmed()), (2.0, m.ItemConfirmed("tg_2"))]
    assert (1.5, 0.0, 0.0) == told(*configured, (3.0, m.ResponseStarted("r1")), audio_at_s=3.5)


def test_speech_when_the_user_spoke_again_meanwhile_answers_the_earlier_turn() -> None:
    """A response that had started is not the answer to what the user wrote after that."""
    earlier = [(10.0, m.UserText("one")), (11.0, m.ResponseStarted("r1")), (12.0, m.UserText("two"))]
    assert (3.0, 0.0, 0.0) == told(*earlier, audio_at_s=13.0)
    assert (4.0, 0.0, 0.0) == told(*earlier, (15.0, m.ResponseStarted("r2")), audio_at_s=16.0, response_id="r2")


def test_speech_when_text_of_another_response_came_does_not_count_it() -> None:
    """The first text is that of the same response, and the first one only."""
    heard = [
        (10.0, m.UserText("one")),
        (11.0, m.ResponseStarted("r1")),
        (11.5, m.AgentTextStarted("r0")),
        (12.0, m.AgentTextStarted("r1")),
        (12.5, m.AgentTextStarted("r1")),
        (12.7, m.ResponseStarted("o1", in_conversation=False)),
    ]
    assert (3.0, 2.0, 1.0) == told(*heard, audio_at_s=13.0)


def test_speech_when_its_response_is_unknown_has_no_figures() -> None:
    """Nothing is made up for a response whose start was never heard."""
    assert (0.0, 0.0, 0.0) == told((10.0, m.UserText("one")), audio_at_s=13.0)
    assert (0.0, 0.0, 0.0) == told((10.0, m.ResponseStarted("r1")), audio_at_s=13.0)
    assert (0.0, 0.0, 0.0) == told((1.0, m.UserText("one")), (2.0, m.ResponseStarted("r2")), audio_at_s=3.0)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from([s for all_of in SAMPLES.values() for s in all_of]))))
def test_figures_when_anything_was_heard_at_any_time_are_sound(timed: list[Timed]) -> None:
    """No figure is negative, and the parts never exceed the whole, even if the clock runs backwards."""
    total_s, text_s, speech_s = told(*timed, audio_at_s=1e3, response_id="r0")
    assert min(total_s, text_s, speech_s) >= 0.0
    assert text_s + speech_s == pytest.approx(total_s) or text_s == speech_s == 0.0
