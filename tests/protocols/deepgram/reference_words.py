"""
What the reference page says in words: a sentence for each field and each code.

Responsible for what the code cannot say of itself. Must not know: the verdicts, which ``verdicts.py`` finds out.

Comes from: nothing but this table. Goes to: ``reference.py``. A test fails when a field or a code has no words here,
and when words stand here that nothing needs.

A field is found by the end of its path, with the type of its message in front where the same end means different
things; the longest end counts.
"""

from collections.abc import Mapping
from typing import Final

from turngate.session.messages import Cause

_ONE_HINT: Final = "Languages to expect: one alone is used where no `language` is set; more are named in a `Warning`"
_KEYS: Final = "Keys to a provider's cloud; never used nor passed on"
_FILLER: Final = "Belongs to Think Live"

CLIENT_FIELDS: Final[Mapping[str, str]] = {
    # --- Settings
    "Settings.agent": "The whole configuration; a string is refused with `AGENT_ID_NOT_SUPPORTED`",
    "agent.language": "The user's language, where the listening provider has none",
    "agent.greeting": "Said first",
    "tags": "Labels of the original's own records",
    "experimental": "Turns on trials of the original",
    "mip_opt_out": "Whether the original may learn from the audio; nothing is kept here",
    "flags.history": "False: no `History` is sent",
    "settings.flags.history": "The same at an older place",
    # --- audio
    "audio.input.encoding": "What the client's audio is; one that cannot be decoded is refused",
    "audio.input.sample_rate": "Its rate; one that the encoding does not have here is refused",
    "audio.output.encoding": "What the agent's speech is to be; one that cannot be encoded is refused",
    "audio.output.sample_rate": "Its rate; one that the encoding does not have here is refused",
    "audio.output.bitrate": "Belongs to compressed encodings",
    "audio.output.container": "`none`, or `wav` for a header before each reply; another is refused",
    # --- the conversation so far
    "messages[].type": "`History`",
    "messages[].role": "Who said it; needs `content`",
    "messages[].content": "What was said; needs `role`",
    "function_calls[].id": "Names the call",
    "function_calls[].name": "The function",
    "function_calls[].client_side": "Who called it; the model is not told",
    "function_calls[].arguments": "JSON text",
    "function_calls[].response": "The result",
    "function_calls[].thought_signature": "Belongs to one provider's models",
    # --- listening
    "listen.provider.type": "`deepgram`; the upstream listens, whatever is named",
    "listen.provider.version": "`v2` ends turns by what was said; `v1`, and none, by silence",
    "listen.provider.model": "The upstream's own model listens",
    "listen.provider.language": "The user's language, for the transcript; `multi` leaves it open",
    "listen.provider.smart_format": "The transcript is written as the upstream writes it",
    "listen.provider.keyterms": "Words to expect in the transcript; too many are refused",
    "Settings.agent.listen.provider.language_hints": f"{_ONE_HINT}. All are told with the user's lines",
    "UpdateListen.listen.provider.language_hints": f"{_ONE_HINT}. With the user's lines those of `Settings` are told",
    "listen.provider.language_hint": "The older spelling of `language_hints`",
    "listen.provider.eot_threshold": "How patient the end of a turn is, with version `v2`; else named in a `Warning`",
    "listen.provider.eager_eot_threshold": "No answer is begun before a turn has ended",
    "listen.provider.eot_timeout_ms": "The silence that ends a turn, with `v2` and an `eot_threshold` of 1.0; "
    "else named in a `Warning`",
    # --- thinking
    "think.provider.type": "Whose model it would be; the upstream thinks, whatever is named",
    "think.provider.version": "The provider's own",
    "Settings.agent.think.provider.model": "A name that begins with `gpt-realtime`, or one that the operator has "
    "mapped; another is named in a `Warning`",
    "UpdateThink.think.provider.model": "Cannot change: another than the session's is named in a `Warning`",
    "think.provider.temperature": "The upstream has none",
    "think.provider.reasoning_mode": "How much a reasoning model thinks; else named in a `Warning`",
    "think.provider.voice_prompt_opt_out": "Nothing is added to the prompt here",
    "credentials.type": _KEYS,
    "credentials.region": _KEYS,
    "credentials.access_key_id": _KEYS,
    "credentials.secret_access_key": _KEYS,
    "credentials.session_token": _KEYS,
    "think.endpoint.url": "No model of the client's own is connected",
    "think.endpoint.method": "No model of the client's own is connected",
    "think.endpoint.headers": "Never used nor passed on",
    "think.functions[].name": "What the model calls it by; one without is refused, and so is a second of the same",
    "think.functions[].description": "What the model is told that it does",
    "think.functions[].parameters": "JSON Schema of its arguments, up to 64 KiB",
    "Settings.agent.think.functions[].endpoint.url": "The proxy calls it, if the operator has listed the host; "
    "else refused",
    "UpdateThink.think.functions[].endpoint.url": "The proxy calls it, if the operator has listed the host; "
    "else the update is not taken",
    "functions[].endpoint.method": "How it is called",
    "functions[].endpoint.headers": "Sent with the call, and nowhere else",
    "functions[].defer_until_eot": "Calls always wait for the end of the turn",
    "functions[].initial_agent_filler": _FILLER,
    "functions[].agent_filler_max_count": _FILLER,
    "functions[].agent_filler_interval_ms": _FILLER,
    "Settings.agent.think.prompt": "What the model is told; up to 25,000 characters",
    "UpdateThink.think.prompt": "What the model is told from now on; left out, nothing",
    "think.context_length": "The upstream keeps what it can",
    "think_live.provider.type": "Think Live is not offered by the upstream",
    "think_live.provider.version": "Think Live is not offered by the upstream",
    "think_live.provider.agent_backchannel_sensitivity": "The agent says nothing while it listens",
    "think_live.provider.presence_check_max_count": "The agent does not ask whether the user is there",
    "think_live.provider.presence_check_interval_ms": "The agent does not ask whether the user is there",
    "think_live.provider.frustration_max_count": "Frustration is not detected",
    "think_live.provider.restricted_terms": "No term is kept from being said",
    # --- speaking
    "speak.provider.type": "Whose voices `model` or `voice` names",
    "speak.provider.version": "The provider's own",
    "speak.provider.model": "With type `deepgram` the voice, which becomes one of the upstream's; else it is not heard",
    "speak.provider.model_id": "The upstream speaks by itself",
    "speak.provider.voice": "The voice; one that is neither the upstream's nor mapped is named in a `Warning`",
    "speak.provider.voice.mode": "Belongs to one provider",
    "speak.provider.voice.id": "The voice, as the operator has mapped it",
    "speak.provider.language": "The upstream speaks the language that it answers in",
    "speak.provider.language_code": "The upstream speaks the language that it answers in",
    "speak.provider.speed": "0.25 to 1.5; another is refused",
    "speak.provider.expressivity": "Belongs to one provider",
    "speak.provider.volume": "Belongs to one provider",
    "speak.provider.engine": "Belongs to one provider",
    "speak.endpoint.url": "No voice of the client's own is connected",
    "speak.endpoint.method": "No voice of the client's own is connected",
    "speak.endpoint.headers": "Never used nor passed on",
    # --- the other messages
    "UpdatePrompt.prompt": "Added to the prompt, on a line of its own; up to 25,000 characters",
    "InjectUserMessage.content": "What the user is to have said",
    "InjectAgentMessage.message": "The words to say; needed unless `is_dynamic` is true",
    "InjectAgentMessage.is_dynamic": "True: the words are the model's",
    "InjectAgentMessage.behavior": "`default`, `queue` or `interrupt`; another is not taken, with a `Warning`",
    "FunctionCallResponse.name": "The function; finds the call where there is no `id`",
    "FunctionCallResponse.content": "The result, as the model is to read it",
    "FunctionCallResponse.id": "Names the call",
    "FunctionCallResponse.thought_signature": "Belongs to one provider's models",
    "__customToThinkProvider.content": "No model of the client's own is connected",
}

