"""How each trial reads what came: played by hand, so that every outcome of a real server has its line."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_rig import answers, error, play, said

from turngate.cli.probing import busy, items, responses, session, sound
from turngate.cli.probing.shapes import Shape, Wish, rate_of, shape_of
from turngate.cli.probing.words import Answer, Book, End, Event, Heard, Step, Topic, Trial, code_of


def only_id(step: Step, kind: str) -> str:
    """The id of the last event of a type in a step."""
    return str([event["event_id"] for event in step.send if event["type"] == kind][-1])


# --- the session ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expires_at", "found"),
    [
        (1_000_000 + 1801, 1800),
        (1_000_000 + 3599.6, 3600),
        (1_000_000 - 5, None),
        (10**400, None),
        (float("nan"), None),
        (True, None),
        ("soon", None),
        (None, None),
    ],
)
def test_the_longest_session_is_read_in_whole_minutes(expires_at: Any, found: Answer) -> None:
    """And nonsense is not read."""
    book = Book(epoch_s=1_000_000.0)
    play(session.greeting(book), [said("session.created", session={"expires_at": expires_at})])
    assert answers(book, Topic.MAX_SESSION_S, Topic.FIRST_EVENT) == [found, "session.created"]


def test_another_first_event_is_named_with_its_time() -> None:
    """The session's own event may come second."""
    book = Book()
    play(
        session.greeting(book),
        [said("conversation.created", 0.25), said("session.created", 0.3, session={"expires_at": 60})],
    )
    assert book.findings[Topic.FIRST_EVENT].words == "conversation.created, after 250 ms"
    assert book.answer(Topic.MAX_SESSION_S) == 60


def shaped(own: dict[str, Any], **became: Any) -> tuple[Shape, Book]:
    """What is concluded where a way becomes ``shown``, ``confirmed``, nothing, or an error of this code."""
    book = Book()
    shapes = session.Shapes(book)
    shapes.saw(own)

    def answer(shape: Shape, step: Step) -> list[Event]:
        match became.get(shape.name):
            case None:
                return []
            case "shown":
                return [said("session.updated", session=step.send[0]["session"])]
            case "confirmed":
                return [said("session.updated", session={})]
            case code:
                return [error(only_id(step, "session.update"), code)]

    for shape in Shape:
        play(shapes.attempt(shape)(book), lambda step, shape=shape: answer(shape, step))  # type: ignore[misc]
    return shapes.conclude(), book


NESTED = {"audio": {"input": {}}}
FLAT = {"modalities": ["text"], "input_audio_format": "pcm16", "turn_detection": None}


@pytest.mark.parametrize(
    ("own", "became", "shape", "answer", "acks"),
    [
        (NESTED, {"NESTED": "shown", "FLAT": "unknown_parameter"}, Shape.NESTED, "NESTED", True),
        (FLAT, {"NESTED": "confirmed", "FLAT": "shown", "QWEN": "bad"}, Shape.FLAT, "FLAT", True),
        (FLAT, {"NESTED": "bad", "FLAT": "bad", "QWEN": "shown"}, Shape.QWEN, "QWEN", True),
        ({}, {"NESTED": "bad", "FLAT": "confirmed", "XAI": "shown"}, Shape.XAI, "XAI", True),
        (NESTED, {"NESTED": "confirmed", "FLAT": "shown"}, Shape.FLAT, "FLAT", True),
        ({}, {name.name: "confirmed" for name in Shape}, Shape.NESTED, "NESTED", True),
        (FLAT, {name.name: "confirmed" for name in Shape}, Shape.FLAT, "FLAT", True),
        (FLAT, {}, Shape.FLAT, "FLAT", False),
        (FLAT, {"NESTED": "bad"}, Shape.FLAT, "FLAT", False),
        ({}, {}, Shape.NESTED, None, None),
        (FLAT, {name.name: "bad" for name in Shape}, Shape.FLAT, None, None),
    ],
)
def test_the_way_that_is_shown_again_wins(own: Any, became: Any, shape: Shape, answer: Answer, acks: Answer) -> None:
    """Then one that is confirmed, then the server's own; silence to its own way is no confirmation."""
    chosen, book = shaped(own, **became)
    assert chosen is shape
    assert answers(book, Topic.SHAPE, Topic.ACKS_UPDATE) == [answer, acks]


