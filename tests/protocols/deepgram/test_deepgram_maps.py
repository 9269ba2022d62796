import pytest

from turngate.protocols.deepgram.maps import UPSTREAM_VOICES, Maps

OURS = Maps(
    model="gpt-realtime-mini",
    models={"gpt-4o-mini": "gpt-realtime-mini"},
    voices={"cartesia:v-1": "sage", "deepgram:thalia": "shimmer", "deepgram:aura-2-zeus-en": "echo"},
    languages={"en-XA": "cy", "yue": "zh"},
)


@pytest.mark.parametrize("name", ["gpt-realtime", "gpt-realtime-2", "gpt-realtime-mini-2025-10-06"])
def test_a_realtime_model_is_itself(name: str) -> None:
    """A name that the upstream could know is passed on."""
    assert name == Maps().model_of(name)


@pytest.mark.parametrize(
    "name", [None, "", "gpt-4o", "gpt-realtime&call_id=1", "gpt-realtime\r\nx", "gpt-realtime#", "my-gpt-realtime"]
)
def test_another_model_means_nothing(name: str | None) -> None:
    """Names of other services, and names that could change a URL, choose nothing."""
    assert Maps().model_of(name) is None


def test_a_model_means_what_the_operator_says() -> None:
    """A team's clients name a model of their old service, and get the operator's choice for it."""
    assert OURS.model_of("gpt-4o-mini") == "gpt-realtime-mini"
    assert OURS.model_of("gpt-4o") is None


@pytest.mark.parametrize(
    ("model", "reasons"),
    [("gpt-realtime-2", True), ("gpt-realtime-2.1-mini", True), ("gpt-realtime-2025-08-28", False), (None, False)],
)
def test_a_model_reasons_if_it_is_of_the_second_generation(model: str | None, reasons: bool) -> None:
    """An effort is refused by models that do not reason; a date is no generation."""
    assert reasons is Maps().reasons(model)
    assert Maps(model="gpt-realtime-2").reasons(None)


@pytest.mark.parametrize("name", sorted(UPSTREAM_VOICES))
def test_a_voice_of_the_upstream_is_itself(name: str) -> None:
    """The voices of the provider open_ai that both sides know are the same."""
    assert name == Maps().voice_of("open_ai", name)


@pytest.mark.parametrize(
    ("provider", "name", "voice"),
    [
        ("deepgram", "aura-2-thalia-en", "marin"),
        ("deepgram", "aura-asteria-en", "marin"),
        ("deepgram", "aura-2-zeus-en", "cedar"),
        ("deepgram", "aura-2-nobody-en", None),
        ("deepgram", "thalia", "marin"),
        ("deepgram", None, None),
        ("open_ai", "nova", "coral"),
        ("open_ai", "vox", None),
        ("aws_polly", "alloy", None),
        ("cartesia", "v-1", None),
    ],
)
def test_a_voice_of_another_service_is_one_of_its_kind(provider: str, name: str | None, voice: str | None) -> None:
    """Voices that are known by default get the nearest; others mean nothing, and are not replaced at random."""
    assert voice == Maps().voice_of(provider, name)


@pytest.mark.parametrize(
    ("provider", "name", "voice"),
    [
        ("cartesia", "v-1", "sage"),
        ("deepgram", "aura-2-thalia-en", "shimmer"),
        ("deepgram", "aura-2-zeus-en", "echo"),
        ("deepgram", "aura-zeus-en", "cedar"),
    ],
)
def test_a_voice_means_what_the_operator_says(provider: str, name: str, voice: str) -> None:
    """The operator's word goes over the defaults, for a whole name or for the name within it."""
    assert voice == OURS.voice_of(provider, name)


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en", "en"), ("en-US", "en"), ("PT_br", "pt"), ("zh-Hans-CN", "zh"), ("nb-NO", "no"), ("multi", "multi")],
)
def test_a_language_is_its_iso_code(tag: str, code: str) -> None:
    """Region and script do not count."""
    assert code == Maps().language_of(tag)


@pytest.mark.parametrize("tag", [None, "", "yue", "english", "e1", "en US", "-en"])
def test_a_tag_without_an_iso_code_means_nothing(tag: str | None) -> None:
    """A tag that does not begin with a code of two letters chooses nothing."""
    assert Maps().language_of(tag) is None


def test_a_language_means_what_the_operator_says() -> None:
    """By the whole tag, or by its first part."""
    assert OURS.language_of("en-XA") == "cy"
    assert OURS.language_of("yue-HK") == "zh"
    assert OURS.language_of("en-GB") == "en"


def test_names_of_another_upstream_are_its_own() -> None:
    """Its models need no entry, and OpenAI's mean nothing there; of voices it has those that are mapped."""
    maps = Maps(model_prefixes=("grok-voice",), default_voices={}, voices={"open_ai:alloy": "eve"})
    assert "grok-voice-latest" == maps.model_of("grok-voice-latest")
    assert maps.model_of("gpt-realtime") is None
    assert maps.model_of("grok-voice latest") is None
    assert Maps(model_prefixes=()).model_of("gpt-realtime") is None
    assert "eve" == maps.voice_of("open_ai", "alloy")
    assert maps.voice_of("deepgram", "aura-2-thalia-en") is None
