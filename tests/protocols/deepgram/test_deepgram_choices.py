import pytest

from turngate.protocols.deepgram.choices import LANGUAGE_PATHS, MODEL_PATH, VOICE_PATH, VOICES, Choices, choices
from turngate.protocols.deepgram.settings_tree import (
    Agent,
    Listen,
    ListenProvider,
    Speak,
    SpeakProvider,
    Think,
    ThinkProvider,
    VoiceChoice,
)

NOTHING = Choices(None, None, None, ())


def model(name: str | None) -> Choices:
    """What is chosen by a think model."""
    return choices(Agent(), Think(ThinkProvider("open_ai", model=name)), None)


def voice(kind: str, name: str | VoiceChoice | None) -> Choices:
    """What is chosen by a voice."""
    return choices(Agent(), None, Speak(SpeakProvider(kind, voice=name)))


def language(newer: str | None, older: str | None = None) -> Choices:
    """What is chosen by the language of the listening provider, and that of the agent."""
    return choices(Agent(language=older, listen=Listen(ListenProvider(language=newer))), None, None)


@pytest.mark.parametrize("name", ["gpt-realtime", "gpt-realtime-2", "gpt-realtime-mini-2025-10-06"])
def test_a_model_is_chosen_when_it_is_a_realtime_model(name: str) -> None:
    """A name that the upstream could know is passed on."""
    assert Choices(name, None, None, (MODEL_PATH,)) == model(name)


@pytest.mark.parametrize(
    "name",
    [None, "", "gpt-4o", "gpt-realtime&call_id=1", "gpt-realtime\r\nx", "gpt-realtime#", "my-gpt-realtime"],
)
def test_no_model_is_chosen_by_any_other_name(name: str | None) -> None:
    """Names of other services, and names that could change a URL, choose nothing."""
    assert model(name) == NOTHING


@pytest.mark.parametrize("name", sorted(VOICES))
def test_a_voice_is_chosen_when_the_upstream_has_it(name: str) -> None:
    """The voices of the provider open_ai that both sides know are the same."""
    assert Choices(None, name, None, (VOICE_PATH,)) == voice("open_ai", name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("open_ai", "nova"),
        ("open_ai", None),
        ("open_ai", VoiceChoice(id="alloy")),
        ("aws_polly", "alloy"),
    ],
)
def test_no_voice_is_chosen_by_any_other_name(kind: str, name: str | VoiceChoice | None) -> None:
    """A voice that the upstream does not have is not replaced by one that sounds different."""
    assert voice(kind, name) == NOTHING


@pytest.mark.parametrize(("tag", "code"), [("en", "en"), ("en-US", "en"), ("PT_br", "pt"), ("zh-Hans-CN", "zh")])
def test_a_language_is_its_iso_code(tag: str, code: str) -> None:
    """Region and script do not count."""
    assert Choices(None, None, code, LANGUAGE_PATHS[:1]) == language(tag)


@pytest.mark.parametrize("tag", ["", "yue", "english", "e1", "en US", "-en"])
def test_no_language_is_chosen_by_what_has_no_iso_code(tag: str) -> None:
    """A tag that does not begin with two letters chooses nothing."""
    assert language(tag) == NOTHING


@pytest.mark.parametrize(
    ("newer", "older", "code", "paths"),
    [
        ("multi", None, None, LANGUAGE_PATHS[:1]),
        ("multi", "en", None, LANGUAGE_PATHS[:1]),
        ("en-GB", "en-US", "en", LANGUAGE_PATHS),
        ("en", "de", "en", LANGUAGE_PATHS[:1]),
        (None, "de", "de", LANGUAGE_PATHS[1:]),
        ("yue", "de", "de", LANGUAGE_PATHS[1:]),
    ],
)
def test_the_newer_spelling_of_the_language_goes_first(
    newer: str | None, older: str | None, code: str | None, paths: tuple[str, ...]
) -> None:
    """The listening provider's language counts before the agent's; multi leaves it to the upstream."""
    assert Choices(None, None, code, paths) == language(newer, older)