@pytest.mark.parametrize("shape", Shape)
def test_each_way_shows_what_it_was_told_in_its_own_place(shape: Shape) -> None:
    """So that a server that ignores what it does not know is not taken to know it."""
    assert shape.silence_ms(shape.session(Wish(silence_ms=640))) == 640
    assert shape_of(shape.session(Wish())) is shape


def test_a_rate_is_read_where_a_session_has_one() -> None:
    """Under either name, if it is one."""
    assert rate_of({"audio": {"input": {"format": {"type": "pcm", "sample_rate": 16000}}}}) == 16000
    assert rate_of({"audio": {"input": {"format": {"rate": 24000}}}}) == 24000
    assert rate_of({"audio": {"input": {"format": {"rate": 7}}}}) is None
    assert rate_of({"audio": {"input": {"format": "pcm16"}}}) is None


# --- errors and items -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "names", "place"),
    [
        (error("probe_1"), True, "error.code"),
        (error(None), False, "error.code"),
        (error("probe_1", None), True, "error.type"),
        (said("error", code="bad_thing", error={"message": "no"}), False, "code"),
        (said("error", error="bad_thing"), False, "error"),
        (said("error", message="something is wrong"), False, "none"),
    ],
)
def test_where_an_error_has_its_code_is_read(event: Event, names: bool, place: str) -> None:
    """And whether it names what it is about."""
    book = Book()
    play(items.errors(book), [event])
    items.read_errors(book)
    assert answers(book, Topic.ERROR_NAMES_EVENT, Topic.ERROR_CODE) == [names, place]


def test_a_server_that_makes_no_error_leaves_it_untold() -> None:
    """After two things that are wrong with every server."""
    book = Book()
    assert len(play(items.errors(book))) == 2
    items.read_errors(book)
    assert answers(book, Topic.ERROR_NAMES_EVENT, Topic.ERROR_CODE) == [None, None]


def test_what_an_error_says_is_not_shown() -> None:
    """A code that is no name may be anything."""
    assert code_of(error(None, "sk-live canary")) == "invalid_request_error"


@pytest.mark.parametrize(
    ("kinds", "found"),
    [(["added", "done"], "added+done"), (["added"], "added"), (["created"], "created"), ([], "none")],
)
def test_how_an_item_is_answered_is_read(kinds: list[str], found: str) -> None:
    """By both events of GA, by one, or by the older one."""
    book = Book()
    item = {"id": "item_of_theirs"}
    events = [said(f"conversation.item.{kind}", item=item) for kind in kinds]
    ahead: list[Any] = [events, [said("conversation.item.deleted")]] if events else [events]
    steps = play(items.items(book), *ahead)
    assert answers(book, Topic.ITEM_ANSWER, Topic.DELETES) == [found, True if events else None]
    if events:
        assert steps[1].send[0]["item_id"] == "item_of_theirs"


# --- responses ------------------------------------------------------------------------------------------------------


def response(response_id: str, status: str = "in_progress", **further: Any) -> dict[str, Any]:
    return {"response": {"id": response_id, "status": status, **further}}


AUDIO = said("response.output_audio.delta", item_id="item_1", delta="AAAA" * 1600)


@pytest.mark.parametrize("names", ["output_audio", "audio"])
def test_an_answer_shows_names_tag_end_and_sound(names: str) -> None:
    """All from one response."""
    book = Book()

    def answer(step: Step) -> list[Event]:
        tag = {"metadata": {"turngate_probe": only_id(step, "response.create")}}
        return [
            said("response.created", **response("r1", **tag)),
            said(f"response.{names}.delta", item_id="item_1", delta="AAAA" * 1600),
            said(f"response.{names}.delta", item_id="item_1", delta="nonsense!"),
            said("response.done", **response("r1", "completed")),
        ]

    play(responses.respond(book), answer)
    found = answers(book, Topic.NAMES, Topic.ECHOES_METADATA, Topic.SENDS_RESPONSE_DONE)
    assert found == ["ga" if names == "output_audio" else "beta", True, True]
    assert book.spoken is not None
    assert (book.spoken.item_id, book.spoken.duration_ms) == ("item_1", 100)


