"""
The Realtime protocol in the words of the session, and back.

Responsible for what each request of the session is on the wire, and what each event on the wire is in the session.

Must not know: when anything may be sent; sockets; the client's protocol.

Comes from: ``codec.py`` (events) and the rules' effects. Goes to: the coordinator (messages) and ``codec.py``.

Every ``response.create`` carries its event id as a ``metadata`` tag, since ``response.created`` does not name the event
that caused it.
"""

from enum import Enum
from typing import Any, Final, assert_never

import msgspec
from attrs import evolve, frozen
from msgspec import UNSET, Raw, UnsetType

from turngate.protocols.realtime import client_events as c
from turngate.protocols.realtime import server_events as s
from turngate.protocols.realtime import session_object as o
from turngate.protocols.realtime.dialect_wire import encode
from turngate.protocols.realtime.dialects import GA, Dialect, Hints
from turngate.protocols.realtime.readings import READINGS, TAG
from turngate.protocols.realtime.wire import JsonObject
from turngate.session import messages as m

SAY_PREFIX: Final = "Say exactly the following words aloud, all of them and no others, and do nothing else:\n\n"
"""What comes before words that are to be spoken as they are."""

KEYTERMS_PREFIX: Final = "Words to expect: "
"""What comes before the words that the user is likely to say, in the transcription's prompt."""

UNBOUNDED: Final = "inf"
"""What takes back a bound on the length of answers."""

DEFAULT_SPEED: Final = 1.0
"""How fast the API speaks where nothing was set; an update cannot take a speed back otherwise."""


class Own(Enum):
    """Leaves a decision to the dialect."""

    OWN = "the dialect's own"


OWN: Final = Own.OWN


@frozen
class RealtimeOptions:
    """What the operator decides about every upstream session."""

    transcription_model: str | Own | None = OWN
    """What writes down the user's speech; ``None`` leaves it unwritten."""
    vad_threshold: float = 0.5
    vad_prefix_padding_ms: int = 300
    vad_silence_duration_ms: int = 500
    voice: str | None = None
    """The voice where the client asks for none; ``None`` leaves the upstream's own."""
    text_ends_response: bool = False
    """Whether the upstream ends a written answer with its text alone, and never says ``response.done``."""


