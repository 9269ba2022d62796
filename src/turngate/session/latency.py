"""
How long the user waited: from the end of a turn to the first sound of its answer.

Responsible for the three figures that go with the beginning of the agent's speech. It is told the time with every
message, and reads no clock.

Must not know: what a client protocol calls the figures.

A response answers the turn that had ended last when it started; what the user says afterwards is for the next one. The
end of a turn is the end of the user's speech, a written turn, or a tool result. Before the first of them it is the
moment at which the session was configured, from which the greeting is counted.
"""

from attrs import frozen

from turngate.evolving import evolve
from turngate.session.messages import (
    AgentAudioChunk,
    AgentSpeaking,
    AgentTextStarted,
    ItemConfirmed,
    Latency,
    Message,
    ResponseStarted,
    SpeechStopped,
    ToolCallCompleted,
    ToolResult,
    UpdateConfirmed,
    UserText,
    UserTranscribed,
)


@frozen
class Answer:
    """What is known of the response that started last, in seconds of the clock."""

    response_id: str
    since_s: float | None
    """When the turn ended that it answers."""
    text_at_s: float | None = None
    """When its first text came."""


@frozen
class Turn:
    """What is known of the turn that ended last, in seconds of the clock."""

    ended_s: float
    tool_at_s: float | None = None
    """When the first tool call came that it led to."""
    transcript_at_s: float | None = None
    """When the user's speech was written down."""


class Stopwatch:
    """Measures one session. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._configured_s: float | None = None
        self._turn: Turn | None = None
        self._answer: Answer | None = None
        self._heard: str | None = None

    def hear(self, message: Message, now_s: float) -> None:
        """Take note of a message, before the rules see it."""
        match message:
            case UpdateConfirmed() | ItemConfirmed() if self._turn is None and self._answer is None:
                self._configured_s = now_s
            case UserText() | SpeechStopped():
                self._turn = Turn(now_s)
            case ToolResult():
                self._turn = Turn(now_s, self._turn.tool_at_s if self._turn else None)
            case UserTranscribed() if self._turn is not None and self._turn.transcript_at_s is None:
                self._turn = evolve(self._turn, transcript_at_s=now_s)
            case ToolCallCompleted() if self._turn is not None and self._turn.tool_at_s is None:
                self._turn = evolve(self._turn, tool_at_s=now_s)
            case ResponseStarted(response_id, in_conversation=True):
                since_s = self._turn.ended_s if self._turn is not None else self._configured_s
                self._answer = Answer(response_id, since_s)
            case AgentTextStarted(response_id):
                answer = self._answer
                self._heard = response_id
                if answer is not None and answer.response_id == response_id and answer.text_at_s is None:
                    self._answer = evolve(answer, text_at_s=now_s)
            case AgentAudioChunk(response_id):
                self._heard = response_id
            case _:
                pass

    def fill(self, effect: AgentSpeaking, now_s: float) -> AgentSpeaking:
        """
        The same beginning of speech with its figures, for the audio that was heard last.

        None is negative. Where the first text is known, the time until it and the time from it to the sound add up to
        the whole.
        """
        answer, turn = self._answer, self._turn
        if answer is None or answer.since_s is None or answer.response_id != self._heard:
            return effect
        since_s = answer.since_s
        total_s = max(0.0, now_s - since_s)
        text_s = speech_s = transcript_s = tool_s = None
        if answer.text_at_s is not None:
            text_s = min(max(0.0, answer.text_at_s - since_s), total_s)
            speech_s = total_s - text_s
        if turn is not None and turn.transcript_at_s is not None:
            transcript_s = max(0.0, turn.transcript_at_s - turn.ended_s)
        if turn is not None and turn.tool_at_s is not None and turn.tool_at_s >= since_s:
            tool_s = turn.tool_at_s - since_s
        return evolve(effect, latency=Latency(total_s, text_s, speech_s, tool_s, transcript_s))
