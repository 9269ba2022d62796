"""
What each event of a Realtime server means for the session.

Responsible for the half of the translation that reads: one small function an event, found by the event's class. What is
not in the table means nothing to a session.

Must not know: what a message leads to; what was said before. It keeps nothing.

Comes from: ``codec.py``, by way of ``translation.py``. Goes to: the coordinator, as messages.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from turngate.protocols.realtime import server_events as s
from turngate.protocols.realtime.dialects import ACTIVE_CODES, VOICE_LOCKED_CODES
from turngate.protocols.realtime.wire import JsonObject
from turngate.session import messages as m

TAG: Final = "turngate"
"""The ``metadata`` key that carries the event id of a ``response.create``."""


ACTIVE_WORDS: Final = "already has an active response"
"""How servers say it that send no code."""


HEARD_FIELDS: Final = ("is_final", "speech_final", "channel", "channel_index", "start", "duration", "alternatives")
"""What servers say of the user's speech that know more than the API tells."""


def _refused(event: s.ErrorEvent) -> m.Refused:
    error = error_of(event.error)
    message = error.message or ""
    active = error.code in ACTIVE_CODES or (error.code is None and ACTIVE_WORDS in message.lower())
    voice_locked = error.code in VOICE_LOCKED_CODES
    return m.Refused(error.event_id, text_of(error.code), message, error.param, active, voice_locked)


def _started(event: s.ResponseCreated) -> m.ResponseStarted:
    response = event.response
    return m.ResponseStarted(response.id, _tag(response), response.conversation_id is not None)


def _ended(event: s.ResponseDone) -> m.ResponseEnded:
    response = event.response
    try:
        status = m.ResponseStatus(response.status)
    except ValueError:
        # some servers leave the status out, or say "in_progress" to the last
        status = m.ResponseStatus.COMPLETED
    calls = tuple(call for item in response.output or () if (call := _call(item)) is not None)
    items = tuple(item.id for item in response.output or () if item.type == "message" and item.id)
    texts = tuple((item.id, text) for item in response.output or () if item.id and (text := _words(item)))
    in_conversation = response.conversation_id is not None
    return m.ResponseEnded(
        response.id,
        status,
        _reason(response),
        calls,
        _tag(response),
        in_conversation,
        items,
        texts,
        usage_of(response.usage),
    )


MAX_TOKENS: Final = 10_000_000
"""A response that claims to have cost more is not believed."""
KINDS: Final = ("text", "audio", "image")


def usage_of(usage: JsonObject | None) -> m.Usage:
    """
    The tokens of a response: what cannot be read is nothing.

    Servers that count tokens and not their kinds mean text for all we know, and so do those that count cached ones so.
    """
    came, went = _table(usage, "input_token_details"), _table(usage, "output_token_details")
    cached = _table(came, "cached_tokens_details")
    text, audio, image = (_count(came, f"{kind}_tokens") for kind in KINDS)
    text = text if text + audio + image else _count(usage, "input_tokens")
    old_text, old_audio, old_image = (_count(cached, f"{kind}_tokens") for kind in KINDS)
    old_text = old_text if old_text + old_audio + old_image else _count(came, "cached_tokens")
    said, spoken = _count(went, "text_tokens"), _count(went, "audio_tokens")
    return m.Usage(
        text,
        audio,
        image,
        min(old_text, text),
        min(old_audio, audio),
        min(old_image, image),
        said if said + spoken else _count(usage, "output_tokens"),
        spoken,
    )


def _table(table: JsonObject | None, name: str) -> JsonObject:
    value = (table or {}).get(name)
    return value if isinstance(value, dict) else {}


def _count(table: JsonObject | None, name: str) -> int:
    value = (table or {}).get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS else 0


def _reason(response: s.Response) -> str | None:
    details = response.status_details
    if not isinstance(details, s.StatusDetails):
        return None
    if details.reason or details.error is None:
        return details.reason
    error = error_of(details.error)
    return text_of(error.code) or error.type


def error_of(error: s.Error | str) -> s.Error:
    """An error, which some servers send as its message alone."""
    return s.Error(message=error) if isinstance(error, str) else error


def text_of(code: str | int | None) -> str | None:
    """A code, which some servers send as a number."""
    return None if code is None else str(code)


def _tag(response: s.Response) -> str | None:
    tag = (response.metadata or {}).get(TAG)
    return tag if isinstance(tag, str) else None


def _call(item: s.Item) -> m.ToolCall | None:
    """A tool call whose arguments are complete."""
    if item.type != "function_call" or item.status in ("incomplete", "in_progress"):
        return None
    if not item.call_id or not item.name:
        return None
    return m.ToolCall(item.call_id, item.name, item.arguments or "{}")


def _words(item: s.Item) -> str:
    """All that a message of the agent says, a line for each of its parts."""
    if item.type != "message" or item.role != "assistant" or not item.content:
        return ""
    parts = [item.content] if isinstance(item.content, str) else [_part(part) for part in item.content]
    return "\n".join(part for part in parts if part)


def _part(part: s.Part) -> str:
    if part.type == "function_call" and part.name:
        return f"Function call: {part.name}({part.arguments or ''})"
    return part.text or part.transcript or ""


def _output_done(event: s.ResponseOutputItemDone) -> m.ToolCallCompleted | m.AgentItemEnded | None:
    item, response_id = event.item, event.response_id or ""
    call = _call(item)
    if call is not None:
        return m.ToolCallCompleted(response_id, call)
    if item.type == "message" and item.role == "assistant" and item.id:
        return m.AgentItemEnded(response_id, item.id, _words(item))
    return None


