"""
The twenty-two messages that a server sends as text, and their union.

Responsible for one class per message, tagged by ``type``. Fields that a server may leave out are left out when they
are ``None``. Must not know: when a message is due.

Comes from: ``translation.py``. Goes to: :mod:`turngate.protocols.deepgram.codec`, and so to the client. Source: the
protocol's reference for server messages, and the types of its Python SDK.
"""

from typing import Any, Literal, TypeAlias

from turngate.protocols.deepgram.settings_tree import PastCall, Wire


class Welcome(Wire, frozen=True, tag_field="type", tag="Welcome"):
    """Sent first, unasked."""

    request_id: str


class SettingsApplied(Wire, frozen=True, tag_field="type", tag="SettingsApplied"):
    """Sent when ``Settings`` are in force."""


class ConversationText(Wire, frozen=True, tag_field="type", tag="ConversationText", omit_defaults=True):
    """Sent for every line of the conversation; the languages only with a multilingual listening model."""

    role: Literal["user", "assistant"]
    content: str
    conversational_behavior: Literal["default", "backchannel", "presence_check", "filler"]
    languages_hinted: list[str] | None = None
    languages: list[str] | None = None


class UserStartedSpeaking(Wire, frozen=True, tag_field="type", tag="UserStartedSpeaking"):
    """Sent at each utterance of the user; the client stops playback."""


class AgentThinking(Wire, frozen=True, tag_field="type", tag="AgentThinking"):
    """Sent when the model works on an answer."""

    content: str


class AgentStartedSpeaking(Wire, frozen=True, tag_field="type", tag="AgentStartedSpeaking"):
    """Sent before the first audio of an answer; all latencies are in seconds."""

    total_latency: float
    tts_latency: float
    ttt_latency: float


class AgentAudioDone(Wire, frozen=True, tag_field="type", tag="AgentAudioDone"):
    """Sent after the last audio of an answer."""


class LatencyReport(Wire, frozen=True, tag_field="type", tag="LatencyReport", omit_defaults=True):
    """Sent once a turn; all latencies are in seconds."""

    stt_latency: float | None = None
    ttt_token_latency: float | None = None
    ttt_text_latency: float | None = None
    ttt_tool_latency: float | None = None
    ttt_thinking_latency: float | None = None
    tts_latency: float | None = None
    total_latency: float | None = None


class RequestedCall(Wire, frozen=True, omit_defaults=True):
    """One call of a ``FunctionCallRequest``; ``arguments`` is JSON text."""

    id: str
    name: str
    arguments: str
    client_side: bool
    thought_signature: str | None = None


class FunctionCallRequest(Wire, frozen=True, tag_field="type", tag="FunctionCallRequest"):
    """Sent when the model calls functions; the client answers those that are ``client_side``."""

    functions: list[RequestedCall]


class CancelledCall(Wire, frozen=True):
    """One call of a ``FunctionCallCancelled``."""

    id: str
    name: str


class FunctionCallCancelled(Wire, frozen=True, tag_field="type", tag="FunctionCallCancelled"):
    """Sent when calls are no longer to be answered."""

    functions: list[CancelledCall]


class FunctionResult(Wire, frozen=True, tag_field="type", tag="FunctionCallResponse", omit_defaults=True):
    """Sent when the server has called a function itself; the client's message of this type is another class."""

    name: str
    content: str
    id: str | None = None


class PromptUpdated(Wire, frozen=True, tag_field="type", tag="PromptUpdated"):
    """Answers ``UpdatePrompt``."""


class SpeakUpdated(Wire, frozen=True, tag_field="type", tag="SpeakUpdated"):
    """Answers ``UpdateSpeak``."""


class ThinkUpdated(Wire, frozen=True, tag_field="type", tag="ThinkUpdated"):
    """Answers ``UpdateThink``."""


class ListenUpdated(Wire, frozen=True, tag_field="type", tag="ListenUpdated"):
    """Answers ``UpdateListen``."""


class ThinkLiveUpdated(Wire, frozen=True, tag_field="type", tag="ThinkLiveUpdated"):
    """Answers ``UpdateThink_Live``."""


class InjectionRefused(Wire, frozen=True, tag_field="type", tag="InjectionRefused"):
    """Sent when an ``InjectAgentMessage`` is not spoken."""

    message: str


class FrustrationDetected(Wire, frozen=True, tag_field="type", tag="FrustrationDetected"):
    """Sent by Think Live."""

    count: int
    escalated: bool


class History(Wire, frozen=True, tag_field="type", tag="History", omit_defaults=True):
    """Sent after a line (``role``, ``content``) or after calls were answered (``function_calls``)."""

    role: Literal["user", "assistant"] | None = None
    content: str | None = None
    function_calls: list[PastCall] | None = None


class WarningEvent(Wire, frozen=True, tag_field="type", tag="Warning"):
    """Sent when something was not done; the session goes on."""

    code: str
    description: str


class ErrorEvent(Wire, frozen=True, tag_field="type", tag="Error"):
    """Sent before the session ends by a fault."""

    code: str
    description: str


class CustomFromThinkProvider(Wire, frozen=True, tag_field="type", tag="__customFromThinkProvider"):
    """Sent to pass something on from a model of the client's own."""

    content: Any


ServerEvent: TypeAlias = (
    Welcome
    | SettingsApplied
    | ConversationText
    | UserStartedSpeaking
    | AgentThinking
    | AgentStartedSpeaking
    | AgentAudioDone
    | LatencyReport
    | FunctionCallRequest
    | FunctionCallCancelled
    | FunctionResult
    | PromptUpdated
    | SpeakUpdated
    | ThinkUpdated
    | ListenUpdated
    | ThinkLiveUpdated
    | InjectionRefused
    | FrustrationDetected
    | History
    | WarningEvent
    | ErrorEvent
    | CustomFromThinkProvider
)
