"""
The messages of a component that differ from Deepgram's, and the union of all that it may send.

Responsible for one class per message, tagged by ``type``. What the component's own settings hold is taken as it comes,
since what cannot be used of them is passed over. Must not know: what a message leads to.

Comes from: the bytes of a client. Goes to: ``settings.py`` and ``translation.py``.
"""

from typing import Any, Final, TypeAlias, get_args

import msgspec

from turngate.protocols.deepgram.client_events import (
    CustomToThinkProvider,
    ForceEndTurn,
    InjectAgentMessage,
    InjectUserMessage,
    KeepAlive,
    UpdateListen,
    UpdatePrompt,
    UpdateSpeak,
    UpdateThink,
    UpdateThinkLive,
)
from turngate.protocols.deepgram.codec import Malformed, decode
from turngate.protocols.deepgram.settings_tree import Audio, Function, Listen, PastConversation, PastItem, Wire


class Think(Wire, frozen=True):
    """``agent.think``; the provider need not be whole."""

    prompt: str | None = None
    functions: list[Function] | None = None
    provider: Any = None
    tool_choice: Any = msgspec.field(default=None, name="toolChoice")
    output_modalities: Any = msgspec.field(default=None, name="outputModalities")
    max_output_tokens: Any = msgspec.field(default=None, name="maxOutputTokens")
    managed_prompt: Any = msgspec.field(default=None, name="managedPrompt")


class Agent(Wire, frozen=True):
    """``agent``; what ``speak`` holds is never used."""

    greeting: str | None = None
    context: PastConversation | None = None
    messages: list[PastItem] | None = None
    listen: Listen | None = None
    think: Think | list[Think] | None = None
    speak: Any = None
    audio_output: Any = msgspec.field(default=None, name="sessionAudioOutput")
    idle_timeout_ms: Any = msgspec.field(default=None, name="idleTimeoutMs")
    commits_by_pause: Any = msgspec.field(default=None, name="useOpenAIManualAudioCommit")


class Settings(Wire, frozen=True, tag_field="type", tag="Settings"):
    """What the session is to be; may be sent again."""

    agent: Agent | str
    audio: Audio | None = None


class FunctionCallResponse(Wire, frozen=True, tag_field="type", tag="FunctionCallResponse"):
    """The result of a function call, in one of three places."""

    id: str | None = None
    name: str | None = None
    content: Any = None
    error: Any = None
    result: Any = msgspec.UNSET


ClientEvent: TypeAlias = (
    Settings
    | FunctionCallResponse
    | KeepAlive
    | UpdatePrompt
    | UpdateThink
    | UpdateThinkLive
    | UpdateSpeak
    | UpdateListen
    | InjectUserMessage
    | InjectAgentMessage
    | ForceEndTurn
    | CustomToThinkProvider
)

CLIENT_TYPES: Final = tuple(sorted(event.__struct_config__.tag for event in get_args(ClientEvent)))
"""Every ``type`` that a component may send."""

_EVENTS: Final[msgspec.json.Decoder[ClientEvent]] = msgspec.json.Decoder(ClientEvent)


def decode_client(payload: bytes) -> ClientEvent | Malformed:
    """The event that a component's text message holds, or why it holds none."""
    return decode(payload, _EVENTS, CLIENT_TYPES, Settings)