def test_metadata_that_is_refused_is_left_out_the_next_time() -> None:
    """The answer is still had."""
    book = Book()
    play(
        responses.respond(book),
        lambda step: [error(only_id(step, "response.create"), "unknown_parameter")],
        [said("response.created", **response("r1")), AUDIO, said("response.done", **response("r1", "completed"))],
    )
    assert answers(book, Topic.ECHOES_METADATA, Topic.SENDS_RESPONSE_DONE) == [False, True]
    assert "unknown_parameter" in book.findings[Topic.ECHOES_METADATA].words


def test_a_tag_that_comes_only_at_the_end_is_no_tag() -> None:
    """The rules need it where a response begins."""
    book = Book()

    def answer(step: Step) -> list[Event]:
        tag = {"metadata": {"turngate_probe": only_id(step, "response.create")}}
        return [said("response.created", **response("r1")), said("response.done", **response("r1", "completed", **tag))]

    play(responses.respond(book), answer)
    assert book.answer(Topic.ECHOES_METADATA) is False
    assert book.findings[Topic.ECHOES_METADATA].words == "only in response.done"


def test_silence_ends_a_response_only_after_its_output() -> None:
    """A connection that was lost says nothing of how responses end, and no output neither."""
    created = said("response.created", **response("r1"))
    for heard, found in (
        (Heard((created, AUDIO)), False),
        (Heard((created, AUDIO), End.CLOSED, 1006), None),
        (Heard((created,)), None),
        (Heard(), None),
    ):
        book = Book()
        play(responses.respond(book), heard)
        assert book.answer(Topic.SENDS_RESPONSE_DONE) is found


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ([error(None, "cannot_update_voice")], True),
        ([error(None, "invalid_value")], None),
        ([said("session.updated")], False),
        ([], None),
    ],
)
def test_another_voice_is_locked_only_if_the_code_says_voice(outcome: list[Event], found: Answer) -> None:
    """Any other refusal may be about a name that the server does not have."""
    book = Book(spoken=responses.Spoken("item_1", 100))
    play(
        responses.another_voice(Shape.NESTED)(book),
        outcome,
        *([outcome] if outcome[:1] == [said("session.updated")] else []),
    )
    assert book.answer(Topic.VOICE_LOCK) is found


# --- a busy server --------------------------------------------------------------------------------------------------

CREATED = [said("response.created", **response(one)) for one in ("r1", "r2")]
DONE = {
    (one, status): said("response.done", **response(one, status))
    for one in ("r1", "r2")
    for status in ("completed", "cancelled")
}


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([CREATED[0], error(None, "conversation_already_has_active_response")], "refused"),
        ([CREATED[0], DONE["r1", "cancelled"], CREATED[1]], "supersedes"),
        ([CREATED[0], CREATED[1], DONE["r1", "cancelled"]], "supersedes"),
        ([CREATED[0], CREATED[1], DONE["r2", "completed"]], "supersedes"),
        ([CREATED[0], DONE["r1", "completed"], CREATED[1]], "queued"),
        ([CREATED[0], CREATED[1], DONE["r1", "completed"]], "beside"),
        ([CREATED[0], DONE["r1", "completed"]], "ignored"),
        ([], None),
    ],
)
def test_what_becomes_of_a_second_create_is_read_from_the_order(events: list[Event], found: Answer) -> None:
    """Each outcome of a real server."""
    book = Book()
    play(busy.second_create(book), events)
    assert answers(book, Topic.SECOND_CREATE) == [found]


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([CREATED[0], error(None, "busy")], "refused"),
        ([CREATED[0], said("session.updated")], "confirmed"),
        ([CREATED[0], DONE["r1", "completed"]], "held"),
        ([CREATED[0]], None),
    ],
)
def test_what_becomes_of_an_update_in_a_response_is_read(events: list[Event], found: Answer) -> None:
    """Refused, confirmed, or held to the end."""
    book = Book()
    play(busy.update_while_active(Shape.NESTED)(book), events)
    assert answers(book, Topic.UPDATE_WHILE_ACTIVE) == [found]


