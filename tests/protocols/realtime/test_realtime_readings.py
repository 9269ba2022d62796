"""What each event of a server means for the session."""

import json

import corpus
import pytest

from turngate.protocols.realtime import Malformed, RealtimeOptions, Translation, UnknownEvent, decode_server
from turngate.protocols.realtime.readings import TAG, usage_of
from turngate.session import messages as m

CALL = m.ToolCall("call_1", "clock", '{"zone":"UTC"}')
HEARD = corpus.HEARD

MEANINGS: dict[str, m.UpstreamMessage | None] = {
    "session.created": m.UpstreamReady(),
    "session.updated": m.UpdateConfirmed(),
    "error": m.Refused(
        "tg_7",
        "conversation_already_has_active_response",
        "Conversation already has an active response in progress: resp_1.",
        None,
        active_response=True,
    ),
    "conversation.item.added": m.ItemConfirmed("item_1"),
    "conversation.item.done": m.ItemConfirmed("item_2"),
    "conversation.item.created": m.ItemConfirmed("item_4"),
    f"{HEARD}.delta": m.UserPartlyTranscribed("item_1", "What"),
    f"{HEARD}.completed": m.UserTranscribed("item_1", "What time is it?"),
    f"{HEARD}.failed": m.TranscriptionFailed("item_1", "audio_unintelligible"),
    "input_audio_buffer.speech_started": m.SpeechStarted("item_1"),
    "input_audio_buffer.speech_stopped": m.SpeechStopped("item_1"),
    "input_audio_buffer.committed": m.SpeechCommitted("item_1"),
    "response.created": m.ResponseStarted("resp_1", "tg_7"),
    "response.done": m.ResponseEnded(
        "resp_1",
        m.ResponseStatus.COMPLETED,
        None,
        (CALL,),
        "tg_7",
        items=("item_2",),
        texts=(("item_2", "It is noon."),),
    ),
    "response.output_item.done": m.ToolCallCompleted("resp_1", CALL),
    "response.function_call_arguments.done": m.ToolCallCompleted("resp_1", CALL),
    "response.output_text.delta": m.AgentTextStarted("resp_1"),
    "response.output_text.done": m.AgentTextEnded("resp_1", "item_2", "It is noon.", m.TextKind.WRITTEN),
    "response.output_audio.delta": m.AgentAudioChunk("resp_1", "item_2", corpus.PCM),
    "response.output_audio.done": m.AgentAudioSegmentEnded("resp_1"),
    "response.output_audio_transcript.delta": m.AgentTextStarted("resp_1"),
    "response.output_audio_transcript.done": m.AgentTextEnded("resp_1", "item_2", "It is noon."),
    # nothing to a session
    "conversation.created": None,
    "conversation.item.retrieved": None,
    "conversation.item.truncated": None,
    "conversation.item.deleted": None,
    f"{HEARD}.segment": None,
    "input_audio_buffer.cleared": None,
    "input_audio_buffer.timeout_triggered": None,
    "input_audio_buffer.dtmf_event_received": None,
    "output_audio_buffer.started": None,
    "output_audio_buffer.stopped": None,
    "output_audio_buffer.cleared": None,
    "response.output_item.added": None,
    "response.content_part.added": None,
    "response.content_part.done": None,
    "response.function_call_arguments.delta": None,
    "response.mcp_call_arguments.delta": None,
    "response.mcp_call_arguments.done": None,
    "response.mcp_call.in_progress": None,
    "response.mcp_call.completed": None,
    "response.mcp_call.failed": None,
    "mcp_list_tools.in_progress": None,
    "mcp_list_tools.completed": None,
    "mcp_list_tools.failed": None,
    "rate_limits.updated": None,
}


def read(tree: corpus.Tree) -> m.UpstreamMessage | None:
    """What the event of a JSON tree means."""
    event = decode_server(json.dumps(tree).encode())
    assert not isinstance(event, Malformed | UnknownEvent), event
    return Translation().to_session(event)


