"""
The twelve messages that a client sends as text, and their union.

Responsible for one class per message, tagged by ``type``. Must not know: what a message leads to.

Comes from: the bytes of a client, by :mod:`turngate.protocols.deepgram.codec`. Goes to: ``translation.py`` and
``settings.py``. Source: the protocol's reference for client messages, and the types of its Python SDK.
"""

from typing import Any, TypeAlias

from turngate.protocols.deepgram.settings_tree import (
    Agent,
    Audio,
    Flags,
    Listen,
    OlderSettings,
    Speak,
    Think,
    ThinkLive,
    Wire,
)


class Settings(Wire, frozen=True, tag_field="type", tag="Settings"):
    """The first message of a session: what it is to be. ``agent`` may name a stored configuration instead."""

    agent: Agent | str
    audio: Audio | None = None
    tags: list[str] | None = None
    experimental: bool | None = None
    mip_opt_out: bool | None = None
    flags: Flags | None = None
    settings: OlderSettings | None = None


class KeepAlive(Wire, frozen=True, tag_field="type", tag="KeepAlive"):
    """Sent every few seconds while no audio is sent; has no answer."""


class UpdatePrompt(Wire, frozen=True, tag_field="type", tag="UpdatePrompt"):
    """Sent to add text to the prompt; answered by ``PromptUpdated``."""

    prompt: str


class UpdateThink(Wire, frozen=True, tag_field="type", tag="UpdateThink"):
    """Sent to replace the whole of ``think``; answered by ``ThinkUpdated``."""

    think: Think | list[Think]


class UpdateThinkLive(Wire, frozen=True, tag_field="type", tag="UpdateThink_Live"):
    """Sent to replace ``think_live``; answered by ``ThinkLiveUpdated``. Its ``type`` has an underscore."""

    think_live: ThinkLive


class UpdateSpeak(Wire, frozen=True, tag_field="type", tag="UpdateSpeak"):
    """Sent to change the voice; answered by ``SpeakUpdated``."""

    speak: Speak | list[Speak]


class UpdateListen(Wire, frozen=True, tag_field="type", tag="UpdateListen"):
    """Sent to change how the user is heard; answered by ``ListenUpdated``."""

    listen: Listen


class InjectUserMessage(Wire, frozen=True, tag_field="type", tag="InjectUserMessage"):
    """Sent to say something as the user; the agent answers it."""

    content: str


class InjectAgentMessage(Wire, frozen=True, tag_field="type", tag="InjectAgentMessage"):
    """Sent to have the agent say ``message``, or a line of its own where ``is_dynamic`` is set."""

    message: str | None = None
    is_dynamic: bool | None = None
    behavior: str | None = None


class FunctionCallResponse(Wire, frozen=True, tag_field="type", tag="FunctionCallResponse"):
    """Sent with the result of a function call that the client was asked for."""

    name: str
    content: str
    id: str | None = None
    thought_signature: str | None = None


class ForceEndTurn(Wire, frozen=True, tag_field="type", tag="ForceEndTurn"):
    """Sent to end the user's turn at once."""


class CustomToThinkProvider(Wire, frozen=True, tag_field="type", tag="__customToThinkProvider"):
    """Sent to pass something on to a model of the client's own."""

    content: Any = None


LaterEvent: TypeAlias = (
    KeepAlive
    | UpdatePrompt
    | UpdateThink
    | UpdateThinkLive
    | UpdateSpeak
    | UpdateListen
    | InjectUserMessage
    | InjectAgentMessage
    | FunctionCallResponse
    | ForceEndTurn
    | CustomToThinkProvider
)
"""What a client may send after ``Settings``."""

ClientEvent: TypeAlias = Settings | LaterEvent
