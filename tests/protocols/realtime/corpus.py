"""
One sample of every event of the Realtime protocol, as JSON trees, and of what other servers make of some.

The samples are complete: every field that the official package knows of an event and that a server sends.
"""

from typing import Any

Tree = dict[str, Any]

PCM_BASE64 = "AAABAAIAAwA="
PCM = b"\x00\x00\x01\x00\x02\x00\x03\x00"

SESSION: Tree = {
    "type": "realtime",
    "id": "sess_1",
    "object": "realtime.session",
    "expires_at": 1_800_000_000,
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "instructions": "Be brief.",
    "tools": [
        {"type": "function", "name": "clock", "description": "Tells the time.", "parameters": {"type": "object"}}
    ],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "tracing": None,
    "truncation": "auto",
    "prompt": None,
    "include": None,
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "noise_reduction": None,
            "turn_detection": {
                "type": "server_vad",
                "threshold": 0.5,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
                "idle_timeout_ms": None,
                "create_response": False,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
    },
}

USER_ITEM: Tree = {
    "id": "item_1",
    "type": "message",
    "object": "realtime.item",
    "status": "completed",
    "role": "user",
    "content": [{"type": "input_text", "text": "What time is it?"}, {"type": "input_audio", "transcript": "Well?"}],
}

AGENT_ITEM: Tree = {
    "id": "item_2",
    "type": "message",
    "object": "realtime.item",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_audio", "transcript": "It is noon."}],
}

CALL_ITEM: Tree = {
    "id": "item_3",
    "type": "function_call",
    "object": "realtime.item",
    "status": "completed",
    "call_id": "call_1",
    "name": "clock",
    "arguments": '{"zone":"UTC"}',
}

RESULT_ITEM: Tree = {
    "id": "item_4",
    "type": "function_call_output",
    "object": "realtime.item",
    "status": "completed",
    "call_id": "call_1",
    "output": "12:00",
}

RESPONSE: Tree = {
    "id": "resp_1",
    "object": "realtime.response",
    "status": "in_progress",
    "status_details": None,
    "output": [],
    "output_modalities": ["audio"],
    "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"}},
    "conversation_id": "conv_1",
    "max_output_tokens": "inf",
    "metadata": {"turngate": "tg_7"},
    "usage": None,
}

