"""
The Realtime protocol in the words of the session, and back.

Responsible for what each request of the session is on the wire, and what each event on the wire is in the session.

Must not know: when anything may be sent; sockets; the client's protocol.

Comes from: ``codec.py`` (events) and the rules' effects. Goes to: the coordinator (messages) and ``codec.py``.

Every ``response.create`` carries its event id as a ``metadata`` tag, since ``response.created`` does not name the event
that caused it.
"""

from collections.abc import Callable
from typing import Any, Final, assert_never

from attrs import frozen
from msgspec import UNSET, Raw, UnsetType

from turngate.protocols.realtime import client_events as c
from turngate.protocols.realtime import server_events as s
from turngate.session import messages as m

BYTES_A_SAMPLE: Final = 2

TAG: Final = "turngate"
"""The ``metadata`` key that carries the event id of a ``response.create``."""

SAY_PREFIX: Final = "Say exactly the following words aloud, all of them and no others, and do nothing else:\n\n"
"""What comes before words that are to be spoken as they are."""

ACTIVE_CODES: Final = frozenset({"conversation_already_has_active_response", "response_already_active"})
"""How servers say that a response is active."""

DEFAULT_SPEED: Final = 1.0
"""How fast the API speaks where nothing was set; an update cannot take a speed back otherwise."""

ACTIVE_WORDS: Final = "already has an active response"
"""How servers say it that send no code."""


@frozen
class RealtimeOptions:
    """What the operator decides about every upstream session."""

    transcription_model: str | None = "gpt-4o-transcribe"
    vad_threshold: float = 0.5
    vad_prefix_padding_ms: int = 300
    vad_silence_duration_ms: int = 500
    voice: str | None = None
    """The voice where the client asks for none; ``None`` leaves the upstream's own."""


class Translation:
    """The translation for one upstream; it keeps nothing between messages."""

    def __init__(self, options: RealtimeOptions | None = None) -> None:
        self._options = options or RealtimeOptions()

    # --- to the wire ------------------------------------------------------------------------------------------------

    def to_upstream(self, effect: m.UpstreamEffect) -> c.ClientEvent:
        """The event that asks for an effect."""
        match effect:
            case m.AppendAudio(pcm):
                return c.InputAudioBufferAppend(audio=pcm)
            case m.SendUpdate(event_id, config, confirmed):
                session = self._first(config) if confirmed is None else self._changed(config, confirmed)
                return c.SessionUpdate(event_id=event_id, session=session)
            case m.StartResponse(event_id, say):
                return c.ResponseCreate(event_id=event_id, response=_response(event_id, say))
            case m.AddLine(event_id, item_id, role, text):
                part: c.Part = c.InputText(text=text) if role is m.Role.USER else c.OutputText(text=text)
                line = c.MessageItem(id=item_id, role=role.value, content=[part])
                return c.ConversationItemCreate(event_id=event_id, item=line)
            case m.AddCall(event_id, item_id, m.ToolCall(call_id, name, arguments)):
                call = c.FunctionCallItem(id=item_id, call_id=call_id, name=name, arguments=arguments)
                return c.ConversationItemCreate(event_id=event_id, item=call)
            case m.AddToolOutput(event_id, item_id, call_id, output):
                result = c.FunctionCallOutputItem(id=item_id, call_id=call_id, output=output)
                return c.ConversationItemCreate(event_id=event_id, item=result)
            case m.CancelResponse(event_id, response_id):
                return c.ResponseCancel(event_id=event_id, response_id=response_id)
            case _:
                assert_never(effect)

    def _first(self, config: m.SessionConfig) -> c.Session:
        """The whole session. The proxy alone starts responses, so that it always knows what is active."""
        options, pcm = self._options, c.Pcm(rate=m.SESSION_RATE_HZ)
        detection = c.ServerVad(
            threshold=options.vad_threshold,
            prefix_padding_ms=options.vad_prefix_padding_ms,
            silence_duration_ms=options.vad_silence_duration_ms,
            create_response=False,
            interrupt_response=True,
        )
        return c.Session(
            output_modalities=["audio"],
            instructions=config.instructions,
            audio=c.Audio(
                input=c.AudioInput(
                    format=pcm, transcription=self._transcription(config.language), turn_detection=detection
                ),
                output=c.AudioOutput(format=pcm, voice=_or_unset(self._voice(config)), speed=_or_unset(config.speed)),
            ),
            tools=_tools(config.tools),
            tool_choice="auto",
        )

    def _changed(self, config: m.SessionConfig, confirmed: m.SessionConfig) -> c.Session:
        """Only what differs: a voice that is named again after the first audio would refuse the whole update."""
        voice, hearing = self._voice(config), self._transcription(config.language)
        output = c.AudioOutput(
            voice=_or_unset(voice) if voice != self._voice(confirmed) else UNSET,
            speed=(DEFAULT_SPEED if config.speed is None else config.speed)
            if config.speed != confirmed.speed
            else UNSET,
        )
        audio = c.Audio(
            input=c.AudioInput(transcription=hearing) if hearing != self._transcription(confirmed.language) else UNSET,
            output=output if output != c.AudioOutput() else UNSET,
        )
        return c.Session(
            instructions=config.instructions if config.instructions != confirmed.instructions else UNSET,
            tools=_tools(config.tools) if config.tools != confirmed.tools else UNSET,
            audio=audio if audio != c.Audio() else UNSET,
        )

    def _voice(self, config: m.SessionConfig) -> str | None:
        return config.voice or self._options.voice

    def _transcription(self, language: str | None) -> c.Transcription | None:
        model = self._options.transcription_model
        return c.Transcription(model=model, language=_or_unset(language)) if model else None

    # --- from the wire ----------------------------------------------------------------------------------------------

    def to_session(self, event: s.ServerEvent) -> m.UpstreamMessage | None:
        """What an event means for the session; None where it means nothing."""
        reading = READINGS.get(type(event))
        return reading(event) if reading is not None else None


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value


