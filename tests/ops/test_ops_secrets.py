import pytest

from turngate.errors import ConfigError
from turngate.ops.secrets import MAX_KEY_BYTES, key_from, key_from_environment, key_from_file

CANARY = "sk-canary-4711"


@pytest.mark.row(50)
def test_key_is_what_the_file_holds_without_the_newline_of_its_editor(tmp_path):
    """White space around a key is not part of it."""
    path = tmp_path / "key"
    path.write_text(f" {CANARY}\r\n")
    assert key_from_file(str(path))() == CANARY


def test_key_comes_from_the_environment_without_space_around_it():
    """A variable may end in a newline, as one made by a file does."""
    assert key_from_environment("KEY", {"KEY": f"{CANARY}\n"})() == CANARY


@pytest.mark.parametrize("environment", [{}, {"KEY": ""}, {"KEY": " \n"}])
def test_no_key_when_the_variable_is_empty_or_absent(environment):
    """An empty variable says that there is none."""
    assert key_from_environment("KEY", environment) is None


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>5}".format])
@pytest.mark.row(43)
def test_key_is_not_shown_when_it_is_printed(show):
    """A key that gets into a message by mistake is still not in it."""
    key = key_from_environment("KEY", {"KEY": CANARY})
    assert CANARY not in show(key)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (f"{CANARY} {CANARY}".encode(), "one word"),
        (f"{CANARY}\r\nX-Header: a".encode(), "one word"),
        (f"{CANARY}\0".encode(), "one word"),
        (f"{CANARY}é".encode(), "one word"),
        (CANARY.encode() * MAX_KEY_BYTES, "nothing else"),
    ],
    ids=["empty", "newline", "two words", "header", "null", "not ascii", "large"],
)
def test_key_file_is_refused_without_being_quoted_when_it_holds_no_key(tmp_path, content, words):
    """The operator is told which file and what is wrong, and not what is in it."""
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        key_from_file(str(path))
    assert str(path) in str(caught.value)
    assert CANARY not in str(caught.value)
    # the traceback shows no cause either, in whose text the content might stand
    assert caught.value.__cause__ is None


def test_variable_is_refused_without_being_quoted_when_it_holds_no_key():
    """The same rules hold for a variable."""
    with pytest.raises(ConfigError, match="KEY does not hold") as caught:
        key_from_environment("KEY", {"KEY": f"{CANARY} b"})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("name", "words"), [("absent", "No such file"), (".", "Is a directory")])
def test_key_file_is_refused_when_it_cannot_be_read(tmp_path, name, words):
    """The operator is told which file, and the system's own words."""
    with pytest.raises(ConfigError, match=words) as caught:
        key_from_file(str(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.row(50)
def test_key_is_referred_to_in_a_variable_or_a_credential(tmp_path):
    """No key stands in a setting itself: a file, a variable of any name, or what systemd hands over."""
    (tmp_path / "openai").write_text("in-file\n")
    surroundings = {"OTHER": "in-variable", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert "in-file" == key_from(str(tmp_path / "openai"), surroundings)()
    assert "in-variable" == key_from("env:OTHER", surroundings)()
    assert "in-file" == key_from("credential:openai", surroundings)()


@pytest.mark.parametrize(
    ("reference", "surroundings", "words"),
    [
        ("env:OTHER", {}, "env:OTHER refers to a variable that is empty or absent"),
        ("credential:openai", {}, "credential:openai needs a service of systemd with LoadCredential=openai:FILE"),
        ("credential:absent", {"CREDENTIALS_DIRECTORY": "/run"}, "cannot read the upstream key from /run/absent"),
        ("credential:../passwd", {"CREDENTIALS_DIRECTORY": "/run"}, "is no credential's name"),
    ],
)
def test_reference_is_refused_when_there_is_no_key(reference, surroundings, words):
    """The line says what to set."""
    with pytest.raises(ConfigError, match=words):
        key_from(reference, surroundings)