ENDED_RESPONSE: Tree = {
    **RESPONSE,
    "status": "completed",
    "output": [AGENT_ITEM, CALL_ITEM],
    "usage": {
        "total_tokens": 30,
        "input_tokens": 10,
        "output_tokens": 20,
        "input_token_details": {
            "text_tokens": 4,
            "audio_tokens": 6,
            "image_tokens": 0,
            "cached_tokens": 2,
            "cached_tokens_details": {"text_tokens": 2, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
    },
}

LOGPROBS = [{"token": "Hi", "bytes": [72, 105], "logprob": -0.25}]
OF_ITEM: Tree = {"item_id": "item_1", "content_index": 0}
OF_OUTPUT: Tree = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0}
OF_PART: Tree = {**OF_OUTPUT, "content_index": 0}
HEARD = "conversation.item.input_audio_transcription"

SERVER_FIELDS: dict[str, Tree] = {
    "error": {
        "error": {
            "type": "invalid_request_error",
            "code": "conversation_already_has_active_response",
            "message": "Conversation already has an active response in progress: resp_1.",
            "param": None,
            "event_id": "tg_7",
        }
    },
    "session.created": {"session": SESSION},
    "session.updated": {"session": SESSION},
    "conversation.created": {"conversation": {"id": "conv_1", "object": "realtime.conversation"}},
    "conversation.item.added": {"previous_item_id": None, "item": USER_ITEM},
    "conversation.item.done": {"previous_item_id": "item_1", "item": AGENT_ITEM},
    "conversation.item.created": {"previous_item_id": "item_3", "item": RESULT_ITEM},
    "conversation.item.retrieved": {"item": CALL_ITEM},
    "conversation.item.truncated": {"item_id": "item_2", "content_index": 0, "audio_end_ms": 1500},
    "conversation.item.deleted": {"item_id": "item_2"},
    f"{HEARD}.delta": {**OF_ITEM, "delta": "What", "logprobs": LOGPROBS},
    f"{HEARD}.completed": {
        **OF_ITEM,
        "transcript": "What time is it?",
        "usage": {"type": "duration", "seconds": 1.5},
        "logprobs": LOGPROBS,
        "languages": [{"code": "en"}],
    },
    f"{HEARD}.segment": {**OF_ITEM, "id": "seg_1", "text": "What", "speaker": "A", "start": 0.5, "end": 1.5},
    f"{HEARD}.failed": {
        **OF_ITEM,
        "error": {"type": "transcription_error", "code": "audio_unintelligible", "message": "No.", "param": None},
    },
    "input_audio_buffer.committed": {"previous_item_id": None, "item_id": "item_1"},
    "input_audio_buffer.cleared": {},
    "input_audio_buffer.speech_started": {"audio_start_ms": 0, "item_id": "item_1"},
    "input_audio_buffer.speech_stopped": {"audio_end_ms": 1800, "item_id": "item_1"},
    "input_audio_buffer.timeout_triggered": {"audio_start_ms": 0, "audio_end_ms": 6000, "item_id": "item_1"},
    "input_audio_buffer.dtmf_event_received": {"event": "9", "received_at": 1_800_000_000},
    "output_audio_buffer.started": {"response_id": "resp_1"},
    "output_audio_buffer.stopped": {"response_id": "resp_1"},
    "output_audio_buffer.cleared": {"response_id": "resp_1"},
    "response.created": {"response": RESPONSE},
    "response.done": {"response": ENDED_RESPONSE},
    "response.output_item.added": {
        "response_id": "resp_1",
        "output_index": 0,
        "item": {**AGENT_ITEM, "status": "in_progress", "content": []},
    },
    "response.output_item.done": {"response_id": "resp_1", "output_index": 1, "item": CALL_ITEM},
    "response.content_part.added": {**OF_PART, "part": {"type": "audio", "transcript": ""}},
    "response.content_part.done": {**OF_PART, "part": {"type": "audio", "transcript": "It is noon."}},
    "response.output_text.delta": {**OF_PART, "delta": "It is"},
    "response.output_text.done": {**OF_PART, "text": "It is noon."},
    "response.output_audio.delta": {**OF_PART, "delta": PCM_BASE64},
    "response.output_audio.done": OF_PART,
    "response.output_audio_transcript.delta": {**OF_PART, "delta": "It is"},
    "response.output_audio_transcript.done": {**OF_PART, "transcript": "It is noon."},
    "response.function_call_arguments.delta": {**OF_OUTPUT, "call_id": "call_1", "delta": '{"zone"'},
    "response.function_call_arguments.done": {
        **OF_OUTPUT,
        "call_id": "call_1",
        "name": "clock",
        "arguments": '{"zone":"UTC"}',
    },
    "response.mcp_call_arguments.delta": {**OF_OUTPUT, "delta": "{", "obfuscation": "x"},
    "response.mcp_call_arguments.done": {**OF_OUTPUT, "arguments": "{}"},
    "response.mcp_call.in_progress": {"item_id": "item_5", "output_index": 0},
    "response.mcp_call.completed": {"item_id": "item_5", "output_index": 0},
    "response.mcp_call.failed": {"item_id": "item_5", "output_index": 0},
    "mcp_list_tools.in_progress": {"item_id": "item_6"},
    "mcp_list_tools.completed": {"item_id": "item_6"},
    "mcp_list_tools.failed": {"item_id": "item_6"},
    "rate_limits.updated": {
        "rate_limits": [
            {"name": "requests", "limit": 5000, "remaining": 4999, "reset_seconds": 0.02},
            {"name": "tokens", "limit": 200_000, "remaining": 0, "reset_seconds": 0.0},
        ]
    },
}

SERVER: dict[str, Tree] = {
    kind: {"type": kind, "event_id": f"event_{number}", **fields}
    for number, (kind, fields) in enumerate(SERVER_FIELDS.items())
}
"""Every server event, by type."""

WITHOUT_EVENT_ID = "input_audio_buffer.dtmf_event_received"
del SERVER[WITHOUT_EVENT_ID]["event_id"]

BETA_NAMES: dict[str, str] = {
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
}

EMPTY: list[Tree] = [
    {**SERVER[f"{HEARD}.completed"], "transcript": ""},
    {**SERVER["response.output_text.done"], "text": ""},
    {**SERVER["response.output_text.delta"], "delta": ""},
    {**SERVER["response.output_audio.delta"], "delta": ""},
    {**SERVER["response.output_audio_transcript.delta"], "delta": ""},
    {**SERVER["response.output_audio_transcript.done"], "transcript": ""},
    {**SERVER["response.function_call_arguments.delta"], "delta": ""},
    {**SERVER["response.function_call_arguments.done"], "arguments": ""},
    {**SERVER["rate_limits.updated"], "rate_limits": []},
    {**SERVER["error"], "error": {"type": "server_error", "message": ""}},
    {**SERVER["conversation.item.added"], "item": {**USER_ITEM, "content": []}},
    {**SERVER["conversation.item.added"], "item": {**RESULT_ITEM, "output": ""}},
    {**SERVER["conversation.created"], "conversation": {}},
]
"""Events whose required fields are there and empty."""

LEFT_OUT: list[Tree] = [
    {"type": "session.created", "session": {"type": "realtime", "id": "sess_1", "object": "realtime.session"}},
    {"type": "session.created", "session": {"modalities": ["text", "audio"], "voice": "Cherry", "temperature": 0.8}},
    {"type": "session.created"},
    {"type": "session.updated", "session": None},
    {"type": "error", "error": "it did not work", "code": 500},
    {"type": "error", "error": {"message": None, "code": 42, "inner": {"deep": [1]}}},
    {"type": "conversation.item.created", "item": {"id": "item_1", "type": "message", "content": "words"}},
    {
        "type": "conversation.item.added",
        "item": {"id": "item_1", "type": "hologram", "content": [{"type": "smell"}, {}]},
    },
    {"type": "conversation.item.added", "item": {}},
    {"type": "input_audio_buffer.speech_started", "audio_start_ms": 12.5},
    {"type": "input_audio_buffer.committed", "item_id": "item_1"},
    {"type": f"{HEARD}.completed", "item_id": "item_1"},
    {"type": f"{HEARD}.failed", "item_id": "item_1", "error": {}},
    {"type": "response.function_call_arguments.done", "call_id": "call_1", "arguments": "{}"},
    {"type": "response.output_audio.delta", "delta": PCM_BASE64},
    {"type": "response.output_audio_transcript.done", "item_id": "item_2"},
    {"type": "response.created", "response": {"id": "resp_1"}},
    {"type": "response.done", "response": {"id": "resp_1"}, "usage": {"total_tokens": 3}},
    {"type": "response.done", "response": {"id": "resp_1", "metadata": {"turngate": 7, "nested": {}}, "usage": None}},
    {"type": "response.done", "response": {"id": "resp_1", "status_details": {"type": "failed", "error": "broken"}}},
    {"type": "response.done", "response": {"id": "resp_1", "status": "failed", "status_details": "broken"}},
    {"type": "rate_limits.updated", "rate_limits": [{"name": "weather", "limit": 1.5}]},
]
"""Events as other servers send them: with less, with more, or in another shape."""

CLIENT: dict[str, Tree] = {
    "session.update": {"session": {name: SESSION[name] for name in ("type", "instructions", "audio", "tools")}},
    "input_audio_buffer.append": {"audio": PCM_BASE64},
    "input_audio_buffer.commit": {},
    "input_audio_buffer.clear": {},
    "output_audio_buffer.clear": {},
    "conversation.item.create": {"previous_item_id": "root", "item": USER_ITEM},
    "conversation.item.retrieve": {"item_id": "item_1"},
    "conversation.item.truncate": {"item_id": "item_2", "content_index": 0, "audio_end_ms": 0},
    "conversation.item.delete": {"item_id": "item_1"},
    "response.create": {
        "response": {
            "conversation": "none",
            "metadata": {"turngate": "tg_7"},
            "instructions": "Say hello.",
            "input": [AGENT_ITEM, CALL_ITEM, RESULT_ITEM],
            "output_modalities": ["text"],
            "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": {"id": "voice_1"}}},
            "tools": [],
            "tool_choice": {"type": "function", "name": "clock"},
            "parallel_tool_calls": False,
            "max_output_tokens": 4096,
            "reasoning": {"effort": "low"},
            "prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Ulm"}},
        }
    },
    "response.cancel": {"response_id": "resp_1"},
}
"""The fields of every client event, by type."""

