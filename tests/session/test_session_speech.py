"""The agent's speech: what is cut off is taken out of the conversation, and the record says what was heard."""

import pytest
from session_driver import CANCELLED, PCM, Talk

from turngate.session import messages as m
from turngate.session.speech import heard_part

LINE = "The sea is wide and deep"


def speaking(*, ended: bool = False) -> Talk:
    """A session whose agent is being heard; its response is active, or has ended while the client still plays it."""
    talk = Talk().serve().respond()
    talk.audio()
    talk.tell(m.AgentTextEnded("r1", "item_r1", LINE))
    if ended:
        talk.end()
    return talk


def cut(heard_ms: int, told_ms: int = 1000) -> m.SpeechCut:
    """The client has heard so much of the item."""
    return m.SpeechCut((m.Heard("item_r1", heard_ms, told_ms),))


def test_barge_in_when_the_response_has_ended_cuts_its_item_at_once() -> None:
    """The usual case: the upstream finished long ago, and the client is still playing."""
    talk = speaking(ended=True)
    assert [m.UserSpeaking()] == talk.tell(m.SpeechStarted("u1")).client
    done = talk.tell(cut(500))
    assert [("item_r1", 500)] == [(one.item_id, one.audio_end_ms) for one in done.all(m.TruncateItem)]
    assert ["The sea is"] == done.records
    talk.tell(m.SpeechCommitted("u1"))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_barge_in_when_the_response_is_active_cuts_its_item_at_its_end() -> None:
    """Until then more of it may come; the next answer is asked for afterwards."""
    talk = speaking()
    talk.tell(m.SpeechStarted("u1"))
    assert [] == talk.tell(cut(500)).upstream
    talk.tell(m.SpeechCommitted("u1"))
    truncated, create = talk.end(status=CANCELLED).upstream
    assert isinstance(truncated, m.TruncateItem)
    assert isinstance(create, m.StartResponse)


def test_barge_in_when_nothing_was_heard_deletes_the_item() -> None:
    """The API truncates only audio that there is, and nothing of it was said."""
    talk = speaking(ended=True)
    talk.tell(m.SpeechStarted("u1"))
    done = talk.tell(cut(0))
    assert ["item_r1"] == [one.item_id for one in done.all(m.DeleteItem)]
    assert [] == done.records


def test_barge_in_when_no_audio_came_yet_deletes_what_was_made() -> None:
    """The client was never told a sound of it."""
    talk = Talk().serve().respond()
    talk.tell(m.SpeechStarted("u1"), m.SpeechCut())
    talk.tell(m.AgentTextEnded("r1", "item_r1", LINE))
    assert ["item_r1"] == [one.item_id for one in talk.end(status=CANCELLED).all(m.DeleteItem)]


def test_barge_in_when_all_so_far_was_heard_cuts_what_came_after() -> None:
    """The client has played what it was told; what the upstream made beyond that, it was never told."""
    talk = speaking()
    talk.tell(m.SpeechStarted("u1"), cut(1000))
    assert [] == talk.audio().client
    ended = talk.end(status=CANCELLED)
    assert [("item_r1", 1000)] == [(one.item_id, one.audio_end_ms) for one in ended.all(m.TruncateItem)]


def test_barge_in_when_all_was_heard_to_the_end_of_the_response_cuts_nothing() -> None:
    """There is no more of it than was told."""
    talk = speaking(ended=True)
    talk.tell(m.SpeechStarted("u1"))
    done = talk.tell(cut(1000))
    assert [] == done.upstream
    assert [LINE] == done.records


def test_barge_in_when_all_was_heard_cuts_nothing() -> None:
    """The client has played the item to its end: it stays, and so does its line."""
    talk = speaking(ended=True)
    talk.tell(m.SpeechStarted("u1"))
    done = talk.tell(m.SpeechCut())
    assert [] == done.upstream
    assert [LINE] == done.records


