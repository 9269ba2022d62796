import base64

import pytest
from simulator_desk import AT_ONCE, Desk

from turngate.simulator.session import Manner

TIME_TOOL = {
    "type": "function",
    "name": "get_time",
    "description": "Tells the hour",
    "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}
TWO_SECONDS = base64.b64encode(bytes(96_000)).decode()


# --- the session object ---


def test_the_session_is_announced_first():
    """A client hears ``session.created`` with the whole session before it says anything."""
    desk = Desk(greeting=True)
    assert desk.types == ["session.created"]
    session = desk.one("session.created")["session"]
    assert session["type"] == "realtime"
    assert session["model"] == "gpt-realtime"
    assert session["audio"]["input"]["turn_detection"]["create_response"] is True
    assert session["expires_at"] == 3600


def test_an_update_changes_what_it_names_and_nothing_else():
    """Updates merge, at every depth."""
    desk = Desk()
    desk.update(instructions="Be kind.", audio={"output": {"voice": "marin"}})
    desk.update(audio={"input": {"transcription": {"model": "whisper-1"}}})
    desk.update(audio={"input": {"transcription": {"language": "en"}}})
    session = desk.of("session.updated")[-1]["session"]
    assert session["instructions"] == "Be kind."
    assert session["audio"]["output"]["voice"] == "marin"
    assert session["audio"]["output"]["speed"] == 1.0
    assert session["audio"]["input"]["transcription"]["model"] == "whisper-1"
    assert session["audio"]["input"]["transcription"]["language"] == "en"
    assert desk.tally.updates_accepted == 3


def test_null_clears_what_may_be_cleared():
    """Turn detection and transcription go off, and come back with their defaults."""
    desk = Desk()
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 900}}})
    desk.update(audio={"input": {"turn_detection": None, "transcription": None}})
    session = desk.of("session.updated")[-1]["session"]
    assert session["audio"]["input"].get("turn_detection") is None
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad"}}})
    detection = desk.of("session.updated")[-1]["session"]["audio"]["input"]["turn_detection"]
    assert detection["silence_duration_ms"] == 500


def test_a_turn_detection_keeps_what_an_update_of_its_type_does_not_name():
    """A partial turn detection is completed from the present one."""
    desk = Desk()
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 900}}})
    desk.update(audio={"input": {"turn_detection": {"type": "server_vad", "create_response": False}}})
    detection = desk.of("session.updated")[-1]["session"]["audio"]["input"]["turn_detection"]
    assert (detection["silence_duration_ms"], detection["create_response"]) == (900, False)


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "realtime", "temperature": 0.8}, "unknown_parameter", "session.temperature"),
        (
            {"type": "realtime", "audio": {"output": {"pitch": 1}}},
            "unknown_parameter",
            "session.audio.output.pitch",
        ),
        ({"instructions": "x"}, "missing_required_parameter", "session.type"),
        ({"type": "realtime", "model": "gpt-realtime-2"}, "invalid_value", "session.model"),
        ({"type": "realtime", "audio": {"output": {"speed": 9}}}, "invalid_value", "session.audio.output.speed"),
        ({"type": "realtime", "output_modalities": ["audio", "text"]}, "invalid_value", "session.output_modalities"),
        ({"type": "realtime", "max_output_tokens": 5000}, "invalid_value", "session.max_output_tokens"),
        ({"type": "realtime", "instructions": 3}, "invalid_type", "session.instructions"),
        ({"type": "realtime", "audio": {"output": {"voice": None}}}, "invalid_type", "session.audio.output.voice"),
    ],
)
def test_an_update_is_refused_whole_when_any_of_it_is_bad(session, code, param):
    """The error names the client's event, the code and the field; nothing is applied, and a good update still is."""
    desk = Desk()
    event_id = desk.send("session.update", session={"instructions": "lost", **session})
    assert desk.types == ["error"]
    assert desk.error()["event_id"] == event_id
    assert desk.error()["type"] == "invalid_request_error"
    assert (desk.error()["code"], desk.error()["param"]) == (code, param)
    desk.take()
    desk.update(tool_choice="none")
    assert desk.one("session.updated")["session"]["instructions"] != "lost"


