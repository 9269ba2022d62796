"""What a component says and is told, message by message."""

import json
from typing import Any

import pytest

from turngate.audio import AudioFormat, ClientAudio, Encoding, SessionAudio
from turngate.net import BearerKey
from turngate.protocols.component import Face
from turngate.protocols.component.settings import CONTEXT_HEADING, TOOLS_HINT
from turngate.protocols.deepgram.codec import MAX_TEXT_BYTES
from turngate.protocols.deepgram.maps import Maps
from turngate.session import messages as m

NO_SETTINGS = {"type": "Settings", "agent": {}}


def hear(face: Face | None = None, **message: Any) -> m.ClientMessage:
    """What a message means to the session."""
    return (face or Face()).hear(json.dumps(message).encode())


def settings(think: dict[str, Any] | None = None, **agent: Any) -> m.ConfigureSession:
    """What settings ask for."""
    configure = hear(type="Settings", agent={"think": think or {}, **agent})
    assert isinstance(configure, m.ConfigureSession)
    return configure


def fault(payload: bytes) -> m.ClientFault:
    """What is wrong with a message."""
    message = Face().hear(payload)
    assert isinstance(message, m.ClientFault)
    return message


def told(effect: m.Told, face: Face | None = None) -> list[dict[str, Any]]:
    """What the client is told."""
    return [json.loads(frame) for frame in (face or Face()).tell(effect)]


# --- settings -------------------------------------------------------------------------------------------------------


def test_a08_settings_have_the_profiles_defaults() -> None:
    """Turns end with 200 ms of silence, the upstream starts the answers, nothing else is asked for."""
    expected = m.SessionConfig(turn_end=m.BySilence(200), starter=m.Starter.UPSTREAM)
    assert m.ConfigureSession(expected) == settings()


def test_a07_settings_may_hold_more_than_deepgrams() -> None:
    """Every further field reaches the session's configuration."""
    configure = settings(
        {
            "prompt": "Be brief.",
            "toolChoice": "required",
            "outputModalities": ["text"],
            "maxOutputTokens": 99,
            "managedPrompt": {"id": "pmpt_1"},
        },
        sessionAudioOutput={"voice": "ash", "speed": 0.9},
        idleTimeoutMs=100,
    )
    assert configure == m.ConfigureSession(
        m.SessionConfig(
            "Be brief.",
            voice="ash",
            speed=0.9,
            turn_end=m.BySilence(200, 5000),
            starter=m.Starter.UPSTREAM,
            tool_choice=m.ToolUse.REQUIRED,
            output=m.Output.TEXT,
            max_output_tokens=99,
            stored_prompt=m.StoredPrompt("pmpt_1"),
        )
    )


def test_a12_manual_commit_leaves_turns_to_the_proxy() -> None:
    """Only ``true`` is true."""
    config = settings(useOpenAIManualAudioCommit=True).config
    assert (config.turn_end, config.starter) == (m.ByPause(), m.Starter.PROXY)
    assert settings(useOpenAIManualAudioCommit="yes").config == settings().config


def test_a09_temperature_and_voice_are_never_used_and_not_spoken_of() -> None:
    """Components send them as a matter of course."""
    provider = {"type": "open_ai", "model": "gpt-realtime", "temperature": 0.7}
    configure = settings({"provider": provider}, speak={"provider": {"type": "deepgram", "model": "aura-2-thalia-en"}})
    assert configure == settings()


@pytest.mark.parametrize(
    ("audio", "rate_hz"),
    [(None, 16000), ({"input": {}}, 16000), ({"input": {"encoding": "linear16", "sample_rate": 48000}}, 48000)],
)
def test_a09_b23_input_audio_is_16_khz_unless_settings_say_otherwise(audio: Any, rate_hz: int) -> None:
    """Before the settings too."""
    face = Face()
    assert face.audio.input_format == AudioFormat(Encoding.LINEAR16, 16000)
    hear(face, **NO_SETTINGS, audio=audio)
    assert face.audio == ClientAudio(AudioFormat(Encoding.LINEAR16, rate_hz), SessionAudio.PCM.value)


