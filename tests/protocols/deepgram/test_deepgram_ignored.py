import pytest

from turngate.protocols.deepgram.ignored import MAX_NAMED, ignored_paths


@pytest.mark.parametrize(
    ("message", "taken", "expected"),
    [
        ({}, [], ()),
        ({"a": 1}, ["a"], ()),
        ({"a": 1, "b": 2}, ["a"], ("b",)),
        ({"a": {"b": {"c": 1}}}, [], ("a",)),
        ({"a": {"b": {"c": 1}, "d": 2}}, ["a.d"], ("a.b",)),
        ({"a": {"b": 1}}, ["a"], ()),
        ({"a": {"b": None, "c": [], "d": {}}}, ["a.x"], ()),
        ({"a": {"b": None, "c": [None, {"d": None}]}}, [], ()),
        ({"a": {"b": None, "c": [False]}}, [], ("a",)),
        ({"a": [{"b": 1, "c": 1}, {"c": 2}]}, ["a[].b"], ("a[].c",)),
        ({"a": 1}, ["a.b"], ("a",)),
    ],
)
def test_a_path_is_named_when_nothing_at_it_or_below_is_taken(
    message: object, taken: list[str], expected: tuple[str, ...]
) -> None:
    """What is taken is silent with all that stands below it; the rest is named at its highest point, once."""
    assert expected == ignored_paths(message, taken)


def test_an_opened_path_is_looked_into_when_nothing_below_is_taken() -> None:
    """A path can be named exactly even where nothing beside it was taken."""
    assert ignored_paths({"flags": {"history": True}}, [], ["flags"]) == ("flags.history",)


def test_the_first_of_alternatives_is_read_as_if_alone_and_the_others_are_named() -> None:
    """Only the first of a list of providers counts."""
    message = {"agent": {"think": [{"prompt": "", "x": 1}, {"prompt": ""}, {}]}}
    expected = ("agent.think[0].x", "agent.think[1]", "agent.think[2]")
    assert expected == ignored_paths(message, ["agent.think.prompt"])


def test_only_so_many_paths_are_named() -> None:
    """A client that sends thousands of unknown fields gets a short answer."""
    named = ignored_paths({f"k{index}": 1 for index in range(1000)}, [])
    assert len(named) == MAX_NAMED + 1
    assert f"{1000 - MAX_NAMED} more" == named[-1]


@pytest.mark.parametrize("key", ["", "a b", "a\n", "\u202e", "x" * 65, "ä"])
def test_a_key_that_is_no_plain_name_is_not_repeated(key: str) -> None:
    """What goes to logs and clients holds plain names only."""
    assert ignored_paths({key: 1}, []) == ("?",)
