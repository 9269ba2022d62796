"""
An upstream that sends what it should not, at every point of the golden conversations.

Each run is bounded by the length of its conversation. By night every kind is tried at many events of each.
"""

import os
import random
from typing import Final

import pytest
from conversations import CONVERSATIONS, Conversation
from fuzzing import Spoiler, Wrong, survived
from sweeping import length

from turngate.protocols import realtime

BY_NIGHT: Final = os.environ.get("TURNGATE_TEST_PROFILE") == "nightly"
RUNS: Final = 40 if BY_NIGHT else 1
"""How often each conversation is held with one wrong event of each kind; by day of each third kind."""
WILD_RUNS: Final = 100 if BY_NIGHT else 2
"""How often each is held with many."""
SHARES: Final = (0.02, 0.05, 0.15)
"""How much of it is wrong then."""
LARGE: Final = frozenset({Wrong.LARGE, Wrong.TOO_LARGE})
"""What takes long, and is not among the many."""

every = pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)


@every
def test_session_when_one_event_is_wrong_keeps_its_promises(conversation: Conversation) -> None:
    """No exception escapes, no promise is broken, no turn is answered twice, and others hear nothing of it."""
    first = 0 if BY_NIGHT else CONVERSATIONS.index(conversation) % 3
    kinds = tuple(Wrong)[first :: 1 if BY_NIGHT else 3]
    for kind in kinds:
        for run in range(RUNS):
            seed = f"{conversation.name} {kind.name} {run}"
            index = random.Random(seed).randrange(length(conversation).server)
            spoiler = Spoiler({index}, [kind], seed)
            _, problems = survived(conversation, spoiler)
            assert ([kind], []) == (spoiler.used, problems), f"{seed} at {index}"


@every
def test_session_when_many_events_are_wrong_keeps_its_promises(conversation: Conversation) -> None:
    """Whatever comes together."""
    kinds = [kind for kind in Wrong if kind not in LARGE]
    for run in range(WILD_RUNS):
        seed = f"{conversation.name} {run}"
        chance = random.Random(seed)
        share = SHARES[run % len(SHARES)]
        indices = {at for at in range(length(conversation).server) if chance.random() < share}
        _, problems = survived(conversation, Spoiler(indices, kinds, seed))
        assert [] == problems, seed


def test_fuzzing_when_an_event_is_held_back_forgets_it_with_its_connection() -> None:
    """No upstream can say on one connection what it had to say on another."""
    spoiler = Spoiler({0}, [Wrong.REORDERED], "1")
    held, other, created = b'{"type":"a"}', b'{"type":"b"}', b'{"type":"session.created"}'
    assert [(), (other, held)] == [tuple(spoiler(0, held)), tuple(spoiler(1, other))]
    assert [(), (created,), (other,)] == [
        tuple(spoiler(index, frame)) for index, frame in ((0, held), (1, created), (2, other))
    ]


def test_fuzzing_when_an_unknown_event_is_fatal_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug is caught."""
    decode = realtime.decode_server

    def strict(payload: bytes) -> object:
        event = decode(payload)
        if isinstance(event, realtime.UnknownEvent):
            raise KeyError
        return event

    monkeypatch.setattr(realtime, "decode_server", strict)
    with pytest.raises(AssertionError, match="KeyError"):
        survived(CONVERSATIONS[1], Spoiler({20}, [Wrong.UNKNOWN], "1"))


def test_fuzzing_when_the_end_of_a_response_is_awaited_for_ever_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that leaves the last words without an answer."""
    decode = realtime.decode_server
    ends = b'"type":"response.done"'
    monkeypatch.setattr(realtime, "decode_server", lambda payload: decode(b"{}" if ends in payload[:40] else payload))
    monkeypatch.setattr("turngate.session.policy.Waits.of", lambda waits, deadline: 10_000.0)
    with pytest.raises(AssertionError, match="L1"):
        survived(CONVERSATIONS[1], Spoiler(set(), [Wrong.MISSING], "1"))