def test_an_update_that_repeats_the_model_is_taken():
    """The model may be named, if it is the session's own."""
    desk = Desk()
    desk.update(model="gpt-realtime")
    assert desk.types == ["session.updated"]


def test_the_voice_is_locked_when_the_assistant_has_spoken():
    """After the first audio another voice refuses the whole update; the same voice does not."""
    desk = Desk()
    desk.update(audio={"output": {"voice": "sage"}})
    desk.say("Hello")
    desk.respond()
    desk.turns()
    desk.take()
    event_id = desk.update(instructions="Lost.", audio={"output": {"voice": "marin"}})
    assert desk.error()["code"] == "cannot_update_voice"
    assert desk.error()["event_id"] == event_id
    desk.take()
    desk.update(instructions="Kept.", audio={"output": {"voice": "sage"}})
    assert desk.one("session.updated")["session"]["instructions"] == "Kept."


def test_the_voice_is_free_when_the_assistant_has_only_written():
    """Text does not lock the voice."""
    desk = Desk()
    desk.update(output_modalities=["text"])
    desk.say("Hello")
    desk.respond()
    desk.turns()
    desk.take()
    desk.update(audio={"output": {"voice": "marin"}})
    assert desk.types == ["session.updated"]


def test_an_update_is_refused_while_a_response_is_active():
    """The refusal that the gate exists for: named, counted, and over when the response is."""
    desk = Desk()
    desk.say("Hello")
    desk.respond()
    desk.take()
    event_id = desk.update(instructions="Too early.")
    assert desk.error()["code"] == "conversation_already_has_active_response"
    assert desk.error()["event_id"] == event_id
    assert desk.tally.updates_refused_active == 1
    desk.turns()
    desk.take()
    desk.update(instructions="In time.")
    assert desk.types == ["session.updated"]


def test_an_update_is_taken_while_a_response_is_active_when_the_server_is_lenient():
    """The strictness is a flag."""
    desk = Desk(manner=Manner(pace=AT_ONCE, refuse_updates_while_active=False))
    desk.respond()
    desk.take()
    desk.update(instructions="Early.")
    assert desk.types == ["session.updated"]


# --- items ---


def test_an_item_is_added_and_done():
    """Both events name the item before it."""
    desk = Desk()
    desk.say("one", "item_a")
    desk.say("two", "item_b")
    assert desk.types == ["conversation.item.added", "conversation.item.done"] * 2
    assert [event["previous_item_id"] for event in desk.sent] == [None, None, "item_a", "item_a"]
    assert desk.sent[3]["item"]["content"] == [{"type": "input_text", "text": "two"}]
    assert desk.sent[3]["item"]["status"] == "completed"