NEVER_SET: Final = "Never sent: "
SERVER_FIELDS: Final[Mapping[str, str]] = {
    "Welcome.request_id": "Names the session",
    "ConversationText.role": "Who says it",
    "ConversationText.content": "What is said",
    "ConversationText.conversational_behavior": "Always `default`",
    "ConversationText.languages_hinted": "The hints of `Settings`, in lines of the user",
    "ConversationText.languages": "Those that were heard, where the upstream tells; in lines of the user",
    "AgentThinking.content": "Always empty: the upstream does not tell its thoughts",
    "AgentStartedSpeaking.total_latency": "From the end of the turn to the first audio; 0 if it is not known",
    "AgentStartedSpeaking.tts_latency": "From the first text to the first audio; 0 if it is not known",
    "AgentStartedSpeaking.ttt_latency": "To the first text; 0 if it is not known",
    "LatencyReport.stt_latency": "To the transcript",
    "LatencyReport.ttt_token_latency": "To the first text or call",
    "LatencyReport.ttt_text_latency": "To the first text",
    "LatencyReport.ttt_tool_latency": "To the first call",
    "LatencyReport.ttt_thinking_latency": f"{NEVER_SET}the upstream does not tell of its thinking",
    "LatencyReport.tts_latency": "From the first text to the first audio",
    "LatencyReport.total_latency": "From the end of the turn to the first audio",
    "FunctionCallRequest.functions[].id": "Names the call; send it back",
    "FunctionCallRequest.functions[].name": "The function",
    "FunctionCallRequest.functions[].arguments": "JSON text, `{}` if there are none",
    "FunctionCallRequest.functions[].client_side": "False: the proxy calls it, and the client does not answer",
    "FunctionCallRequest.functions[].thought_signature": f"{NEVER_SET}the upstream has none",
    "FunctionCallCancelled.functions[].id": "Names the call",
    "FunctionCallCancelled.functions[].name": "The function",
    "FunctionCallResponse.name": "The function",
    "FunctionCallResponse.content": "The result, as the model reads it",
    "FunctionCallResponse.id": "Names the call; always sent",
    "InjectionRefused.message": "Why, and what to do instead",
    "FrustrationDetected.count": f"{NEVER_SET}see the message",
    "FrustrationDetected.escalated": f"{NEVER_SET}see the message",
    "History.role": "Who said it",
    "History.content": "What was said; of the agent's, as far as it was heard",
    "History.function_calls[].id": "Names the call",
    "History.function_calls[].name": "The function",
    "History.function_calls[].client_side": "False: the proxy called it",
    "History.function_calls[].arguments": "JSON text",
    "History.function_calls[].response": "The result",
    "History.function_calls[].thought_signature": f"{NEVER_SET}the upstream has none",
    "Warning.code": "One of those below",
    "Warning.description": "What was not done, and what to send instead",
    "Error.code": "One of those below",
    "Error.description": "What was wrong, and what to do instead",
    "__customFromThinkProvider.content": f"{NEVER_SET}see the message",
}