@pytest.mark.parametrize(("name", "speaks"), [("audio/pcmu", SessionAudio.PCMU), ("audio/pcma", SessionAudio.PCMA)])
def test_a07_a21_the_agents_audio_may_be_g711_as_the_upstream_makes_it(name: str, speaks: SessionAudio) -> None:
    """It is passed on unchanged; once the session is ready it cannot change any more."""
    face = Face()
    wanted = {"type": "Settings", "agent": {"sessionAudioOutput": {"format": {"type": name}}}}
    configure = hear(face, **wanted)
    assert isinstance(configure, m.ConfigureSession)
    assert configure.config.output_sound is m.Sound[speaks.name]
    assert (face.audio.output_format, face.audio.speaks, face.audio.hears) == (speaks.value, speaks, SessionAudio.PCM)
    face.tell(m.SessionConfigured())
    again = hear(face, **NO_SETTINGS)
    assert isinstance(again, m.ConfigureSession)
    assert again.config.output_sound is m.Sound[speaks.name]
    assert face.audio.speaks is speaks


def test_a07_g711_is_made_here_where_the_upstream_does_not_take_it() -> None:
    """The operator says so."""
    face = Face(Maps(passes_g711=False))
    wanted = {"type": "Settings", "agent": {"sessionAudioOutput": {"format": {"type": "audio/pcmu"}}}}
    configure = hear(face, **wanted)
    assert isinstance(configure, m.ConfigureSession)
    assert configure.config.output_sound is m.Sound.PCM
    assert (face.audio.output_format, face.audio.speaks) == (SessionAudio.PCMU.value, SessionAudio.PCM)


def test_a09_b23_g711_of_the_user_is_taken_for_what_it_is() -> None:
    """And becomes PCM."""
    face = Face()
    hear(face, **NO_SETTINGS, audio={"input": {"encoding": "mulaw"}})
    assert face.audio.input_format == AudioFormat(Encoding.MULAW, 8000)
    assert face.audio.hears is SessionAudio.PCM


def test_a10_context_is_folded_into_the_instructions() -> None:
    """Under a heading, line by line, after the prompt and the hint to use functions; there are no items."""
    messages = [
        {"type": "History", "role": "user", "content": "I am Ada."},
        {"type": "History", "role": "assistant", "content": "Hello, Ada."},
        {
            "type": "History",
            "function_calls": [{"id": "c", "name": "f", "client_side": True, "arguments": "{}", "response": "42"}],
        },
    ]
    functions = [{"name": "f", "description": "Answers."}]
    configure = settings({"prompt": "Be brief.", "functions": functions}, context={"messages": messages})
    assert configure.context == ()
    assert configure.config.instructions == (
        f"Be brief.\n\n{TOOLS_HINT}\n\n{CONTEXT_HEADING}\nuser: I am Ada.\nassistant: Hello, Ada.\nfunction f({{}}): 42"
    )
    assert configure.config.tools == (m.ToolSpec("f", "Answers."),)


def test_a11_greeting_is_suppressed_by_context() -> None:
    """A conversation that goes on is not greeted."""
    line = {"type": "History", "role": "user", "content": "I am Ada."}
    assert settings(greeting="Hello.").greeting == "Hello."
    assert settings(greeting="Hello.", messages=[line]).greeting == ""


def test_settings_that_take_no_effect_are_named() -> None:
    """What the profile does not know is not dropped in silence."""
    (notice,) = settings({"wings": 2}, horns=True).notices
    assert notice.cause is m.Cause.SETTINGS_IGNORED
    assert notice.detail.endswith("agent.think.wings, agent.horns.")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "Settings"}, "$.agent is missing"),
        ({"type": "Settings", "agent": "a-stored-one"}, "stored agent configurations are not available"),
        ({"type": "Settings", "agent": {"greeting": 7}}, "$.agent.greeting must be str"),
        ({"type": "Settings", "agent": {"think": {"functions": [{}]}}}, "functions[0].name is required"),
        ({**NO_SETTINGS, "audio": {"input": {"encoding": "opus"}}}, "$.audio.input.encoding must be"),
        ({**NO_SETTINGS, "audio": {"input": {"sample_rate": 7}}}, "$.audio.input.sample_rate must be one of"),
        ({"type": "Settings", "agent": {"messages": [{"role": "x", "content": ""}]}}, "role must be user or assistant"),
    ],
)
def test_b06_settings_that_cannot_be_used_are_an_error_and_can_be_corrected(message: Any, words: str) -> None:
    """They are never taken for anything else, and the session lives."""
    refused = fault(json.dumps(message).encode())
    assert refused.ending is None
    assert words in refused.problem.detail


# --- other messages -------------------------------------------------------------------------------------------------


def test_a05_a_type_that_there_is_none_of_is_an_error_that_names_it() -> None:
    """With those that there are; the session lives on."""
    refused = fault(b'{"type":"Dance","steps":3}')
    assert refused.ending is None
    (error,) = told(m.Failed(refused.problem))
    assert error["code"] == "disallowed_client_message_type"
    assert "Dance" in error["description"]
    assert "FunctionCallResponse, InjectAgentMessage, InjectUserMessage, KeepAlive" in error["description"]