def test_an_item_gets_an_id_when_the_client_chose_none():
    """Every item has an id."""
    desk = Desk()
    desk.say("one")
    assert desk.one("conversation.item.added")["item"]["id"].startswith("item_")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"item": {"type": "message", "role": "user", "content": [], "id": "taken"}}, "invalid_value"),
        (
            {"item": {"type": "message", "role": "user", "content": []}, "previous_item_id": "nowhere"},
            "item_not_found",
        ),
        ({"item": {"type": "function_call_output", "call_id": "call_x", "output": "1"}}, "invalid_tool_call_id"),
        (
            {"item": {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": "AAAA"}]}},
            "invalid_value",
        ),
        ({"item": {"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "x"}]}}, None),
        ({"item": {"type": "message", "role": "user", "content": [{"type": "output_text", "text": "x"}]}}, None),
        ({}, "missing_required_parameter"),
    ],
)
def test_an_item_is_refused_when_it_breaks_a_rule(fields, code):
    """Nothing is added, and the error names the event."""
    desk = Desk()
    desk.say("one", "taken")
    desk.take()
    event_id = desk.send("conversation.item.create", **fields)
    assert desk.types == ["error"]
    assert desk.error()["event_id"] == event_id
    assert code in {None, desk.error()["code"]}


def test_earlier_lines_can_be_added():
    """The assistant's text, a system message, a call and its result are all accepted."""
    desk = Desk()
    for item in (
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": ""},
    ):
        desk.send("conversation.item.create", item=item)
    assert desk.types == ["conversation.item.added", "conversation.item.done"] * 4


def test_an_item_is_retrieved():
    """What was added can be asked for; what was not is an error."""
    desk = Desk()
    desk.say("one", "item_a")
    desk.take()
    desk.send("conversation.item.retrieve", item_id="item_a")
    assert desk.one("conversation.item.retrieved")["item"]["id"] == "item_a"
    desk.send("conversation.item.retrieve", item_id="item_b")
    assert desk.error()["code"] == "item_not_found"


def test_an_item_is_deleted():
    """Once, and then it is gone for the mind as well."""
    desk = Desk()
    desk.update(output_modalities=["text"])
    desk.say("one", "item_a")
    desk.say("two", "item_b")
    desk.send("conversation.item.delete", item_id="item_a")
    desk.respond()
    desk.turns()
    assert desk.one("conversation.item.deleted")["item_id"] == "item_a"
    assert desk.one("response.output_text.done")["text"] == "You said: two"
    desk.send("conversation.item.delete", item_id="item_a")
    assert desk.error()["code"] == "item_not_found"


def spoken_answer(desk):
    desk.say("Hello")
    desk.respond()
    desk.turns()
    return desk.one("response.done")["response"]["output"][0]["id"]


def test_a_spoken_answer_is_truncated():
    """Within what was generated, and not beyond it."""
    desk = Desk()
    item_id = spoken_answer(desk)
    desk.take()
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=200)
    truncated = desk.one("conversation.item.truncated")
    assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == (item_id, 0, 200)
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=201)
    assert desk.error()["param"] == "audio_end_ms"


def test_a_spoken_answer_is_truncated_while_it_is_streamed():
    """The bound is what was streamed by then, and the cut outlives the rest of the response."""
    desk = Desk(manner=Manner())
    desk.say("Hello, how are you today?")
    desk.respond()
    desk.run(0.3)
    item_id = desk.of("response.output_item.added")[0]["item"]["id"]
    generated_ms = len(desk.of("response.output_audio.delta")) * 100
    desk.take()
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=generated_ms + 1)
    assert desk.error()["param"] == "audio_end_ms"
    desk.take()
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=150)
    assert desk.types == ["conversation.item.truncated"]
    desk.run(2)
    desk.take()
    desk.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=151)
    assert desk.error()["param"] == "audio_end_ms"


def test_a_truncation_is_refused_when_the_item_was_not_spoken():
    """The API's words, and no code."""
    desk = Desk()
    desk.say("one", "item_a")
    desk.take()
    desk.send("conversation.item.truncate", item_id="item_a", content_index=0, audio_end_ms=0)
    assert desk.error().get("code") is None
    assert "Only model output audio messages can be truncated" in desk.error()["message"]


# --- responses ---


