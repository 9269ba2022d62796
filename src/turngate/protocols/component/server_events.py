"""
The messages to a component that Deepgram does not know, and their union.

Responsible for one class per message, tagged by ``type``. Must not know: when a message is due.

Comes from: ``translation.py``. Goes to: the bytes for a client.
"""

from typing import Any, TypeAlias

from turngate.protocols.deepgram.settings_tree import Wire


class UtteranceEnd(Wire, frozen=True, tag_field="type", tag="UtteranceEnd"):
    """Sent when the user stopped speaking."""

    channel: Any
    last_word_end: Any


class Transcript(Wire, frozen=True, tag_field="type", tag="Transcript"):
    """Sent as the user's speech is written down, with all of it so far."""

    transcript: str
    is_final: Any
    speech_final: Any
    channel: Any
    channel_index: Any
    start: Any
    duration: Any
    alternatives: Any


class AgentDone(Wire, frozen=True, tag_field="type", tag="AgentDone"):
    """Sent right before ``AgentAudioDone``."""


OwnEvent: TypeAlias = UtteranceEnd | Transcript | AgentDone
