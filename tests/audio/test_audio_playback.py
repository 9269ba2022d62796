"""What a client can have heard, from what it was sent and when."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turngate.audio import Heard, Playback


def test_nothing_was_sent() -> None:
    """Nothing to wait for, nothing to cut short."""
    playback = Playback()
    assert (playback.remaining_s(5), playback.heard("a", 5), playback.stop(5)) == (0, None, ())


def test_audio_plays_from_when_it_was_sent() -> None:
    """However much of it was sent at once."""
    playback = Playback()
    playback.sent("a", 4000, 10)
    assert playback.remaining_s(10) == 4
    assert playback.remaining_s(11.5) == 2.5
    assert playback.heard("a", 11.5) == Heard("a", 1500, 4000)
    assert playback.stop(11.5) == (Heard("a", 1500, 4000),)


def test_what_is_sent_meanwhile_plays_afterwards() -> None:
    """The client has a buffer."""
    playback = Playback()
    playback.sent("a", 1000, 0)
    playback.sent("a", 1000, 0.25)
    assert playback.remaining_s(0.5) == 1.5
    assert playback.stop(1.5) == (Heard("a", 1500, 2000),)


def test_a_gap_in_sending_is_a_gap_in_playing() -> None:
    """A client that has nothing pauses; the clock does not run ahead of what there is to hear."""
    playback = Playback()
    playback.sent("a", 1000, 0)
    assert playback.remaining_s(3) == 0
    playback.sent("a", 1000, 3)
    assert playback.stop(3.5) == (Heard("a", 1500, 2000),)


def test_items_play_one_after_another() -> None:
    """Those before are heard, the one that plays in part, those after not at all."""
    playback = Playback()
    for item_id in "abc":
        playback.sent(item_id, 1000, 0)
    assert [playback.heard(item_id, 1.5) for item_id in "bc"] == [Heard("b", 500, 1000), Heard("c", 0, 1000)]
    assert playback.stop(1.5) == (Heard("b", 500, 1000), Heard("c", 0, 1000))


def test_an_item_that_has_all_been_heard_is_not_cut_short() -> None:
    """Nor is one that ends at that very moment."""
    playback = Playback()
    playback.sent("a", 1000, 0)
    assert playback.stop(1) == ()


def test_the_item_sent_last_is_known_after_it_was_heard() -> None:
    """There may be more of it that was never sent; whoever drops that needs to know how far the client came."""
    playback = Playback()
    playback.sent("a", 1000, 0)
    playback.sent("b", 500, 0)
    assert playback.heard("b", 9) == Heard("b", 500, 500)
    playback.sent("b", 250, 9)
    assert playback.heard("a", 9) is None
    assert playback.stop(9) == (Heard("b", 500, 750),)


def test_a_stop_forgets_everything() -> None:
    """The client has dropped its buffer; what is sent from then on plays at once."""
    playback = Playback()
    playback.sent("a", 9000, 0)
    playback.stop(1)
    assert (playback.remaining_s(1), playback.heard("a", 1), playback.stop(2)) == (0, None, ())
    playback.sent("b", 1000, 3)
    assert playback.stop(3.5) == (Heard("b", 500, 1000),)


def test_what_was_heard_is_forgotten() -> None:
    """A session is long."""
    playback = Playback()
    playback.sent("item 0", 500, 0)
    for turn in range(1, 100):
        playback.sent(f"item {turn}", 500, turn)
        assert playback.heard(f"item {turn - 1}", turn) is None


STEPS = st.lists(
    st.tuples(st.sampled_from(["next", "same", "look"]), st.floats(0, 3), st.floats(0, 2500)), min_size=1, max_size=40
)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_no_client_can_have_heard_more(steps: list[tuple[str, float, float]]) -> None:
    """Never more than was sent, never more than time has passed since then, and never less than before."""
    playback, now_s, number = Playback(), 0.0, 0
    sent_ms: dict[str, float] = {}
    begun_s: dict[str, float] = {}
    before: dict[str, float] = {}
    for what, wait_s, duration_ms in steps:
        now_s += wait_s
        number += what == "next"
        item_id = str(number)
        if what != "look":
            playback.sent(item_id, duration_ms, now_s)
            sent_ms[item_id] = sent_ms.get(item_id, 0) + duration_ms
            begun_s.setdefault(item_id, now_s)
        known = [playback.heard(item_id, now_s) for item_id in sent_ms]
        for heard in filter(None, known):
            assert heard.sent_ms == pytest.approx(sent_ms[heard.item_id])
            assert 0 <= heard.heard_ms <= heard.sent_ms
            assert heard.heard_ms <= (now_s - begun_s[heard.item_id]) * 1000 + 1e-6
            assert heard.heard_ms >= before.get(heard.item_id, 0) - 1e-6
            before[heard.item_id] = heard.heard_ms
        assert 0 <= playback.remaining_s(now_s) * 1000 <= sum(sent_ms.values()) + 1e-6
    remaining_ms = playback.remaining_s(now_s) * 1000
    cut = playback.stop(now_s)
    assert sum(heard.sent_ms - heard.heard_ms for heard in cut) == pytest.approx(remaining_ms, abs=1e-6)
    assert [heard.item_id for heard in cut] == sorted((heard.item_id for heard in cut), key=int)
    assert all(heard.heard_ms == pytest.approx(0, abs=1e-6) for heard in cut[1:])


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_a_client_that_plays_agrees(steps: list[tuple[str, float, float]]) -> None:
    """A player with a queue, written out, comes to the same remainder."""
    playback, now_s, queue_ms = Playback(), 0.0, 0.0
    for what, wait_s, duration_ms in steps:
        now_s, queue_ms = now_s + wait_s, max(0.0, queue_ms - wait_s * 1000)
        if what != "look":
            playback.sent("a", duration_ms, now_s)
            queue_ms += duration_ms
        assert playback.remaining_s(now_s) * 1000 == pytest.approx(queue_ms, abs=1e-6)


def test_what_nobody_could_hear_counts_as_heard() -> None:
    """Neither what was sent when the connection broke nor what came after it is waited for."""
    playback = Playback()
    playback.sent("a", 4000, 0)
    playback.skip(1)
    assert playback.remaining_s(1) == 0
    playback.skipped("a", 2000, 1)
    assert playback.heard("a", 1) == Heard("a", 6000, 6000)
    playback.sent("a", 1000, 5)
    assert playback.heard("a", 5.25) == Heard("a", 6250, 7000)