def test_a_written_response_has_the_events_of_the_api_in_order():
    """From ``response.created`` to ``response.done``, each once but the deltas."""
    desk = Desk()
    desk.update(output_modalities=["text"])
    desk.say("Hello")
    desk.take()
    desk.respond()
    desk.turns()
    deltas = desk.of("response.output_text.delta")
    assert desk.types == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * len(deltas),
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert "".join(delta["delta"] for delta in deltas) == "You said: Hello"
    assert desk.one("response.output_text.done")["text"] == "You said: Hello"
    done = desk.one("response.done")["response"]
    assert done["status"] == "completed"
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "You said: Hello"}]
    assert done["conversation_id"].startswith("conv_")
    usage = done["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] > 0


def test_a_spoken_response_has_the_events_of_the_api_in_order():
    """The transcript runs ahead of the audio, and all ids of an item agree."""
    desk = Desk()
    desk.say("Hello")
    desk.take()
    desk.respond()
    desk.turns()
    steady = [name for name in desk.types if not name.endswith(".delta")]
    assert steady == [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    places = {
        (event["response_id"], event["item_id"], event["output_index"], event["content_index"])
        for event in desk.sent
        if "content_index" in event
    }
    assert len(places) == 1
    first_transcript = desk.types.index("response.output_audio_transcript.delta")
    assert first_transcript < desk.types.index("response.output_audio.delta")
    assert desk.types[-7] != "response.output_audio_transcript.delta"
    audio = b"".join(base64.b64decode(event["delta"]) for event in desk.of("response.output_audio.delta"))
    assert len(audio) / 48_000 == pytest.approx(len("You said: Hello") / 14, rel=0.1)
    assert any(audio)
    assert desk.one("response.output_audio_transcript.done")["transcript"] == "You said: Hello"
    assert desk.one("response.done")["response"]["output_modalities"] == ["audio"]


def test_tools_are_called_in_parallel_and_their_results_are_said():
    """Two calls in one response, two results, one more response."""
    desk = Desk()
    weather = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    desk.update(tools=[TIME_TOOL, weather], output_modalities=["text"])
    desk.say("Time and weather?")
    desk.respond()
    desk.turns()
    done = desk.one("response.done")["response"]
    calls = done["output"]
    assert [call["name"] for call in calls] == ["get_time", "get_weather"]
    assert calls[0]["arguments"] == '{"zone":"Time and weather?"}'
    announced = desk.of("response.function_call_arguments.done")
    assert [event["call_id"] for event in announced] == [call["call_id"] for call in calls]
    assert announced[0]["name"] == "get_time"
    streamed = [e["delta"] for e in desk.of("response.function_call_arguments.delta") if e["item_id"] == calls[0]["id"]]
    assert "".join(streamed) == calls[0]["arguments"]
    desk.take()
    for call, output in zip(calls, ("noon", "rain"), strict=True):
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        desk.send("conversation.item.create", item=item)
    desk.respond()
    desk.turns()
    expected = "The answer from get_time is: noon. The answer from get_weather is: rain."
    assert desk.one("response.output_text.done")["text"] == expected


def test_a_second_response_is_refused_while_one_is_active():
    """One active response in the conversation; the refusal names the request, and the first goes on undisturbed."""
    desk = Desk()
    desk.say("Hello")
    desk.respond()
    event_id = desk.respond()
    assert desk.error()["code"] == "conversation_already_has_active_response"
    assert desk.error()["event_id"] == event_id
    desk.turns()
    assert len(desk.of("response.created")) == 1
    assert desk.one("response.done")["response"]["status"] == "completed"
    assert desk.tally.creates_refused_active == 1
    desk.respond()
    assert len(desk.of("response.created")) == 2


def test_a_response_may_begin_the_moment_another_is_done():
    """``response.done`` frees the conversation, and nothing before it does."""
    desk = Desk()
    desk.respond()
    answered = []

    def when_done(event):
        if event == "response.done" and not answered:
            answered.append(desk.respond())

    original = desk.sent.append

    class Hearing(list):
        def append(self, event):
            original(event)
            when_done(event["type"])

    desk.sent = Hearing()
    original = lambda event: list.append(desk.sent, event)  # noqa: E731 - replaces the one above
    desk.turns()
    assert desk.of("error") == []
    assert len(desk.of("response.done")) == 2


def test_a_response_out_of_band_runs_beside_the_active_one():
    """It belongs to no conversation: no item events, no conversation id, and it neither blocks nor is blocked."""
    desk = Desk()
    desk.update(output_modalities=["text"])
    desk.say("Hello")
    desk.take()
    desk.respond()
    desk.respond(conversation="none", metadata={"topic": "aside"}, input=[])
    assert desk.of("error") == []
    desk.turns()
    aside, main = sorted(desk.of("response.done"), key=lambda event: event["response"].get("metadata") is None)
    assert aside["response"].get("conversation_id") is None
    assert aside["response"]["metadata"] == {"topic": "aside"}
    assert aside["response"]["output"][0]["content"][0]["text"] == "Hello."
    assert main["response"]["output"][0]["content"][0]["text"] == "You said: Hello"
    assert len(desk.of("conversation.item.added")) == 1


def test_too_many_responses_out_of_band_are_refused():
    """They are bounded."""
    desk = Desk(manner=Manner())
    for _ in range(9):
        desk.respond(conversation="none")
    assert desk.error()["code"] == "rate_limit_exceeded"


def test_metadata_is_echoed():
    """In ``response.created`` and in ``response.done``: how a client knows its own."""
    desk = Desk()
    desk.respond(metadata={"tag": "e1"})
    desk.turns()
    assert desk.one("response.created")["response"]["metadata"] == {"tag": "e1"}
    assert desk.one("response.done")["response"]["metadata"] == {"tag": "e1"}


def test_the_input_of_a_response_replaces_the_conversation():
    """Items and references, for this response alone."""
    desk = Desk()
    desk.update(output_modalities=["text"])
    desk.say("first", "item_a")
    desk.say("second", "item_b")
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "third"}]}
    desk.respond(conversation="none", input=[{"type": "item_reference", "id": "item_a"}, item])
    desk.turns()
    assert desk.one("response.output_text.done")["text"] == "You said: first third"
    desk.respond(conversation="none", input=[{"type": "item_reference", "id": "nowhere"}])
    assert desk.error()["code"] == "item_not_found"