def test_a05_a_type_of_any_length_or_kind_is_named_safely() -> None:
    """It is cut, and holds no control characters."""
    assert "x" * 64 + " " in fault(b'{"type":"' + b"x" * 1000 + b'"}').problem.detail
    assert "a?b" in fault(b'{"type":"a\\u0000b"}').problem.detail
    assert "no text" in fault(b'{"type":[1]}').problem.detail


@pytest.mark.parametrize("payload", [b"hello", b"[]", b"{}", b"\xff", b'{"type":"InjectUserMessage"}'])
def test_b07_what_cannot_be_read_does_not_end_the_session(payload: bytes) -> None:
    """It is an error, and nothing else."""
    assert fault(payload).ending is None


def test_what_is_too_large_ends_the_session() -> None:
    """A client that does so once will do so again."""
    payload = b'{"type":"InjectUserMessage","content":"' + b"x" * MAX_TEXT_BYTES + b'"}'
    assert fault(payload).ending is m.Ending.CLIENT_TOO_LARGE


def test_messages_that_are_deepgrams_mean_the_same() -> None:
    """The profile is a variant."""
    assert hear(type="KeepAlive") == m.KeepAlive()
    assert hear(type="InjectUserMessage", content="hi") == m.UserText("hi")
    assert hear(type="UpdatePrompt", prompt="p") == m.UpdateSession(m.UpdateKind.PROMPT, m.AppendInstructions("p"))


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({"content": "42"}, "42"),
        ({"content": ""}, ""),
        ({"content": {"a": 1}}, '{"a":1}'),
        ({"content": "42", "error": "x", "result": "y"}, "42"),
        ({"error": {"message": "no"}, "result": "y"}, '{"message":"no"}'),
        ({"error": "no"}, '"no"'),
        ({"result": "plain"}, "plain"),
        ({"result": {"a": [1, 2]}}, '{"a":[1,2]}'),
        ({"result": None}, "null"),
        ({}, ""),
    ],
)
def test_a23_output_of_a_function(fields: dict[str, Any], output: str) -> None:
    """The content, else the error as JSON, else the result."""
    assert hear(type="FunctionCallResponse", id="c1", name="f", **fields) == m.ToolResult("c1", "f", output)


# --- what a client is told ------------------------------------------------------------------------------------------


def test_a19_the_end_of_speech_is_told_in_two_messages() -> None:
    """In this order."""
    assert [{"type": "AgentDone"}, {"type": "AgentAudioDone"}] == told(m.AgentFinishedSpeaking())


def test_a24_the_end_of_an_utterance() -> None:
    """With the upstream's own values where it has any."""
    assert [{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 0}] == told(m.UserStopped())
    own = '{"channel":[1,2],"last_word_end":3.5}'
    assert [{"type": "UtteranceEnd", "channel": [1, 2], "last_word_end": 3.5}] == told(m.UserStopped(own))


def test_a24_b17_transcripts_grow_utterance_by_utterance() -> None:
    """Pieces are put together by their item, and the whole goes over the pieces."""
    face = Face()
    heard = [
        m.UserHeard("u1", "What ", is_whole=False),
        m.UserHeard("u2", "And ", is_whole=False),
        m.UserHeard("u1", "time", is_whole=False),
        m.UserHeard("u1", "What time?", is_whole=True),
        m.UserHeard("u2", "then", is_whole=False),
    ]
    lines = [told(one, face)[0] for one in heard]
    assert ["What ", "And ", "What time", "What time?", "And then"] == [line["transcript"] for line in lines]
    assert [False, False, False, True, False] == [line["is_final"] for line in lines]
    assert lines[3] == {
        "type": "Transcript",
        "transcript": "What time?",
        "is_final": True,
        "speech_final": True,
        "channel": [0, 1],
        "channel_index": [0, 1],
        "start": 0,
        "duration": 0,
        "alternatives": [{"transcript": "What time?"}],
    }


def test_a24_transcripts_have_the_upstreams_own_values() -> None:
    """Where it sends them."""
    own = '{"speech_final":false,"channel":[1],"start":1.5,"duration":2,"alternatives":[{"transcript":"so"}]}'
    (line,) = told(m.UserHeard("u1", "so", is_whole=True, own=own))
    assert (line["speech_final"], line["channel"], line["start"], line["duration"]) == (False, [1], 1.5, 2)
    assert line["alternatives"] == [{"transcript": "so"}]


