from turngate.simulator import mind
from turngate.simulator.items import (
    MAX_ITEMS,
    ROOT,
    Audio,
    Author,
    Conversation,
    FunctionCall,
    FunctionOutput,
    Message,
    Text,
    lines_of,
)


def said(item_id, text="hello", author=Author.USER):
    return Message(item_id, author, (Text(text),))


def conversation(*items):
    made = Conversation()
    for item in items:
        made.add(item)
    return made


def ids(items):
    return [item.id for item in items]


def test_an_item_comes_last_when_no_place_is_named():
    """Items are appended, and told what they come after."""
    made = Conversation()
    assert made.add(said("a")) is None
    assert made.add(said("b")) == "a"
    assert ids(made) == ["a", "b"]


def test_an_item_comes_first_when_its_place_is_the_root():
    """``root`` is before everything."""
    made = conversation(said("a"))
    assert made.add(said("b"), ROOT) is None
    assert ids(made) == ["b", "a"]


def test_an_item_comes_after_the_one_it_names():
    """``previous_item_id`` inserts."""
    made = conversation(said("a"), said("c"))
    assert made.add(said("b"), "a") == "a"
    assert ids(made) == ["a", "b", "c"]


def test_an_item_is_refused_when_its_id_is_taken():
    """Ids are unique in a conversation."""
    assert conversation(said("a")).why_not(said("a"), None).param == "item.id"


def test_an_item_is_refused_when_it_names_an_unknown_place():
    """There must be such an item to come after."""
    refusal = conversation(said("a")).why_not(said("b"), "nowhere")
    assert (refusal.code, refusal.param) == ("item_not_found", "previous_item_id")


def test_a_result_is_refused_when_there_is_no_such_call():
    """A result belongs to a call of the conversation."""
    made = conversation(FunctionCall("a", "call_1", "f", "{}"))
    assert made.why_not(FunctionOutput("b", "call_1", ""), None) is None
    assert made.why_not(FunctionOutput("b", "call_2", ""), None).param == "item.call_id"


def test_an_item_is_gone_when_it_was_deleted():
    """What was deleted is neither found nor deleted again."""
    made = conversation(said("a"), said("b"))
    assert made.delete("a") is None
    assert ids(made) == ["b"]
    assert made.delete("a").code == "item_not_found"


def test_a_deleted_item_stays_deleted_when_its_newer_form_comes():
    """A response that is still writing an item does not bring it back."""
    made = conversation(said("a"))
    made.delete("a")
    made.replace(said("a", "longer"))
    assert ids(made) == []


def test_a_spoken_answer_is_cut_where_it_was_heard():
    """Duration and transcript after the cut are those of the cut."""
    made = conversation(Message("a", Author.ASSISTANT, (Audio(1000, "hello"),)))
    assert made.truncate("a", 0, 400) is None
    assert made.find("a").parts == (Audio(400, ""),)
    assert made.truncate("a", 0, 500).param == "audio_end_ms"


def test_a_truncation_is_refused_when_it_is_out_of_bounds():
    """Neither a longer time than was spoken, nor a negative one, nor another part."""
    made = conversation(Message("a", Author.ASSISTANT, (Audio(1000, "hello"),)))
    assert made.truncate("a", 0, 1000) is None
    assert made.truncate("a", 0, 1001).code == "invalid_value"
    assert made.truncate("a", 0, -1).code == "invalid_value"
    assert made.truncate("a", 1, 10).param == "content_index"
    assert made.truncate("a", -1, 10).param == "content_index"


def test_a_truncation_is_refused_when_the_item_is_no_spoken_answer():
    """The API's own words, with no code."""
    made = conversation(said("a"), said("b", author=Author.ASSISTANT), Message("c", Author.USER, (Audio(500),)))
    assert {made.truncate(item_id, 0, 0).code for item_id in "abc"} == {None}
    assert made.truncate("d", 0, 0).code == "item_not_found"


def test_the_oldest_item_is_forgotten_when_there_are_too_many():
    """The conversation is bounded."""
    made = conversation(*(said(f"i{at}") for at in range(MAX_ITEMS + 5)))
    assert len(made) == MAX_ITEMS
    assert next(iter(made)).id == "i5"


def test_the_mind_hears_what_was_said_and_done():
    """Messages, calls and results become lines; system messages are not the user's words."""
    made = conversation(
        said("s", "be kind", Author.SYSTEM),
        said("u", "hi"),
        Message("v", Author.USER, (Audio(1400),)),
        Message("w", Author.USER, (Audio(900, words="what time is it"),)),
        FunctionCall("f", "c1", "get_time", "{}"),
        FunctionOutput("o", "c1", "noon"),
        said("a", "It is noon", Author.ASSISTANT),
    )
    assert list(lines_of(made)) == [
        mind.UserSaid("hi"),
        mind.UserSpoke(1.4),
        mind.UserSaid("what time is it"),
        mind.AgentCalled("c1", "get_time"),
        mind.ToolAnswered("c1", "noon"),
        mind.AgentSaid(),
    ]