def ended(**fields: object) -> m.ResponseEnded:
    """What a ``response.done`` with such a response means."""
    message = read({"type": "response.done", "response": {"id": "resp_1", **fields}})
    assert isinstance(message, m.ResponseEnded)
    return message


def refused(error: object) -> m.Refused:
    """What an ``error`` means."""
    message = read({"type": "error", "error": error})
    assert isinstance(message, m.Refused)
    return message


def test_every_event_has_its_meaning_here():
    """Whoever adds an event says what it means, or that it means nothing."""
    assert set(corpus.SERVER) == set(MEANINGS)


@pytest.mark.parametrize("kind", MEANINGS)
def test_an_event_means_what_it_should(kind):
    """Every event of the protocol, by its sample."""
    assert MEANINGS[kind] == read(corpus.SERVER[kind])


@pytest.mark.parametrize(("beta", "ga"), corpus.BETA_NAMES.items())
def test_a_beta_event_means_what_that_of_ga_means(beta, ga):
    """Servers that speak the beta are understood."""
    assert MEANINGS[ga] is not None
    assert MEANINGS[ga] == read({**corpus.SERVER[ga], "type": beta})


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "active"),
    [
        ({"code": "conversation_already_has_active_response"}, True),
        ({"code": "response_already_active", "message": "Busy."}, True),
        ({"code": None, "message": "Conversation already has an active response"}, True),
        ({"message": "The conversation ALREADY HAS AN ACTIVE RESPONSE in progress."}, True),
        ("Conversation already has an active response", True),
        ({"code": "invalid_value", "message": "It already has an active response."}, False),
        ({"code": "response_cancel_not_active", "message": "Cancellation failed: no active response found"}, False),
        ({"message": "no active response"}, False),
        ({}, False),
        ("", False),
    ],
)
def test_a_refusal_says_that_a_response_is_active(error, active):
    """By its code, or by its words where there is no code."""
    assert active is refused(error).active_response


def test_a_refusal_names_the_request_where_the_upstream_does():
    """``error.event_id`` is the client's; the event's own ``event_id`` is not."""
    named = read({"type": "error", "event_id": "event_1", "error": {"event_id": "tg_7", "code": "x", "param": "a.b"}})
    unnamed = read({"type": "error", "event_id": "event_1", "error": {"code": "x", "event_id": None}})
    assert named == m.Refused("tg_7", "x", "", "a.b")
    assert unnamed == m.Refused(None, "x")


def test_a_code_that_is_a_number_is_text():
    """Some servers send HTTP statuses."""
    assert refused({"code": 429, "message": "Slow down."}).code == "429"


# --- responses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "in_conversation"),
    [({}, True), ({"conversation_id": "conv_1"}, True), ({"conversation_id": None}, False)],
)
def test_a_response_is_outside_the_conversation_only_when_the_event_says_so(response, in_conversation):
    """A server that does not say where a response is has put it into the conversation."""
    started = read({"type": "response.created", "response": {"id": "resp_1", **response}})
    assert started == m.ResponseStarted("resp_1", None, in_conversation)
    assert in_conversation is ended(**response).in_conversation


