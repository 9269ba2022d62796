"""The judge itself: it would be worth nothing if it let everything pass."""

import pytest

from openai_judge import judge_client_event, judge_server_event

GOOD = b'{"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"ash"}}}}'


def test_a_good_event_passes():
    """And comes back as the package's model of it."""
    assert judge_client_event(GOOD).type == "session.update"
    assert (
        judge_server_event(b'{"type":"input_audio_buffer.cleared","event_id":"e"}').type == "input_audio_buffer.cleared"
    )


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (GOOD.replace(b'"voice"', b'"pitch"'), r"\$\.session\.audio\.output\.pitch"),
        (GOOD.replace(b'"ash"', b"7"), "voice"),
        (GOOD.replace(b'"type":"realtime",', b""), "session"),
        (GOOD.replace(b"session.update", b"session.invent"), "no event session.invent"),
        (b'{"type":"conversation.item.delete"}', "item_id"),
        (b'{"type":"conversation.item.delete","item_id":"i","x":1}', r"\$\.x"),
        (
            b'{"type":"response.create","response":{"tools":[{"type":"function","name":"a","strict":true}]}}',
            r"\$\.response\.tools\[0\]\.strict",
        ),
    ],
)
def test_a_bad_client_event_is_refused_with_its_field(payload, complaint):
    """Unknown, missing and ill-typed fields, at any depth."""
    with pytest.raises(AssertionError, match=complaint):
        judge_client_event(payload)


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b'{"type":"input_audio_buffer.cleared"}', "event_id"),
        (b'{"type":"response.created","event_id":"e","response":{"id":"r","colour":1}}', r"\$\.response\.colour"),
        (b'{"type":"response.text.delta","event_id":"e"}', "no event response.text.delta"),
        (b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"s","voice":"a"}}', "voice"),
    ],
)
def test_a_bad_server_event_is_refused_with_its_field(payload, complaint):
    """Unknown, missing and ill-typed fields, at any depth; but a session may have an id."""
    with pytest.raises(AssertionError, match=complaint):
        judge_server_event(payload)
