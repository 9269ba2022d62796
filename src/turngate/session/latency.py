"""
How long the user waited: from the end of a turn to the first sound of its answer.

Responsible for the three figures that go with the beginning of the agent's speech. It is told the time with every
message, and reads no clock.

Must not know: what a client protocol calls the figures.
"""

from attrs import evolve

from turngate.session.messages import (
    AgentSpeaking,
    AgentTextStarted,
    Message,
    ResponseStarted,
    SpeechStopped,
    ToolResult,
    UpdateConfirmed,
    UserText,
)


class Stopwatch:
    """Measures one session. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._text_at_s: float | None = None

    def hear(self, message: Message, now_s: float) -> None:
        """Take note of a message, before the rules see it."""
        match message:
            case UserText() | SpeechStopped() | ToolResult():
                self._since_s = now_s
            case UpdateConfirmed() if self._since_s is None:
                self._since_s = now_s  # the greeting answers the settings
            case ResponseStarted():
                self._text_at_s = None
            case AgentTextStarted() if self._text_at_s is None:
                self._text_at_s = now_s
            case _:
                pass

    def fill(self, effect: AgentSpeaking, now_s: float) -> AgentSpeaking:
        """The same beginning of speech with its figures; 0.0 stands for what is not known."""
        since_s, text_at_s = self._since_s, self._text_at_s
        total_s = max(0.0, now_s - since_s) if since_s is not None else 0.0
        if text_at_s is None:
            return evolve(effect, total_s=total_s)
        speech_s = min(max(0.0, now_s - text_at_s), total_s)
        return evolve(effect, total_s=total_s, text_s=total_s - speech_s, speech_s=speech_s)
