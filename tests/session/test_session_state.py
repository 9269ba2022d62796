"""The state of a session: a value, bounded."""

from attrs import evolve
from session_driver import PCM, Talk, call, prompt

from turngate.session import messages as m
from turngate.session.policy import COMPONENT, Bounds
from turngate.session.state import Draft, Response, State


def test_state_when_a_session_has_seen_much_is_still_a_value() -> None:
    """A state can be hashed and compared, so that the model can know it again; a step never changes the one given."""
    talk = Talk(COMPONENT)
    talk.tell(m.UserAudio(PCM), prompt("early"))
    before = talk.state
    copy = evolve(before)
    talk.serve().tell(m.UpdateConfirmed())
    talk.call_tools(call())
    talk.tell(m.UserText("hi"), m.SpeechStarted("u1"), prompt("late"))
    assert copy == before
    assert hash(copy) == hash(before)
    assert {talk.state: 1} == {evolve(talk.state): 1}
    assert before != talk.state


def test_state_when_printed_holds_no_words_of_the_user() -> None:
    """What a user wrote or said, and what a tool returned, is not in the repr of what waits."""
    talk = Talk(COMPONENT)
    talk.tell(m.UserAudio(b"secret!!"), m.ToolResult("c", "f", "secret"))
    talk.serve().respond()
    talk.tell(m.UserText("secret"))
    assert "secret" not in repr(talk.state.due)
    assert "secret" not in repr(m.ToolResult("c", "f", "secret"))
    assert "secret" not in repr(m.UserAudio(b"secret"))


def test_response_when_looked_up_is_the_active_one_of_that_id() -> None:
    """A response is found by its id, and only while it is active."""
    state = State("s", responses=(Response("r1"), Response("r2")))
    assert Response("r2") == state.response("r2")
    assert state.response("r3") is None


def test_draft_when_it_remembers_forgets_the_oldest() -> None:
    """What is remembered to know duplicates is bounded."""
    draft = Draft(State("s", bounds=Bounds(remembered_ids=2)))
    for identifier in ("a", "b", "c"):
        draft.remember(identifier)
    assert ("b", "c") == draft.state.past


def test_draft_when_asked_for_ids_gives_each_once() -> None:
    """No id is given out twice within a session."""
    draft = Draft(State("s"))
    assert ["tg_1", "tg_2"] == [draft.fresh_id(), draft.fresh_id()]
