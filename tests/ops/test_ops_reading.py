import pytest

from turngate.errors import ConfigError
from turngate.ops.loading import load, surveyed
from turngate.ops.positions import MAX_LINES, line_of
from turngate.ops.reading import from_environment, from_file

SIMULATOR = {"upstream": "simulator"}
FILE = """\
# the upstream
upstream = "simulator"

listen = [
    "tcp:1", # model = "no"
]
model = "m"
[waits]
# a while
turn_s = 30

[voices]
"deepgram:a" = "marin"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("upstream",), 2),
        (("listen",), 4),
        (("model",), 7),
        (("waits", "turn_s"), 10),
        (("voices", "deepgram:a"), 13),
        (("absent",), 0),
    ],
)
def test_line_is_where_the_setting_begins(path, line):
    """Not where a comment or a list has the same word, and not where a value of several lines ends."""
    assert line == line_of(FILE, path)


def test_line_is_not_looked_for_when_the_file_is_long():
    """It would take a while, for a number."""
    assert 0 == line_of("\n" * MAX_LINES + "model = 'm'", ("model",))


def test_origin_is_file_and_line(tmp_path):
    """As an editor takes it."""
    path = tmp_path / "turngate.toml"
    path.write_text(FILE)
    found = from_file(str(path)).found
    assert f"file {path}:7" == found["model",].origin
    assert f"file {path}:10" == found["waits", "turn_s"].origin


@pytest.mark.row(98)
def test_all_faults_are_found_at_once(tmp_path):
    """Those of types, of names and of what goes together, of the file and of the environment."""
    path = tmp_path / "turngate.toml"
    path.write_text("upstrem = 'simulator'\nrollover = 'perhaps'\n[waits]\nturn_ss = 3\nretry_s = 'long'\n")
    survey = surveyed({"config": str(path)}, {"TURNGATE_RESUME_S": "-1", "TURNGATE__WAITS__FLOOR": "1"})
    assert survey.config is None
    said = "\n".join(survey.faults)
    assert f"{path}:1 has an unknown key 'upstrem'; did you mean 'upstream'?" in said
    assert f"rollover is on or off, not 'perhaps' (file {path}:2)" in said
    assert f"{path}:4: [waits] has an unknown key 'turn_ss'; did you mean 'turn_s'?" in said
    assert f"{path}:5: retry_s in [waits] is a number of seconds" in said
    assert "TURNGATE_RESUME_S is from 0 to 3600 seconds, not -1" in said
    assert "unknown key 'floor'; did you mean 'floor_s'?" in said
    assert 6 == len(survey.faults)
    with pytest.raises(ConfigError, match=r"'upstream'\? \(and 5 more: turngate check-config\)$"):
        load({"config": str(path)}, {"TURNGATE_RESUME_S": "-1", "TURNGATE__WAITS__FLOOR": "1"})


def test_variable_sets_an_entry_of_a_table(tmp_path):
    """It beats that entry of the file, and leaves the others as they are."""
    path = tmp_path / "turngate.toml"
    path.write_text("[waits]\nturn_s = 30\nretry_s = 3\n[languages]\nyue = 'zh'\n")
    variables = {"TURNGATE__WAITS__TURN_S": "40", "TURNGATE__LANGUAGES__GSW": "de", "TURNGATE__MODELS__A": ""}
    settings = load({**SIMULATOR, "config": str(path)}, variables)
    assert (40.0, 3.0) == (settings.waits.turn_s, settings.waits.retry_s)
    assert {"yue": "zh", "gsw": "de"} == settings.languages
    assert settings.models == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TURNGATE__WAIT__TURN_S", "1", "TURNGATE__WAIT__TURN_S names no table; there may be meant waits"),
        ("TURNGATE__XYZ__TURN_S", "1", "names no table; there are voices, models, languages, waits"),
        ("TURNGATE__WAITS__TURN_S", "long", "TURNGATE__WAITS__TURN_S is a number of seconds, not 'long'"),
        ("TURNGATE__WAITS__LIMIT_S", "1", "[waits] has no limit_s; set session_limit_s"),
    ],
)
def test_variable_of_a_table_is_refused_when_it_sets_nothing(name, value, words):
    """Two underlines are nobody's but ours."""
    (fault,) = from_environment({name: value}).faults
    assert words in fault