def test_the_settings_of_a_response_count_for_it_alone():
    """Instructions replace, modalities and tools too."""
    desk = Desk()
    desk.update(instructions="Always begin with: A")
    desk.say("time")
    desk.respond(output_modalities=["text"], instructions="Always begin with: B", tools=[TIME_TOOL], tool_choice="none")
    desk.turns()
    assert desk.one("response.output_text.done")["text"] == "B You said: time"
    desk.say("again")
    desk.respond()
    desk.turns()
    assert desk.one("response.output_audio_transcript.done")["transcript"] == "A You said: again"


def test_exact_words_are_said_when_they_are_asked_for():
    """How the proxy has a greeting spoken."""
    desk = Desk()
    from turngate.simulator.orders import SAY_PREFIX

    desk.update(instructions="Always begin with: A")
    desk.respond(instructions=f"{SAY_PREFIX}Hello! How may I help?", tool_choice="none")
    desk.turns()
    assert desk.one("response.output_audio_transcript.done")["transcript"] == "Hello! How may I help?"


def test_an_answer_is_incomplete_when_it_meets_its_token_bound():
    """``max_output_tokens`` cuts, and says so."""
    desk = Desk()
    desk.say("a rather long sentence about nothing at all")
    desk.respond(output_modalities=["text"], max_output_tokens=3)
    desk.turns()
    response = desk.one("response.done")["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"]["reason"] == "max_output_tokens"


def test_a_response_is_cancelled():
    """What was begun is closed out with what was streamed, then it is done, and nothing of it comes later."""
    desk = Desk(manner=Manner())
    desk.say("a rather long sentence about nothing at all")
    desk.respond()
    desk.run(0.3)
    streamed = "".join(event["delta"] for event in desk.of("response.output_audio_transcript.delta"))
    desk.take()
    desk.send("response.cancel")
    assert desk.types == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert desk.one("response.output_audio_transcript.done")["transcript"] == streamed
    response = desk.one("response.done")["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"]["reason"] == "client_cancelled"
    assert response["output"][0]["status"] == "incomplete"
    desk.take()
    desk.run(3)
    assert desk.types == []
    assert desk.clock.getDelayedCalls() == [] or len(desk.clock.getDelayedCalls()) == 1  # the session's own end


def test_a_response_is_cancelled_by_its_id():
    """Out of band ones too, and one that is over is not active."""
    desk = Desk(manner=Manner())
    desk.respond(conversation="none")
    response_id = desk.one("response.created")["response"]["id"]
    desk.send("response.cancel", response_id=response_id)
    assert desk.one("response.done")["response"]["status"] == "cancelled"
    desk.send("response.cancel", response_id=response_id)
    assert desk.error()["code"] == "response_cancel_not_active"