def test_b18_transcripts_are_bounded() -> None:
    """Neither one without an end nor many without an end are kept for ever."""
    face = Face()
    for _ in range(70):
        (line,) = told(m.UserHeard("u1", "x" * 1024, is_whole=False), face)
    assert len(line["transcript"]) == 64 * 1024
    for number in range(20):
        told(m.UserHeard(f"v{number}", "x", is_whole=False), face)
    assert told(m.UserHeard("u1", "y", is_whole=False), face)[0]["transcript"] == "y"


def test_a25_errors_of_the_upstream_keep_their_code() -> None:
    """And its words, as far as they are fit; without a code they are unknown."""
    problem = m.Problem(
        m.Cause.UPSTREAM_ERROR, "The upstream reports an error.", "invalid_value", "Bad key sk-abc here"
    )
    assert [{"type": "Error", "code": "invalid_value", "description": "Bad key [...] here"}] == told(m.Failed(problem))
    nameless = m.Problem(m.Cause.UPSTREAM_ERROR, "The upstream reports an error.")
    assert told(m.Failed(nameless))[0]["code"] == "unknown"
    assert told(m.Failed(nameless))[0]["description"] == "The upstream reports an error."


@pytest.mark.parametrize("words", ["Bad key hunter2 here", "Use Bearer hunter2", "hunter2", "key=hunter2&sk-abc"])
def test_a25_words_of_the_upstream_never_hold_the_operators_key(words: str) -> None:
    """Not even a key that looks like any word, in an error of any kind, as a code or in words."""
    face = Face(None, BearerKey("hunter2").conceal)
    for cause in m.Cause:
        problem = m.Problem(cause, "It failed.", "hunter2", words)
        for effect in (m.Failed(problem), m.Warned(problem), m.UpdateNotApplied(m.UpdateKind.SETTINGS, problem)):
            assert "hunter2" not in str(told(effect, face))
            assert "sk-abc" not in str(told(effect, face))


def test_a26_an_upstream_that_closes_too_early_has_a_code_of_its_own() -> None:
    """Only until the client was told that the session is ready."""
    face = Face()
    closed = m.Failed(m.Problem(m.Cause.UPSTREAM_CLOSED, "It closed (code 3000).", words="invalid_api_key"))
    assert told(closed, face)[0]["code"] == "upstream_closed_before_session_ready"
    assert told(closed, face)[0]["description"] == "It closed (code 3000). invalid_api_key"
    told(m.SessionConfigured(), face)
    assert told(closed, face)[0]["code"] == "upstream_closed"


def test_b05_settings_that_the_upstream_refuses_are_an_error() -> None:
    """The first and any later ones; other updates are a warning, unless the upstream has a code for it."""
    problem = m.Problem(m.Cause.UPDATE_REFUSED, "It was refused.", "invalid_value")
    assert told(m.UpdateNotApplied(m.UpdateKind.SETTINGS, problem))[0] == {
        "type": "Error",
        "code": "invalid_value",
        "description": "It was refused.",
    }
    full = m.Problem(m.Cause.TOO_MANY_WAITING, "Later.")
    assert told(m.UpdateNotApplied(m.UpdateKind.PROMPT, full)) == [
        {"type": "Warning", "code": "too_many_waiting", "description": "Later."}
    ]


@pytest.mark.parametrize("cause", m.Cause)
def test_every_cause_has_a_code(cause: m.Cause) -> None:
    """Whatever fails, the client gets a code and a description."""
    problem = m.Problem(cause, "detail")
    for effect in (m.Failed(problem), m.Warned(problem)):
        (line,) = told(effect)
        assert line["code"].islower()
        assert line["description"] == "detail"


def test_messages_that_are_deepgrams_are_told_the_same() -> None:
    """Such as the welcome, the conversation, and calls."""
    assert told(m.SessionOpened("s1")) == [{"type": "Welcome", "request_id": "s1"}]
    for effect in (m.SessionConfigured(), m.UpdateApplied(m.UpdateKind.SETTINGS), m.SettingsAcknowledged()):
        assert told(effect) == [{"type": "SettingsApplied"}]
    (line,) = told(m.ConversationLine(m.Role.USER, "hi"))
    assert (line["type"], line["role"], line["content"]) == ("ConversationText", "user", "hi")
    (begun,) = told(m.AgentSpeaking())
    assert begun["type"] == "AgentStartedSpeaking"
    assert [] == told(m.LineRecorded(m.Role.USER, "hi")) + told(m.CallsRecorded(()))
    (request,) = told(m.ToolCallsRequested((m.ToolCall("c1", "f", "{}"),)))
    assert request["functions"] == [{"id": "c1", "name": "f", "arguments": "{}", "client_side": True}]
