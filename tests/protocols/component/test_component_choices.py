"""What a component may choose beyond Deepgram's settings: what can be used is taken, the rest is passed over."""

from typing import Any

import pytest

from turngate.protocols.component import choices
from turngate.session.messages import OneTool, Output, OwnVoice, StoredPrompt, ToolUse


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("auto", ToolUse.AUTO),
        ("none", ToolUse.NONE),
        ("required", ToolUse.REQUIRED),
        ({"type": "function", "name": "f"}, OneTool("f")),
        ({"type": "function", "name": ""}, ToolUse.AUTO),
        ({"type": "function"}, ToolUse.AUTO),
        ({"type": "mcp", "server_label": "x"}, ToolUse.AUTO),
        ("sometimes", ToolUse.AUTO),
        (7, ToolUse.AUTO),
        (None, ToolUse.AUTO),
    ],
)
def test_a07_tool_choice(given: Any, taken: Any) -> None:
    """One of three words, or a function by its name."""
    assert taken == choices.tool_choice(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (["text"], Output.TEXT),
        (["audio"], Output.AUDIO),
        (["text", "audio"], Output.AUDIO),
        (["video", "text", 3, None, {}], Output.TEXT),
        (["video"], Output.AUDIO),
        ([], Output.AUDIO),
        ("text", Output.AUDIO),
        (None, Output.AUDIO),
    ],
)
def test_a07_output_modalities(given: Any, taken: Output) -> None:
    """Filtered to those that there are; the upstream takes one, and its speech comes with the text."""
    assert taken is choices.output(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (1, 1),
        (512, 512),
        (512.0, 512),
        (100_000, 4096),
        (0, None),
        (-1, None),
        (1.5, None),
        (2**53, None),
        (True, None),
        ("512", None),
        (None, None),
    ],
)
def test_a07_max_output_tokens(given: Any, taken: int | None) -> None:
    """A positive whole number that any JSON can hold, up to what the upstream takes."""
    assert taken == choices.max_output_tokens(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"id": "pmpt_1"}, StoredPrompt("pmpt_1")),
        ({"id": " pmpt_1 ", "version": "2", "variables": {"a": "b"}}, StoredPrompt("pmpt_1", "2", '{"a":"b"}')),
        ({"id": "pmpt_1", "version": 2, "variables": [1]}, StoredPrompt("pmpt_1")),
        ({"id": "  "}, None),
        ({"version": "2"}, None),
        ("pmpt_1", None),
    ],
)
def test_a07_managed_prompt(given: Any, taken: StoredPrompt | None) -> None:
    """Ignored without an id that is not blank."""
    assert taken == choices.stored_prompt(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [(6000, 6000), (1, 5000), (0, 5000), (99_000, 30_000), (-1, None), (None, None), ("6000", None), (True, None)],
)
def test_a07_idle_timeout(given: Any, taken: int | None) -> None:
    """Brought within the upstream's bounds; -1 and nothing are none."""
    assert taken == choices.idle_ms(given)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"voice": "ash", "speed": 1.2}, choices.Speech("ash", 1.2)),
        ({"voice": {"id": "voice_1"}}, choices.Speech(OwnVoice("voice_1"))),
        ({"voice": " ", "speed": 9}, choices.Speech()),
        ({"voice": {"id": ""}, "speed": True}, choices.Speech()),
        ({"speed": 0.25}, choices.Speech(speed=0.25)),
        ({"speed": 1.51}, choices.Speech()),
        ({"format": {"type": "audio/pcmu"}}, choices.Speech(format="audio/pcmu")),
        ({"format": {"type": "audio/pcma"}}, choices.Speech(format="audio/pcma")),
        ({"format": {"type": "audio/pcm", "rate": 48000}}, choices.Speech()),
        ({"format": {"type": "audio/opus"}}, choices.Speech()),
        ("ash", choices.Speech()),
        (None, choices.Speech()),
    ],
)
def test_a07_session_audio_output(given: Any, taken: choices.Speech) -> None:
    """Each part by itself; invalid ones are dropped."""
    assert taken == choices.speech(given)