@pytest.mark.parametrize(
    ("metadata", "tag"),
    [
        ({TAG: "tg_1"}, "tg_1"),
        ({}, None),
        (None, None),
        ({"other": "tg_1"}, None),
        ({TAG: 1}, None),
        ({TAG: None}, None),
    ],
)
def test_a_response_carries_the_tag_of_its_request(metadata, tag):
    """Where it was echoed as it was sent; anything else is somebody else's."""
    started = read({"type": "response.created", "response": {"id": "resp_1", "metadata": metadata}})
    assert started == m.ResponseStarted("resp_1", tag)
    assert tag == ended(metadata=metadata).tag


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed", m.ResponseStatus.COMPLETED),
        ("cancelled", m.ResponseStatus.CANCELLED),
        ("failed", m.ResponseStatus.FAILED),
        ("incomplete", m.ResponseStatus.INCOMPLETE),
        ("in_progress", m.ResponseStatus.COMPLETED),
        ("exploded", m.ResponseStatus.COMPLETED),
        (None, m.ResponseStatus.COMPLETED),
    ],
)
def test_a_response_ends_whatever_its_status(status, expected):
    """All four statuses are told apart; an end that says no known status is still an end."""
    assert expected is ended(status=status).status


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (None, None),
        ({"type": "cancelled", "reason": "turn_detected"}, "turn_detected"),
        ({"type": "cancelled", "reason": "client_cancelled", "error": None}, "client_cancelled"),
        ({"type": "incomplete", "reason": "max_output_tokens"}, "max_output_tokens"),
        ({"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}}, "rate_limit_exceeded"),
        ({"type": "failed", "error": {"type": "server_error", "code": None}}, "server_error"),
        ({"type": "failed", "error": "The words of a server."}, None),
        ("The words of a server.", None),
        ({}, None),
    ],
)
def test_a_response_says_why_it_ended(details, reason):
    """A code, never a server's own words."""
    assert reason == ended(status_details=details).reason


def test_a_response_lists_its_complete_calls():
    """In their order; a call whose arguments were cut, or that has no name or id, is none."""
    calls = [
        {**corpus.CALL_ITEM, "call_id": "cut", "status": "incomplete", "arguments": '{"zo'},
        {**corpus.CALL_ITEM, "call_id": "begun", "status": "in_progress"},
        {**corpus.CALL_ITEM, "call_id": ""},
        {**corpus.CALL_ITEM, "name": None},
        {**corpus.CALL_ITEM, "call_id": "first"},
        corpus.AGENT_ITEM,
        {**corpus.CALL_ITEM, "call_id": "second", "status": None, "arguments": ""},
    ]
    assert ended(output=calls).calls == (
        m.ToolCall("first", "clock", '{"zone":"UTC"}'),
        m.ToolCall("second", "clock", "{}"),
    )


@pytest.mark.parametrize("item", [{**corpus.CALL_ITEM, "status": "incomplete"}, {}])
def test_an_output_item_is_no_call_when_it_is_no_complete_call(item):
    """A call whose arguments were cut off, or nothing at all."""
    assert read({"type": "response.output_item.done", "response_id": "resp_1", "item": item}) is None


@pytest.mark.parametrize(("lacking"), [{"name": None}, {"call_id": None}])
def test_arguments_without_a_name_are_no_call(lacking):
    """The call comes with its item, which has the name; none is made up."""
    assert read({**corpus.SERVER["response.function_call_arguments.done"], **lacking}) is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "output_text", "text": "one"}, {"type": "output_audio", "transcript": "two"}], "one\ntwo"),
        ([{"type": "output_text", "text": ""}, {"type": "output_text", "text": "two"}], "two"),
        ([{"type": "function_call", "name": "clock", "arguments": "{}"}], "Function call: clock({})"),
        ([{"type": "function_call"}], ""),
        ("words", "words"),
        (None, ""),
    ],
)
def test_a_message_of_the_agent_is_told_with_all_its_parts(content, text):
    """Line by line; a call within a message reads as one."""
    item = {**corpus.AGENT_ITEM, "content": content}
    done = {"type": "response.output_item.done", "response_id": "resp_1", "item": item}
    assert read(done) == m.AgentItemEnded("resp_1", "item_2", text)


def test_a_written_text_ends_its_response_where_the_upstream_says_nothing_else():
    """Only where the operator says so, and only for what was written."""
    options = RealtimeOptions(text_ends_response=True)
    for kind, expected in (("output_text", m.TextKind.LAST), ("output_audio_transcript", m.TextKind.SPOKEN)):
        event = decode_server(json.dumps(corpus.SERVER[f"response.{kind}.done"]).encode())
        message = Translation(options).to_session(event)
        assert isinstance(message, m.AgentTextEnded)
        assert message.kind is expected