# --- sound ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start_ms", "rate"),
    [
        (2700, 24000),
        (3000, 24000),
        (4200, 16000),
        (8700, 8000),
        (1200, 48000),
        (150, None),
        (True, None),
        (10**400, None),
    ],
)
def test_the_rate_is_read_from_when_speech_began(start_ms: Any, rate: Answer) -> None:
    """Three seconds of silence last longer for who counts at a lower rate."""
    book = Book()
    sound.read_rate(book, start_ms)
    assert book.answer(Topic.INPUT_RATE_HZ) == rate


@pytest.mark.parametrize(("kind", "found"), [("response.created", False), ("rate_limits.updated", True)])
def test_an_answer_that_nobody_asked_for_is_noticed(kind: str, found: bool) -> None:
    """The session has ``create_response: false``."""
    book = Book()
    turn = sound.SpokenTurn(b"")(book)
    play(turn, [said(sound.STARTED, audio_start_ms=2700), said(sound.STOPPED), said(sound.COMMITTED)], [said(kind)])
    assert answers(book, Topic.FINDS_TURNS, Topic.LETS_US_START) == [True, found]


# --- nonsense -------------------------------------------------------------------------------------------------------

FIELDS = ["session", "response", "error", "item", "id", "metadata", "code", "event_id", "audio", "input", "format"]
JSON: Any = st.recursive(
    st.sampled_from([None, True, -1, 10**400, float("nan"), "", "probe_1", "in_progress", "AAAA", "\ud800", [[]]]),
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=4,
)
KINDS = st.sampled_from(
    [
        *("session.created", "session.updated", "error", "response.created", "response.done", "ping"),
        *("conversation.item.added", "conversation.item.done", "conversation.item.truncated"),
        *("response.output_audio.delta", "response.audio.delta", "response.function_call_arguments.done"),
        *(sound.STARTED, sound.STOPPED, sound.COMMITTED, *sound.WRITTEN),
    ]
)
BODY = ["session", "response", "error", "item", "item_id", "delta", "audio_start_ms", "name", "code"]
EVENTS = st.builds(Event, KINDS, st.dictionaries(st.sampled_from(BODY), JSON, max_size=4))
HEARD = st.builds(
    Heard, st.lists(EVENTS, max_size=4).map(tuple), st.sampled_from(End), st.sampled_from([None, 1000, 1006])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(HEARD, min_size=4, max_size=4))
def test_no_nonsense_breaks_a_trial(heard: list[Heard]) -> None:
    """Whatever a server sends, each trial comes to its end, and has something to say."""
    book = Book()
    shapes = session.Shapes(book)

    def every() -> list[Trial]:
        return [
            session.greeting(book),
            *(shapes.attempt(shape)(book) for shape in Shape),
            items.items(book),
            items.errors(book),
            responses.respond(book),
            responses.truncate(book),
            responses.another_voice(Shape.FLAT)(book),
            responses.tool_call(book),
            busy.second_create(book),
            busy.update_while_active(Shape.NESTED)(book),
            sound.SpokenTurn(b"")(book),
            sound.commit(book),
        ]

    for at, trial in enumerate(every()):
        step = next(trial, None)
        turn = at
        while step is not None:
            now = heard[turn % len(heard)]
            for event in now.events:
                step.until(event)
            turn += 1
            try:
                step = trial.send(now)
            except StopIteration:
                step = None
    shapes.conclude()
    items.read_errors(book)
    assert set(Topic) - set(book.findings) <= {Topic.KNOCK, Topic.STRANGE_EVENTS, Topic.CANCELS, Topic.INPUT_RATE_HZ}
    assert all(isinstance(finding.words, str) for finding in book.findings.values())
