"""Each Update message: what it changes, what of it has no effect, and when it is not taken."""

import json
from typing import Any

import pytest

from turngate.protocols.deepgram import Face, Maps
from turngate.session.messages import (
    KEEP,
    AppendInstructions,
    ByMeaning,
    BySilence,
    Cause,
    Change,
    ChangeHearing,
    ChangeSpeaking,
    Eagerness,
    Effort,
    Problem,
    ReplaceThinking,
    ToolSpec,
    UnsupportedRequest,
    UpdateKind,
    UpdateSession,
)

OPEN_AI = {"type": "open_ai", "model": "gpt-realtime"}


def heard(kind: str, maps: Maps | None = None, **fields: Any) -> Any:
    """What a message means to the session."""
    return Face(maps).hear(json.dumps({"type": kind, **fields}).encode())


def listen(**provider: Any) -> dict[str, Any]:
    """A listen object."""
    return {"provider": {"type": "deepgram", **provider}}


TAKEN: list[tuple[str, dict[str, Any], UpdateKind, Change]] = [
    ("UpdatePrompt", {"prompt": "Be brief."}, UpdateKind.PROMPT, AppendInstructions("Be brief.")),
    (
        "UpdateThink",
        {"think": {"provider": OPEN_AI, "prompt": "You sell.", "functions": [{"name": "price"}]}},
        UpdateKind.THINK,
        ReplaceThinking("You sell.", (ToolSpec("price"),)),
    ),
    ("UpdateThink", {"think": [{"provider": {"type": "groq"}}]}, UpdateKind.THINK, ReplaceThinking("")),
    (
        "UpdateSpeak",
        {"speak": {"provider": {"type": "deepgram", "model": "aura-2-zeus-en", "speed": 0.9}}},
        UpdateKind.SPEAK,
        ChangeSpeaking("cedar", 0.9),
    ),
    (
        "UpdateSpeak",
        {"speak": [{"provider": {"type": "open_ai", "model": "tts-1", "voice": "alloy"}}]},
        UpdateKind.SPEAK,
        ChangeSpeaking("alloy"),
    ),
    ("UpdateListen", {"listen": listen(language="de-DE")}, UpdateKind.LISTEN, ChangeHearing("de")),
    ("UpdateListen", {"listen": listen(language="multi")}, UpdateKind.LISTEN, ChangeHearing(None)),
    ("UpdateListen", {"listen": listen(keyterms=["Ada"])}, UpdateKind.LISTEN, ChangeHearing(KEEP, ("Ada",))),
    (
        "UpdateListen",
        {"listen": listen(version="v2", language_hints=["fr"], eot_threshold=0.9)},
        UpdateKind.LISTEN,
        ChangeHearing("fr", KEEP, ByMeaning(Eagerness.LOW)),
    ),
    (
        "UpdateListen",
        {"listen": listen(version="v2", eot_threshold=1.0)},
        UpdateKind.LISTEN,
        ChangeHearing(None, KEEP, BySilence(5000)),
    ),
    (
        "UpdateListen",
        {"listen": listen(version="v2", language_hint="es", eot_threshold=0.5)},
        UpdateKind.LISTEN,
        ChangeHearing("es", KEEP, ByMeaning(Eagerness.HIGH)),
    ),
]


@pytest.mark.parametrize(("kind", "fields", "update", "change"), TAKEN)
def test_an_update_is_its_change(kind: str, fields: dict[str, Any], update: UpdateKind, change: Change) -> None:
    """What can change in a running session does, and all of it was taken."""
    assert UpdateSession(update, change) == heard(kind, **fields)


def test_a_reasoning_mode_is_taken_where_the_model_reasons() -> None:
    """The operator's model decides: the one of a running session cannot change."""
    think = {"provider": {"type": "open_ai", "reasoning_mode": "high"}}
    taken = heard("UpdateThink", Maps(model="gpt-realtime-2"), think=think)
    assert UpdateSession(UpdateKind.THINK, ReplaceThinking("", (), Effort.HIGH)) == taken
    (notice,) = heard("UpdateThink", think=think).notices
    assert notice.detail == "These settings have no effect here: think.provider.reasoning_mode."


def test_the_part_of_an_update_that_has_no_effect_is_named() -> None:
    """The rest is taken; a model of a running session cannot change, whatever it is."""
    taken = heard(
        "UpdateThink", think={"provider": {"type": "x", "model": "gpt-4o", "temperature": 0.2}, "prompt": "x"}
    )
    assert taken.change == ReplaceThinking("x")
    detail = "These settings have no effect here: think.provider.model, think.provider.temperature."
    assert taken.notices == (Problem(Cause.SETTINGS_IGNORED, detail),)


def test_a_long_prompt_is_cut_and_the_client_told() -> None:
    """In either message that holds one."""
    long = "x" * 25_001
    for taken in (
        heard("UpdatePrompt", prompt=long),
        heard("UpdateThink", think={"provider": OPEN_AI, "prompt": long}),
    ):
        assert Cause.PROMPT_TOO_LONG in [notice.cause for notice in taken.notices]
    assert heard("UpdatePrompt", prompt=long).change == AppendInstructions("x" * 25_000)


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        ("UpdateThink", {"think": {"provider": OPEN_AI, "functions": [{}]}}, "$.think.functions[0].name"),
        (
            "UpdateThink",
            {"think": {"provider": OPEN_AI, "functions": [{"name": "f", "endpoint": {"url": "https://x"}}]}},
            "$.think.functions[0].endpoint",
        ),
        ("UpdateSpeak", {"speak": {"provider": {"type": "deepgram", "speed": 9}}}, "$.speak.provider.speed"),
        ("UpdateSpeak", {"speak": {"provider": {"type": "deepgram", "model": "flux-kit-en"}}}, "speak.provider.model"),
        ("UpdateSpeak", {"speak": []}, "it is empty"),
        ("UpdateListen", {"listen": {}}, "it is empty"),
        ("UpdateListen", {"listen": listen(model="nova-3")}, "listen.provider.model"),
        (
            "UpdateListen",
            {"listen": listen(version="v2", eot_threshold=0.1)},
            "$.listen.provider.eot_threshold",
        ),
    ],
)
def test_an_update_that_cannot_be_used_is_not_taken(kind: str, fields: dict[str, Any], path: str) -> None:
    """The client is told which field; nothing changes, and the session goes on."""
    refused = heard(kind, **fields)
    assert isinstance(refused, UnsupportedRequest)
    assert refused.problem.cause is Cause.UPDATE_INVALID
    assert path in refused.problem.detail