NEVER_SENT: Final[Mapping[str, str]] = {
    "ThinkLiveUpdated": "Never sent: Think Live is not offered by the upstream, so that nothing of it can be updated.",
    "FrustrationDetected": "Never sent: Think Live is not offered by the upstream.",
    "__customFromThinkProvider": "Never sent: no model of the client's own is connected.",
}
"""Messages of the protocol that this proxy has no use for."""


# --- codes ----------------------------------------------------------------------------------------------------------

WARNED: Final = frozenset(
    {
        Cause.SETTINGS_IGNORED,
        Cause.PROMPT_TOO_LONG,
        Cause.UPDATE_INVALID,
        Cause.UNSUPPORTED,
        Cause.UPDATE_REFUSED,
        Cause.TOO_MANY_WAITING,
        Cause.TEXT_REFUSED,
        Cause.UNKNOWN_TOOL_RESULT,
        Cause.ODD_AUDIO,
        Cause.RESUME_INCOMPLETE,
        Cause.TOOL_FAILED,
        Cause.TOOL_TIMEOUT,
        Cause.UPSTREAM_SILENT,
        Cause.UPSTREAM_UNREACHABLE,
        Cause.RESPONSE_FAILED,
        Cause.RESPONSE_INCOMPLETE,
        Cause.RESPONSE_REFUSED,
        Cause.ANSWER_CUT,
        Cause.SESSION_LIMIT_NEAR,
        Cause.TRANSCRIPTION_FAILED,
        Cause.SPEECH_ENDLESS,
    }
)
"""Causes of which a ``Warning`` is sent, and the session goes on."""

ALSO_FATAL: Final = frozenset({Cause.TOO_MANY_WAITING, Cause.UPSTREAM_SILENT, Cause.UPSTREAM_UNREACHABLE})
"""Causes of which either is sent: whether the session can go on depends on what waits."""

NOT_TOLD: Final = frozenset({Cause.UPSTREAM_ERROR, Cause.CLIENT_LOST, Cause.MISSED_TOO_MUCH})
"""Causes that only another protocol has words for, or whose client has no connection."""

ERRORS_NEVER_SENT: Final[Mapping[str, str]] = {
    "FAILED_TO_START_LISTENING": "speech that could not be written down is a `Warning`",
    "FAILED_TO_LISTEN": "the older name of the one above",
    "ASR_CONNECTION_CLOSED": "the upstream listens on the one connection",
    "ASR_DRIVER_TIMEOUT": "the upstream listens on the one connection",
    "USER_AUDIO_FORMAT": "audio that ends inside a sample is a `Warning`",
    "FAILED_TO_SPEAK": "the model speaks by itself; what fails is `FAILED_TO_THINK`",
    "NON_EXISTENT_FUNCTION_CALLED": "a result that no call waits for is a `Warning`",
    "INVALID_AGENT_ID": "no stored configuration is looked up",
}
WARNINGS_NEVER_SENT: Final[Mapping[str, str]] = {
    "INJECT_AGENT_MESSAGE_DURING_USER_SPEECH": "`InjectionRefused` says so",
    "INJECT_AGENT_MESSAGE_DURING_AGENT_SPEECH": "`InjectionRefused` says so",
    "SPEAK_REQUEST_FAILED": "the model speaks by itself",
    "SLOW_THINK_REQUEST": "a model that is too slow is an `Error`",
    "SLOW_SPEAK_REQUEST": "the model speaks by itself",
    "FORCE_END_TURN_UNSUPPORTED": "it is supported with either version of listening",
    "GPT_4O_STREAM_END_ERROR": "it belongs to another model",
    "VOICE_PROMPT_ADDED": "nothing is added to the prompt",
}