def _tools(tools: tuple[m.ToolSpec, ...]) -> list[c.Tool]:
    return [
        c.FunctionTool(
            name=tool.name,
            description=tool.description or UNSET,
            parameters=Raw(tool.parameters.encode()),
        )
        for tool in tools
    ]


def _response(event_id: str, say: str | None) -> c.ResponseParams:
    words: str | UnsetType = UNSET if say is None else SAY_PREFIX + say
    return c.ResponseParams(metadata={TAG: event_id}, instructions=words, tool_choice=UNSET if say is None else "none")


def _refused(event: s.ErrorEvent) -> m.Refused:
    error = _error(event.error)
    message = error.message or ""
    active = error.code in ACTIVE_CODES or (error.code is None and ACTIVE_WORDS in message.lower())
    return m.Refused(error.event_id, _text(error.code), message, error.param, active)


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
    return m.ResponseEnded(
        response.id, status, _reason(response), calls, _tag(response), response.conversation_id is not None
    )


def _reason(response: s.Response) -> str | None:
    details = response.status_details
    if details is None or isinstance(details, str):
        return details
    if details.reason or details.error is None:
        return details.reason
    error = _error(details.error)
    return _text(error.code) or error.type


def _error(error: s.Error | str) -> s.Error:
    return s.Error(message=error) if isinstance(error, str) else error


def _text(code: str | int | None) -> str | None:
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


def _output_done(event: s.ResponseOutputItemDone) -> m.ToolCallCompleted | None:
    call = _call(event.item)
    return m.ToolCallCompleted(event.response_id or "", call) if call is not None else None


def _item(event: s.ConversationItemAdded | s.ConversationItemDone | s.ConversationItemCreated) -> m.ItemConfirmed:
    return m.ItemConfirmed(event.item.id or "")


def _audio(event: s.ResponseOutputAudioDelta) -> m.AgentAudioChunk | None:
    whole = event.delta if len(event.delta) % BYTES_A_SAMPLE == 0 else event.delta[:-1]
    return m.AgentAudioChunk(event.response_id or "", event.item_id or "", whole) if whole else None


def _text_begun(event: s.ResponseOutputTextDelta | s.ResponseOutputAudioTranscriptDelta) -> m.AgentTextStarted:
    return m.AgentTextStarted(event.response_id or "")


def _written(event: s.ResponseOutputTextDone) -> m.AgentTextEnded:
    return m.AgentTextEnded(event.response_id or "", event.item_id or "", event.text or "")


def _spoken(event: s.ResponseOutputAudioTranscriptDone) -> m.AgentTextEnded:
    return m.AgentTextEnded(event.response_id or "", event.item_id or "", event.transcript or "")


def _not_transcribed(event: s.InputAudioTranscriptionFailed) -> m.TranscriptionFailed:
    return m.TranscriptionFailed(event.item_id or "", _text(_error(event.error).code))


Reading = Callable[[Any], m.UpstreamMessage | None]

_GA_READINGS: Final[dict[type, Reading]] = {
    s.ResponseOutputAudioDelta: _audio,
    s.ResponseOutputAudioDone: lambda e: m.AgentAudioSegmentEnded(e.response_id or ""),
    s.ResponseOutputAudioTranscriptDelta: _text_begun,
    s.ResponseOutputTextDelta: _text_begun,
    s.ResponseOutputAudioTranscriptDone: _spoken,
    s.ResponseOutputTextDone: _written,
    s.ResponseCreated: _started,
    s.ResponseDone: _ended,
    s.ResponseOutputItemDone: _output_done,
    s.SessionCreated: lambda _: m.UpstreamReady(),
    s.SessionUpdated: lambda _: m.UpdateConfirmed(),
    s.ErrorEvent: _refused,
    s.ConversationItemAdded: _item,
    s.ConversationItemDone: _item,
    s.ConversationItemCreated: _item,
    s.InputAudioBufferSpeechStarted: lambda e: m.SpeechStarted(e.item_id or ""),
    s.InputAudioBufferSpeechStopped: lambda e: m.SpeechStopped(e.item_id or ""),
    s.InputAudioBufferCommitted: lambda e: m.SpeechCommitted(e.item_id or ""),
    s.InputAudioTranscriptionCompleted: lambda e: m.UserTranscribed(e.item_id or "", e.transcript or ""),
    s.InputAudioTranscriptionFailed: _not_transcribed,
}

READINGS: Final[dict[type, Reading]] = {
    **_GA_READINGS,
    s.BetaTextDelta: _GA_READINGS[s.ResponseOutputTextDelta],
    s.BetaTextDone: _GA_READINGS[s.ResponseOutputTextDone],
    s.BetaAudioDelta: _GA_READINGS[s.ResponseOutputAudioDelta],
    s.BetaAudioDone: _GA_READINGS[s.ResponseOutputAudioDone],
    s.BetaAudioTranscriptDelta: _GA_READINGS[s.ResponseOutputAudioTranscriptDelta],
    s.BetaAudioTranscriptDone: _GA_READINGS[s.ResponseOutputAudioTranscriptDone],
}
"""What each event means for the session; events that are not here mean nothing to it, and are counted."""