def test_a_cancel_is_refused_when_nothing_is_active():
    """Harmless, and named."""
    desk = Desk()
    event_id = desk.send("response.cancel")
    assert desk.error()["code"] == "response_cancel_not_active"
    assert desk.error()["event_id"] == event_id


def test_audio_is_streamed_at_a_multiple_of_real_time():
    """At eight times real time, a second of speech takes an eighth of one."""
    desk = Desk(manner=Manner())
    desk.say("abcdefghijklmnopqrstuvwxyz " * 4)
    desk.respond()
    desk.run(1.1)
    assert len(desk.of("response.output_audio.delta")) == pytest.approx(80, abs=6)


def test_nothing_is_streamed_while_the_client_does_not_read():
    """The response waits, and goes on where it was."""
    desk = Desk(manner=Manner())
    desk.say("a rather long sentence about nothing at all")
    desk.respond()
    desk.run(0.3)
    desk.unruly.session.pause()
    desk.take()
    desk.run(5)
    assert desk.types == []
    desk.unruly.session.resume()
    desk.run(5)
    assert desk.one("response.done")["response"]["status"] == "completed"


def test_a_response_takes_a_reactor_turn_for_each_burst_when_it_is_as_fast_as_can_be():
    """Others get their turn: nothing but the announcement comes in the turn of the request."""
    desk = Desk()
    desk.respond()
    assert desk.types == ["response.created", "rate_limits.updated"]


# --- what a client gets wrong ---


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"event_id":"x"}',
        b'{"type":3}',
        b'{"type":"response.of_another_world"}',
        b'{"type":"session.update"}',
        b'{"type":"session.update","session":[]}',
        b'{"type":"input_audio_buffer.append"}',
        b'{"type":"input_audio_buffer.append","audio":"*"}',
        b'{"type":"input_audio_buffer.append","audio":"AAA"}',
        b'{"type":"conversation.item.delete"}',
        b'{"type":"conversation.item.truncate","item_id":"a","content_index":"0","audio_end_ms":1.5}',
        b'{"type":"response.create","response":{"metadata":{"a":1}}}',
        b'{"type":"response.create","response":{"speed":1}}',
        b"[" * 3000,
        b'{"type":"session.update","session":' * 500,
    ],
)
def test_nonsense_is_an_error_and_the_session_lives(payload):
    """Nothing that a client sends raises, and each is answered with an error."""
    desk = Desk()
    desk.raw(payload)
    assert desk.types == ["error"]
    assert desk.error()["message"]
    desk.take()
    desk.update(instructions="Still here.")
    assert desk.types == ["session.updated"]


def test_an_error_names_the_event_when_the_event_has_an_id():
    """``error.event_id``, also where the event could not be used."""
    desk = Desk()
    event_id = desk.send("response.of_another_world")
    assert desk.error()["event_id"] == event_id


# --- time ---


def test_a_session_ends_when_its_time_is_over():
    """An error without an event id, then close code 1001."""
    desk = Desk(manner=Manner(max_session_s=60))
    desk.run(59.9, step=0.1)
    assert desk.types == []
    desk.run(0.2, step=0.1)
    assert desk.error()["code"] == "session_expired"
    assert desk.error().get("event_id") is None
    assert [code for code, _ in desk.closed] == [1001]


def test_nothing_waits_when_the_connection_is_gone():
    """No timer outlives its session."""
    desk = Desk(manner=Manner())
    desk.respond()
    desk.run(0.2)
    desk.unruly.stop()
    assert desk.clock.getDelayedCalls() == []


def test_two_sessions_with_one_seed_are_the_same():
    """Ids and all: a failing run can be repeated."""

    def session(seed):
        desk = Desk(seed=seed, greeting=True)
        desk.say("Hello")
        desk.respond()
        desk.turns()
        return desk.sent

    assert session("1") == session("1")
    assert session("1") != session("2")
