"""The user's audio that is kept for an upstream session that has not heard it: bounded in seconds of any sound."""

import pytest

from turngate.session.earshot import MAX_S, SETTLING_S, Earshot, Unheard
from turngate.session.messages import Sound

RATE_HZ = 16_000
SOUNDS = [(Sound.PCM, 32_000), (Sound.PCMU, 8_000), (Sound.PCMA, 8_000)]
S = 32_000
"""The bytes of a second of linear audio."""


def earshot(*pieces: bytes, sound: Sound = Sound.PCM) -> Earshot:
    """One that has heard these."""
    made = Earshot(RATE_HZ)
    made.use(sound, keeps_all=False)
    return feed(made, *pieces)


def feed(made: Earshot, *pieces: bytes) -> Earshot:
    """It hears these too."""
    for piece in pieces:
        made.take(piece)
    return made


def marked(*seconds: int) -> list[bytes]:
    """As many pieces of a second, each of another sound."""
    return [bytes([second]) * S for second in seconds]


def heard(unheard: Unheard) -> list[int]:
    """Which of those are there, in their order, in tenths of the second."""
    audio = b"".join(unheard.audio)
    return list(audio[:: S // 10])


def none(made: Earshot) -> Unheard:
    """What is to be heard again where no turn is owed an answer."""
    return made.recall(frozenset())


@pytest.mark.parametrize(("sound", "second"), SOUNDS)
def test_audio_when_nobody_speaks_is_kept_for_a_second(sound: Sound, second: int) -> None:
    """Speech begins before the upstream says so."""
    made = earshot(*[bytes(second // 50)] * 1000, sound=sound)
    assert second == len(b"".join(none(made).audio))


@pytest.mark.parametrize(("sound", "second"), SOUNDS)
def test_audio_when_the_user_speaks_is_kept_from_a_second_before(sound: Sound, second: int) -> None:
    """Up to a minute, and then its end."""
    made = earshot(*[bytes(second)] * 5, sound=sound)
    made.started()
    feed(made, *[bytes(second)] * 5)
    assert 6 * second == len(b"".join(none(made).audio))
    made.started()
    feed(made, *[bytes(second)] * 100)
    assert MAX_S * second == len(b"".join(none(made).audio))


@pytest.mark.parametrize("piece", [S // 50, S // 3 & ~1, 3 * S, 100 * S])
def test_audio_is_kept_for_a_minute_at_most_whatever_pieces_it_came_in(piece: int) -> None:
    """And is given in few of them, of whole samples."""
    made = earshot()
    made.started()
    feed(made, *[bytes(piece)] * (100 * S // piece))
    kept = none(made).audio
    assert MAX_S - 1 <= sum(map(len, kept)) / S <= MAX_S
    assert len(kept) <= MAX_S
    assert all(len(one) % 2 == 0 for one in kept)


def test_audio_of_a_turn_is_kept_until_it_is_written_down() -> None:
    """And is heard again only if the turn has no answer."""
    for written, owed, kept in ((False, True, [1] * 10 + [2] * 10), (False, False, []), (True, True, [])):
        made = earshot()
        made.started()
        feed(made, *marked(1, 2))
        made.committed("u1")
        if written:
            made.written("u1")
        unheard = made.recall({"u1"} if owed else set())
        assert (kept, {"u1"} if kept else set(), set()) == (heard(unheard), unheard.turns, unheard.gone)


def test_turns_are_heard_again_apart_from_each_other_and_from_what_is_between() -> None:
    """In the order in which they were said, with what is being said behind them."""
    made = earshot()
    for number in range(4):
        made.started()
        feed(made, bytes([number]) * 3200, bytes([number]) * 3200)
        made.committed(f"u{number}")
    made.started()
    feed(made, bytes([9]) * 3200)
    made.committed("u3")
    unheard = made.recall({"u0", "u2", "u3", "of the others"})
    assert [0, 2, 3, 9] == [one[0] for one in unheard.audio]
    assert ({"u0", "u2", "u3"}, set()) == (unheard.turns, unheard.gone)


def test_turn_when_it_came_in_one_big_piece_is_heard_from_where_the_piece_begins() -> None:
    """The upstream says that somebody speaks behind all of the piece."""
    made = earshot(*marked(0, 0), b"".join(marked(1, 2, 3)))
    made.started()
    made.committed("u1")
    assert heard(Earshot(RATE_HZ).recall({"u1"})) == []
    assert [1] * 10 + [2] * 10 + [3] * 10 == heard(made.recall({"u1"}))


def test_turns_when_they_came_in_one_piece_are_heard_once_with_all_of_it() -> None:
    """Nobody knows where in it each of them is."""
    made = earshot(b"".join(marked(1, 2, 3)))
    for item_id in ("u1", "u2", "u3"):
        made.started()
        made.committed(item_id)
    unheard = made.recall({"u2", "u3"})
    assert [1] * 10 + [2] * 10 + [3] * 10 == heard(unheard)
    assert {"u2", "u3"} == unheard.turns


def test_turn_when_its_audio_is_forgotten_is_gone() -> None:
    """One that is there in part is heard from where it is; less than a second is not."""
    made = earshot()
    made.started()
    feed(made, *marked(*range(4)))
    made.committed("u1")
    feed(made, *marked(*range(4, 61)))
    made.committed("u2")
    assert ({"u1", "u2"}, set()) == ((unheard := made.recall({"u1", "u2"})).turns, unheard.gone)
    assert 1 == heard(unheard)[0]

    made = earshot()
    made.started()
    feed(made, *[bytes(S // 10)] * 40)
    made.committed("u1")
    feed(made, *[bytes(S // 10)] * 595)
    unheard = made.recall({"u1"})
    assert (set(), {"u1"}) == (unheard.turns, unheard.gone)
    assert [0] * 10 == heard(unheard)


def test_turn_when_nothing_was_heard_of_it_is_gone() -> None:
    """There is nothing that could be sent again."""
    made = earshot()
    made.started()
    made.committed("u1")
    assert {"u1"} == made.recall({"u1"}).gone


def test_turn_when_the_sound_has_changed_is_gone() -> None:
    """An upstream session hears one kind of sound."""
    made = earshot(*marked(1, 2))
    made.committed("u1")
    made.started()
    feed(made, *marked(3))
    made.use(Sound.PCMU, keeps_all=False)
    feed(made, bytes([7]) * 80)
    made.committed("u2")
    unheard = made.recall({"u1", "u2"})
    assert ((bytes([7]) * 80,), {"u2"}, {"u1"}) == (unheard.audio, unheard.turns, unheard.gone)


def test_audio_when_sent_again_and_lost_again_is_still_there() -> None:
    """It went upstream in one burst, of which the upstream says later that somebody speaks in it."""
    made = earshot()
    made.started()
    feed(made, *marked(1, 2, 3))
    again = none(made).audio
    feed(made, *again, *[bytes(S)] * (SETTLING_S - 1))
    again = none(made).audio
    assert 1 == again[0][0]
    assert 3 + SETTLING_S - 1 == len(again)
    feed(made, *again, *[bytes(S)] * SETTLING_S)
    assert [0] * 10 == heard(none(made))


def test_audio_when_nobody_says_when_speech_begins_is_kept_since_the_last_turn() -> None:
    """Where the proxy commits."""
    made = earshot()
    made.use(Sound.PCM, keeps_all=True)
    feed(made, *marked(1))
    made.committed("u1")
    feed(made, *marked(2, 3, 4))
    assert [2] * 10 + [3] * 10 + [4] * 10 == heard(none(made))
