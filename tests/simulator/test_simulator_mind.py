import json

import pytest

from turngate.simulator.mind import (
    AgentCalled,
    AgentSaid,
    Answer,
    Call,
    NoTools,
    SomeTool,
    Tool,
    ToolAnswered,
    UserSaid,
    UserSpoke,
    arguments_for,
    think,
)

CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "exact": {"type": "boolean"},
        "unit": {"enum": ["celsius", "kelvin"]},
        "tags": {"type": ["array", "null"]},
        "extra": {"type": "object"},
        "nothing": {"type": "null"},
        "note": {"type": "string"},
    },
    "required": ["city", "days", "exact", "unit", "tags", "extra", "nothing"],
}
TIME = Tool("get_time", "Tells the hour")
WEATHER = Tool("forecast", "The weather in a city", CITY)


def test_the_user_is_said_back_when_no_tool_matches():
    """Text is answered with the text."""
    assert Answer("You said: Good morning") == think([UserSaid("Good morning")], [TIME])


def test_a_tool_is_called_when_its_name_shares_a_word():
    """A word of the name, in any case, is enough."""
    assert Answer("", (Call("get_time", "{}"),)) == think([UserSaid("What TIME is it?")], [TIME, WEATHER])


def test_a_tool_is_called_when_its_description_shares_a_word():
    """A word of the description is enough."""
    assert think([UserSaid("How is the weather?")], [TIME, WEATHER]).calls[0].name == "forecast"


def test_no_tool_is_called_when_only_common_words_are_shared():
    """Words that are in every question name no tool."""
    tool = Tool("lookup", "What the user would have with this")
    assert think([UserSaid("what is this with you")], [tool]).calls == ()


def test_several_tools_are_called_when_several_match():
    """Parallel calls."""
    answer = think([UserSaid("Time and weather, please")], [TIME, WEATHER])
    assert tuple(call.name for call in answer.calls) == ("get_time", "forecast")


def test_required_arguments_are_filled_by_type():
    """Strings get the user's words, others a value of their type, and what is not required is left out."""
    expected = {"city": "Rome", "days": 1, "exact": True, "unit": "celsius", "tags": [], "extra": {}, "nothing": None}
    assert expected == json.loads(arguments_for(CITY, "Rome"))


@pytest.mark.parametrize("schema", [{}, {"properties": 3, "required": 4}, {"type": "object", "properties": {}}])
def test_arguments_are_empty_when_the_schema_says_nothing(schema):
    """A schema without properties is satisfied by an empty object."""
    assert arguments_for(schema, "Rome") == "{}"


def test_a_tool_result_is_said():
    """After its result a call is spoken about, and not made again."""
    lines = [UserSaid("What time is it?"), AgentCalled("c1", "get_time"), ToolAnswered("c1", "noon")]
    assert Answer("The answer from get_time is: noon.") == think(lines, [TIME])


def test_all_results_are_said_when_calls_were_parallel():
    """Each result is named after its own call."""
    lines = [AgentCalled("a", "get_time"), AgentCalled("b", "forecast"), ToolAnswered("b", "rain")]
    lines.append(ToolAnswered("a", "noon"))
    expected = "The answer from forecast is: rain. The answer from get_time is: noon."
    assert expected == think(lines, [TIME, WEATHER]).text


def test_a_long_result_is_cut():
    """Two hundred characters of a result are said."""
    text = think([AgentCalled("a", "get_time"), ToolAnswered("a", "z" * 500)]).text
    assert "z" * 200 in text
    assert "z" * 201 not in text


def test_a_result_is_said_once():
    """What the agent has spoken about is over."""
    lines = [AgentCalled("a", "get_time"), ToolAnswered("a", "noon"), AgentSaid(), UserSaid("Thanks")]
    assert think(lines, [TIME]).text == "You said: Thanks"


def test_a_result_and_a_later_text_are_both_answered():
    """A user turn during a call loses neither."""
    lines = [UserSaid("time"), AgentCalled("a", "get_time"), UserSaid("hello"), ToolAnswered("a", "noon")]
    assert think(lines, [TIME]).text == "The answer from get_time is: noon. You said: hello"


def test_two_waiting_texts_share_one_answer():
    """Nothing that the user said is lost."""
    assert think([AgentSaid(), UserSaid("one"), UserSaid("two")]).text == "You said: one two"


def test_speech_is_answered_with_its_length():
    """What was not understood is measured."""
    assert think([UserSpoke(1.42)], [TIME]).text == "I heard 1.4 seconds of speech."


def test_exact_words_are_said_exactly():
    """Neither tools nor beginnings change words that are to be said exactly."""
    assert Answer("Good time") == think([UserSaid("time")], [TIME], "Always begin with: X", exactly="Good time")


def test_the_answer_begins_as_the_instructions_say():
    """The last such line counts, so that an update is heard."""
    instructions = "Be kind.\nAlways begin with: Ahoy!\nAlways begin with: Yes, \nEnd."
    assert think([UserSaid("hi")], instructions=instructions).text == "Yes, You said: hi"


def test_no_tool_is_called_when_none_may_be():
    """``tool_choice: none``."""
    assert Answer("You said: time") == think([UserSaid("time")], [TIME], choice=NoTools())


def test_a_tool_is_called_when_one_must_be():
    """``tool_choice: required`` calls the first where none matches, and a named one is called whatever matches."""
    assert think([UserSaid("hi")], [TIME, WEATHER], choice=SomeTool()).calls[0].name == "get_time"
    assert think([UserSaid("time")], [TIME, WEATHER], choice=SomeTool("forecast")).calls[0].name == "forecast"


def test_something_is_said_when_nobody_said_anything():
    """A response is never empty."""
    assert Answer("Hello.") == think([])