SESSIONS: list[Tree] = [
    {"type": "realtime"},
    {"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"], "max_output_tokens": 1},
    {"type": "realtime", "audio": {"input": {"transcription": None, "noise_reduction": None, "turn_detection": None}}},
    {
        "type": "realtime",
        "audio": {
            "input": {"format": {"type": "audio/pcma"}, "turn_detection": {"type": "semantic_vad", "eagerness": "low"}}
        },
    },
    {"type": "realtime", "audio": {"input": {"noise_reduction": {"type": "near_field", "strength": 0.5}}}},
    {
        "type": "realtime",
        "audio": {
            "input": {
                "transcription": {
                    "model": "gpt-transcribe",
                    "languages": ["de"],
                    "keywords": ["Ulm"],
                    "prompt": "A city.",
                }
            }
        },
    },
    {"type": "realtime", "audio": {"output": {"voice": {"id": "voice_1"}, "speed": 0.25}}},
    {
        "type": "realtime",
        "tool_choice": {"type": "mcp", "server_label": "x", "name": None},
        "tools": [
            {
                "type": "mcp",
                "server_label": "x",
                "server_url": "https://tools.example",
                "require_approval": "never",
                "allowed_tools": ["a"],
                "headers": {"a": "b"},
            }
        ],
    },
    {"type": "realtime", "tracing": "auto", "truncation": "disabled", "reasoning": {"effort": "xhigh"}},
    {"type": "realtime", "tracing": {"workflow_name": "w", "group_id": "g", "metadata": {"a": 1}}, "prompt": None},
    {
        "type": "realtime",
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 100}},
        "include": ["item.input_audio_transcription.logprobs"],
    },
]
"""Sessions that an update may carry."""