# --- speech ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delta", "pcm"), [("AAABAA==", b"\x00\x00\x01\x00"), ("AAAB", b"\x00\x00\x01"), ("", None)])
def test_audio_comes_as_it_is(delta, pcm):
    """A half sample at the end of a delta is for the next one to complete; without a byte there is no audio."""
    expected = None if pcm is None else m.AgentAudioChunk("resp_1", "item_2", pcm)
    assert expected == read({**corpus.SERVER["response.output_audio.delta"], "delta": delta})


def test_what_a_server_knows_of_the_users_speech_beyond_the_api_is_kept():
    """As JSON, in the server's own words."""
    more = {"channel": [1, 2], "speech_final": False, "start": 1.5, "other": 1}
    said = read({**corpus.SERVER[f"{HEARD}.completed"], **more})
    assert said == m.UserTranscribed(
        "item_1", "What time is it?", own='{"speech_final":false,"channel":[1,2],"start":1.5}'
    )
    stopped = read({**corpus.SERVER["input_audio_buffer.speech_stopped"], "channel": [0], "last_word_end": 2.5})
    assert stopped == m.SpeechStopped("item_1", '{"channel":[0],"last_word_end":2.5}')


def test_an_item_without_an_id_confirms_nothing():
    """Nobody could have asked for it."""
    assert read({"type": "conversation.item.added", "item": {"type": "message"}}) is None


def test_a_turn_whose_item_is_not_named_has_the_name_of_its_event():
    """So that it is the same as itself, and as no other."""
    committed = {"type": "input_audio_buffer.committed", "event_id": "event_1"}
    assert read(committed) == m.SpeechCommitted("event_1")
    assert read({**committed, "item_id": "", "event_id": None}) == m.SpeechCommitted("")


@pytest.mark.parametrize("tree", corpus.LEFT_OUT, ids=lambda tree: tree["type"])
def test_an_event_of_another_server_means_what_that_of_the_api_means(tree):
    """As far as it means anything: what is left out changes no event into another."""
    message, usual = read(tree), MEANINGS[tree["type"]]
    assert message is None or type(message) is type(usual)


def test_no_message_shows_what_was_said():
    """Transcripts, audio, arguments of calls and the upstream's words stay out of every repr."""
    for kind in MEANINGS:
        shown = repr(read(corpus.SERVER[kind]))
        assert not any(words in shown for words in ("noon", "What time", "Conversation already", "\\x01"))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, m.Usage()),
        (
            {
                "input_token_details": {
                    "text_tokens": 100,
                    "audio_tokens": 50,
                    "image_tokens": 3,
                    "cached_tokens": 60,
                    "cached_tokens_details": {"text_tokens": 40, "audio_tokens": 20},
                },
                "output_token_details": {"text_tokens": 5, "audio_tokens": 30},
            },
            m.Usage(100, 50, 3, 40, 20, 0, 5, 30),
        ),
        ({"input_tokens": 7, "output_tokens": 8}, m.Usage(text_in=7, text_out=8)),
        (
            {"input_token_details": {"text_tokens": 9, "cached_tokens": 4}, "output_tokens": True},
            m.Usage(text_in=9, cached_text_in=4),
        ),
        ({"input_token_details": {"text_tokens": 1, "cached_tokens": 4}}, m.Usage(text_in=1, cached_text_in=1)),
        ({"input_token_details": "all", "output_token_details": {"text_tokens": -1, "audio_tokens": 1e9}}, m.Usage()),
        ({"input_tokens": 10**30, "output_token_details": {"text_tokens": "12"}}, m.Usage()),
    ],
    ids=["none", "whole", "sums", "cached", "more cached than all", "nonsense", "too much"],
)
def test_usage_when_a_response_ends_is_read_as_far_as_it_makes_sense(
    usage: dict[str, object] | None, expected: m.Usage
) -> None:
    """Kinds of tokens where the upstream tells them; whatever it writes, no figure is negative or beyond belief."""
    assert expected == usage_of(usage)