def _arguments_done(event: s.ResponseFunctionCallArgumentsDone) -> m.ToolCallCompleted | None:
    """A call that says its name; that of one which does not comes with its item."""
    if not event.call_id or not event.name:
        return None
    return m.ToolCallCompleted(event.response_id or "", m.ToolCall(event.call_id, event.name, event.arguments or "{}"))


def _item(
    event: s.ConversationItemAdded | s.ConversationItemDone | s.ConversationItemCreated,
) -> m.ItemConfirmed | None:
    return m.ItemConfirmed(event.item.id) if event.item.id else None


def _audio(event: s.ResponseOutputAudioDelta) -> m.AgentAudioChunk | None:
    return m.AgentAudioChunk(event.response_id or "", event.item_id or "", event.delta) if event.delta else None


def _text_begun(event: s.ResponseOutputTextDelta | s.ResponseOutputAudioTranscriptDelta) -> m.AgentTextStarted:
    return m.AgentTextStarted(event.response_id or "")


def _written(event: s.ResponseOutputTextDone) -> m.AgentTextEnded:
    kind = m.TextKind.WRITTEN
    return m.AgentTextEnded(event.response_id or "", event.item_id or "", event.text or "", kind)


def _spoken(event: s.ResponseOutputAudioTranscriptDone) -> m.AgentTextEnded | None:
    """A transcript that is there; where a server leaves it out, it comes with its item."""
    if event.transcript is None:
        return None
    return m.AgentTextEnded(event.response_id or "", event.item_id or "", event.transcript)


def _own(event: s.ServerEvent, *names: str) -> str:
    """What a server says beyond the API, as JSON text."""
    said = {name: value for name in names if (value := getattr(event, name)) is not None}
    return msgspec.json.encode(said).decode() if said else "{}"


def _stopped(event: s.InputAudioBufferSpeechStopped) -> m.SpeechStopped:
    return m.SpeechStopped(event.item_id or "", _own(event, "channel", "last_word_end"))


def _committed(event: s.InputAudioBufferCommitted) -> m.SpeechCommitted:
    # a turn is known by its item; without one by this event, so that it is taken for no other and counts once
    return m.SpeechCommitted(event.item_id or event.event_id or "")


def _partly_transcribed(event: s.InputAudioTranscriptionDelta) -> m.UserPartlyTranscribed | None:
    if not event.delta:
        return None
    return m.UserPartlyTranscribed(event.item_id or "", event.delta, _own(event, *HEARD_FIELDS))


def _transcribed(event: s.InputAudioTranscriptionCompleted) -> m.UserTranscribed:
    languages = event.languages if isinstance(event.languages, list) else ()
    names = tuple(language for language in languages if isinstance(language, str))
    return m.UserTranscribed(event.item_id or "", event.transcript or "", names, _own(event, *HEARD_FIELDS))


def _not_transcribed(event: s.InputAudioTranscriptionFailed) -> m.TranscriptionFailed:
    return m.TranscriptionFailed(event.item_id or "", text_of(error_of(event.error).code))


Reading: TypeAlias = Callable[[Any], m.UpstreamMessage | None]

_GA_READINGS: Final[Mapping[type, Reading]] = {
    s.ResponseOutputAudioDelta: _audio,
    s.ResponseOutputAudioDone: lambda e: m.AgentAudioSegmentEnded(e.response_id or ""),
    s.ResponseOutputAudioTranscriptDelta: _text_begun,
    s.ResponseOutputTextDelta: _text_begun,
    s.ResponseOutputAudioTranscriptDone: _spoken,
    s.ResponseOutputTextDone: _written,
    s.ResponseCreated: _started,
    s.ResponseDone: _ended,
    s.ResponseOutputItemDone: _output_done,
    s.ResponseFunctionCallArgumentsDone: _arguments_done,
    s.SessionCreated: lambda _: m.UpstreamReady(),
    s.SessionUpdated: lambda _: m.UpdateConfirmed(),
    s.ErrorEvent: _refused,
    s.ConversationItemAdded: _item,
    s.ConversationItemDone: _item,
    s.ConversationItemCreated: _item,
    s.InputAudioBufferSpeechStarted: lambda e: m.SpeechStarted(e.item_id or ""),
    s.InputAudioBufferSpeechStopped: _stopped,
    s.InputAudioBufferCommitted: _committed,
    s.InputAudioTranscriptionDelta: _partly_transcribed,
    s.InputAudioTranscriptionCompleted: _transcribed,
    s.InputAudioTranscriptionFailed: _not_transcribed,
}

READINGS: Final[Mapping[type, Reading]] = {
    **_GA_READINGS,
    s.BetaTextDelta: _GA_READINGS[s.ResponseOutputTextDelta],
    s.BetaTextDone: _GA_READINGS[s.ResponseOutputTextDone],
    s.BetaAudioDelta: _GA_READINGS[s.ResponseOutputAudioDelta],
    s.BetaAudioDone: _GA_READINGS[s.ResponseOutputAudioDone],
    s.BetaAudioTranscriptDelta: _GA_READINGS[s.ResponseOutputAudioTranscriptDelta],
    s.BetaAudioTranscriptDone: _GA_READINGS[s.ResponseOutputAudioTranscriptDone],
}
"""What each event means for the session; events that are not here mean nothing to it, and are counted."""