def test_barge_in_when_several_items_were_told_cuts_each() -> None:
    """One was heard, one in part, one not at all; a fourth was made and never told."""
    talk = Talk().serve().respond()
    for item in ("i1", "i2", "i3"):
        talk.tell(m.AgentAudioChunk("r1", item, b"\0\0"))
    talk.tell(m.SpeechStarted("u1"), m.SpeechCut((m.Heard("i2", 300, 900), m.Heard("i3", 0, 500))))
    ended = talk.tell(m.ResponseEnded("r1", CANCELLED, items=("i1", "i2", "i3", "i4")))
    taken_out = [effect for effect in ended.upstream if not isinstance(effect, m.StartResponse)]
    assert [(m.TruncateItem, "i2"), (m.DeleteItem, "i3"), (m.DeleteItem, "i4")] == [
        (type(effect), effect.item_id) for effect in taken_out
    ]
    talk.tell(m.SpeechCommitted("u1"))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_barge_in_when_a_piece_names_no_item_cuts_that_of_the_piece_before() -> None:
    """Sound goes on where it was, and the client has heard it there: none of that is taken out, nor more left."""
    talk = speaking()
    assert ["item_r1"] == [one.item_id for one in talk.tell(m.AgentAudioChunk("r1", "", PCM)).all(m.AgentAudio)]
    talk.tell(m.SpeechStarted("u1"), cut(500))
    done = talk.end(status=CANCELLED)
    assert [("item_r1", 500)] == [(one.item_id, one.audio_end_ms) for one in done.all(m.TruncateItem)]
    assert [] == done.all(m.Note)


def test_barge_in_when_no_piece_names_an_item_leaves_what_was_heard() -> None:
    """What cannot be cut stays, since an answer that nobody heard of is worse than one that was heard in part."""
    talk = Talk().serve().respond()
    talk.tell(m.AgentAudioChunk("r1", "", PCM), m.SpeechStarted("u1"), m.SpeechCut((m.Heard("", 50, 100),)))
    done = talk.end(status=CANCELLED)
    assert ["speech.left_untrimmed"] == [note.event for note in done.all(m.Note)]
    assert [] == done.all(m.DeleteItem)
    talk.tell(m.SpeechCommitted("u1"))
    talk.start("r2")
    talk.end("r2")
    talk.settle()


def test_speech_when_it_was_played_is_on_record() -> None:
    """Not when it was sent, for it may still be cut off."""
    talk = speaking(ended=True)
    assert [] == [effect for effect in talk.effects if isinstance(effect, m.LineRecorded) and effect.text == LINE]
    assert [LINE] == talk.tell(m.SpeechPlayed(("item_r1",))).records
    assert [] == talk.tell(m.SpeechPlayed(("item_r1",))).records


def test_answers_in_writing_only_are_on_record_at_their_end() -> None:
    """Nothing of them is played."""
    talk = Talk().serve().respond()
    talk.tell(m.AgentTextEnded("r1", "item_r1", LINE))
    assert [LINE] == talk.end().records


def test_refusals_when_something_is_taken_out_are_nobodys_business() -> None:
    """The upstream may have cut it by itself: the client is not bothered, and the gate not touched."""
    talk = speaking(ended=True)
    talk.tell(m.SpeechStarted("u1"), cut(500))
    refused = talk.tell(m.Refused(talk.last(m.TruncateItem).event_id, "invalid_value"))
    assert [] == refused.client + refused.upstream


@pytest.mark.parametrize(
    ("heard_ms", "told_ms", "part"),
    [
        (0, 1000, ""),
        (1000, 1000, "one two three"),
        (1200, 1000, "one two three"),
        (100, 1000, ""),
        (300, 1000, "one"),
        (500, 1000, "one"),
        (600, 1000, "one two"),
        (990, 1000, "one two"),
        (0, 0, ""),
    ],
)
def test_the_part_that_was_heard_ends_with_a_word(heard_ms: int, told_ms: int, part: str) -> None:
    """As much of the text as of the audio, and no half words."""
    assert part == heard_part("one two three", m.Heard("i", heard_ms, told_ms))


@pytest.mark.parametrize("length", [1, 5, 40])
def test_the_part_that_was_heard_of_a_text_without_spaces_is_all_or_nothing(length: int) -> None:
    """Not every script has spaces; half a word is never shown."""
    assert heard_part("\u6d77" * length, m.Heard("i", 500, 1000)) == ""