class Translation:
    """The translation for one upstream; it keeps nothing between messages."""

    def __init__(self, options: RealtimeOptions | None = None, dialect: Dialect = GA) -> None:
        self._options = options or RealtimeOptions()
        self._dialect = dialect

    # --- to the wire ------------------------------------------------------------------------------------------------

    def to_wire(self, effect: m.UpstreamEffect) -> bytes:
        """The message that asks for an effect, as this upstream has it."""
        return encode(self.to_upstream(effect), self._dialect)

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
            case m.AddLine(event_id, item_id, role, text, after):
                part: c.Part = c.InputText(text=text) if role is m.Role.USER else c.OutputText(text=text)
                line = c.MessageItem(id=item_id, role=role.value, content=[part])
                return c.ConversationItemCreate(event_id=event_id, item=line, previous_item_id=_or_unset(after))
            case m.AddCall(event_id, item_id, m.ToolCall(call_id, name, arguments)):
                call = c.FunctionCallItem(id=item_id, call_id=call_id, name=name, arguments=arguments)
                return c.ConversationItemCreate(event_id=event_id, item=call)
            case m.AddToolOutput(event_id, item_id, call_id, output):
                result = c.FunctionCallOutputItem(id=item_id, call_id=call_id, output=output)
                return c.ConversationItemCreate(event_id=event_id, item=result)
            case m.CommitAudio(event_id):
                return c.InputAudioBufferCommit(event_id=event_id)
            case m.TruncateItem(event_id, item_id, audio_end_ms):
                return c.ConversationItemTruncate(
                    event_id=event_id, item_id=item_id, content_index=0, audio_end_ms=audio_end_ms
                )
            case m.DeleteItem(event_id, item_id):
                return c.ConversationItemDelete(event_id=event_id, item_id=item_id)
            case m.CancelResponse(event_id, response_id):
                return c.ResponseCancel(event_id=event_id, response_id=response_id)
            case _:
                assert_never(effect)

    def _first(self, config: m.SessionConfig) -> o.Session:
        """The whole session. Unless it is configured otherwise the proxy alone starts responses."""
        return o.Session(
            type="realtime",
            output_modalities=[config.output.value],
            instructions=config.instructions,
            audio=o.Audio(
                input=o.AudioInput(
                    format=_format(config.input_sound),
                    transcription=self._transcription(config),
                    turn_detection=self._detection(config, UNSET),
                ),
                output=o.AudioOutput(
                    format=_format(config.output_sound),
                    voice=_or_unset(self._voice(config)),
                    speed=_or_unset(config.speed),
                ),
            ),
            tools=_tools(config.tools),
            tool_choice=_tool_choice(config.tool_choice),
            max_output_tokens=_or_unset(config.max_output_tokens),
            reasoning=_reasoning(config.effort),
            prompt=UNSET if config.stored_prompt is None else _prompt(config.stored_prompt),
        )

    def _changed(self, config: m.SessionConfig, confirmed: m.SessionConfig) -> o.Session:
        """Only what differs: a voice that is named again after the first audio would refuse the whole update."""
        voice, hearing = self._voice(config), self._transcription(config)
        output = o.AudioOutput(
            voice=_or_unset(voice) if voice != self._voice(confirmed) else UNSET,
            speed=(DEFAULT_SPEED if config.speed is None else config.speed)
            if config.speed != confirmed.speed
            else UNSET,
        )
        given = o.AudioInput(
            transcription=hearing if hearing != self._transcription(confirmed) else UNSET,
            turn_detection=self._detection(config, None)
            if (config.turn_end, config.starter) != (confirmed.turn_end, confirmed.starter)
            else UNSET,
        )
        audio = o.Audio(
            input=given if given != o.AudioInput() else UNSET,
            output=output if output != o.AudioOutput() else UNSET,
        )
        return o.Session(
            type="realtime",
            output_modalities=[config.output.value] if config.output != confirmed.output else UNSET,
            instructions=config.instructions if config.instructions != confirmed.instructions else UNSET,
            tools=_tools(config.tools) if config.tools != confirmed.tools else UNSET,
            tool_choice=_tool_choice(config.tool_choice) if config.tool_choice != confirmed.tool_choice else UNSET,
            max_output_tokens=(config.max_output_tokens or UNBOUNDED)
            if config.max_output_tokens != confirmed.max_output_tokens
            else UNSET,
            audio=audio if audio != o.Audio() else UNSET,
            reasoning=_reasoning(config.effort) if config.effort != confirmed.effort else UNSET,
            prompt=_prompt(config.stored_prompt) if config.stored_prompt != confirmed.stored_prompt else UNSET,
        )

    def _voice(self, config: m.SessionConfig) -> str | o.CustomVoice | None:
        if isinstance(config.voice, m.OwnVoice):
            return o.CustomVoice(id=config.voice.voice_id)
        return config.voice or self._options.voice

    def _transcription(self, config: m.SessionConfig) -> o.Transcription | None:
        model = self._options.transcription_model
        if not model:
            return None
        if isinstance(model, Own):
            model = self._dialect.transcription_model
        hint = KEYTERMS_PREFIX + ", ".join(config.keyterms) if config.keyterms else UNSET
        terms = list(config.keyterms) or UNSET
        return o.Transcription(
            model=_or_unset(model),
            language=_or_unset(config.language),
            prompt=hint if self._dialect.hints is Hints.PROMPT else UNSET,
            keywords=terms if self._dialect.hints is Hints.TERMS else UNSET,
        )

    def _detection(self, config: m.SessionConfig, never: UnsetType | None) -> o.ServerVad | o.SemanticVad | None:
        """How turns are found; ``never`` stands for no idle time-out, and in a change takes back one that was set."""
        creates = config.starter is m.Starter.UPSTREAM
        match config.turn_end:
            case m.ByPause():
                return None
            case m.BySilence(silence_ms, idle_ms):
                options = self._options
                return o.ServerVad(
                    threshold=options.vad_threshold,
                    prefix_padding_ms=options.vad_prefix_padding_ms,
                    silence_duration_ms=options.vad_silence_duration_ms if silence_ms is None else silence_ms,
                    idle_timeout_ms=never if idle_ms is None else idle_ms,
                    create_response=creates,
                    interrupt_response=True,
                )
            case m.ByMeaning(eagerness):
                return o.SemanticVad(eagerness=eagerness.value, create_response=creates, interrupt_response=True)

    # --- from the wire ----------------------------------------------------------------------------------------------

    def to_session(self, event: s.ServerEvent) -> m.UpstreamMessage | None:
        """What an event means for the session; None where it means nothing."""
        reading = READINGS.get(type(event))
        message = reading(event) if reading is not None else None
        match message:
            case m.AgentTextEnded(kind=m.TextKind.WRITTEN) if not self._ends_responses:
                return evolve(message, kind=m.TextKind.LAST)
            case m.Refused(code=None) if isinstance(event, s.ErrorEvent) and isinstance(event.error, s.Error):
                return evolve(message, code=getattr(event.error, self._dialect.error_code_field))
            case None if isinstance(event, s.ConversationCreated) and self._dialect.is_ready_by_conversation:
                return m.UpstreamReady()
            case _:
                return message

    def audio_to_session(self, payload: bytes) -> m.AgentAudioChunk | None:
        """What a binary message means: speech of the response that is active, where the dialect has that."""
        return m.AgentAudioChunk("", "", payload) if self._dialect.binary_audio and payload else None

    @property
    def _ends_responses(self) -> bool:
        """Whether the end of a response is told after its text."""
        return self._dialect.capabilities.sends_response_done and not self._options.text_ends_response


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value


def _format(sound: m.Sound) -> o.Format:
    match sound:
        case m.Sound.PCM:
            return o.Pcm(rate=m.SESSION_RATE_HZ)
        case m.Sound.PCMU:
            return o.Pcmu()
        case m.Sound.PCMA:
            return o.Pcma()


def _reasoning(effort: m.Effort | None) -> o.Reasoning | UnsetType:
    """How much is thought; once it was said, it cannot be left to the upstream again."""
    return UNSET if effort is None else o.Reasoning(effort=effort.value)


def _tool_choice(choice: m.ToolChoice) -> o.ToolChoice:
    return o.FunctionChoice(name=choice.name) if isinstance(choice, m.OneTool) else choice.value


def _prompt(stored: m.StoredPrompt | None) -> o.Prompt | None:
    if stored is None:
        return None
    variables = UNSET if stored.variables is None else msgspec.json.decode(stored.variables, type=JsonObject)
    return o.Prompt(id=stored.prompt_id, version=_or_unset(stored.version), variables=variables)


def _tools(tools: tuple[m.ToolSpec, ...]) -> list[o.Tool]:
    return [
        o.FunctionTool(
            name=tool.name,
            description=tool.description or UNSET,
            parameters=Raw(tool.parameters.encode()),
        )
        for tool in tools
    ]


def _response(event_id: str, say: str | None) -> c.ResponseParams:
    if say is None:
        return c.ResponseParams(metadata={TAG: event_id})
    # an empty input hides the conversation from this response, so that the model has nothing to answer but the request
    return c.ResponseParams(metadata={TAG: event_id}, instructions=SAY_PREFIX + say, tool_choice="none", input=[])
